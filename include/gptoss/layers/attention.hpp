// Attention: every query head mixes the values it can see, weighted by how well their keys match.
//
//     score[s]            = q[t,h] . k[s,g] / sqrt(head_dim)      g = h / (n_heads / n_kv_heads)
//     weights, sink_share = softmax_with_sink(score, sinks[h])    over the visible s
//     mix[t,h]            = sum_s weights[s] * v[s,g]
//
// With p = positions[t], s is visible if s <= p on full layers and if p - window < s <= p on
// sliding ones.
//
//   q          (n_tokens, n_heads * head_dim)      rotated
//   keys       (capacity, n_kv_heads * head_dim)   the cache: position s is in row s % capacity,
//   values     (capacity, n_kv_heads * head_dim)   keys were rotated before they were stored
//   sinks      (n_heads)                           learned logits
//   positions  (n_tokens)                          absolute positions of the queries
//   window     0 on full layers, else the number of visible keys, the query's own included
//   record     where to leave scores, weights and sink_share (layers/attention_record.hpp)
//   mix        (n_tokens, n_heads * head_dim)
//
// Where    once per layer, after rope and cache_store.
// Source   Vaswani et al. 2017, Attention Is All You Need, section 3.2.1; Ainslie et al. 2023, GQA,
//          section 2.2; Beltagy et al. 2020, Longformer, section 3.1; official model: function
//          sdpa.
// Units    scores are logits (dimensionless).
// Errors   ShapeError, naming the operand, if extents disagree.
// Pitfalls Query head h reads kv head h / 8, consecutive groups, not h % 8. The scale is
//          1/sqrt(head_dim), not of hidden_size. Window 128 means 128 keys with oneself, not 129.
//          Weights sum to less than 1. Mask by position, never by row of a rolling cache. Dot
//          products and mix are summed in double.
#pragma once
#include <cmath>
#include <vector>

#include "gptoss/core/check.hpp"
#include "gptoss/core/view.hpp"
#include "gptoss/layers/attention_record.hpp"
#include "gptoss/layers/softmax.hpp"

namespace gptoss {

// Position s of the context lives in row s % capacity of the cache. A full layer's cache is never
// shorter than the context; a sliding layer's rolls over.
inline void cache_store(ConstMatrixView x, ConstIdsView positions, MatrixView cache) {
    const int n_tokens = x.rows;
    require_extent("cache_store", "positions.rows", positions.rows, n_tokens, "x.rows");
    require_extent("cache_store", "cache.cols", cache.cols, x.cols, "x.cols");
    require_at_least("cache_store", "cache.rows", cache.rows, n_tokens, "x.rows");

    for (int t = 0; t < n_tokens; ++t) {
        const int slot = positions.data[t] % cache.rows;
        const float* x_t = x.row(t);         // (n_kv_heads * head_dim)
        float* cache_row = cache.row(slot);  // (n_kv_heads * head_dim)
        for (int i = 0; i < x.cols; ++i) {
            cache_row[i] = x_t[i];
        }
    }
}

// scores[s] = q . k[s,g] / sqrt(head_dim) for s = first .. first + scores.size - 1
inline void score_keys(const float* q_th, ConstMatrixView keys, int g, int head_dim, int first,
                       VectorView scores) {
    const double scale = 1.0 / std::sqrt(double(head_dim));
    for (int i = 0; i < scores.size; ++i) {
        const int slot = (first + i) % keys.rows;
        const float* k_sg = keys.row(slot) + g * head_dim;  // (head_dim)
        double dot = 0.0;
        for (int d = 0; d < head_dim; ++d) {
            dot += double(q_th[d]) * k_sg[d];
        }
        scores.data[i] = float(dot * scale);
    }
}

// mix = sum_s weights[s] * v[s,g] over the same positions
inline void mix_values(ConstVectorView weights, ConstMatrixView values, int g, int head_dim,
                       int first, float* mix_th) {
    std::vector<double> sums(std::size_t(head_dim), 0.0);
    for (int i = 0; i < weights.size; ++i) {
        const int slot = (first + i) % values.rows;
        const float* v_sg = values.row(slot) + g * head_dim;  // (head_dim)
        const double weight = weights.data[i];
        for (int d = 0; d < head_dim; ++d) {
            sums[std::size_t(d)] += weight * v_sg[d];
        }
    }
    for (int d = 0; d < head_dim; ++d) {
        mix_th[d] = float(sums[std::size_t(d)]);
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

            score_keys(q_th, keys, g, head_dim, first, scores);
            const float sink_share = softmax_with_sink(scores, sinks.data[h], weights);
            mix_values(weights, values, g, head_dim, first, mix_th);
            record_head(record, n_tokens, t, h, first, scores, weights, sink_share);
        }
    }
}

}  // namespace gptoss
