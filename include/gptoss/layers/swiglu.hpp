// SwiGLU, clamped: the expert's activation. Even channels of h gate the odd ones.
//
//     gate = min(h[2i], limit)                         clamped from above only
//     up   = clamp(h[2i+1], -limit, limit)
//     y[i] = gate * sigmoid(alpha * gate) * (up + 1)   sigmoid(z) = 1 / (1 + exp(-z))
//
//   h      (rows, 2 * intermediate_size)   gate and up interleaved; a row per token and rank
//   limit  1                               7 in the real models
//   alpha  1                               1.702 there: x * sigmoid(1.702 x) is close to GELU
//   y      (rows, intermediate_size)
//
// Where    once per layer, between the two matrices of the experts.
// Source   Shazeer 2020, GLU Variants Improve Transformer, section 2; official model: function
//          swiglu.
// Units    dimensionless; limit in units of h.
// Errors   ShapeError, naming the operand, if extents disagree.
// Pitfalls gate and up alternate; they are not two halves of h. The gate has no lower clamp (4e-4
//          at most in y, so only a test of this function sees it). up is clamped on both sides and
//          gets +1. alpha is 1.702, not 1. Computed in double, rounded once.
#pragma once
#include <algorithm>
#include <cmath>

#include "gptoss/core/check.hpp"
#include "gptoss/core/view.hpp"

namespace gptoss {

inline void require_swiglu_shapes(ConstMatrixView h, MatrixView y) {
    require_multiple("swiglu", "h.cols", h.cols, 2, "gate and up");
    require_shape("swiglu", "y", y, h.rows, h.cols / 2);
}

inline void swiglu(ConstMatrixView h, float limit, double alpha, MatrixView y) {
    const int n_rows = h.rows;
    const int intermediate_size = h.cols / 2;
    require_swiglu_shapes(h, y);

    for (int row = 0; row < n_rows; ++row) {
        const float* h_row = h.row(row);  // (2 * intermediate_size)
        float* y_row = y.row(row);        // (intermediate_size)
        for (int i = 0; i < intermediate_size; ++i) {
            const float gate = std::min(h_row[2 * i], limit);
            const float up = std::clamp(h_row[2 * i + 1], -limit, limit);
            const double sigmoid = 1.0 / (1.0 + std::exp(-alpha * gate));
            y_row[i] = float(gate * sigmoid * (up + 1.0));
        }
    }
}

}  // namespace gptoss
