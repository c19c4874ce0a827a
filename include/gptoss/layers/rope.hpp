// RoPE with YaRN: turn pairs of channels of every query and key by angles that grow with position,
// so that q . k depends on how far apart the two tokens are.
//
//     inv_freq[d] = theta^(-2d / head_dim)                       d = 0 .. head_dim/2 - 1
//     YaRN:  low     = bound(32),  high = bound(1)              32 and 1 turns within 4096 positions
//            bound(n) = head_dim/2 * ln(initial_context_length / (2 pi n)) / ln(theta)
//            ramp[d] = clamp((d - low) / (high - low), 0, 1)
//            inv_freq[d] <- inv_freq[d] / factor * ramp[d] + inv_freq[d] * (1 - ramp[d])
//            c = 0.1 * ln(factor) + 1                            the concentration
//     cos[t,d] = cos(position[t] * inv_freq[d]) * c              sin alike
//     y[d]      = x[d]      * cos[d] - x[d + half] * sin[d]      half = head_dim / 2
//     y[d+half] = x[d+half] * cos[d] + x[d]        * sin[d]
//
//   positions  (n_tokens)                  absolute, 0 is the first token of the context
//   table      (n_tokens, head_dim)        cos in the first half of a row, sin in the second
//   x, y       (n_tokens, heads * head_dim)  queries or keys; may be the same memory
//
// Where    rope_table once per pass; rope on q and on k in every layer. v is not rotated.
// Source   Su et al. 2021, RoFormer, section 3.4.2; Peng et al. 2023, YaRN, sections 3.2 to 3.4;
//          official model: class RotaryEmbedding.
// Units    angles in radians; low and high (8.09 and 17.40 in the real models) count pairs.
// Errors   ShapeError, naming the operand, if extents disagree.
// Pitfalls Pairs are (d, d + half), halves, not neighbours. low and high are not rounded, and c is
//          the one above, unless the file asks for rope_truncate or a rope_attention_factor. YaRN
//          acts from position 0 at any length. c multiplies q and k, so scores grow by c squared.
//          The angle is the float32 product position * inv_freq, as in the official model: an
//          exact one differs by 2.5e-3 radians at position 131,071. Its cosine and sine are taken
//          in double and rounded: C libraries differ in the last bit of 1 % of float ones.
#pragma once
#include <algorithm>
#include <cmath>
#include <numbers>
#include <string>

#include "gptoss/core/check.hpp"
#include "gptoss/core/config.hpp"
#include "gptoss/core/view.hpp"

namespace gptoss {

// The pair index where YaRN's ramp begins (n_rotations = rope_ntk_beta) or ends (rope_ntk_alpha): a
// pair below it turns more than n_rotations times within the initial context. A real number; it is
// never rounded here, although other programs round it.
inline double yarn_bound(const Config& c, double n_rotations) {
    const double turns = c.initial_context_length / (n_rotations * 2.0 * std::numbers::pi);
    return 0.5 * c.head_dim * std::log(turns) / std::log(double(c.rope_theta));
}

// For a config that was read: bounds in order, among the pairs.
inline void require_yarn_bounds(const Config& c) {
    if (c.rope_scaling_factor <= 1.0f) return;
    const double low = yarn_bound(c, c.rope_ntk_beta);
    const double high = yarn_bound(c, c.rope_ntk_alpha);
    if (0 < low && low < high && high < c.head_dim / 2 - 1) return;
    throw Error("config: YaRN bounds are low = " + std::to_string(low) + ", high = " +
                std::to_string(high) + ", expected 0 < low < high < head_dim / 2 - 1");
}

// How far pair d is from turning at its own speed (0) to turning factor times slower (1).
inline float yarn_ramp(const Config& config, int d) {
    double low = yarn_bound(config, config.rope_ntk_beta);
    double high = yarn_bound(config, config.rope_ntk_alpha);
    if (config.rope_truncate) low = std::floor(low);
    if (config.rope_truncate) high = std::ceil(high);
    const float above_low = float(d) - float(low);
    const float width = float(high - low);
    return std::clamp(above_low / width, 0.0f, 1.0f);
}

// Radians per position of pair d.
inline float rope_inv_freq(const Config& config, int d) {
    const double exponent = 2.0 * d / config.head_dim;
    const float freq = float(std::pow(double(config.rope_theta), exponent));
    if (config.rope_scaling_factor <= 1.0f) return 1.0f / freq;

    const float interpolated = 1.0f / (config.rope_scaling_factor * freq);
    const float extrapolated = 1.0f / freq;
    const float mask = 1.0f - yarn_ramp(config, d);
    return interpolated * (1.0f - mask) + extrapolated * mask;
}

inline float rope_concentration(const Config& config) {
    if (config.rope_attention_factor) return *config.rope_attention_factor;
    if (config.rope_scaling_factor <= 1.0f) return 1.0f;
    return float(0.1 * std::log(double(config.rope_scaling_factor)) + 1.0);
}

inline void rope_table(const Config& config, ConstIdsView positions, MatrixView table) {
    const int n_tokens = positions.rows;
    const int half = config.head_dim / 2;
    require_shape("rope_table", "table", table, n_tokens, config.head_dim);

    const float concentration = rope_concentration(config);
    for (int d = 0; d < half; ++d) {
        const float inv_freq = rope_inv_freq(config, d);
        for (int t = 0; t < n_tokens; ++t) {
            const float angle = float(positions.data[t]) * inv_freq;
            float* cos_t = table.row(t);  // (half)
            float* sin_t = cos_t + half;  // (half)
            cos_t[d] = float(std::cos(double(angle)) * concentration);
            sin_t[d] = float(std::sin(double(angle)) * concentration);
        }
    }
}

inline void rope(ConstMatrixView x, ConstMatrixView table, MatrixView y) {
    const int n_tokens = x.rows;
    const int head_dim = table.cols;
    require_extent("rope", "table.rows", table.rows, n_tokens, "x.rows");
    require_multiple("rope", "x.cols", x.cols, head_dim, "table.cols, head_dim");
    require_shape("rope", "y", y, n_tokens, x.cols);
    const int n_heads = x.cols / head_dim;
    const int half = head_dim / 2;

    for (int t = 0; t < n_tokens; ++t) {
        const float* cos_t = table.row(t);  // (half)
        const float* sin_t = cos_t + half;  // (half)
        for (int h = 0; h < n_heads; ++h) {
            const float* x_th = x.row(t) + h * head_dim;  // (head_dim)
            float* y_th = y.row(t) + h * head_dim;        // (head_dim)
            for (int d = 0; d < half; ++d) {
                const double first = x_th[d];
                const double second = x_th[d + half];
                y_th[d] = float(first * cos_t[d] - second * sin_t[d]);
                y_th[d + half] = float(second * cos_t[d] + first * sin_t[d]);
            }
        }
    }
}

}  // namespace gptoss
