// Stored dense weights on the device, widened as they are read.
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

// Twin of load_q8_0 in core/q8_0.hpp.
__device__ inline float load_q8_0(const std::uint8_t* row, int i) {
    const std::uint8_t* block = row + std::size_t(i / kQ8_0BlockSize) * kQ8_0BlockBytes;
    const float scale = fp16_to_float(*reinterpret_cast<const std::uint16_t*>(block));
    const auto code = std::int8_t(block[kQ8_0ScaleBytes + i % kQ8_0BlockSize]);
    return float(code) * scale;
}

// Twin of DenseRow::operator[].
__device__ inline float weight_at(DenseRow row, std::size_t i) {
    switch (row.storage) {
        case Storage::bf16:
            return load_bf16(row.bytes, i);
        case Storage::f16:
            return fp16_to_float(reinterpret_cast<const std::uint16_t*>(row.bytes)[i]);
        case Storage::f32:
            return reinterpret_cast<const float*>(row.bytes)[i];
        case Storage::q8_0:
            return load_q8_0(row.bytes, int(i));
    }
    return 0.0f;
}

// --- Eight weights at a time ------------------------------------------------------------------

// x of 8 neighbours times two BF16 weights per register, the first one in its low half.
__device__ inline float dot_of_pair(std::uint32_t pair, float x0, float x1) {
    const float w0 = __uint_as_float(pair << 16);
    const float w1 = __uint_as_float(pair & 0xFFFF0000u);
    return x0 * w0 + x1 * w1;
}

inline constexpr int kLoadsAhead = 4;

// The share of a lane in x . w, w in BF16, to be added up by warp_sum: in turn, each lane takes 8 neighbours,
// which are 16 bytes of weights. Four loads of weights are on their way before the first is used:
// memory answers late, and what is under way meanwhile is what it delivers.
__device__ inline float dot_of_lane(const float* x, DenseRow w, int size) {
    const int step = 8 * kWarpSize;
    float sum = 0.0f;
    for (int first = 8 * lane_of_warp(); first < size; first += kLoadsAhead * step) {
        uint4 w_8[kLoadsAhead];
#pragma unroll
        for (int n = 0; n < kLoadsAhead; ++n) {
            const int i = first + n * step;
            w_8[n] = {0, 0, 0, 0};
            const auto* from = reinterpret_cast<const uint4*>(w.bytes + 2 * std::size_t(i));
            if (i < size) w_8[n] = __ldcs(from);  // read once: not worth a place in the cache
        }
#pragma unroll
        for (int n = 0; n < kLoadsAhead; ++n) {
            const int i = min(first + n * step, size - 8);  // behind the end, any x times 0
            const float4 x_0 = load4(x + i);
            const float4 x_4 = load4(x + i + 4);
            sum += dot_of_pair(w_8[n].x, x_0.x, x_0.y) + dot_of_pair(w_8[n].y, x_0.z, x_0.w) +
                   dot_of_pair(w_8[n].z, x_4.x, x_4.y) + dot_of_pair(w_8[n].w, x_4.z, x_4.w);
        }
    }
    return sum;
}

// The same of weights in any form, one at a time: the 32 lanes read 32 neighbours, of Q8_0 a block.
__device__ inline float plain_dot_of_lane(const float* x, DenseRow w, int size) {
    float sum = 0.0f;
    for (int i = lane_of_warp(); i < size; i += kWarpSize) {
        sum += x[i] * weight_at(w, i);
    }
    return sum;
}

// By all lanes of a warp, before its first dot_of_lane: the whole row is asked for.
__device__ inline void prefetch_row(DenseRow w, int size) {
    const int n_bytes = int(storage_bytes(w.storage, std::size_t(size)));
    const int step = kCacheLineBytes * kWarpSize;
    for (int i = kCacheLineBytes * lane_of_warp(); i < n_bytes; i += step) {
        prefetch_line(w.bytes + i);
    }
}

// Are the weights BF16, and do the rows of x and w begin where dot_of_lane may read, and end where it
// stops?
inline bool has_wide_rows(ConstMatrixView x, DenseMatrix w) {
    const bool is_bf16 = w.storage == Storage::bf16;
    return is_bf16 && x.cols % 8 == 0 && is_aligned(x.data) && is_aligned(w.bytes);
}

}  // namespace gptoss::cuda
