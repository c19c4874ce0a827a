// Put before a test file (g++ -include), this makes the test run the CUDA path's ops instead of the
// scalar ones.
#pragma once
#include "device.hpp"

namespace gptoss {
using test::DeviceOps;
}

#define ScalarOps DeviceOps
