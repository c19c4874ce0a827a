// Unembedding: a score for every token of the vocabulary, from the normed last residual.
//
//     logits[t,o] = sum_i x[t,i] * w[o,i]
//
//   x       (n_rows, hidden_size)      after the final norm; when prefilling, the last token only
//   w       (vocab_size, hidden_size)  BF16; "unembedding.weight" in the checkpoint
//   logits  (n_rows, vocab_size)
//
// Where    once, at the end of a pass. 0.58 billion multiply-adds per row in the real models, a
//          sixth (20b) of all: computed only for rows that are asked for.
// Source   official model: class Transformer, self.unembedding.
// Units    logits are dimensionless.
// Errors   ShapeError, naming the operand, if extents disagree.
// Pitfalls No bias, no soft cap, and not the embedding table: the two are learned apart. Most rows
//          from 199998 on are reserved tokens that no text uses; they get logits too. The sum is
//          double.
#pragma once
#include "gptoss/core/check.hpp"
#include "gptoss/core/view.hpp"

namespace gptoss {

inline void require_unembed_shapes(ConstMatrixView x, DenseMatrix w, MatrixView logits) {
    require_extent("unembed", "w.cols", w.cols, x.cols, "x.cols");
    require_shape("unembed", "logits", logits, x.rows, w.rows);
}

inline void unembed(ConstMatrixView x, DenseMatrix w, MatrixView logits) {
    const int n_rows = x.rows;
    const int hidden_size = x.cols;
    const int vocab_size = w.rows;
    require_unembed_shapes(x, w, logits);

    for (int t = 0; t < n_rows; ++t) {
        const float* x_t = x.row(t);      // (hidden_size)
        float* logits_t = logits.row(t);  // (vocab_size)
        for (int o = 0; o < vocab_size; ++o) {
            const DenseRow w_o = w.row(o);  // (hidden_size)
            double sum = 0.0;
            for (int i = 0; i < hidden_size; ++i) {
                sum += double(x_t[i]) * w_o[i];
            }
            logits_t[o] = float(sum);
        }
    }
}

}  // namespace gptoss
