// Twin of layers/residual.hpp, which holds formula, shapes and pitfalls. What differs: one thread
// per element.
#pragma once
#include "gptoss/core/view.hpp"
#include "gptoss/cuda/check.cuh"
#include "gptoss/cuda/launch.cuh"
#include "gptoss/layers/residual.hpp"

namespace gptoss::cuda {

static __global__ void add_residual_kernel(ConstMatrixView x, ConstMatrixView y, MatrixView out) {
    wait_for_previous_kernel();
    const int t = int(blockIdx.x);
    const float* x_t = x.row(t);  // (hidden_size)
    const float* y_t = y.row(t);  // (hidden_size)
    float* out_t = out.row(t);    // (hidden_size)
    for (int i = first_column(); i < x.cols; i += column_stride()) {
        out_t[i] = x_t[i] + y_t[i];
    }
}

// gptoss::cuda::add_residual
inline void add_residual(ConstMatrixView x, ConstMatrixView y, MatrixView out) {
    require_add_residual_shapes(x, y, out);
    if (x.rows == 0) return;
    add_residual_kernel<<<thread_per_element(x.rows, x.cols), kThreads>>>(x, y, out);
    check_launch("cuda::add_residual");
}

}  // namespace gptoss::cuda
