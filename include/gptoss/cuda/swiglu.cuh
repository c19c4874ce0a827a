// Twin of layers/swiglu.hpp, which holds formula, shapes and pitfalls. What differs: one thread per
// element of y.
#pragma once
#include "gptoss/cuda/check.cuh"
#include "gptoss/cuda/launch.cuh"
#include "gptoss/layers/swiglu.hpp"

namespace gptoss::cuda {

static __global__ void swiglu_kernel(ConstMatrixView h, float limit, float alpha, MatrixView y) {
    wait_for_previous_kernel();
    const int row = int(blockIdx.x);
    const int intermediate_size = y.cols;
    const float* h_row = h.row(row);  // (2 * intermediate_size)
    float* y_row = y.row(row);        // (intermediate_size)
    for (int i = first_column(); i < intermediate_size; i += column_stride()) {
        const float gate = h_row[2 * i] > limit ? limit : h_row[2 * i];
        const float linear = h_row[2 * i + 1];
        const float up = linear > limit ? limit : linear < -limit ? -limit : linear;
        const float sigmoid = 1.0f / (1.0f + expf(-alpha * gate));
        y_row[i] = gate * sigmoid * (up + 1.0f);
    }
}

// gptoss::cuda::swiglu
inline void swiglu(ConstMatrixView h, float limit, double alpha, MatrixView y) {
    const int n_rows = h.rows;
    const int intermediate_size = h.cols / 2;
    require_swiglu_shapes(h, y);
    if (n_rows == 0) return;
    swiglu_kernel<<<thread_per_element(n_rows, intermediate_size), kThreads>>>(h, limit,
                                                                               float(alpha), y);
    check_launch("cuda::swiglu");
}

}  // namespace gptoss::cuda
