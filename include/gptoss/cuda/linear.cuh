// Twin of layers/linear.hpp, which holds formula, shapes and pitfalls. What differs: one thread per
// output, all of them at once; each runs the scalar loop over i. The faster kernels below it are in
// use where rows of BF16 are multiples of 16 bytes, and for weights in another form.
#pragma once
#include "gptoss/cuda/check.cuh"
#include "gptoss/cuda/launch.cuh"
#include "gptoss/cuda/weights.cuh"
#include "gptoss/layers/linear.hpp"

namespace gptoss::cuda {

static __global__ void linear_kernel(ConstMatrixView x, DenseMatrix w, ConstVectorView bias,
                                     MatrixView y) {
    wait_for_previous_kernel();
    const int t = int(blockIdx.x);
    const int in_size = x.cols;
    const int out_size = w.rows;
    const float* x_t = x.row(t);  // (in)
    float* y_t = y.row(t);        // (out)
    for (int o = first_column(); o < out_size; o += column_stride()) {
        const DenseRow w_o = w.row(o);  // (in)
        float sum = 0.0f;
        for (int i = 0; i < in_size; ++i) {
            sum += x_t[i] * weight_at(w_o, i);
        }
        y_t[o] = sum + bias.data[o];
    }
}

// New: a warp per output. Its lanes read the row of w side by side, 16 bytes each, so that memory is
// read in long stretches and in the order in which it lies.
static __global__ void __launch_bounds__(kThreadsOfWarps, kBlocksOfSm)
    linear_warp_kernel(ConstMatrixView x, DenseMatrix w, ConstVectorView bias, MatrixView y) {
    const int first_o = first_column_of_warp();
    if (first_o < w.rows) prefetch_row(w.row(first_o), w.cols);
    wait_for_previous_kernel();
    const int t = int(blockIdx.x);
    const int in_size = x.cols;
    const int out_size = w.rows;
    const float* x_t = x.row(t);  // (in)
    float* y_t = y.row(t);        // (out)
    for (int o = first_o; o < out_size; o += column_stride_of_warps()) {
        const float sum = warp_sum(dot_of_lane(x_t, w.row(o), in_size));
        if (lane_of_warp() == 0) y_t[o] = sum + bias.data[o];
    }
}

// New: for weights in any form. The lanes of a warp share an output, a channel each in turn.
static __global__ void __launch_bounds__(kThreadsOfWarps, kBlocksOfSm)
    linear_plain_warp_kernel(ConstMatrixView x, DenseMatrix w, ConstVectorView bias, MatrixView y) {
    wait_for_previous_kernel();
    const int t = int(blockIdx.x);
    const int in_size = x.cols;
    const int out_size = w.rows;
    const float* x_t = x.row(t);  // (in)
    float* y_t = y.row(t);        // (out)
    for (int o = first_column_of_warp(); o < out_size; o += column_stride_of_warps()) {
        const float sum = warp_sum(plain_dot_of_lane(x_t, w.row(o), in_size));
        if (lane_of_warp() == 0) y_t[o] = sum + bias.data[o];
    }
}

// gptoss::cuda::linear
inline void linear(ConstMatrixView x, DenseMatrix w, ConstVectorView bias, MatrixView y) {
    require_linear_shapes(x, w, bias, y);
    const int n_tokens = x.rows;
    const int out_size = w.rows;
    if (n_tokens == 0) return;
    const dim3 warps = warp_per_element(n_tokens, out_size);
    if (has_wide_rows(x, w)) {
        linear_warp_kernel<<<warps, kThreadsOfWarps>>>(x, w, bias, y);
    } else if (w.storage != Storage::bf16) {
        linear_plain_warp_kernel<<<warps, kThreadsOfWarps>>>(x, w, bias, y);
    } else {
        linear_kernel<<<thread_per_element(n_tokens, out_size), kThreads>>>(x, w, bias, y);
    }
    check_launch("cuda::linear");
}

}  // namespace gptoss::cuda
