// Rounded ops: the ops of layers/ as they come out when everything between them is BF16.
//
//     y = bf16( op(x) )      float32 inside the op, one rounding where it leaves its result
//
// Values are still floats, but only those that BF16 has. embed and cache_store pass such values on
// and need no twin. Two ops are several steps in the official model, with a rounding after each:
//
//     rope           y = bf16( bf16(a * cos) - bf16(b * sin) )       cos and sin are BF16 too
//     swiglu         s = bf16( sigmoid( bf16(1.702 * gate) ) )
//                    y = bf16( bf16(gate * s) * bf16(up + 1) )        the clamps are exact
//
//   operands, shapes and errors are those of the op of the same name in layers/
//
// Where    Bf16Ops (ops/bf16.hpp). Long sums are in bf16/rounded_sums.hpp, attend in
//          bf16/rounded_attention.hpp.
// Source   official model on torch 2.13, CPU: the dtypes of classes RotaryEmbedding, AttentionBlock
//          and MLPBlock; the points of rounding were found by comparing values.
// Pitfalls 1.702 is a float32 here; rounded to BF16 (1.703125) it changes 7 % of swiglu's values.
//          Router logits are rounded before the choice, so equal ones are common: the lower id wins.
#pragma once
#include <algorithm>
#include <cmath>

#include "gptoss/core/bf16.hpp"
#include "gptoss/core/check.hpp"
#include "gptoss/core/view.hpp"
#include "gptoss/layers/combine.hpp"
#include "gptoss/layers/residual.hpp"
#include "gptoss/layers/rope.hpp"
#include "gptoss/layers/router.hpp"
#include "gptoss/layers/swiglu.hpp"

namespace gptoss::bf16 {

inline void round_all(MatrixView y) {
    for (int r = 0; r < y.rows; ++r) {
        float* y_r = y.row(r);  // (cols)
        for (int c = 0; c < y.cols; ++c) {
            y_r[c] = round_to_bf16(y_r[c]);
        }
    }
}

// --- The scalar op, then one rounding ---------------------------------------------------------

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
            const float scaled = round_to_bf16(float(alpha) * gate);
            const float sigmoid = round_to_bf16(1.0f / (1.0f + std::exp(-scaled)));
            const float gated = round_to_bf16(gate * sigmoid);
            const float up_plus_one = round_to_bf16(up + 1.0f);
            y_row[i] = round_to_bf16(gated * up_plus_one);
        }
    }
}

}  // namespace gptoss::bf16
