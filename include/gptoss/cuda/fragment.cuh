// Fragments: what tensor cores multiply, 16 x 16 numbers in BF16, kept in the registers of a warp.
//
//     RowFragment a;     load_fragment(a, corner, stride);    element (r, c) is corner[r * stride + c]
//     ColumnFragment b;  load_fragment(b, corner, stride);    element (r, c) is corner[c * stride + r]
//     nvcuda::wmma::mma_sync(sums, a, b, sums);               sums += a b, in float32
//
// Where    under cuda/tile.cuh and cuda/tile_attention.cuh; cuda/load_fragment.cuh fills them.
// Source   CUDA C++ Programming Guide, Warp Matrix Functions.
// Pitfalls All lanes of a warp must call these together. Corners lie in shared memory, at multiples of
//          32 bytes, and strides are multiples of 8 numbers. Which lane holds which number is not
//          known: to look at sums, store them.
#pragma once
#include <cuda_bf16.h>
#include <cuda_runtime.h>
#include <mma.h>

#include <cstdint>

#include "gptoss/cuda/warp.cuh"

namespace gptoss::cuda {

inline constexpr int kFragment = 16;  // rows and columns
inline constexpr int kFragmentAlignment = 32;
inline constexpr int kPieceChannels = 8;          // what a thread loads at a time: 16 bytes of BF16
inline constexpr int kFewestTokensForTiles = 16;  // below, everything is read once per token

template <class Use, class Layout>
using Bf16Fragment =
    nvcuda::wmma::fragment<Use, kFragment, kFragment, kFragment, __nv_bfloat16, Layout>;
using RowFragment = Bf16Fragment<nvcuda::wmma::matrix_a, nvcuda::wmma::row_major>;
using ColumnFragment = Bf16Fragment<nvcuda::wmma::matrix_b, nvcuda::wmma::col_major>;
using SecondRowFragment = Bf16Fragment<nvcuda::wmma::matrix_b, nvcuda::wmma::row_major>;
using SumFragment =
    nvcuda::wmma::fragment<nvcuda::wmma::accumulator, kFragment, kFragment, kFragment, float>;

// --- Eight channels as BF16 -------------------------------------------------------------------

// first is in the low half, as in memory.
__device__ inline std::uint32_t rounded_pair(float first, float second) {
    const __nv_bfloat162 pair = __floats2bfloat162_rn(first, second);
    return std::uint32_t(__bfloat16_as_ushort(pair.x)) | std::uint32_t(__bfloat16_as_ushort(pair.y))
                                                             << 16;
}
__device__ inline std::uint32_t exact_pair(float first, float second) {
    return __float_as_uint(first) >> 16 | (__float_as_uint(second) & 0xFFFF0000u);
}

__device__ inline uint4 rounded_piece(const float* x) {
    const float4 x_0 = load4(x);
    const float4 x_4 = load4(x + 4);
    return {rounded_pair(x_0.x, x_0.y), rounded_pair(x_0.z, x_0.w), rounded_pair(x_4.x, x_4.y),
            rounded_pair(x_4.z, x_4.w)};
}

__device__ inline uint4 load_piece(const std::uint16_t* from) {
    return *reinterpret_cast<const uint4*>(from);
}
__device__ inline void store_piece(std::uint16_t* to, uint4 piece) {
    *reinterpret_cast<uint4*>(to) = piece;
}

}  // namespace gptoss::cuda
