// Combine: the weighted sum of what a token's chosen experts said.
//
//     out[t,i] = sum_j weights[t,j] * expert_out[t,j,i]
//
//   expert_out  (n_tokens * top_k, hidden_size)   row t * top_k + j, bias included
//   weights     (n_tokens, top_k)                 sum to 1 for every token
//   out         (n_tokens, hidden_size)
//
// Where    once per layer, after the experts' second matrix.
// Source   official model: class MLPBlock, the last einsum.
// Errors   ShapeError, naming the operand, if extents disagree.
// Pitfalls The experts' bias is already in expert_out, so it is weighted too: not added once per
//          expert in full. The sum is double; in float, another order than descending logit changes
//          the last bits.
#pragma once
#include "gptoss/core/check.hpp"
#include "gptoss/core/view.hpp"

namespace gptoss {

inline void require_combine_shapes(ConstMatrixView expert_out, ConstMatrixView weights,
                                   MatrixView out) {
    require_extent("combine", "expert_out.rows", expert_out.rows, weights.rows * weights.cols,
                   "weights.rows * weights.cols");
    require_shape("combine", "out", out, weights.rows, expert_out.cols);
}

inline void combine(ConstMatrixView expert_out, ConstMatrixView weights, MatrixView out) {
    const int n_tokens = weights.rows;
    const int top_k = weights.cols;
    const int hidden_size = expert_out.cols;
    require_combine_shapes(expert_out, weights, out);

    for (int t = 0; t < n_tokens; ++t) {
        const float* weights_t = weights.row(t);  // (top_k)
        float* out_t = out.row(t);                // (hidden_size)
        for (int i = 0; i < hidden_size; ++i) {
            double sum = 0.0;
            for (int j = 0; j < top_k; ++j) {
                sum += double(weights_t[j]) * expert_out.row(t * top_k + j)[i];
            }
            out_t[i] = float(sum);
        }
    }
}

}  // namespace gptoss
