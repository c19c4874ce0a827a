// RMSNorm: bring every token vector to unit root-mean-square, then apply a learned gain.
//
//     y[t,i] = x[t,i] / rms(x[t]) * gain[i]        rms(v) = sqrt( mean_i v[i]^2 + eps )
//
//   x     (n_tokens, hidden_size)   the residual stream on entering a block
//   gain  (hidden_size)             learned; "norm.scale" in the checkpoint
//   y     (n_tokens, hidden_size)   may be the same memory as x
//
// Where    before attention, before the experts, and once before the unembedding:
//          2 * n_layers + 1 times per pass.
// Source   Zhang and Sennrich 2019, Root Mean Square Layer Normalization, section 4;
//          official model: class RMSNorm.
// Units    x is dimensionless; eps (1e-5) is in units of x squared.
// Errors   ShapeError, naming the operand, if extents disagree.
// Pitfalls eps goes inside the root. The mean runs over channels, never over tokens.
//          Sum in double, as here: the squares of bf16 numbers round the same way thousands of
//          times over, and one float sum drifts. There is no mean subtraction and no bias.
#pragma once
#include <cmath>

#include "gptoss/core/check.hpp"
#include "gptoss/core/view.hpp"

namespace gptoss {

inline void require_rmsnorm_shapes(ConstMatrixView x, ConstVectorView gain, MatrixView y) {
    require_size("rmsnorm", "gain", gain, x.cols, "x.cols");
    require_shape("rmsnorm", "y", y, x.rows, x.cols);
}

inline void rmsnorm(ConstMatrixView x, ConstVectorView gain, float eps, MatrixView y) {
    const int n_tokens = x.rows;
    const int hidden_size = x.cols;
    require_rmsnorm_shapes(x, gain, y);

    for (int t = 0; t < n_tokens; ++t) {
        const float* x_t = x.row(t);  // (hidden_size)
        float* y_t = y.row(t);        // (hidden_size)

        double sum_of_squares = 0.0;
        for (int i = 0; i < hidden_size; ++i) {
            sum_of_squares += double(x_t[i]) * x_t[i];
        }
        const double mean_square = sum_of_squares / hidden_size;
        const double inv_rms = 1.0 / std::sqrt(mean_square + eps);

        for (int i = 0; i < hidden_size; ++i) {
            y_t[i] = float(x_t[i] * inv_rms * gain.data[i]);
        }
    }
}

}  // namespace gptoss
