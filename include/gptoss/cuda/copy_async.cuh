// Copies from global to shared memory that no thread waits for: 16 bytes, past the registers.
//
//     copy_async(to, from, is_there);      zeros, and nothing is read, if it is not there
//     wait_for_copies();                   those of this thread
//     __syncthreads();                     those of all
//
// Source   PTX ISA, cp.async.
// Pitfalls Both addresses are multiples of 16. Before the wait, nobody may read what to points at, or write there.
//          The emulated device of the tests has a version that copies at the wait.
#pragma once
#include <cuda_runtime.h>

#include <cstdint>

namespace gptoss::cuda {

__device__ inline void copy_async(std::uint16_t* to, const void* from, bool is_there) {
    const unsigned shared = unsigned(__cvta_generic_to_shared(to));
    const int n_bytes = is_there ? 16 : 0;
    asm volatile("cp.async.cg.shared.global [%0], [%1], 16, %2;"
                 :
                 : "r"(shared), "l"(__cvta_generic_to_global(from)), "r"(n_bytes)
                 : "memory");
}

__device__ inline void wait_for_copies() {
    asm volatile("cp.async.wait_all;" ::: "memory");
}

}  // namespace gptoss::cuda
