// Config rules: what the fields of a Config may hold.
//
// Where    after a config was read or made, before anything is allocated by it.
// Errors   Error, naming the field, what it is and what it must be.
// Pitfalls YaRN's bounds have a rule of their own, beside their formula: layers/rope.hpp.
#pragma once
#include <cstdint>
#include <string>

#include "gptoss/core/check.hpp"
#include "gptoss/core/config.hpp"

namespace gptoss {

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
    require_positive("swiglu_alpha", c.swiglu_alpha);
    require_positive("rope_theta", c.rope_theta);
    require(c.rope_scaling_factor >= 1.0f, "rope_scaling_factor is " +
                                               std::to_string(c.rope_scaling_factor) +
                                               ", expected >= 1 (1 is plain RoPE)");
    if (c.rope_attention_factor) {
        require_positive("rope_attention_factor", *c.rope_attention_factor);
    }
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
}

}  // namespace gptoss
