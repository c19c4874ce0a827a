// DeviceMemory: the Memory of CudaOps. Buffer owns it; views of it are for kernels only.
//
//     Buffer buffer = Buffer::allocate<DeviceMemory>(bytes);
//     DeviceMemory::upload(buffer.data(), host, bytes);
//
// Units    bytes. Every allocation starts on a multiple of 256.
// Errors   Error: short memory says how much was needed and how much is free; a download also tells
//          what kernels have found since the last one (cuda/fault.cuh).
// Pitfalls Reading a device view on the host ends the program; see<Ops> downloads for that reason.
#pragma once
#include <cuda_runtime.h>

#include <cstddef>
#include <cstdio>
#include <string>

#include "gptoss/core/buffer.hpp"
#include "gptoss/cuda/check.cuh"
#include "gptoss/cuda/device.cuh"
#include "gptoss/cuda/fault.cuh"

namespace gptoss::cuda {

// 1536 -> "0.00 GB"; what fits a device is counted in gigabytes
inline std::string gigabytes(std::size_t bytes) {
    char text[32];
    std::snprintf(text, sizeof text, "%.2f GB", double(bytes) * 1e-9);
    return text;
}

inline std::string short_memory(std::size_t needed) {
    std::size_t free = 0;
    std::size_t total = 0;
    cudaMemGetInfo(&free, &total);
    return "device memory: " + gigabytes(needed) + " more needed, " + gigabytes(free) + " of " +
           gigabytes(total) + " free";
}

struct DeviceMemory {
    static void* allocate(std::size_t bytes) {
        require_device();
        void* memory = nullptr;
        const cudaError_t status = cudaMalloc(&memory, bytes);
        if (status == cudaErrorMemoryAllocation) {
            cudaGetLastError();  // the next check is not to see it
            throw Error(short_memory(bytes));
        }
        check("allocate", status);
        return memory;
    }
    static void release(void* memory) { cudaFree(memory); }

    static std::size_t free_bytes() {
        std::size_t free = 0;
        std::size_t total = 0;
        check("free_bytes", cudaMemGetInfo(&free, &total));
        return free;
    }

    static void copy(void* to, const void* from, std::size_t bytes) {
        if (bytes == 0) return;
        check("copy", cudaMemcpyAsync(to, from, bytes, cudaMemcpyDeviceToDevice));
    }
    static void upload(void* to, const void* from_host, std::size_t bytes) {
        if (bytes == 0) return;
        check("upload", cudaMemcpy(to, from_host, bytes, cudaMemcpyHostToDevice));
    }
    // Waits for all kernels before it.
    static void download(void* to_host, const void* from, std::size_t bytes) {
        if (bytes == 0) return;
        check("download", cudaMemcpy(to_host, from, bytes, cudaMemcpyDeviceToHost));
        throw_fault();
    }
};

}  // namespace gptoss::cuda
