// Rounded sums: the ops that add up thousands of products, as they come out in BF16.
//
//     rmsnorm        y = bf16( x * inv_rms * gain )      products in float32
//     linear         y = bf16( sum + bias )
//     expert_linear  y = bf16( bf16(sum) + bias )        the bias is a step of its own
//     unembed        y = bf16( sum )
//
// The sums are double. No order of float32 additions is the official one: every processor has its
// own, and all of them lie close to the exact sum. A loop in float32, one product after the other,
// is further off than they are: at 20b widths 15 in 100 values of q would fall on the other side of
// a rounding.
//
//   operands, shapes and errors are those of the op of the same name in layers/
//
// Where    Bf16Ops (ops/bf16.hpp).
// Source   official model on torch 2.13, CPU: classes RMSNorm, AttentionBlock, MLPBlock and
//          Transformer; the points of rounding were found by comparing values.
#pragma once
#include <cmath>

#include "gptoss/core/bf16.hpp"
#include "gptoss/core/view.hpp"
#include "gptoss/layers/expert_linear.hpp"
#include "gptoss/layers/linear.hpp"
#include "gptoss/layers/rmsnorm.hpp"
#include "gptoss/layers/unembedding.hpp"

namespace gptoss::bf16 {

inline double dot(const float* x_t, DenseRow w_o, int in_size) {
    double sum = 0.0;
    for (int i = 0; i < in_size; ++i) {
        sum += double(x_t[i]) * double(w_o[i]);
    }
    return sum;
}

inline void rmsnorm(ConstMatrixView x, ConstVectorView gain, float eps, MatrixView y) {
    const int n_tokens = x.rows;
    const int hidden_size = x.cols;
    require_rmsnorm_shapes(x, gain, y);

    for (int t = 0; t < n_tokens; ++t) {
        const float* x_t = x.row(t);  // (hidden_size)
        float* y_t = y.row(t);        // (hidden_size)
        double sum_of_squares = 0.0;
        for (int i = 0; i < hidden_size; ++i) {
            sum_of_squares += double(x_t[i]) * double(x_t[i]);
        }
        const float mean_square = float(sum_of_squares / hidden_size);
        const float inv_rms = 1.0f / std::sqrt(mean_square + eps);
        for (int i = 0; i < hidden_size; ++i) {
            y_t[i] = round_to_bf16(x_t[i] * inv_rms * gain.data[i]);
        }
    }
}

inline void linear(ConstMatrixView x, DenseMatrix w, ConstVectorView bias, MatrixView y) {
    const int n_tokens = x.rows;
    const int in_size = x.cols;
    const int out_size = w.rows;
    require_linear_shapes(x, w, bias, y);

    for (int t = 0; t < n_tokens; ++t) {
        for (int o = 0; o < out_size; ++o) {
            const double sum = dot(x.row(t), w.row(o), in_size);
            y.row(t)[o] = round_to_bf16(float(sum + double(bias.data[o])));
        }
    }
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
                    for (int i = 0; i < kMxfp4BlockSize; ++i) {
                        sum += double(x_block[i]) * double(w[i]);
                    }
                }
                y_tj[o] = round_to_bf16(round_to_bf16(float(sum)) + bias_e[o]);
            }
        }
    }
}

inline void unembed(ConstMatrixView x, DenseMatrix w, MatrixView logits) {
    const int n_rows = x.rows;
    const int hidden_size = x.cols;
    const int vocab_size = w.rows;
    require_unembed_shapes(x, w, logits);

    for (int t = 0; t < n_rows; ++t) {
        for (int o = 0; o < vocab_size; ++o) {
            logits.row(t)[o] = round_to_bf16(float(dot(x.row(t), w.row(o), hidden_size)));
        }
    }
}

}  // namespace gptoss::bf16
