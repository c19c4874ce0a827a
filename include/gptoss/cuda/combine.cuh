// Twin of layers/combine.hpp, which holds formula, shapes and pitfalls. What differs: one thread
// per element of out; each runs the scalar loop over j.
#pragma once
#include "gptoss/core/view.hpp"
#include "gptoss/cuda/check.cuh"
#include "gptoss/cuda/launch.cuh"
#include "gptoss/layers/combine.hpp"

namespace gptoss::cuda {

__device__ inline float combined(ConstMatrixView expert_out, ConstMatrixView weights, int t,
                                 int i) {
    const int top_k = weights.cols;
    const float* weights_t = weights.row(t);  // (top_k)
    float sum = 0.0f;
    for (int j = 0; j < top_k; ++j) {
        sum += weights_t[j] * expert_out.row(t * top_k + j)[i];
    }
    return sum;
}

static __global__ void combine_kernel(ConstMatrixView expert_out, ConstMatrixView weights,
                                      MatrixView out) {
    wait_for_previous_kernel();
    const int t = int(blockIdx.x);
    const int hidden_size = expert_out.cols;
    float* out_t = out.row(t);  // (hidden_size)
    for (int i = first_column(); i < hidden_size; i += column_stride()) {
        out_t[i] = combined(expert_out, weights, t, i);
    }
}

// gptoss::cuda::combine
inline void combine(ConstMatrixView expert_out, ConstMatrixView weights, MatrixView out) {
    const int n_tokens = weights.rows;
    const int hidden_size = expert_out.cols;
    require_combine_shapes(expert_out, weights, out);
    if (n_tokens == 0) return;
    const dim3 grid = thread_per_element(n_tokens, hidden_size);
    combine_kernel<<<grid, kThreads>>>(expert_out, weights, out);
    check_launch("cuda::combine");
}

}  // namespace gptoss::cuda
