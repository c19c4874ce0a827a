// Config: the hyperparameters of a model, its presets, and the rules they obey.
//
// The comment behind a field names its key in config.json where it is another: one key serves both
// layouts, "a / b" is OpenAI's and Hugging Face's, and "-" or "same" stands for none and the same.
//
// Source   OpenAI 2025, gpt-oss-120b & gpt-oss-20b Model Card, section 2; official model: class
//          ModelConfig. Defaults here are the 20b ones.
// Units    window and context lengths count tokens; rope_theta is a base, not an angle.
// Errors   validate throws Error, naming the field, what it is and what it must be.
#pragma once
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <numbers>
#include <string>
#include <string_view>
#include <vector>

#include "gptoss/core/check.hpp"

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

    float rope_theta = 150000.0f;
    float rope_scaling_factor = 32.0f;  // same / rope_scaling.factor
    float rope_ntk_alpha = 1.0f;        // same / rope_scaling.beta_slow
    float rope_ntk_beta = 32.0f;        // same / rope_scaling.beta_fast
    int initial_context_length = 4096;  // same / rope_scaling.original_...
    int max_context_length = 131072;    // - / max_position_embeddings

    float eps = 1e-5f;          // - / rms_norm_eps; in units of x squared
    int pad_token_id = 199999;  // - / pad_token_id
    int eos_token_id = 200002;  // - / eos_token_id

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

// The pair index where YaRN's ramp begins (n_rotations = rope_ntk_beta) or ends (rope_ntk_alpha): a
// pair below it turns more than n_rotations times within the initial context. A real number; it is
// never rounded here, although other programs round it.
inline double yarn_bound(const Config& c, double n_rotations) {
    const double turns = c.initial_context_length / (n_rotations * 2.0 * std::numbers::pi);
    return 0.5 * c.head_dim * std::log(turns) / std::log(double(c.rope_theta));
}

inline void require(bool holds, const std::string& message) {
    if (!holds) throw Error("config: " + message);
}

inline void require_positive(const char* field, double value) {
    require(value > 0, std::string(field) + " is " + std::to_string(value) + ", expected > 0");
}

// Extents are ints and so are the products of them that ops use; no model comes near this.
inline constexpr std::int64_t kLargestExtent = 1 << 24;

inline constexpr int kMostLayers = 1024;

inline void require_extent_from_1(const char* field, std::int64_t value) {
    require(value > 0 && value <= kLargestExtent, std::string(field) + " is " +
                                                      std::to_string(value) + ", expected 1 to " +
                                                      std::to_string(kLargestExtent));
}

inline void validate(const Config& c) {
    require_extent_from_1("n_layers", c.n_layers);
    require_extent_from_1("hidden_size", c.hidden_size);
    require_extent_from_1("vocab_size", c.vocab_size);
    require_extent_from_1("n_heads", c.n_heads);
    require_extent_from_1("n_kv_heads", c.n_kv_heads);
    require_extent_from_1("head_dim", c.head_dim);
    require_extent_from_1("n_heads * head_dim", std::int64_t(c.n_heads) * c.head_dim);
    require_extent_from_1("sliding_window", c.sliding_window);
    require_extent_from_1("n_experts", c.n_experts);
    require_extent_from_1("top_k", c.top_k);
    require_extent_from_1("intermediate_size", c.intermediate_size);
    require_positive("swiglu_limit", c.swiglu_limit);
    require_positive("rope_theta", c.rope_theta);
    require(c.rope_scaling_factor >= 1.0f, "rope_scaling_factor is " +
                                               std::to_string(c.rope_scaling_factor) +
                                               ", expected >= 1 (1 is plain RoPE)");
    require_positive("initial_context_length", c.initial_context_length);
    require_positive("max_context_length", c.max_context_length);
    require_positive("eps", c.eps);

    const auto text = [](int value) { return std::to_string(value); };
    require(c.n_layers <= kMostLayers,
            "n_layers is " + text(c.n_layers) + ", expected at most " + text(kMostLayers));
    require(c.head_dim % 2 == 0, "head_dim is " + text(c.head_dim) + ", expected an even number");
    require(c.n_heads % c.n_kv_heads == 0,
            "n_heads is " + text(c.n_heads) +
                ", expected a multiple of n_kv_heads = " + text(c.n_kv_heads));
    require(c.hidden_size % 32 == 0,
            "hidden_size is " + text(c.hidden_size) + ", expected a multiple of 32 (MXFP4 blocks)");
    require(c.intermediate_size % 32 == 0, "intermediate_size is " + text(c.intermediate_size) +
                                               ", expected a multiple of 32 (MXFP4 blocks)");
    require(c.top_k <= c.n_experts,
            "top_k is " + text(c.top_k) + ", expected at most n_experts = " + text(c.n_experts));
    require(int(c.layer_kinds.size()) == c.n_layers,
            "layer_types has " + std::to_string(c.layer_kinds.size()) +
                " entries, expected n_layers = " + text(c.n_layers));

    if (c.rope_scaling_factor > 1.0f) {
        const double low = yarn_bound(c, c.rope_ntk_beta);
        const double high = yarn_bound(c, c.rope_ntk_alpha);
        require(0 < low && low < high && high < c.head_dim / 2 - 1,
                "YaRN bounds are low = " + std::to_string(low) + ", high = " +
                    std::to_string(high) + ", expected 0 < low < high < head_dim / 2 - 1");
    }
}

