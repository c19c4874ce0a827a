// Weights: every tensor of a checkpoint as a view, named as the ops call it.
//
// Matrices are views into whatever holds the file (a mapping, usually) and stay as stored: BF16,
// and MXFP4 packed. Gains, biases and sinks are 0.1 % of the bytes; they are widened to float once.
// owner keeps all of it alive, so a Weights can be moved about and copied like a handle.
//
// Shapes   behind each field, weights as (out, in).
// Source   official model: classes AttentionBlock, MLPBlock and Transformer; names on disk in
//          checkpoint/tensor_table.hpp.
#pragma once
#include <memory>
#include <vector>

#include "gptoss/core/config.hpp"
#include "gptoss/core/view.hpp"

namespace gptoss {

struct AttentionWeights {
    ConstVectorView norm_gain;  // (hidden_size)
    DenseMatrix q;              // (n_heads * head_dim, hidden_size)
    ConstVectorView q_bias;     // (n_heads * head_dim)
    DenseMatrix k;              // (n_kv_heads * head_dim, hidden_size)
    ConstVectorView k_bias;     // (n_kv_heads * head_dim)
    DenseMatrix v;              // (n_kv_heads * head_dim, hidden_size)
    ConstVectorView v_bias;     // (n_kv_heads * head_dim)
    ConstVectorView sinks;      // (n_heads)
    DenseMatrix out;            // (hidden_size, n_heads * head_dim)
    ConstVectorView out_bias;   // (hidden_size)
};

struct ExpertWeights {
    ConstVectorView norm_gain;     // (hidden_size)
    DenseMatrix router;            // (n_experts, hidden_size)
    ConstVectorView router_bias;   // (n_experts)
    ExpertStack gate_up;           // (n_experts, 2 * intermediate_size, hidden_size)
    ConstMatrixView gate_up_bias;  // (n_experts, 2 * intermediate_size)
    ExpertStack down;              // (n_experts, hidden_size, intermediate_size)
    ConstMatrixView down_bias;     // (n_experts, hidden_size)
};

struct LayerWeights {
    AttentionWeights attn;
    ExpertWeights mlp;
};

struct Weights {
    Config config;
    DenseMatrix embedding;  // (vocab_size, hidden_size)
    std::vector<LayerWeights> layers;
    ConstVectorView final_norm_gain;  // (hidden_size)
    DenseMatrix unembedding;          // (vocab_size, hidden_size)

    std::shared_ptr<const void> owner;  // mapped files and widened vectors
};

}  // namespace gptoss
