// Model size: how many parameters, bytes and multiply-adds a config stands for.
//
//     attention = H + (NQ + 2 NKV) D H + (NQ + 2 NKV) D + H NQ D + H + NQ    norm, qkv, out, sinks
//     expert    = 2 I H + 2 I + H I + H                                      two matrices, biases
//     experts   = H + E H + E + E * expert                                   norm, router, experts
//     total     = 2 V H + L (attention + experts) + H
//     active    = V H + H + L (attention + H + E H + E + K * expert)         what one token meets
//
// H hidden_size, I intermediate_size, D head_dim, NQ n_heads, NKV n_kv_heads, E n_experts, K top_k,
// L n_layers, V vocab_size.
//
// Active counts the unembedding and not the embedding, as the model card does. A parameter of an
// expert matrix takes 4.25 bits (MXFP4), every other one 16 (BF16).
// Source   OpenAI 2025, gpt-oss-120b & gpt-oss-20b Model Card, table 1.
#pragma once
#include <algorithm>
#include <cstdint>

#include "gptoss/core/config.hpp"

namespace gptoss {

struct ModelSize {
    std::int64_t embedding = 0;        // parameters, embedding and unembedding together
    std::int64_t attention = 0;        // parameters, all layers, with the norms
    std::int64_t experts = 0;          // parameters, all layers, with norms and routers
    std::int64_t final_norm = 0;       // parameters
    std::int64_t total = 0;            // parameters
    std::int64_t active = 0;           // parameters that one token meets
    std::int64_t mxfp4 = 0;            // parameters stored as MXFP4
    std::int64_t payload_bytes = 0;    // of a checkpoint's tensors
    std::int64_t bytes_per_token = 0;  // of weights that decoding one token reads
};

inline std::int64_t stored_bytes(std::int64_t bf16_parameters, std::int64_t mxfp4_parameters) {
    return 2 * bf16_parameters + mxfp4_parameters / 32 * 17;
}

inline ModelSize model_size(const Config& c) {
    const std::int64_t hidden = c.hidden_size;
    const std::int64_t intermediate = c.intermediate_size;
    const std::int64_t q = c.q_size();
    const std::int64_t qkv = c.q_size() + 2 * c.kv_size();

    const std::int64_t attention = hidden + qkv * hidden + qkv + hidden * q + hidden + c.n_heads;
    const std::int64_t router = c.n_experts * hidden + c.n_experts;
    const std::int64_t expert_matrices = 3 * intermediate * hidden;
    const std::int64_t expert = expert_matrices + 2 * intermediate + hidden;
    const std::int64_t vocabulary = c.vocab_size * hidden;

    ModelSize size;
    size.embedding = 2 * vocabulary;
    size.attention = c.n_layers * attention;
    size.experts = c.n_layers * (hidden + router + c.n_experts * expert);
    size.final_norm = hidden;
    size.total = size.embedding + size.attention + size.experts + size.final_norm;
    size.active =
        vocabulary + hidden + c.n_layers * (attention + hidden + router + c.top_k * expert);
    size.mxfp4 = c.n_layers * c.n_experts * expert_matrices;
    size.payload_bytes = stored_bytes(size.total - size.mxfp4, size.mxfp4);

    const std::int64_t active_mxfp4 = c.n_layers * c.top_k * expert_matrices;
    size.bytes_per_token = stored_bytes(size.active - active_mxfp4, active_mxfp4);
    return size;
}

// Floating-point operations (a multiply-add counts two) of one token that sees n_visible keys on
// full layers: the weights once each, and q.k and weights.v for every visible key.
inline double flops_per_token(const Config& c, std::int64_t n_visible) {
    double multiply_adds = double(model_size(c).active);
    for (int layer = 0; layer < c.n_layers; ++layer) {
        const std::int64_t keys =
            c.slides(layer) ? std::min<std::int64_t>(n_visible, c.sliding_window) : n_visible;
        multiply_adds += 2.0 * double(c.q_size()) * double(keys);
    }
    return 2.0 * multiply_adds;
}

// Bytes of a float32 key/value cache that holds n_tokens; sliding layers keep at most
// sliding_capacity positions.
inline std::int64_t kv_cache_bytes(const Config& c, std::int64_t n_tokens,
                                   std::int64_t sliding_capacity) {
    const std::int64_t bytes_per_position = 2 * std::int64_t(c.kv_size()) * 4;
    std::int64_t bytes = 0;
    for (int layer = 0; layer < c.n_layers; ++layer) {
        const std::int64_t positions =
            c.slides(layer) ? std::min(n_tokens, sliding_capacity) : n_tokens;
        bytes += positions * bytes_per_position;
    }
    return bytes;
}

}  // namespace gptoss
