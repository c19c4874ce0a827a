// A tile of y = w * x on tensor cores: 128 tokens times 128 outputs, 32 channels at a time.
//
//     y[row.y, o] = sum_i x[row.x, i] * w[o, i] + bias[o]
//
// The threads of a block put a slice of 32 channels of all its tokens and weights into shared memory,
// as BF16. Each of its eight warps multiplies 64 of the tokens by 32 of the outputs, in fragments of
// 16 x 16 that stay in registers until all channels are through.
//
//     the warps of a block               the fragments of warp 1
//         outputs                            outputs
//         0    32    64    96                32    48
//       0 +-----+-----+-----+-----+        0 +-----+-----+
//         |  0  |  1  |  2  |  3  |       16 |     |     |   16 x 16 sums each: every lane
//      64 +-----+-----+-----+-----+       32 |     |     |   has 8 of them, which ones is
//         |  4  |  5  |  6  |  7  |       48 |     |     |   the device's own business
//     128 +-----+-----+-----+-----+       64 +-----+-----+
//       tokens                             tokens
//
//     Of a slice, thread p stores the channels 8 (p % 4) to 8 (p % 4) + 7 of the rows p / 4 and
//     64 + p / 4: four neighbours share a row, so a warp reads 8 rows in one piece each.
//
// Where    linear and expert_linear of many tokens: cuda/tile_linear.cuh, cuda/tile_expert_linear.cuh.
// Units    x is rounded to BF16, off by 2^-8 of itself at most. Weights of either form are exact in
//          BF16, products are exact, sums are float32.
// Pitfalls Rows of a slice are 40 long in memory: with 32, the rows of a fragment would lie in the
//          same banks. Loops over fragments are unrolled, or the fragments are kept in memory.
#pragma once
#include <cstdint>

#include "gptoss/core/view.hpp"
#include "gptoss/cuda/load_fragment.cuh"
#include "gptoss/cuda/mxfp4.cuh"