// The first n_layers of c; if it has fewer, more that alternate.
inline Config with_layers(Config c, int n_layers) {
    c.n_layers = n_layers;
    std::vector<AttentionKind> kinds = alternating_layers(n_layers);
    const std::size_t n_kept = std::min(kinds.size(), c.layer_kinds.size());
    std::copy_n(c.layer_kinds.begin(), n_kept, kinds.begin());
    c.layer_kinds = kinds;
    return c;
}

inline Config preset_20b() {
    return Config{};
}

inline Config preset_120b() {
    Config c = with_layers(Config{}, 36);
    c.n_experts = 128;
    return c;
}

// The small ones keep the real RoPE, clamp and eps; pad and eos ids move inside the vocabulary.
inline Config small_preset(int n_layers, int hidden_size, int intermediate_size, int vocab_size) {
    Config c = with_layers(Config{}, n_layers);
    c.hidden_size = hidden_size;
    c.intermediate_size = intermediate_size;
    c.vocab_size = vocab_size;
    c.pad_token_id = vocab_size - 2;
    c.eos_token_id = vocab_size - 1;
    return c;
}

// The config of the tiny golden: everything small, attention wider than the residual stream.
inline Config preset_tiny() {
    Config c = small_preset(4, 64, 32, 128);
    c.n_heads = 4;
    c.n_kv_heads = 2;
    c.sliding_window = 4;
    c.n_experts = 8;
    return c;
}

// No two extents alike, so that no transpose and no swapped index can hide.
inline Config preset_odd() {
    Config c = small_preset(5, 96, 64, 300);
    c.n_heads = 6;
    c.n_kv_heads = 2;
    c.head_dim = 32;
    c.sliding_window = 5;
    c.n_experts = 6;
    c.top_k = 3;
    return c;
}

// Large enough to learn from text: 1,024 byte-pair ranks and the ten named control tokens behind
// them.
inline Config preset_nano() {
    Config c = small_preset(4, 96, 64, 1034);
    c.pad_token_id = 1025;  // <|endoftext|>
    c.eos_token_id = 1026;  // <|return|>
    c.n_heads = 16;
    c.n_kv_heads = 2;
    c.head_dim = 32;
    c.sliding_window = 16;
    c.n_experts = 16;
    return c;
}

inline Config preset(std::string_view name) {
    if (name == "tiny") return preset_tiny();
    if (name == "odd") return preset_odd();
    if (name == "nano") return preset_nano();
    if (name == "20b") return preset_20b();
    if (name == "120b") return preset_120b();
    throw Error("preset: '" + std::string(name) +
                "' is unknown, expected tiny, odd, nano, 20b or 120b");
}

}  // namespace gptoss
