// A block: sums and maxima over all of its threads, of 64-bit integers. They are exact, so they are the
// same in whichever order they are made.
//
// Pitfalls All threads must call these; a block has whole warps, up to 32 of them.
#pragma once
#include <cuda_runtime.h>

#include <cstdint>

#include "gptoss/cuda/warp.cuh"

namespace gptoss::cuda {

struct BlockSum {
    std::uint64_t before;  // over the threads before this one
    std::uint64_t all;
};

__device__ inline BlockSum block_sum(std::uint64_t value) {
    __shared__ std::uint64_t sum_of_warp[kWarpSize];
    const int warp = int(threadIdx.x) / kWarpSize;
    const int n_warps = int(blockDim.x) / kWarpSize;
    std::uint64_t sum = value;  // over the lanes up to this one
    for (int step = 1; step < kWarpSize; step *= 2) {
        const std::uint64_t earlier = __shfl_up_sync(kAllLanes, sum, unsigned(step));
        if (lane_of_warp() >= step) sum += earlier;
    }
    if (lane_of_warp() == kWarpSize - 1) sum_of_warp[warp] = sum;
    __syncthreads();
    BlockSum sums = {sum - value, 0};
    for (int other = 0; other < n_warps; ++other) {
        if (other < warp) sums.before += sum_of_warp[other];
        sums.all += sum_of_warp[other];
    }
    __syncthreads();  // before the next sum is written
    return sums;
}

__device__ inline std::uint64_t block_max(std::uint64_t value) {
    __shared__ std::uint64_t maximum_of_warp[kWarpSize];
    const int n_warps = int(blockDim.x) / kWarpSize;
    for (int bit = kWarpSize / 2; bit > 0; bit /= 2) {
        const std::uint64_t other = __shfl_xor_sync(kAllLanes, value, bit);
        value = value > other ? value : other;
    }
    if (lane_of_warp() == 0) maximum_of_warp[threadIdx.x / kWarpSize] = value;
    __syncthreads();
    for (int other = 0; other < n_warps; ++other) {
        value = value > maximum_of_warp[other] ? value : maximum_of_warp[other];
    }
    __syncthreads();  // before the next maximum is written
    return value;
}

}  // namespace gptoss::cuda