namespace gptoss::cuda {

// 128 x 128: a weight is used 128 times for each time it is read, and the sums of a thread are 64
// registers, which leaves room for two blocks at a time.
inline constexpr int kTileTokens = 128;
inline constexpr int kTileOutputs = 128;
// A block of MXFP4 has one scale. Two slices and the staged sums take 28 KiB of the 48 that a block may
// have without asking.
inline constexpr int kSliceChannels = 32;
inline constexpr int kPiecesOfRow = kSliceChannels / kPieceChannels;
inline constexpr int kSliceStride = kSliceChannels + 8;  // see Pitfalls
inline constexpr int kTileWarps = 8;
inline constexpr int kTileThreads = kTileWarps * kWarpSize;

// 64 tokens by 32 outputs: six fragments are loaded for eight products; 32 by 32 would load four for
// four.
inline constexpr int kTokenFragmentsOfWarp = 4;
inline constexpr int kOutputFragmentsOfWarp = 2;

// Which rows of x and y the tokens of a tile are, in shared memory.
struct TileRows {
    int count;
    int x[kTileTokens];
    int y[kTileTokens];
};

// --- Eight weights as BF16 --------------------------------------------------------------------

__device__ inline uint4 weight_piece(const DenseMatrix& w, int o, int i) {
    return *reinterpret_cast<const uint4*>(w.row(o).bytes + 2 * std::size_t(i));
}

__device__ inline uint4 weight_piece(const Mxfp4Matrix& w, int o, int i) {
    const Mxfp4Row row = w.row(o);
    const std::uint32_t codes = *reinterpret_cast<const std::uint32_t*>(row.codes + i / 2);
    const float scale = mxfp4_scale_value(row.scales[i / kMxfp4BlockSize]);
    std::uint32_t pairs[4];
    for (int p = 0; p < 4; ++p) {
        const std::uint32_t two_codes = codes >> (8 * p);
        pairs[p] = exact_pair(mxfp4_value(two_codes) * scale, mxfp4_value(two_codes >> 4) * scale);
    }
    return {pairs[0], pairs[1], pairs[2], pairs[3]};
}

// --- The tile ---------------------------------------------------------------------------------

// A slice: channels i to i + 31 of 128 rows; zeros beyond the last channel and the last row.
__device__ inline void load_token_slice(const TileRows& rows, ConstMatrixView x, int i,
                                        std::uint16_t (*slice)[kSliceStride]) {
#pragma unroll
    for (int n = 0; n < kTileTokens * kPiecesOfRow / kTileThreads; ++n) {
        const int p = int(threadIdx.x) + n * kTileThreads;
        const int l = p / kPiecesOfRow;
        const int channel = p % kPiecesOfRow * kPieceChannels;
        const bool is_there = l < rows.count && i + channel < x.cols;
        uint4 piece = {0, 0, 0, 0};
        if (is_there) piece = rounded_piece(x.row(rows.x[l]) + i + channel);
        store_piece(&slice[l][channel], piece);
    }
}

template <class Matrix>
__device__ inline void load_weight_slice(const Matrix& w, int first_o, int i,
                                         std::uint16_t (*slice)[kSliceStride]) {
#pragma unroll
    for (int n = 0; n < kTileOutputs * kPiecesOfRow / kTileThreads; ++n) {
        const int p = int(threadIdx.x) + n * kTileThreads;
        const int l = p / kPiecesOfRow;
        const int channel = p % kPiecesOfRow * kPieceChannels;
        const bool is_there = first_o + l < w.rows && i + channel < w.cols;
        uint4 piece = {0, 0, 0, 0};
        if (is_there) piece = weight_piece(w, first_o + l, i + channel);
        store_piece(&slice[l][channel], piece);
    }
}

// sums += the warp's rows of one slice times those of the other.
__device__ inline void multiply_slices(const std::uint16_t (*x)[kSliceStride],
                                       const std::uint16_t (*w)[kSliceStride],
                                       SumFragment (*sums)[kOutputFragmentsOfWarp]) {
    for (int i = 0; i < kSliceChannels; i += kFragment) {
        RowFragment tokens[kTokenFragmentsOfWarp];
        ColumnFragment weights[kOutputFragmentsOfWarp];
#pragma unroll
        for (int a = 0; a < kTokenFragmentsOfWarp; ++a) {
            load_fragment(tokens[a], &x[a * kFragment][i], kSliceStride);
        }
#pragma unroll
        for (int b = 0; b < kOutputFragmentsOfWarp; ++b) {
            load_fragment(weights[b], &w[b * kFragment][i], kSliceStride);
        }
#pragma unroll
        for (int a = 0; a < kTokenFragmentsOfWarp; ++a) {
#pragma unroll
            for (int b = 0; b < kOutputFragmentsOfWarp; ++b) {
                nvcuda::wmma::mma_sync(sums[a][b], tokens[a], weights[b], sums[a][b]);
            }
        }
    }
}

// A fragment of sums, by way of shared memory, to where its tokens and outputs are: first_l and
// first_o are the first of them in the tile and in w.
__device__ inline void store_fragment(const SumFragment& sums, float* staged, const TileRows& rows,
                                      int first_l, int first_o, ConstVectorView bias,
                                      MatrixView y) {
    nvcuda::wmma::store_matrix_sync(staged, sums, kFragment, nvcuda::wmma::mem_row_major);
    __syncwarp();
    for (int n = lane_of_warp(); n < kFragment * kFragment; n += kWarpSize) {
        const int l = first_l + n / kFragment;
        const int o = first_o + n % kFragment;
        if (l < rows.count && o < y.cols) y.row(rows.y[l])[o] = staged[n] + bias.data[o];
    }
    __syncwarp();
}

// The outputs first_o to first_o + 127 of all tokens in rows, by all threads of a block.
template <class Matrix>
__device__ inline void multiply_tile(const TileRows& rows, ConstMatrixView x, const Matrix& w,
                                     int first_o, ConstVectorView bias, MatrixView y) {
    alignas(kFragmentAlignment) __shared__ std::uint16_t x_slice[kTileTokens][kSliceStride];
    alignas(kFragmentAlignment) __shared__ std::uint16_t w_slice[kTileOutputs][kSliceStride];
    alignas(kFragmentAlignment) __shared__ float staged[kTileWarps][kFragment * kFragment];

    const int warp = int(threadIdx.x) / kWarpSize;
    const int first_l_of_warp = warp / 4 * kTokenFragmentsOfWarp * kFragment;
    const int first_o_of_warp = warp % 4 * kOutputFragmentsOfWarp * kFragment;
    SumFragment sums[kTokenFragmentsOfWarp][kOutputFragmentsOfWarp];
#pragma unroll
    for (int a = 0; a < kTokenFragmentsOfWarp; ++a) {
#pragma unroll
        for (int b = 0; b < kOutputFragmentsOfWarp; ++b) {
            nvcuda::wmma::fill_fragment(sums[a][b], 0.0f);
        }
    }
    for (int i = 0; i < x.cols; i += kSliceChannels) {
        load_token_slice(rows, x, i, x_slice);
        load_weight_slice(w, first_o, i, w_slice);
        __syncthreads();
        multiply_slices(x_slice + first_l_of_warp, w_slice + first_o_of_warp, sums);
        __syncthreads();  // before the next slice overwrites this one
    }
#pragma unroll
    for (int a = 0; a < kTokenFragmentsOfWarp; ++a) {
#pragma unroll
        for (int b = 0; b < kOutputFragmentsOfWarp; ++b) {
            store_fragment(sums[a][b], staged[warp], rows, first_l_of_warp + a * kFragment,
                           first_o + first_o_of_warp + b * kFragment, bias, y);
        }
    }
}

}  // namespace gptoss::cuda
