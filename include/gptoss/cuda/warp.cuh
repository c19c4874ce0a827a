// A warp: 32 threads that run together and can read each other's registers. Faster kernels give a
// warp what a plain one gives a thread: its lanes read neighbours in memory, and add up at the end.
//
// Pitfalls All 32 lanes must call warp_sum and the like, so nothing before it may return or branch
//          by lane. Wide loads need an address that is a multiple of 16: is_aligned asks first.
#pragma once
#include <cuda_runtime.h>

#include <cstddef>
#include <cstdint>

#include "gptoss/cuda/launch.cuh"

namespace gptoss::cuda {

inline constexpr int kWarpSize = 32;
inline constexpr unsigned kAllLanes = 0xFFFFFFFFu;
inline constexpr int kWarpsPerBlock = 4;  // of kernels that give each row a warp
inline constexpr int kThreadsOfWarps = kWarpsPerBlock * kWarpSize;
inline constexpr int kBlocksOfSm = 6;  // of them at a time: more would leave too few registers

__device__ inline int lane_of_warp() {
    return int(threadIdx.x) % kWarpSize;
}

// Sum and greatest over n_lanes neighbours, a power of two, the same in each.
template <int n_lanes>
__device__ inline float lanes_sum(float value) {
    for (int bit = n_lanes / 2; bit > 0; bit /= 2) {
        value += __shfl_xor_sync(kAllLanes, value, bit);
    }
    return value;
}
template <int n_lanes>
__device__ inline float lanes_max(float value) {
    for (int bit = n_lanes / 2; bit > 0; bit /= 2) {
        value = fmaxf(value, __shfl_xor_sync(kAllLanes, value, bit));
    }
    return value;
}

// Sum and least over all lanes, the same in each.
__device__ inline float warp_sum(float value) {
    return lanes_sum<kWarpSize>(value);
}
__device__ inline int warp_min(int value) {
    for (int bit = kWarpSize / 2; bit > 0; bit /= 2) {
        value = min(value, __shfl_xor_sync(kAllLanes, value, bit));
    }
    return value;
}

// A grid with a warp per element, in blocks of kWarpsPerBlock warps.
inline dim3 warp_per_element(int n_rows, int n_cols) {
    const int n_blocks = (n_cols + kWarpsPerBlock - 1) / kWarpsPerBlock;
    return dim3(unsigned(n_rows), unsigned(std::clamp(n_blocks, 1, kMostColumnBlocks)));
}
// Where a warp of such a grid starts in its row, and how far it jumps.
__device__ inline int first_column_of_warp() {
    return int(blockIdx.y) * kWarpsPerBlock + int(threadIdx.x) / kWarpSize;
}
__device__ inline int column_stride_of_warps() {
    return int(gridDim.y) * kWarpsPerBlock;
}

// Can memory be read 16 bytes at a time from here?
inline bool is_aligned(const void* memory) {
    return reinterpret_cast<std::uintptr_t>(memory) % 16 == 0;
}

__device__ inline float4 load4(const float* from) {
    return *reinterpret_cast<const float4*>(from);
}
__device__ inline void store4(float* to, const float4& value) {
    *reinterpret_cast<float4*>(to) = value;
}

}  // namespace gptoss::cuda
