// Is there a device that can run this program? Asked once, before anything is uploaded.
//
// Errors   Error from require_device, with the reason and what would help.
#pragma once
#include <cuda_runtime.h>

#include <string>

#include "gptoss/core/check.hpp"
#include "gptoss/cuda/check.cuh"

namespace gptoss::cuda {

static __global__ void probe_kernel() {}

// The one that kernels run on: 0, unless somebody chose another by cudaSetDevice.
inline int current_device() {
    int device = 0;
    cudaGetDevice(&device);
    return device;
}

// 13000 -> "13.0"
inline std::string version_text(int version) {
    return std::to_string(version / 1000) + "." + std::to_string(version % 1000 / 10);
}

inline std::string driver_problem() {
    int driver = 0;
    int runtime = 0;
    cudaDriverGetVersion(&driver);
    cudaRuntimeGetVersion(&runtime);
    if (driver == 0) return "no CUDA driver is installed";
    return "the driver supports CUDA " + version_text(driver) + ", expected at least " +
           version_text(runtime) + ", which this program was built with";
}

inline std::string architecture_problem() {
    cudaDeviceProp device = {};
    cudaGetDeviceProperties(&device, current_device());
    return std::string("this program has no code for ") + device.name + " (sm_" +
           std::to_string(10 * device.major + device.minor) +
           "); from sm_80 on, build it with -DCMAKE_CUDA_ARCHITECTURES=native";
}

// "" if kernels can run, else why not.
inline std::string device_problem() {
    int n_devices = 0;
    const cudaError_t count_status = cudaGetDeviceCount(&n_devices);
    if (count_status == cudaErrorInsufficientDriver) return driver_problem();
    if (count_status == cudaErrorNoDevice) return "no CUDA device answers";
    if (count_status != cudaSuccess) return cudaGetErrorString(count_status);

    cudaFuncAttributes attributes = {};
    const cudaError_t probe_status = cudaFuncGetAttributes(&attributes, probe_kernel);
    if (probe_status == cudaSuccess) return "";
    cudaGetLastError();  // the next check is not to see it
    const bool has_no_code = probe_status == cudaErrorNoKernelImageForDevice ||
                             probe_status == cudaErrorInvalidDeviceFunction;
    if (has_no_code) return architecture_problem();
    return cudaGetErrorString(probe_status);
}

// Was this program compiled for a device whose kernels can begin early (cuda/overlap.cuh)? Code for an
// older one has no waits in it, also where a newer device runs it.
inline bool kernels_can_wait() {
    cudaFuncAttributes attributes = {};
    check("device", cudaFuncGetAttributes(&attributes, probe_kernel));
    return attributes.ptxVersion >= 90;
}

inline void require_device() {
    const std::string problem = device_problem();
    if (!problem.empty()) throw Error("cuda: " + problem);
}

}  // namespace gptoss::cuda
