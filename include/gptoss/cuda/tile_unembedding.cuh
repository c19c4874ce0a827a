// Twin of layers/unembedding.hpp for the logits of many tokens, on tensor cores: a tile of
// cuda/tile_linear.cuh without a bias. Few tokens, and weights that do not fit BF16, go to
// cuda/unembedding.cuh, unrounded.
#pragma once
#include "gptoss/cuda/tile_linear.cuh"
#include "gptoss/cuda/unembedding.cuh"

namespace gptoss::cuda {

// Blocks run in the order of blockIdx.x: all tokens of the same outputs. No cache holds w, which is 1.2 GB, and so
// it is read once; the tokens of a pass are 12 MB.
static __global__ void __launch_bounds__(kTileThreads, kTileBlocksOfSm)
    unembed_tile_kernel(RoundedView x, DenseMatrix w, MatrixView logits) {
    wait_for_previous_kernel();
    multiply_tile_of_y(x, w, {}, logits, blockIdx.x, blockIdx.y);
}

// gptoss::cuda::unembed, x rounded to BF16
inline void tile_unembed(ConstMatrixView x, DenseMatrix w, MatrixView logits) {
    require_unembed_shapes(x, w, logits);
    if (x.rows < kFewestTokensForTiles || !has_wide_rows(x, w)) {
        cuda::unembed(x, w, logits);
        return;
    }
    const Rounded x_rounded(x);
    const dim3 grid(unsigned(tiles_of(x.rows)), unsigned(tiles_of(w.rows)));
    unembed_tile_kernel<<<grid, kTileThreads>>>(x_rounded.view(), w, logits);
    check_launch("cuda::tile_unembed");
}

}  // namespace gptoss::cuda
