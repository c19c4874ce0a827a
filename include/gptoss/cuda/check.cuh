// Errors of the CUDA runtime: every call and every launch is checked where it stands.
//
//     cuda::rmsnorm: out of memory (cudaErrorMemoryAllocation, rmsnorm.cuh)      op, cause, file
//
// A launch returns before its kernel has run. What goes wrong inside one is therefore told by a
// later call, a download at the latest; with CUDA_LAUNCH_BLOCKING=1 in the environment it is told
// where it happened. What is wrong with the data (a NaN, an id) is in cuda/fault.cuh.
//
// Errors   Error.
#pragma once
#include <cuda_runtime.h>

#include <source_location>
#include <string>

#include "gptoss/core/check.hpp"

namespace gptoss::cuda {

using Place = std::source_location;

inline std::string file_name(const Place& place) {
    const std::string path = place.file_name();
    return path.substr(path.find_last_of('/') + 1);
}

// check("upload", cudaMemcpy(...))
inline void check(const char* op, cudaError_t status, const Place& place = Place::current()) {
    if (status == cudaSuccess) return;
    cudaGetLastError();  // it is told here, and not once more by the next check_launch
    throw Error(std::string(op) + ": " + cudaGetErrorString(status) + " (" +
                cudaGetErrorName(status) + ", " + file_name(place) + ")");
}

// Behind every launch: was it accepted?
inline void check_launch(const char* op, const Place& place = Place::current()) {
    check(op, cudaGetLastError(), place);
}

}  // namespace gptoss::cuda
