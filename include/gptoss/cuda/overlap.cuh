// Overlap: in a step that was recorded (cuda/graph.cuh), a kernel may begin before the one in front of
// it has ended: its blocks are then already there, and its weights on their way, when their turn comes.
//
//     prefetch_line(weights);          before the wait: weights only, which nobody writes
//     wait_for_previous_kernel();      the first line of every kernel but for that
//
// Waiting lets the kernel behind begin too, and ends when the one in front has ended; by then all
// kernels before that one have ended, because each of them waited.
//
// Source   CUDA C++ Programming Guide, Programmatic Dependent Launch; PTX ISA, griddepcontrol and
//          prefetch. Devices before sm_90 cannot overlap: there the wait is nothing.
// Pitfalls A kernel that does not wait reads what is not yet written, also by kernels long before it.
//          The emulated device of the tests, which has a version of this file, stops at one.
#pragma once
#include <cuda_runtime.h>

namespace gptoss::cuda {

inline constexpr int kCacheLineBytes = 128;

__device__ inline void wait_for_previous_kernel() {
#if defined(__CUDA_ARCH__) && __CUDA_ARCH__ >= 900
    asm volatile("griddepcontrol.launch_dependents;");
    asm volatile("griddepcontrol.wait;" ::: "memory");
#endif
}

// Brings the line that this byte is in to the cache of the device; returns at once.
__device__ inline void prefetch_line(const void* byte) {
    asm volatile("prefetch.global.L2 [%0];" : : "l"(__cvta_generic_to_global(byte)));
}

}  // namespace gptoss::cuda
