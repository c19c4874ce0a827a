// Linear: a matrix of learned weights times every token vector, plus a bias.
//
//     y[t,o] = sum_i x[t,i] * w[o,i] + bias[o]
//
//   x     (n_tokens, in)
//   w     (out, in)        BF16, widened exactly as it is read
//   bias  (out)
//   y     (n_tokens, out)
//
// Where    q, k, v and out of attention, and the router: 5 * n_layers times per pass.
// Source   official model: torch.nn.Linear in classes AttentionBlock and MLPBlock.
// Errors   ShapeError, naming the operand, if extents disagree.
// Pitfalls Weights are (out, in): one output is one contiguous row. Attention has biases here, on
//          all four projections. The file may fuse q, k and v; their rows are apart in w. The sum
//          is double and rounded once, with the bias in it.
#pragma once
#include "gptoss/core/check.hpp"
#include "gptoss/core/view.hpp"

namespace gptoss {

inline void require_linear_shapes(ConstMatrixView x, DenseMatrix w, ConstVectorView bias,
                                  MatrixView y) {
    require_extent("linear", "w.cols", w.cols, x.cols, "x.cols");
    require_size("linear", "bias", bias, w.rows, "w.rows");
    require_shape("linear", "y", y, x.rows, w.rows);
}

inline void linear(ConstMatrixView x, DenseMatrix w, ConstVectorView bias, MatrixView y) {
    const int n_tokens = x.rows;
    const int in_size = x.cols;
    const int out_size = w.rows;
    require_linear_shapes(x, w, bias, y);

    for (int t = 0; t < n_tokens; ++t) {
        const float* x_t = x.row(t);  // (in)
        float* y_t = y.row(t);        // (out)
        for (int o = 0; o < out_size; ++o) {
            const DenseRow w_o = w.row(o);  // (in)
            double sum = 0.0;
            for (int i = 0; i < in_size; ++i) {
                sum += double(x_t[i]) * w_o[i];
            }
            y_t[o] = float(sum + bias.data[o]);
        }
    }
}

}  // namespace gptoss
