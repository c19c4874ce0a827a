// Twin of layers/linear.hpp for prompts, on tensor cores. What differs: activations are rounded to
// BF16, as the official model has them, and a block computes 128 tokens times 128 outputs, so that a
// weight is read once for 128 tokens (cuda/tile.cuh). Few tokens, and weights that do not fit BF16, go
// to cuda/linear.cuh, unrounded.
#pragma once
#include "gptoss/cuda/linear.cuh"
#include "gptoss/cuda/tile.cuh"

namespace gptoss::cuda {

// Tile (token_tile, output_tile) of y, by all threads of a block.
__device__ inline void multiply_tile_of_y(RoundedView x, DenseMatrix w, ConstVectorView bias,
                                          MatrixView y, unsigned token_tile, unsigned output_tile) {
    const int first_t = int(token_tile) * kTileTokens;
    const int first_o = int(output_tile) * kTileOutputs;
    __shared__ TileRows rows;
    for (int l = int(threadIdx.x); l < kTileTokens; l += kTileThreads) {
        rows.x[l] = first_t + l;
        rows.y[l] = first_t + l;
    }
    if (threadIdx.x == 0) rows.count = min(kTileTokens, x.rows - first_t);
    __syncthreads();
    multiply_tile(rows, x, w, first_o, bias, y);
}

static __global__ void __launch_bounds__(kTileThreads, kTileBlocksOfSm)
    linear_tile_kernel(RoundedView x, DenseMatrix w, ConstVectorView bias, MatrixView y) {
    wait_for_previous_kernel();
    multiply_tile_of_y(x, w, bias, y, blockIdx.y, blockIdx.x);
}

// How many tiles n rows of x or w are.
inline int tiles_of(int n) {
    return (n + kTileRows - 1) / kTileRows;
}

// Blocks run in the order of blockIdx.x: all outputs of the same tokens, which the cache of the device then
// holds, rather than all tokens of the same outputs.
inline dim3 block_per_tile(int n_tiles_of_tokens, int out_size) {
    return dim3(unsigned(tiles_of(out_size)), unsigned(n_tiles_of_tokens));
}

// gptoss::cuda::linear, x rounded to BF16
inline void tile_linear(ConstMatrixView x, DenseMatrix w, ConstVectorView bias, MatrixView y) {
    require_linear_shapes(x, w, bias, y);
    if (x.rows < kFewestTokensForTiles || !has_wide_rows(x, w)) {
        cuda::linear(x, w, bias, y);
        return;
    }
    const Rounded x_rounded(x);
    const dim3 grid = block_per_tile(tiles_of(x.rows), w.rows);
    linear_tile_kernel<<<grid, kTileThreads>>>(x_rounded.view(), w, bias, y);
    check_launch("cuda::tile_linear");
}

}  // namespace gptoss::cuda
