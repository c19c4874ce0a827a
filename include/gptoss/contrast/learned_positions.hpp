// Learned positions: what GPT-2 has where gpt-oss has RoPE: a row of a second table per position.
//
//     y[t,i] = x[t,i] + table[positions[t], i]
//
//   x          (n_tokens, hidden_size)      rows of the embedding
//   positions  (n_tokens)                   0 is the first token
//   table      (n_positions, hidden_size)   learned; GPT-2's has 1024 rows
//   y          (n_tokens, hidden_size)      may be the same memory as x
//
// Where    GPT-2: once, behind the embedding.
// Source   Radford et al. 2019, Language Models are Unsupervised Multitask Learners; Vaswani et al.
//          2017, Attention Is All You Need, section 3.5.
// Errors   Error, naming the place, if a position is outside the table; ShapeError.
// Pitfalls There is no row 1024: such a model cannot read a longer text, where RoPE goes on turning.
#pragma once
#include <string>

#include "gptoss/core/check.hpp"
#include "gptoss/core/view.hpp"

namespace gptoss::contrast {

inline void require_positions(ConstIdsView positions, int n_positions) {
    for (int t = 0; t < positions.rows; ++t) {
        const int position = positions.data[t];
        if (position >= 0 && position < n_positions) continue;
        throw Error("add_positions: positions[" + std::to_string(t) + "] is " +
                    std::to_string(position) + ", expected 0 <= position < " +
                    std::to_string(n_positions) + " (table.rows)");
    }
}

inline void add_positions(ConstMatrixView x, ConstIdsView positions, DenseMatrix table,
                          MatrixView y) {
    require_extent("add_positions", "positions.rows", positions.rows, x.rows, "x.rows");
    require_extent("add_positions", "table.cols", table.cols, x.cols, "x.cols");
    require_shape("add_positions", "y", y, x.rows, x.cols);
    require_positions(positions, table.rows);

    for (int t = 0; t < x.rows; ++t) {
        const DenseRow table_row = table.row(positions.data[t]);  // (hidden_size)
        const float* x_t = x.row(t);                              // (hidden_size)
        float* y_t = y.row(t);                                    // (hidden_size)
        for (int i = 0; i < x.cols; ++i) {
            y_t[i] = x_t[i] + table_row[i];
        }
    }
}

}  // namespace gptoss::contrast
