// The part of cuda_fp16.h that kernels of this project need, for the emulated device.
#pragma once
#include "gptoss/core/fp16.hpp"

struct __half2 {
    std::uint16_t x, y;
};

inline float2 __half22float2(__half2 pair) {
    return {gptoss::fp16_to_float(pair.x), gptoss::fp16_to_float(pair.y)};
}
