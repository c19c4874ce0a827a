// include/gptoss/cuda/overlap.cuh for the emulated device, where no kernel begins early: it sees to it
// that every thread waits, and that only device memory is asked for.
#pragma once
#include <cuda_runtime.h>

namespace gptoss::cuda {

inline constexpr int kCacheLineBytes = 128;

inline void wait_for_previous_kernel() {
    emulated::note_wait();
}

inline void prefetch_line(const void* byte) {
    emulated::require_device_memory(byte, 1);
}

}  // namespace gptoss::cuda
