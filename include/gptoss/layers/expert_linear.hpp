// Expert linear: for every token, the matrices of its chosen experts times its vector.
//
//     y[t,j,o] = sum_i x[t,i] * w[e][o,i] + bias[e,o]      e = ids[t,j]
//
//   x            (n_tokens, in)  the same vector for all ranks j: first matrix (gate and up), or
//                (n_tokens * top_k, in)  one vector per rank: second matrix (down)
//   ids          (n_tokens, top_k)          chosen experts
//   all_experts  (n_experts, out, in)       MXFP4 as stored, decoded 32 weights at a time
//   bias         (n_experts, out)
//   y            (n_tokens * top_k, out)    row t * top_k + j
//
// Where    twice per layer, before and after swiglu.
// Source   official model: class MLPBlock, the first two einsums and mlp1_bias, mlp2_bias.
// Units    none.
// Errors   ShapeError, naming the operand, if extents disagree.
// Pitfalls The bias belongs to the expert and is weighted with it (combine comes after). All files
//          store (out, in) except those unpacked to BF16; hidden_size equals intermediate_size in
//          the real models, so a transposed down matrix passes every shape check. The sum is
//          double.
#pragma once
#include <string>

#include "gptoss/core/check.hpp"
#include "gptoss/core/view.hpp"

namespace gptoss {

inline void require_x_rows(int rows, int n_tokens, int top_k) {
    if (rows == n_tokens || rows == n_tokens * top_k) return;
    throw ShapeError("expert_linear: x.rows is " + std::to_string(rows) + ", expected " +
                     std::to_string(n_tokens) + " (ids.rows) or " +
                     std::to_string(n_tokens * top_k) + " (ids.rows * ids.cols)");
}

inline void require_expert_linear_shapes(ConstMatrixView x, ConstIdsView ids,
                                         const ExpertStack& all_experts, ConstMatrixView bias,
                                         MatrixView y) {
    const char* const op = "expert_linear";
    require_extent(op, "x.cols", x.cols, all_experts.cols, "all_experts.cols");
    require_multiple(op, "all_experts.cols", all_experts.cols, kMxfp4BlockSize, "MXFP4 block");
    require_x_rows(x.rows, ids.rows, ids.cols);
    require_shape(op, "bias", bias, all_experts.n_experts, all_experts.rows);
    require_shape(op, "y", y, ids.rows * ids.cols, all_experts.rows);
}

inline void expert_linear(ConstMatrixView x, ConstIdsView ids, ExpertStack all_experts,
                          ConstMatrixView bias, MatrixView y) {
    const int n_tokens = ids.rows;
    const int top_k = ids.cols;
    const int in_size = all_experts.cols;
    const int out_size = all_experts.rows;
    const int n_blocks = in_size / kMxfp4BlockSize;
    const bool one_x_per_rank = x.rows == n_tokens * top_k;
    require_expert_linear_shapes(x, ids, all_experts, bias, y);

    for (int t = 0; t < n_tokens; ++t) {
        for (int j = 0; j < top_k; ++j) {
            const int e = ids.row(t)[j];
            const float* x_tj = x.row(one_x_per_rank ? t * top_k + j : t);  // (in)
            const float* bias_e = bias.row(e);                              // (out)
            float* y_tj = y.row(t * top_k + j);                             // (out)

            for (int o = 0; o < out_size; ++o) {
                double sum = 0.0;
                for (int block = 0; block < n_blocks; ++block) {
                    float w[kMxfp4BlockSize];
                    all_experts.decode_block(e, o, block, w);
                    const float* x_block = x_tj + block * kMxfp4BlockSize;  // (32)
                    for (int i = 0; i < kMxfp4BlockSize; ++i) {
                        sum += double(x_block[i]) * w[i];
                    }
                }
                y_tj[o] = float(sum + bias_e[o]);
            }
        }
    }
}

}  // namespace gptoss
