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
//     Of shared memory a block has two slices, in turn: while one is multiplied, the other is filled
//     (cuda/tile_slice.cuh).
//
// Where    linear, expert_linear and unembed of many tokens: cuda/tile_linear.cuh,
//          cuda/tile_expert_linear.cuh, cuda/tile_unembedding.cuh.
// Units    x has been rounded to BF16 (cuda/rounded.cuh). Weights of either form are exact in BF16,
//          products are exact, sums are float32.
// Pitfalls Loops over fragments are unrolled, or the fragments are kept in memory.
#pragma once
#include "gptoss/cuda/load_fragment.cuh"
#include "gptoss/cuda/tile_slice.cuh"

namespace gptoss::cuda {

inline constexpr int kTileTokens = kTileRows;
inline constexpr int kTileOutputs = kTileRows;
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

__device__ inline Bf16Pieces pieces_of(const TileRows& rows, RoundedView x) {
    Bf16Pieces pieces;
#pragma unroll
    for (int n = 0; n < kPiecesOfThread; ++n) {
        const int l = row_of_piece(n);
        const bool is_there = l < rows.count;
        pieces.from[n] = x.row(is_there ? rows.x[l] : 0) + channel_of_thread();
        pieces.end[n] = is_there ? x.cols - channel_of_thread() : 0;
    }
    return pieces;
}

// What a block has in shared memory beside TileRows: 40 KiB, of the 48 that it may have without asking. Sums
// are staged where slices were.
struct TwoSlices {
    Slice x[2];
    Slice w[2];
};
union TileMemory {
    TwoSlices slices;
    float staged[kTileWarps][kFragment * kFragment];
};

// sums += the warp's rows of one slice times those of the other.
__device__ inline void multiply_slices(const std::uint16_t (*x)[kSliceStride],
                                       const std::uint16_t (*w)[kSliceStride],
                                       SumFragment (*sums)[kOutputFragmentsOfWarp]) {
#pragma unroll
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
        const bool is_there = l < rows.count && o < y.cols;
        const bool has_bias = is_there && bias.data != nullptr;
        if (is_there) y.row(rows.y[l])[o] = has_bias ? staged[n] + bias.data[o] : staged[n];
    }
    __syncwarp();
}

// The outputs first_o to first_o + 127 of all tokens in rows, by all threads of a block.
template <class Matrix>
__device__ inline void multiply_tile(const TileRows& rows, RoundedView x, const Matrix& w,
                                     int first_o, ConstVectorView bias, MatrixView y) {
    __shared__ TileMemory memory;
    TwoSlices& slices = memory.slices;
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
    const Bf16Pieces x_pieces = pieces_of(rows, x);
    auto w_pieces = pieces_of(w, first_o);
    begin_slice(x_pieces, 0, slices.x[0]);
    begin_slice(w_pieces, 0, slices.w[0]);
    end_slice(w_pieces, slices.w[0]);
    for (int i = 0; i < x.cols; i += kSliceChannels) {
        const int turn = i / kSliceChannels % 2;
        const int next = i + kSliceChannels;
        wait_for_copies();
        __syncthreads();  // this slice is there, and nobody reads the one before any more
        if (next < x.cols) {
            begin_slice(x_pieces, next, slices.x[1 - turn]);
            begin_slice(w_pieces, next, slices.w[1 - turn]);
        }
        multiply_slices(slices.x[turn].rows + first_l_of_warp,
                        slices.w[turn].rows + first_o_of_warp, sums);
        if (next < x.cols) end_slice(w_pieces, slices.w[1 - turn]);
    }
    __syncthreads();  // before sums are staged where others still multiply
#pragma unroll
    for (int a = 0; a < kTokenFragmentsOfWarp; ++a) {
#pragma unroll
        for (int b = 0; b < kOutputFragmentsOfWarp; ++b) {
            store_fragment(sums[a][b], memory.staged[warp], rows, first_l_of_warp + a * kFragment,
                           first_o + first_o_of_warp + b * kFragment, bias, y);
        }
    }
}

}  // namespace gptoss::cuda
