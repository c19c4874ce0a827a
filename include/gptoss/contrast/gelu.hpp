// GELU: what GPT-2 has where gpt-oss has SwiGLU: every channel is scaled by its own gate.
//
//     exact     y = x * P(Z < x) = x / 2 * (1 + erf(x / sqrt(2)))              Z standard normal
//     by tanh   y = x / 2 * (1 + tanh( sqrt(2 / pi) * (x + 0.044715 x^3) ))    what GPT-2 runs
//
//   x  (n_rows, n_channels)
//   y  (n_rows, n_channels)   may be the same memory as x
//
// Where    GPT-2: once per layer, between the two matrices of the dense layer.
// Source   Hendrycks and Gimpel 2016, Gaussian Error Linear Units, section 2; GPT-2: function gelu.
// Errors   ShapeError if x and y differ.
// Pitfalls GPT-2 takes the tanh form (activation_function "gelu_new"), not erf; the two differ by
//          5e-4 at most. x * sigmoid(1.702 x), inside gpt-oss' SwiGLU, is a third one, within 0.021.
#pragma once
#include <cmath>
#include <numbers>

#include "gptoss/core/check.hpp"
#include "gptoss/core/view.hpp"

namespace gptoss::contrast {

enum class GeluForm { by_tanh, exact };

inline double gelu_exact(double x) {
    return 0.5 * x * (1.0 + std::erf(x / std::numbers::sqrt2));
}

inline double gelu_by_tanh(double x) {
    const double sqrt_of_2_over_pi = std::sqrt(2.0 / std::numbers::pi);
    const double inner = sqrt_of_2_over_pi * (x + 0.044715 * x * x * x);
    return 0.5 * x * (1.0 + std::tanh(inner));
}

inline void gelu(ConstMatrixView x, GeluForm form, MatrixView y) {
    require_shape("gelu", "y", y, x.rows, x.cols);
    for (int row = 0; row < x.rows; ++row) {
        const float* x_row = x.row(row);  // (n_channels)
        float* y_row = y.row(row);        // (n_channels)
        for (int i = 0; i < x.cols; ++i) {
            const bool is_exact = form == GeluForm::exact;
            y_row[i] = float(is_exact ? gelu_exact(x_row[i]) : gelu_by_tanh(x_row[i]));
        }
    }
}

}  // namespace gptoss::contrast
