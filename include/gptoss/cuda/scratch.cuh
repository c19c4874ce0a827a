// Scratch: device memory for the kernels of one op. It is taken from the stream's pool and given back
// in the order of the stream, so neither waits for the device.
//
//     Scratch<int> order(n);      kernels launched while it lives may use order.data()
//
// Errors   Error: short memory says how much was needed and how much is free.
// Pitfalls Not for an op that is recorded as a graph (cuda/graph.cuh).
#pragma once
#include <cuda_runtime.h>

#include <cstdint>

#include "gptoss/cuda/memory.cuh"

namespace gptoss::cuda {

// Otherwise the pool gives its memory back to the device whenever somebody waits for the stream.
inline void keep_memory_in_pool() {
    static const bool is_done = [] {
        cudaMemPool_t pool = {};
        std::uint64_t threshold = ~std::uint64_t(0);
        check("scratch", cudaDeviceGetDefaultMemPool(&pool, current_device()));
        check("scratch",
              cudaMemPoolSetAttribute(pool, cudaMemPoolAttrReleaseThreshold, &threshold));
        return true;
    }();
    (void)is_done;
}

template <class Element>
class Scratch {
public:
    explicit Scratch(std::size_t n_elements) {
        keep_memory_in_pool();
        const std::size_t bytes = n_elements * sizeof(Element);
        void* memory = nullptr;
        const cudaError_t status = cudaMallocAsync(&memory, bytes, cudaStreamPerThread);
        if (status == cudaErrorMemoryAllocation) {
            cudaGetLastError();  // the next check is not to see it
            throw Error(short_memory(bytes));
        }
        check("scratch", status);
        data_ = static_cast<Element*>(memory);
    }
    ~Scratch() { cudaFreeAsync(data_, cudaStreamPerThread); }
    Scratch(const Scratch&) = delete;
    Scratch& operator=(const Scratch&) = delete;

    Element* data() const { return data_; }

private:
    Element* data_ = nullptr;
};

}  // namespace gptoss::cuda
