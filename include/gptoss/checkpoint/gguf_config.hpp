// The config of a GGUF file: its keys, each of which is optional in the format and needed here.
//
//     gpt-oss.block_count                  n_layers       gpt-oss.rope.freq_base              rope_theta
//     gpt-oss.embedding_length             hidden_size    gpt-oss.rope.scaling.type           "yarn"
//     gpt-oss.attention.head_count         n_heads        gpt-oss.rope.scaling.factor
//     gpt-oss.attention.head_count_kv      n_kv_heads     gpt-oss.rope.scaling.original_context_length
//     gpt-oss.attention.key_length         head_dim       gpt-oss.context_length
//     gpt-oss.attention.sliding_window                    gpt-oss.expert_count            n_experts
//     gpt-oss.expert_feed_forward_length                  gpt-oss.expert_used_count       top_k
//     gpt-oss.attention.layer_norm_rms_epsilon  eps       tokenizer.ggml.eos_token_id, padding_token_id
//
// vocab_size is the number of rows of token_embd.weight. The clamp of 7 and the order of the layers are
// constants of llama.cpp, as they are of the official code.
//
// Source   llama.cpp: llama_model_openai_moe::load_arch_hparams, llama-arch.cpp (names of keys).
// Errors   Error, naming file, key, what it is and what was expected; keys that would change numbers
//          and that this code does not compute are refused; and what validate says.
// Pitfalls No key says whether YaRN's bounds are rounded: llama.cpp always rounds them, the official
//          code never does, and so does this one (pitfalls/rope_pitfalls.hpp, yarn_bounds_rounded).
#pragma once
#include <limits>
#include <string>

#include "gptoss/core/config_rules.hpp"
#include "gptoss/format/gguf_files.hpp"

namespace gptoss::checkpoint {

struct GgufKeys {
    const format::GgufFiles& files;

    bool has(const std::string& key) const { return files.find(key) != nullptr; }
    const format::GgufValue& at(const std::string& key) const {
        const format::GgufValue* value = files.find(key);
        if (value == nullptr) throw Error(files.path() + ": has no " + key);
        return *value;
    }
    [[noreturn]] void refuse(const std::string& key, const std::string& got,
                             const std::string& expected) const {
        throw Error(files.path() + ": " + key + " is " + got + ", expected " + expected);
    }
    std::string text(const std::string& key) const {
        return format::gguf_text(files.path(), key, at(key));
    }
    int integer(const std::string& key) const {
        const std::int64_t value = format::gguf_integer(files.path(), key, at(key));
        const bool fits = value >= 0 && value <= std::numeric_limits<int>::max();
        if (!fits) refuse(key, std::to_string(value), "an integer from 0 to 2147483647");
        return int(value);
    }
    int integer(const std::string& key, int otherwise) const {
        return has(key) ? integer(key) : otherwise;
    }
    float number(const std::string& key) const {
        const double value = format::gguf_number(files.path(), key, at(key));
        const bool fits = value >= -std::numeric_limits<float>::max() &&
                          value <= std::numeric_limits<float>::max();
        if (!fits) refuse(key, std::to_string(value), "a number that fits a float");
        return float(value);
    }
    float number(const std::string& key, float otherwise) const {
        return has(key) ? number(key) : otherwise;
    }
    // A key that llama.cpp heeds and this code does not.
    void require_number(const std::string& key, float expected) const {
        const float got = number(key, expected);
        if (got != expected) refuse(key, std::to_string(got), std::to_string(expected));
    }
};

inline void read_gguf_rope(const GgufKeys& in, Config& c) {
    const std::string rope = "gpt-oss.rope.";
    c.rope_theta = in.number(rope + "freq_base");
    in.require_number(rope + "freq_base_swa", c.rope_theta);
    in.require_number(rope + "dimension_count", float(c.head_dim));
    const std::string type =
        in.has(rope + "scaling.type") ? in.text(rope + "scaling.type") : "none";
    if (type == "none") {
        c.rope_scaling_factor = 1.0f;
        c.initial_context_length = c.max_context_length;
        return;
    }
    if (type != "yarn") in.refuse(rope + "scaling.type", type, "yarn or none");
    c.rope_scaling_factor = in.number(rope + "scaling.factor");
    c.initial_context_length = in.integer(rope + "scaling.original_context_length");
    c.rope_ntk_beta = in.number(rope + "scaling.yarn_beta_fast", 32.0f);
    c.rope_ntk_alpha = in.number(rope + "scaling.yarn_beta_slow", 1.0f);
    in.require_number(rope + "scaling.yarn_ext_factor", 1.0f);
    in.require_number(rope + "scaling.yarn_attn_factor", 1.0f);
    in.require_number(rope + "scaling.attn_factor", 1.0f);
    in.require_number(rope + "scaling.yarn_log_multiplier", 0.0f);
}

inline int gguf_vocab_size(const format::GgufFiles& files) {
    for (const format::Gguf& part : files.parts) {
        const auto table = part.tensors.find("token_embd.weight");
        if (table == part.tensors.end()) continue;
        const format::Shape& shape = table->second.shape;
        const bool is_matrix = shape.size() == 2 && shape[0] <= kLargestExtent;
        if (is_matrix) return int(shape[0]);
        throw Error(part.path + ": \"token_embd.weight\": is " + format::shape_text(shape) +
                    ", expected (vocab_size, hidden_size)");
    }
    throw Error(files.path() + ": \"token_embd.weight\": is missing");
}

inline Config gguf_config(const format::GgufFiles& files) {
    const GgufKeys in{files};
    const std::string architecture = in.text("general.architecture");
    if (architecture != "gpt-oss") in.refuse("general.architecture", architecture, "gpt-oss");
    const std::string model = "gpt-oss.";
    Config c;
    c.n_layers = in.integer(model + "block_count");
    if (c.n_layers > kMostLayers) {
        in.refuse(model + "block_count", std::to_string(c.n_layers),
                  "at most " + std::to_string(kMostLayers));
    }
    c.layer_kinds = alternating_layers(c.n_layers);
    c.hidden_size = in.integer(model + "embedding_length");
    c.vocab_size = gguf_vocab_size(files);
    c.n_heads = in.integer(model + "attention.head_count");
    c.n_kv_heads = in.integer(model + "attention.head_count_kv");
    c.head_dim = in.integer(model + "attention.key_length");
    if (in.integer(model + "attention.value_length", c.head_dim) != c.head_dim) {
        in.refuse(model + "attention.value_length", "another number", "that of key_length");
    }
    c.sliding_window = in.integer(model + "attention.sliding_window");
    c.n_experts = in.integer(model + "expert_count");
    c.top_k = in.integer(model + "expert_used_count");
    c.intermediate_size = in.integer(model + "expert_feed_forward_length");
    c.eps = in.number(model + "attention.layer_norm_rms_epsilon");
    c.max_context_length = in.integer(model + "context_length");
    read_gguf_rope(in, c);

    const bool ids_fit = c.vocab_size > c.eos_token_ids[0];  // as without keys in config_json.hpp
    if (!ids_fit) c.pad_token_id = c.vocab_size - 2;
    if (!ids_fit) c.eos_token_ids = {c.vocab_size - 1};
    c.eos_token_ids = {in.integer("tokenizer.ggml.eos_token_id", c.eos_token_ids[0])};
    c.pad_token_id = in.integer("tokenizer.ggml.padding_token_id", c.pad_token_id);
    try {
        validate(c);
    } catch (const Error& error) {
        throw Error(files.path() + ": " + error.what());
    }
    return c;
}

}  // namespace gptoss::checkpoint
