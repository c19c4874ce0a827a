// Stands in for forward_cuda.cu in a build without -DGPTOSS_CUDA=ON.
#include "path_memory.hpp"

namespace gptoss::tool {

const DevicePath* device_path() {
    return nullptr;
}

}  // namespace gptoss::tool
