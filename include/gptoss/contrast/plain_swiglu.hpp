// Plain SwiGLU: that of the paper, as Qwen3 and Llama have it.
//
//     y[i] = gate[i] * sigmoid(gate[i]) * up[i]
//
//   gate, up  (n_rows, intermediate_size)   two matrices of their own
//   y         (n_rows, intermediate_size)   may be the same memory as gate or up
//
// Where    Qwen3: once per layer, between gate and up, and down.
// Source   Shazeer 2020, GLU Variants Improve Transformer, section 2.
// Errors   ShapeError, naming the operand, if extents disagree.
// Pitfalls gpt-oss differs in four things (layers/swiglu.hpp): 1.702 in the sigmoid, gate clamped
//          from above, up clamped on both sides, and one added to it.
#pragma once
#include <cmath>

#include "gptoss/core/check.hpp"
#include "gptoss/core/view.hpp"

namespace gptoss::contrast {

inline void plain_swiglu(ConstMatrixView gate, ConstMatrixView up, MatrixView y) {
    require_shape("plain_swiglu", "up", up, gate.rows, gate.cols);
    require_shape("plain_swiglu", "y", y, gate.rows, gate.cols);

    for (int row = 0; row < gate.rows; ++row) {
        const float* gate_row = gate.row(row);  // (intermediate_size)
        const float* up_row = up.row(row);      // (intermediate_size)
        float* y_row = y.row(row);              // (intermediate_size)
        for (int i = 0; i < gate.cols; ++i) {
            const double sigmoid = 1.0 / (1.0 + std::exp(-double(gate_row[i])));
            y_row[i] = float(gate_row[i] * sigmoid * up_row[i]);
        }
    }
}

}  // namespace gptoss::contrast
