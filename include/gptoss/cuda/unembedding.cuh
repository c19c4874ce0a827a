// Twin of layers/unembedding.hpp, which holds formula, shapes and pitfalls. What differs: one
// thread per logit, all of them at once; each runs the scalar loop over i. The faster kernels below it
// are in use where rows of BF16 are multiples of 16 bytes, and for weights in another form.
#pragma once
#include "gptoss/cuda/check.cuh"
#include "gptoss/cuda/launch.cuh"
#include "gptoss/cuda/weights.cuh"
#include "gptoss/layers/unembedding.hpp"

namespace gptoss::cuda {

static __global__ void unembed_kernel(ConstMatrixView x, DenseMatrix w, MatrixView logits) {
    wait_for_previous_kernel();
    const int t = int(blockIdx.x);
    const int hidden_size = x.cols;
    const int vocab_size = w.rows;
    const float* x_t = x.row(t);      // (hidden_size)
    float* logits_t = logits.row(t);  // (vocab_size)
    for (int o = first_column(); o < vocab_size; o += column_stride()) {
        const DenseRow w_o = w.row(o);  // (hidden_size)
        float sum = 0.0f;
        for (int i = 0; i < hidden_size; ++i) {
            sum += x_t[i] * weight_at(w_o, i);
        }
        logits_t[o] = sum;
    }
}

// New: a warp per logit, whose lanes read the row of w side by side.
static __global__ void __launch_bounds__(kThreadsOfWarps, kBlocksOfSm)
    unembed_warp_kernel(ConstMatrixView x, DenseMatrix w, MatrixView logits) {
    const int first_o = first_column_of_warp();
    if (first_o < w.rows) prefetch_row(w.row(first_o), w.cols);
    wait_for_previous_kernel();
    const int t = int(blockIdx.x);
    const int hidden_size = x.cols;
    const int vocab_size = w.rows;
    const float* x_t = x.row(t);      // (hidden_size)
    float* logits_t = logits.row(t);  // (vocab_size)
    for (int o = first_o; o < vocab_size; o += column_stride_of_warps()) {
        const float sum = warp_sum(dot_of_lane(x_t, w.row(o), hidden_size));
        if (lane_of_warp() == 0) logits_t[o] = sum;
    }
}

// New: for weights in any form, a channel per lane in turn.
static __global__ void __launch_bounds__(kThreadsOfWarps, kBlocksOfSm)
    unembed_plain_warp_kernel(ConstMatrixView x, DenseMatrix w, MatrixView logits) {
    wait_for_previous_kernel();
    const int t = int(blockIdx.x);
    const float* x_t = x.row(t);      // (hidden_size)
    float* logits_t = logits.row(t);  // (vocab_size)
    for (int o = first_column_of_warp(); o < w.rows; o += column_stride_of_warps()) {
        const float sum = warp_sum(plain_dot_of_lane(x_t, w.row(o), x.cols));
        if (lane_of_warp() == 0) logits_t[o] = sum;
    }
}

// gptoss::cuda::unembed
inline void unembed(ConstMatrixView x, DenseMatrix w, MatrixView logits) {
    const int n_rows = x.rows;
    const int vocab_size = w.rows;
    require_unembed_shapes(x, w, logits);
    if (n_rows == 0) return;
    const dim3 warps = warp_per_element(n_rows, vocab_size);
    if (has_wide_rows(x, w)) {
        unembed_warp_kernel<<<warps, kThreadsOfWarps>>>(x, w, logits);
    } else if (w.storage != Storage::bf16) {
        unembed_plain_warp_kernel<<<warps, kThreadsOfWarps>>>(x, w, logits);
    } else {
        unembed_kernel<<<thread_per_element(n_rows, vocab_size), kThreads>>>(x, w, logits);
    }
    check_launch("cuda::unembed");
}

}  // namespace gptoss::cuda
