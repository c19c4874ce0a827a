// Attention's record: what attend shows beside its result, and the shapes that it requires.
//
//     scores[h,t,s]    -infinity where position s is hidden from token t, also on sliding layers
//     weights[h,t,s]   0 there
//     sink_share[t,h]  1 - sum_s weights[h,t,s]
//
// S counts positions 0 .. S-1, all that the run has seen. A view without data is not asked for.
//
// Where    attend of layers/attention.hpp and its twins.
// Errors   ShapeError, naming the operand, if extents disagree.
#pragma once
#include <algorithm>
#include <limits>
#include <string>

#include "gptoss/core/check.hpp"
#include "gptoss/core/view.hpp"

namespace gptoss {

struct AttentionRecord {
    MatrixView scores;      // (n_heads * n_tokens, S), row h * n_tokens + t
    MatrixView weights;     // (n_heads * n_tokens, S)
    MatrixView sink_share;  // (n_tokens, n_heads)
};

// The first of the positions that a query at this one sees.
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

// What head h of token t saw from position first on, and what its sink took.
inline void record_head(AttentionRecord record, int n_tokens, int t, int h, int first,
                        ConstVectorView scores, ConstVectorView weights, float sink_share) {
    const float infinity = std::numeric_limits<float>::infinity();
    record_row(record.scores, h * n_tokens + t, -infinity, first, scores);
    record_row(record.weights, h * n_tokens + t, 0.0f, first, weights);
    if (record.sink_share.data != nullptr) record.sink_share.row(t)[h] = sink_share;
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

// A ring that is too short for the window would hold later positions where visible ones were.
inline void require_visible_positions(ConstMatrixView keys, ConstIdsView positions, int window) {
    for (int t = 0; t < positions.rows; ++t) {
        const int position = positions.data[t];
        const int n_visible = position - first_visible_position(position, window) + 1;
        require_at_least("attend", "keys.rows", keys.rows, n_visible, "visible positions");
    }
}

inline void require_attend_shapes(ConstMatrixView q, ConstMatrixView keys, ConstMatrixView values,
                                  ConstVectorView sinks, ConstIdsView positions, int window,
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
    require_visible_positions(keys, positions, window);

    const int n_positions = positions_seen(positions);
    require_record("record.scores", record.scores, n_heads * n_tokens, n_positions);
    require_record("record.weights", record.weights, n_heads * n_tokens, n_positions);
    if (record.sink_share.data != nullptr) {
        require_shape("attend", "record.sink_share", record.sink_share, n_tokens, n_heads);
    }
}

}  // namespace gptoss
