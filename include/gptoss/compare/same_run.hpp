// Same run: two dumps can be compared if they are of the same tokens and the same config.
//
// Where    first of all in compare (compare/compare.hpp). What a dump does not say is not held
//          against it; the shapes and the embedding will tell.
// Pitfalls pad and eos ids and the longest context change no activation and may differ.
#pragma once
#include <algorithm>
#include <cstddef>
#include <string>
#include <vector>

#include "gptoss/dump/run_dump.hpp"

namespace gptoss::compare {

// "" or, as the first difference, "sliding_window is 127, expected 128".
inline std::string config_difference(const Config& got, const Config& expected) {
    struct Field {
        const char* name;
        double got;
        double expected;
    };
    const auto field = [](const char* name, auto a, auto b) {
        return Field{name, double(a), double(b)};
    };
    const Field fields[] = {
        field("n_layers", got.n_layers, expected.n_layers),
        field("hidden_size", got.hidden_size, expected.hidden_size),
        field("vocab_size", got.vocab_size, expected.vocab_size),
        field("n_heads", got.n_heads, expected.n_heads),
        field("n_kv_heads", got.n_kv_heads, expected.n_kv_heads),
        field("head_dim", got.head_dim, expected.head_dim),
        field("sliding_window", got.sliding_window, expected.sliding_window),
        field("n_experts", got.n_experts, expected.n_experts),
        field("top_k", got.top_k, expected.top_k),
        field("intermediate_size", got.intermediate_size, expected.intermediate_size),
        field("swiglu_limit", got.swiglu_limit, expected.swiglu_limit),
        field("swiglu_alpha", got.swiglu_alpha, expected.swiglu_alpha),
        field("rope_theta", got.rope_theta, expected.rope_theta),
        field("rope_scaling_factor", got.rope_scaling_factor, expected.rope_scaling_factor),
        field("rope_ntk_alpha", got.rope_ntk_alpha, expected.rope_ntk_alpha),
        field("rope_ntk_beta", got.rope_ntk_beta, expected.rope_ntk_beta),
        field("initial_context_length", got.initial_context_length,
              expected.initial_context_length),
        field("rope_truncate", got.rope_truncate, expected.rope_truncate),
        field("rope_attention_factor", got.rope_attention_factor.value_or(0),
              expected.rope_attention_factor.value_or(0)),
        field("attention_bias", got.attention_bias, expected.attention_bias),
        field("eps", got.eps, expected.eps),
    };
    for (const Field& f : fields) {
        if (f.got == f.expected) continue;
        char text[96];
        std::snprintf(text, sizeof text, " is %.9g, expected %.9g", f.got, f.expected);
        return f.name + std::string(text);
    }
    for (int layer = 0; layer < expected.n_layers; ++layer) {
        if (got.slides(layer) == expected.slides(layer)) continue;
        return "layer_types[" + std::to_string(layer) + "] is " +
               (got.slides(layer) ? "sliding" : "full") + ", expected " +
               (expected.slides(layer) ? "sliding" : "full");
    }
    return "";
}

inline std::string tokens_difference(const std::vector<std::int32_t>& got,
                                     const std::vector<std::int32_t>& expected) {
    if (got.size() != expected.size()) {
        return "has " + std::to_string(got.size()) + " tokens, expected " +
               std::to_string(expected.size());
    }
    for (std::size_t t = 0; t < expected.size(); ++t) {
        if (got[t] == expected[t]) continue;
        return "token " + std::to_string(t) + " is " + std::to_string(got[t]) + ", expected " +
               std::to_string(expected[t]);
    }
    return "";
}

// "" if they may be compared, else why not.
inline std::string run_difference(const dump::Dump& reference, const dump::Dump& other) {
    const std::string to = " (as in " + reference.name + ")";
    if (reference.config && other.config) {
        const std::string what = config_difference(*other.config, *reference.config);
        if (!what.empty()) return other.name + ": another config: " + what + to;
    }
    if (reference.tokens && other.tokens) {
        const std::string what = tokens_difference(*other.tokens, *reference.tokens);
        if (!what.empty()) return other.name + ": other tokens: " + what + to;
    }
    return "";
}

}  // namespace gptoss::compare
