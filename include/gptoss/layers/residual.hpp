// Residual: what a block computed is added to the stream that passes it.
//
//     out[t,i] = x[t,i] + y[t,i]
//
//   x    (n_tokens, hidden_size)   the residual stream
//   y    (n_tokens, hidden_size)   attention's or the experts' contribution
//   out  (n_tokens, hidden_size)   may be the same memory as x or y
//
// Where    after attention and after the experts: 2 * n_layers times per pass.
// Source   He et al. 2015, Deep Residual Learning for Image Recognition, section 3.2; official
//          model: classes AttentionBlock and MLPBlock, x + t in forward.
// Errors   ShapeError, naming the operand, if extents disagree.
// Pitfalls x is the stream before the norm, not the normed vector. The stream grows to tens of
//          thousands in the last layers of 120b: float16 overflows.
#pragma once
#include "gptoss/core/check.hpp"
#include "gptoss/core/view.hpp"

namespace gptoss {

inline void require_add_residual_shapes(ConstMatrixView x, ConstMatrixView y, MatrixView out) {
    require_shape("add_residual", "y", y, x.rows, x.cols);
    require_shape("add_residual", "out", out, x.rows, x.cols);
}

inline void add_residual(ConstMatrixView x, ConstMatrixView y, MatrixView out) {
    require_add_residual_shapes(x, y, out);

    for (int t = 0; t < x.rows; ++t) {
        const float* x_t = x.row(t);  // (hidden_size)
        const float* y_t = y.row(t);  // (hidden_size)
        float* out_t = out.row(t);    // (hidden_size)
        for (int i = 0; i < x.cols; ++i) {
            out_t[i] = x_t[i] + y_t[i];
        }
    }
}

}  // namespace gptoss
