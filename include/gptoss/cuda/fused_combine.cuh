// The weighted sum of the experts and the residual that is added to it, in one launch. For
// ops/cuda_decode.cuh.
#pragma once
#include "gptoss/cuda/combine.cuh"

namespace gptoss::cuda {

static __global__ void combine_residual_kernel(ConstMatrixView expert_out, ConstMatrixView weights,
                                               ConstMatrixView residual, MatrixView out) {
    wait_for_previous_kernel();
    const int t = int(blockIdx.x);
    const float* residual_t = residual.row(t);  // (hidden_size)
    float* out_t = out.row(t);                  // (hidden_size)
    for (int i = first_column(); i < out.cols; i += column_stride()) {
        out_t[i] = residual_t[i] + combined(expert_out, weights, t, i);
    }
}

inline void combine_residual(ConstMatrixView expert_out, ConstMatrixView weights,
                             ConstMatrixView residual, MatrixView out) {
    if (out.rows == 0) return;
    const dim3 grid = thread_per_element(out.rows, out.cols);
    combine_residual_kernel<<<grid, kThreads>>>(expert_out, weights, residual, out);
    check_launch("cuda::combine_residual");
}

}  // namespace gptoss::cuda
