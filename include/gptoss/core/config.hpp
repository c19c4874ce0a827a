// Config: the hyperparameters of a model.
//
// The comment behind a field names its key in config.json where it is another: one key serves both
// layouts, "a / b" is OpenAI's and Hugging Face's, and "-" or "same" stands for none and the same.
//
// Source   OpenAI 2025, gpt-oss-120b & gpt-oss-20b Model Card, section 2; official model: class
//          ModelConfig. Defaults here are the 20b ones.
// Units    window and context lengths count tokens; rope_theta is a base, not an angle.
// Errors   none here: core/config_rules.hpp says what may stand in the fields.
#pragma once
#include <cstddef>
#include <optional>
#include <vector>

namespace gptoss {

// What a layer's attention may look at: a window of recent tokens, or everything before.
enum class AttentionKind { sliding, full };

// Even layers slide, odd layers see everything: 0 sliding, 1 full, 2 sliding, ...
inline std::vector<AttentionKind> alternating_layers(int n_layers) {
    std::vector<AttentionKind> kinds;
    for (int layer = 0; layer < n_layers; ++layer) {
        kinds.push_back(layer % 2 == 0 ? AttentionKind::sliding : AttentionKind::full);
    }
    return kinds;
}

struct Config {
    int n_layers = 24;        // num_hidden_layers
    int hidden_size = 2880;   // width of the residual stream
    int vocab_size = 201088;  // rows of embedding and unembedding

    int n_heads = 64;    // num_attention_heads
    int n_kv_heads = 8;  // num_key_value_heads
    int head_dim = 64;
    int sliding_window = 128;  // visible keys, the query's own position included
    std::vector<AttentionKind> layer_kinds = alternating_layers(24);  // - / layer_types

    int n_experts = 32;            // num_experts / num_local_experts
    int top_k = 4;                 // experts_per_token / num_experts_per_tok
    int intermediate_size = 2880;  // width inside an expert
    float swiglu_limit = 7.0f;     // clamp of gate and up in an expert
    double swiglu_alpha = 1.702;   // - / swiglu_alpha

    float rope_theta = 150000.0f;
    float rope_scaling_factor = 32.0f;  // same / rope_scaling.factor
    float rope_ntk_alpha = 1.0f;        // same / rope_scaling.beta_slow
    float rope_ntk_beta = 32.0f;        // same / rope_scaling.beta_fast
    int initial_context_length = 4096;  // same / rope_scaling.original_...
    int max_context_length = 131072;    // - / max_position_embeddings

    // What OpenAI's models never set, but a file in Hugging Face's layout can.
    bool rope_truncate = false;                  // - / rope_scaling.truncate: round YaRN's bounds
    std::optional<float> rope_attention_factor;  // - / rope_scaling.attention_factor
    bool attention_bias = true;                  // - / attention_bias: of q, k, v and out

    float eps = 1e-5f;                          // - / rms_norm_eps; in units of x squared
    int pad_token_id = 199999;                  // - / pad_token_id; -1 is none
    std::vector<int> eos_token_ids = {200002};  // - / eos_token_id: one or a list

    int q_size() const { return n_heads * head_dim; }
    int kv_size() const { return n_kv_heads * head_dim; }
    int queries_per_kv_head() const { return n_heads / n_kv_heads; }
    bool slides(int layer) const {
        return layer_kinds[std::size_t(layer)] == AttentionKind::sliding;
    }
    // The window that attend takes: 0 means all earlier positions.
    int window(int layer) const { return slides(layer) ? sliding_window : 0; }

    bool operator==(const Config&) const = default;
};

}  // namespace gptoss
