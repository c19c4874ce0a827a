// Stored weights on the device: BF16 and MXFP4, widened as they are read.
//
// Device memory is aligned, unlike a file: a BF16 row is read two bytes at a time.
#pragma once
#include <cuda_runtime.h>

#include <cstdint>

#include "gptoss/core/view.hpp"
#include "gptoss/cuda/warp.cuh"

namespace gptoss::cuda {

// Twin of load_bf16 in core/bf16.hpp.
__device__ inline float load_bf16(const std::uint8_t* bytes, std::size_t i) {
    const std::uint16_t bits = reinterpret_cast<const std::uint16_t*>(bytes)[i];
    return __uint_as_float(std::uint32_t(bits) << 16);
}

// Twin of Bf16Row::operator[].
__device__ inline float weight_at(Bf16Row row, int i) {
    return load_bf16(row.bytes, std::size_t(i));
}

// --- Eight weights at a time ------------------------------------------------------------------

// x of 8 neighbours times two BF16 weights per register, the first one in its low half.
__device__ inline float dot_of_pair(std::uint32_t pair, float x0, float x1) {
    const float w0 = __uint_as_float(pair << 16);
    const float w1 = __uint_as_float(pair & 0xFFFF0000u);
    return x0 * w0 + x1 * w1;
}

// The share of a lane in x . w, to be added up by warp_sum: in turn, each lane takes 8 neighbours,
// which are 16 bytes of weights.
__device__ inline float dot_of_lane(const float* x, Bf16Row w, int size) {
    float sum = 0.0f;
#pragma unroll 4
    for (int i = 8 * lane_of_warp(); i < size; i += 8 * kWarpSize) {
        const uint4 w_8 = *reinterpret_cast<const uint4*>(w.bytes + 2 * std::size_t(i));
        const float4 x_0 = load4(x + i);
        const float4 x_4 = load4(x + i + 4);
        sum += dot_of_pair(w_8.x, x_0.x, x_0.y) + dot_of_pair(w_8.y, x_0.z, x_0.w) +
               dot_of_pair(w_8.z, x_4.x, x_4.y) + dot_of_pair(w_8.w, x_4.z, x_4.w);
    }
    return sum;
}

// Do the rows of x and w begin where dot_of_lane may read, and end where it stops?
inline bool has_wide_rows(ConstMatrixView x, Bf16Matrix w) {
    return x.cols % 8 == 0 && is_aligned(x.data) && is_aligned(w.bytes);
}

}  // namespace gptoss::cuda
