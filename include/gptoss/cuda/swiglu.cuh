// Twin of layers/swiglu.hpp, which holds formula, shapes and pitfalls. What differs: one thread per
// element of y.
#pragma once
#include "gptoss/cuda/check.cuh"
#include "gptoss/cuda/launch.cuh"
#include "gptoss/layers/swiglu.hpp"

namespace gptoss::cuda {

__device__ inline float swiglu_of(float gate, float up, float limit, float alpha) {
    const float gate_below = gate > limit ? limit : gate;
    const float up_within = up > limit ? limit : up < -limit ? -limit : up;
    const float sigmoid = 1.0f / (1.0f + expf(-alpha * gate_below));
    return gate_below * sigmoid * (up_within + 1.0f);
}

static __global__ void swiglu_kernel(ConstMatrixView h, float limit, float alpha, MatrixView y) {
    wait_for_previous_kernel();
    const int row = int(blockIdx.x);
    const int intermediate_size = y.cols;
    const float* h_row = h.row(row);  // (2 * intermediate_size)
    float* y_row = y.row(row);        // (intermediate_size)
    for (int i = first_column(); i < intermediate_size; i += column_stride()) {
        y_row[i] = swiglu_of(h_row[2 * i], h_row[2 * i + 1], limit, alpha);
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
