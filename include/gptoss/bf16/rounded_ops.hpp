// Rounded ops: the ops of layers/ as they come out when everything between them is BF16.
//
//     y = bf16( op(x) )      float32 inside the op, one rounding where it leaves its result
//
// Values are still floats, but only those that BF16 has. embed and cache_store pass such values on
// and need no twin. Three ops are several steps in the official model, with a rounding after each:
//
//     rope           y = bf16( bf16(a * cos) - bf16(b * sin) )       cos and sin are BF16 too
//     swiglu         s = bf16( sigmoid( bf16(1.702 * gate) ) )
//                    y = bf16( bf16(gate * s) * bf16(up + 1) )        the clamps are exact
//     expert_linear  y = bf16( bf16(sum) + bias )                    linear adds its bias in float32
//
//   operands, shapes and errors are those of the op of the same name in layers/
//
// Where    Bf16Ops (ops/bf16.hpp). attend is in bf16/rounded_attention.hpp.
// Source   official model on torch 2.13, CPU: the dtypes of classes RMSNorm, RotaryEmbedding,
//          AttentionBlock and MLPBlock; the points of rounding were found by comparing values.
// Pitfalls 1.702 is a float32 here; rounded to BF16 (1.703125) it changes 7 % of swiglu's values.
//          Router logits are rounded before the choice, so equal ones are common: the lower id wins.
#pragma once
#include <algorithm>
#include <cmath>
#include <vector>

#include "gptoss/core/bf16.hpp"
#include "gptoss/core/check.hpp"
#include "gptoss/core/view.hpp"
#include "gptoss/layers/combine.hpp"
#include "gptoss/layers/expert_linear.hpp"
#include "gptoss/layers/linear.hpp"
#include "gptoss/layers/residual.hpp"
#include "gptoss/layers/rmsnorm.hpp"
#include "gptoss/layers/rope.hpp"
#include "gptoss/layers/router.hpp"
#include "gptoss/layers/swiglu.hpp"
#include "gptoss/layers/unembedding.hpp"

namespace gptoss::rounded {

inline void round_all(MatrixView y) {
    for (int r = 0; r < y.rows; ++r) {
        float* y_r = y.row(r);  // (cols)
        for (int c = 0; c < y.cols; ++c) {
            y_r[c] = round_to_bf16(y_r[c]);
        }
    }
}

// --- The scalar op, then one rounding ---------------------------------------------------------

inline void rmsnorm(ConstMatrixView x, ConstVectorView gain, float eps, MatrixView y) {
    gptoss::rmsnorm(x, gain, eps, y);
    round_all(y);
}

inline void linear(ConstMatrixView x, Bf16Matrix w, ConstVectorView bias, MatrixView y) {
    gptoss::linear(x, w, bias, y);
    round_all(y);
}

inline void rope_table(const Config& config, ConstIdsView positions, MatrixView table) {
    gptoss::rope_table(config, positions, table);
    round_all(table);
}

inline void add_residual(ConstMatrixView x, ConstMatrixView y, MatrixView out) {
    gptoss::add_residual(x, y, out);
    round_all(out);
}

inline void route(ConstMatrixView logits, IdsView ids, MatrixView weights) {
    gptoss::route(logits, ids, weights);
    round_all(weights);
}

inline void combine(ConstMatrixView expert_out, ConstMatrixView weights, MatrixView out) {
    gptoss::combine(expert_out, weights, out);
    round_all(out);
}

inline void unembed(ConstMatrixView x, Bf16Matrix w, MatrixView logits) {
    gptoss::unembed(x, w, logits);
    round_all(logits);
}

// --- Rounded between their steps --------------------------------------------------------------

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
                const float first = x_th[d];
                const float second = x_th[d + half];
                const float first_cos = round_to_bf16(first * cos_t[d]);
                const float second_sin = round_to_bf16(second * sin_t[d]);
                const float second_cos = round_to_bf16(second * cos_t[d]);
                const float first_sin = round_to_bf16(first * sin_t[d]);
                y_th[d] = round_to_bf16(first_cos - second_sin);
                y_th[d + half] = round_to_bf16(second_cos + first_sin);
            }
        }
    }
}

inline void swiglu(ConstMatrixView h, float limit, MatrixView y) {
    const int n_rows = h.rows;
    const int intermediate_size = h.cols / 2;
    require_multiple("swiglu", "h.cols", h.cols, 2, "gate and up");
    require_shape("swiglu", "y", y, n_rows, intermediate_size);

    for (int row = 0; row < n_rows; ++row) {
        const float* h_row = h.row(row);  // (2 * intermediate_size)
        float* y_row = y.row(row);        // (intermediate_size)
        for (int i = 0; i < intermediate_size; ++i) {
            const float gate = std::min(h_row[2 * i], limit);
            const float up = std::clamp(h_row[2 * i + 1], -limit, limit);
            const float scaled = round_to_bf16(kSwigluAlpha * gate);
            const float sigmoid = round_to_bf16(1.0f / (1.0f + std::exp(-scaled)));
            const float gated = round_to_bf16(gate * sigmoid);
            const float up_plus_one = round_to_bf16(up + 1.0f);
            y_row[i] = round_to_bf16(gated * up_plus_one);
        }
    }
}

inline void expert_linear(ConstMatrixView x, ConstIdsView ids, ExpertStack all_experts,
                          ConstMatrixView bias, MatrixView y) {
    require_shape("expert_linear", "bias", bias, all_experts.n_experts, all_experts.rows);
    const std::vector<float> zeros(std::size_t(bias.rows) * std::size_t(bias.cols));
    gptoss::expert_linear(x, ids, all_experts, {zeros.data(), bias.rows, bias.cols}, y);
    round_all(y);

    for (int row = 0; row < y.rows; ++row) {
        const int t = row / ids.cols;
        const int e = ids.row(t)[row % ids.cols];
        const float* bias_e = bias.row(e);  // (out)
        float* y_row = y.row(row);          // (out)
        for (int o = 0; o < y.cols; ++o) {
            y_row[o] = round_to_bf16(y_row[o] + bias_e[o]);
        }
    }
}

}  // namespace gptoss::rounded
