// What a program that runs a model needs: Model (run/model.hpp) and the two paths of the CPU.
//
// validate.hpp adds what holds runs against each other. The CUDA path is apart, for nvcc reads it:
// gptoss/ops/cuda.cuh. To read or use one component, include its own header.
#pragma once
#include "gptoss/core/check.hpp"
#include "gptoss/ops/fast.hpp"
#include "gptoss/ops/scalar.hpp"
#include "gptoss/run/model.hpp"
