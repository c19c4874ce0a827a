// Pinned: an object of the host that never moves, so that a device copies to it without a stop.
//
// Errors   Error.
#pragma once
#include <cuda_runtime.h>

#include <new>

#include "gptoss/cuda/check.cuh"

namespace gptoss::cuda {

template <class Object>
class Pinned {
public:
    Pinned() {
        void* memory = nullptr;
        check("pinned", cudaMallocHost(&memory, sizeof(Object)));
        object_ = new (memory) Object();
    }
    ~Pinned() { cudaFreeHost(object_); }
    Pinned(const Pinned&) = delete;
    Pinned& operator=(const Pinned&) = delete;

    // Waits for all kernels before it.
    const Object& read(const Object* from) {
        check("read", cudaMemcpyAsync(object_, from, sizeof(Object), cudaMemcpyDeviceToHost,
                                      cudaStreamPerThread));
        check("read", cudaStreamSynchronize(cudaStreamPerThread));
        return *object_;
    }

private:
    Object* object_ = nullptr;
};

}  // namespace gptoss::cuda
