// cuda/copy_async.cuh for the emulated device, where a copy may have begun at once and arrives as late as it
// may: from the call on there is NaN, and what was copied from the wait on.
#pragma once
#include <cuda_runtime.h>

#include <cstdint>

namespace gptoss::cuda {

inline void copy_async(std::uint16_t* to, const void* from, bool is_there) {
    *reinterpret_cast<uint4*>(to) = {~0u, ~0u, ~0u, ~0u};
    emulated::note_copy({to, from, is_there});
}

inline void wait_for_copies() {
    emulated::Copy copy;
    while (emulated::take_copy(copy)) {
        uint4 value = {0, 0, 0, 0};
        if (copy.is_there) value = *static_cast<const uint4*>(copy.from);
        *static_cast<uint4*>(copy.to) = value;
    }
}

}  // namespace gptoss::cuda
