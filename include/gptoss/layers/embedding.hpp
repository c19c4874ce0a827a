// Embedding: a token's first vector is its row of a learned table.
//
//     y[t,i] = table[ids[t], i]
//
//   ids    (n_tokens)                 token ids, 0 <= id < vocab_size
//   table  (vocab_size, hidden_size)  BF16; "embedding.weight" in the checkpoint
//   y      (n_tokens, hidden_size)    the residual stream's first value
//
// Where    once, at the start of a pass.
// Source   official model: class Transformer, self.embedding.
// Errors   Error, naming the place in ids, if an id is outside the table; ShapeError.
// Pitfalls No scaling by sqrt(hidden_size), no position is added, and the table is not the
//          unembedding: the two are learned apart.
#pragma once
#include <string>

#include "gptoss/core/check.hpp"
#include "gptoss/core/view.hpp"

namespace gptoss {

inline void require_token_ids(ConstIdsView ids, int vocab_size) {
    for (int t = 0; t < ids.rows; ++t) {
        const int id = ids.data[t];
        if (id >= 0 && id < vocab_size) continue;
        throw Error("embed: ids[" + std::to_string(t) + "] is " + std::to_string(id) +
                    ", expected 0 <= id < " + std::to_string(vocab_size) + " (vocab_size)");
    }
}

inline void embed(ConstIdsView ids, DenseMatrix table, MatrixView y) {
    const int n_tokens = ids.rows;
    const int hidden_size = table.cols;
    require_shape("embed", "y", y, n_tokens, hidden_size);
    require_token_ids(ids, table.rows);

    for (int t = 0; t < n_tokens; ++t) {
        const int id = ids.data[t];
        const DenseRow table_row = table.row(id);  // (hidden_size)
        float* y_t = y.row(t);                     // (hidden_size)
        for (int i = 0; i < hidden_size; ++i) {
            y_t[i] = table_row[i];
        }
    }
}

}  // namespace gptoss
