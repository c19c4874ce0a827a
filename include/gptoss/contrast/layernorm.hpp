// LayerNorm: what GPT-2 has where gpt-oss has RMSNorm: the mean is taken off first, a bias added last.
//
//     y[t,i] = (x[t,i] - mean(x[t])) / sqrt( variance(x[t]) + eps ) * gain[i] + bias[i]
//
//   x           (n_tokens, hidden_size)
//   gain, bias  (hidden_size)             learned
//   y           (n_tokens, hidden_size)   may be the same memory as x
//
// Where    GPT-2: before attention, before the dense layer, and once before the unembedding.
// Source   Ba, Kiros and Hinton 2016, Layer Normalization, equation 4; torch.nn.LayerNorm.
// Units    eps (1e-5) is in units of x squared.
// Errors   ShapeError, naming the operand, if extents disagree.
// Pitfalls The variance divides by hidden_size, not by hidden_size - 1. A constant added to all
//          channels of x changes nothing: RMSNorm sees it. With mean 0 and bias 0 the two are one.
#pragma once
#include <cmath>

#include "gptoss/core/check.hpp"
#include "gptoss/core/view.hpp"

namespace gptoss::contrast {

inline void layernorm(ConstMatrixView x, ConstVectorView gain, ConstVectorView bias, float eps,
                      MatrixView y) {
    const int hidden_size = x.cols;
    require_size("layernorm", "gain", gain, hidden_size, "x.cols");
    require_size("layernorm", "bias", bias, hidden_size, "x.cols");
    require_shape("layernorm", "y", y, x.rows, hidden_size);

    for (int t = 0; t < x.rows; ++t) {
        const float* x_t = x.row(t);  // (hidden_size)
        float* y_t = y.row(t);        // (hidden_size)

        double sum = 0.0;
        for (int i = 0; i < hidden_size; ++i) {
            sum += x_t[i];
        }
        const double mean = sum / hidden_size;

        double sum_of_squares = 0.0;
        for (int i = 0; i < hidden_size; ++i) {
            const double distance = x_t[i] - mean;
            sum_of_squares += distance * distance;
        }
        const double variance = sum_of_squares / hidden_size;
        const double inv_deviation = 1.0 / std::sqrt(variance + eps);

        for (int i = 0; i < hidden_size; ++i) {
            y_t[i] = float((x_t[i] - mean) * inv_deviation * gain.data[i] + bias.data[i]);
        }
    }
}

}  // namespace gptoss::contrast
