// Presets: the configs that have a name. tiny and odd are for tests, nano is the trained model that
// ships, 20b and 120b are OpenAI's.
//
// Source   OpenAI 2025, gpt-oss-120b & gpt-oss-20b Model Card, table 1.
// Errors   Error if a name is none of the five.
#pragma once
#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "gptoss/core/check.hpp"
#include "gptoss/core/config.hpp"

namespace gptoss {

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
    c.eos_token_ids = {vocab_size - 1};
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
    c.pad_token_id = 1025;     // <|endoftext|>
    c.eos_token_ids = {1026};  // <|return|>
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
