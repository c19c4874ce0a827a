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
//   record     where to leave scores, weights and sink_share; empty views are skipped
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
#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "gptoss/core/check.hpp"
#include "gptoss/core/view.hpp"
#include "gptoss/layers/softmax.hpp"

namespace gptoss {

// What attend can show beside its result. S counts positions 0 .. S-1; hidden ones are -inf in
// scores and 0 in weights, also on sliding layers.
struct AttentionRecord {
    MatrixView scores;      // (n_heads * n_tokens, S), row h * n_tokens + t
    MatrixView weights;     // (n_heads * n_tokens, S)
    MatrixView sink_share;  // (n_tokens, n_heads)
};

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

inline int first_visible_position(int position, int window) {
    if (window == 0) return 0;
    return std::max(0, position - window + 1);
}

// Lays visible, the values of positions first .. first + visible.size - 1, into a row over all S.
inline void record_row(MatrixView record, int row, float hidden, int first,
                       ConstVectorView visible) {
    if (record.data == nullptr) return;
    float* recorded = record.row(row);  // (S)
    for (int s = 0; s < record.cols; ++s) {
        recorded[s] = hidden;
    }
    for (int i = 0; i < visible.size; ++i) {
        recorded[first + i] = visible.data[i];
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

inline int positions_seen(ConstIdsView positions) {
    int seen = 0;
    for (int t = 0; t < positions.rows; ++t) {
        seen = std::max(seen, positions.data[t] + 1);
    }
    return seen;
}

inline void require_record(const char* operand, ConstMatrixView record, int n_rows,
                           int n_positions) {
    if (record.data == nullptr) return;
    if (record.rows == n_rows && record.cols >= n_positions) return;
    throw ShapeError(std::string("attend: ") + operand + " is (" + std::to_string(record.rows) +
                     ", " + std::to_string(record.cols) + "), expected (" + std::to_string(n_rows) +
                     ", at least " + std::to_string(n_positions) + ")");
}

inline void require_attend_shapes(ConstMatrixView q, ConstMatrixView keys, ConstMatrixView values,
                                  ConstVectorView sinks, ConstIdsView positions,
                                  AttentionRecord record, ConstMatrixView mix) {
    const int n_tokens = q.rows;
    const int n_heads = sinks.size;
    require_multiple("attend", "q.cols", q.cols, n_heads, "sinks.size");
    const int head_dim = q.cols / n_heads;
    require_multiple("attend", "keys.cols", keys.cols, head_dim, "head_dim");
    const int n_kv_heads = keys.cols / head_dim;
    require_multiple("attend", "sinks.size", n_heads, n_kv_heads, "kv heads in keys.cols");
    require_shape("attend", "values", values, keys.rows, keys.cols);
    require_extent("attend", "positions.rows", positions.rows, n_tokens, "q.rows");
    require_shape("attend", "mix", mix, n_tokens, q.cols);

    const int n_positions = positions_seen(positions);
    require_record("record.scores", record.scores, n_heads * n_tokens, n_positions);
    require_record("record.weights", record.weights, n_heads * n_tokens, n_positions);
    if (record.sink_share.data != nullptr) {
        require_shape("attend", "record.sink_share", record.sink_share, n_tokens, n_heads);
    }
}

inline void attend(ConstMatrixView q, ConstMatrixView keys, ConstMatrixView values,
                   ConstVectorView sinks, ConstIdsView positions, int window,
                   AttentionRecord record, MatrixView mix) {
    require_attend_shapes(q, keys, values, sinks, positions, record, mix);
    const int n_tokens = q.rows;
    const int n_heads = sinks.size;
    const int head_dim = q.cols / n_heads;
    const int n_kv_heads = keys.cols / head_dim;
    const int queries_per_kv_head = n_heads / n_kv_heads;

    const float infinity = std::numeric_limits<float>::infinity();
    std::vector<float> score_memory;
    std::vector<float> weight_memory;

    for (int t = 0; t < n_tokens; ++t) {
        const int position = positions.data[t];
        const int first = first_visible_position(position, window);
        const int n_visible = position - first + 1;
        require_at_least("attend", "keys.rows", keys.rows, n_visible, "visible positions");
        score_memory.resize(std::size_t(n_visible));
        weight_memory.resize(std::size_t(n_visible));

        for (int h = 0; h < n_heads; ++h) {
            const int g = h / queries_per_kv_head;
            const float* q_th = q.row(t) + h * head_dim;                   // (head_dim)
            float* mix_th = mix.row(t) + h * head_dim;                     // (head_dim)
            const VectorView scores = {score_memory.data(), n_visible};    // (n_visible)
            const VectorView weights = {weight_memory.data(), n_visible};  // (n_visible)

            score_keys(q_th, keys, g, head_dim, first, scores);
            const float sink_share = softmax_with_sink(scores, sinks.data[h], weights);
            mix_values(weights, values, g, head_dim, first, mix_th);

            record_row(record.scores, h * n_tokens + t, -infinity, first, scores);
            record_row(record.weights, h * n_tokens + t, 0.0f, first, weights);
            if (record.sink_share.data != nullptr) record.sink_share.row(t)[h] = sink_share;
        }
    }
}

}  // namespace gptoss
