// Expert linear: for every token, the matrices of its chosen experts times its vector.
//
//     y[t,j,o] = sum_i x[t,i] * w[e][o,i] + bias[e,o]      e = ids[t,j]
//
//   x            (n_tokens, in)           x_rows per_token: all ranks j read row t; gate and up
//                (n_tokens * top_k, in)   x_rows per_rank: row t * top_k + j; down
//   ids          (n_tokens, top_k)          chosen experts
//   all_experts  (n_experts, out, in)       MXFP4 as stored, decoded 32 weights at a time
//   bias         (n_experts, out)
//   y            (n_tokens * top_k, out)    row t * top_k + j
//
// Where    twice per layer, before and after swiglu.
// Source   official model: class MLPBlock, the first two einsums and mlp1_bias, mlp2_bias.
// Errors   ShapeError, naming the operand, if extents disagree.
// Pitfalls The bias belongs to the expert and is weighted with it (combine comes after). All files
//          store (out, in) except those unpacked to BF16; hidden_size equals intermediate_size in
//          the real models, so a transposed down matrix passes every shape check. The sum is
//          double.
#pragma once
#include "gptoss/core/check.hpp"
#include "gptoss/core/view.hpp"

namespace gptoss {

// What a row of x belongs to: a token, or a token and one of its experts.
enum class XRows { per_token, per_rank };

inline void require_expert_linear_shapes(ConstMatrixView x, XRows x_rows, ConstIdsView ids,
                                         const ExpertStack& all_experts, ConstMatrixView bias,
                                         MatrixView y) {
    const char* const op = "expert_linear";
    const int n_ranks = ids.rows * ids.cols;
    if (x_rows == XRows::per_token) require_extent(op, "x.rows", x.rows, ids.rows, "ids.rows");
    if (x_rows == XRows::per_rank) {
        require_extent(op, "x.rows", x.rows, n_ranks, "ids.rows * ids.cols");
    }
    require_extent(op, "x.cols", x.cols, all_experts.cols, "all_experts.cols");
    require_multiple(op, "all_experts.cols", all_experts.cols, kMxfp4BlockSize, "MXFP4 block");
    require_shape(op, "bias", bias, all_experts.n_experts, all_experts.rows);
    require_shape(op, "y", y, n_ranks, all_experts.rows);
}

inline void expert_linear(ConstMatrixView x, XRows x_rows, ConstIdsView ids,
                          ExpertStack all_experts, ConstMatrixView bias, MatrixView y) {
    const int n_tokens = ids.rows;
    const int top_k = ids.cols;
    const int in_size = all_experts.cols;
    const int out_size = all_experts.rows;
    const int n_blocks = in_size / kMxfp4BlockSize;
    require_expert_linear_shapes(x, x_rows, ids, all_experts, bias, y);

    for (int t = 0; t < n_tokens; ++t) {
        for (int j = 0; j < top_k; ++j) {
            const int e = ids.row(t)[j];
            const int tj = t * top_k + j;
            const float* x_tj = x.row(x_rows == XRows::per_rank ? tj : t);  // (in)
            const float* bias_e = bias.row(e);                              // (out)
            float* y_tj = y.row(tj);                                        // (out)

            for (int o = 0; o < out_size; ++o) {
                double sum = 0.0;
                for (int block = 0; block < n_blocks; ++block) {
                    float w[kMxfp4BlockSize];
                    all_experts.decode_block(e, o, block, w);
                    const float* x_block = x_tj + block * kMxfp4BlockSize;  // (32)
                    double block_sum = 0.0;
                    for (int i = 0; i < kMxfp4BlockSize; ++i) {
                        block_sum += double(x_block[i]) * w[i];
                    }
                    sum += block_sum;
                }
                y_tj[o] = float(sum + bias_e[o]);
            }
        }
    }
}

}  // namespace gptoss
