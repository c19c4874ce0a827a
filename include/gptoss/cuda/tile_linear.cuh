// Twin of layers/linear.hpp for prompts, on tensor cores. What differs: activations are rounded to
// BF16, as the official model has them, and a block computes 128 tokens times 128 outputs, so that a
// weight is read once for 128 tokens (cuda/tile.cuh). Few tokens, and weights that do not fit BF16, go
// to cuda/linear.cuh, unrounded.
#pragma once
#include "gptoss/cuda/linear.cuh"
#include "gptoss/cuda/tile.cuh"

namespace gptoss::cuda {

static __global__ void linear_tile_kernel(ConstMatrixView x, DenseMatrix w, ConstVectorView bias,
                                          MatrixView y) {
    wait_for_previous_kernel();
    const int first_t = int(blockIdx.y) * kTileTokens;
    const int first_o = int(blockIdx.x) * kTileOutputs;
    __shared__ TileRows rows;
    for (int l = int(threadIdx.x); l < kTileTokens; l += kTileThreads) {
        rows.x[l] = first_t + l;
        rows.y[l] = first_t + l;
    }
    if (threadIdx.x == 0) rows.count = min(kTileTokens, x.rows - first_t);
    __syncthreads();
    multiply_tile(rows, x, w, first_o, bias, y);
}

// Blocks run in the order of x: all outputs of the same tokens, which the cache of the device then
// holds, rather than all tokens of the same outputs.
inline dim3 block_per_tile(int n_tiles_of_tokens, int out_size) {
    return dim3(unsigned((out_size + kTileOutputs - 1) / kTileOutputs),
                unsigned(n_tiles_of_tokens));
}

// gptoss::cuda::linear, x rounded to BF16
inline void tile_linear(ConstMatrixView x, DenseMatrix w, ConstVectorView bias, MatrixView y) {
    require_linear_shapes(x, w, bias, y);
    if (x.rows < kFewestTokensForTiles || !has_wide_rows(x, w)) {
        cuda::linear(x, w, bias, y);
        return;
    }
    const dim3 grid = block_per_tile((x.rows + kTileTokens - 1) / kTileTokens, w.rows);
    linear_tile_kernel<<<grid, kTileThreads>>>(x, w, bias, y);
    check_launch("cuda::tile_linear");
}

}  // namespace gptoss::cuda
