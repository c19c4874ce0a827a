// Rounded attention: attend as it comes out when scores, weights and mix are BF16.
//
//     score[s]            = bf16( bf16(q[t,h] . k[s,g]) / sqrt(head_dim) )
//     weights, sink_share = bf16( softmax_with_sink(score, sinks[h]) )      float32 inside
//     mix[t,h]            = bf16( sum_s weights[s] * v[s,g] )               the rounded weights
//
// Sums are double, as in bf16/rounded_sums.hpp.
//
//   operands, shapes and errors are those of attend in layers/attention.hpp
//
// Where    Bf16Ops (ops/bf16.hpp).
// Source   official model on torch 2.13, CPU: function sdpa; the points of rounding were found by
//          comparing values.
// Pitfalls Each weight and the sink's share are rounded on their own: they no longer sum to 1.
//          Division by sqrt(64) is exact, so the second rounding shows only in other head sizes.
//          Hugging Face subtracts the largest score in BF16 before its softmax: one rounding more.
#pragma once
#include <cmath>
#include <vector>

#include "gptoss/core/bf16.hpp"
#include "gptoss/core/check.hpp"
#include "gptoss/core/view.hpp"
#include "gptoss/layers/attention.hpp"
#include "gptoss/layers/softmax.hpp"

namespace gptoss::bf16 {

// scores[s] = q . k[s,g] / sqrt(head_dim) for s = first .. first + scores.size - 1
inline void rounded_scores(const float* q_th, ConstMatrixView keys, int g, int head_dim, int first,
                           VectorView scores) {
    const float scale = 1.0f / std::sqrt(float(head_dim));
    for (int i = 0; i < scores.size; ++i) {
        const int slot = (first + i) % keys.rows;
        const float* k_sg = keys.row(slot) + g * head_dim;  // (head_dim)
        double dot = 0.0;
        for (int d = 0; d < head_dim; ++d) {
            dot += double(q_th[d]) * double(k_sg[d]);
        }
        scores.data[i] = round_to_bf16(round_to_bf16(float(dot)) * scale);
    }
}

inline void round_all(VectorView values) {
    for (int i = 0; i < values.size; ++i) {
        values.data[i] = round_to_bf16(values.data[i]);
    }
}

// mix = sum_s weights[s] * v[s,g] over the same positions
inline void rounded_mix(ConstVectorView weights, ConstMatrixView values, int g, int head_dim,
                        int first, float* mix_th) {
    for (int d = 0; d < head_dim; ++d) {
        double sum = 0.0;
        for (int i = 0; i < weights.size; ++i) {
            const int slot = (first + i) % values.rows;
            const float* v_sg = values.row(slot) + g * head_dim;  // (head_dim)
            sum += double(weights.data[i]) * double(v_sg[d]);
        }
        mix_th[d] = round_to_bf16(float(sum));
    }
}

inline void attend(ConstMatrixView q, ConstMatrixView keys, ConstMatrixView values,
                   ConstVectorView sinks, ConstIdsView positions, int window,
                   AttentionRecord record, MatrixView mix) {
    require_attend_shapes(q, keys, values, sinks, positions, window, record, mix);
    const int n_tokens = q.rows;
    const int n_heads = sinks.size;
    const int head_dim = q.cols / n_heads;
    const int n_kv_heads = keys.cols / head_dim;
    const int queries_per_kv_head = n_heads / n_kv_heads;

    for (int t = 0; t < n_tokens; ++t) {
        const int position = positions.data[t];
        const int first = first_visible_position(position, window);
        const int n_visible = position - first + 1;
        std::vector<float> score_memory(std::size_t(n_visible), 0.0f);
        std::vector<float> weight_memory(std::size_t(n_visible), 0.0f);
        const VectorView scores = {score_memory.data(), n_visible};    // (n_visible)
        const VectorView weights = {weight_memory.data(), n_visible};  // (n_visible)

        for (int h = 0; h < n_heads; ++h) {
            const int g = h / queries_per_kv_head;
            const float* q_th = q.row(t) + h * head_dim;  // (head_dim)
            float* mix_th = mix.row(t) + h * head_dim;    // (head_dim)

            rounded_scores(q_th, keys, g, head_dim, first, scores);
            const float sink_share = softmax_with_sink(scores, sinks.data[h], weights);
            round_all(weights);
            rounded_mix(weights, values, g, head_dim, first, mix_th);
            record_head(record, n_tokens, t, h, first, scores, weights, round_to_bf16(sink_share));
        }
    }
}

}  // namespace gptoss::bf16
