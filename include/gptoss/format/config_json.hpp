// config.json: reading and writing a Config, in OpenAI's layout and in Hugging Face's.
//
//     OpenAI         num_experts, rope_scaling_factor, ...: 16 flat keys; eps, the order of layer
//                    kinds and the longest context are constants of the official code
//     Hugging Face   model_type "gpt_oss", num_local_experts, layer_types, and the rotation either
//                    in rope_scaling and rope_theta or, in newer files, all in rope_parameters
//
// core/config.hpp names both keys of every field. Every key that decides a shape or a value must
// be there, except swiglu_limit (7.0), which some copies lack; keys not needed are ignored.
//
// Source   official model: class ModelConfig; Hugging Face transformers: class GptOssConfig.
// Errors   Error, naming the file, the key, what it is and what was expected; and what validate
//          (core/config.hpp) says.
// Pitfalls Numbers come as 1, 1.0 or 1e0 where a float is meant. A reader that knows only one
//          spelling of the rotation silently drops YaRN; here having neither is an error.
#pragma once
#include <algorithm>
#include <cmath>
#include <filesystem>
#include <limits>
#include <nlohmann/json.hpp>
#include <string>

#include "gptoss/core/check.hpp"
#include "gptoss/core/config.hpp"
#include "gptoss/core/config_rules.hpp"
#include "gptoss/format/json.hpp"

namespace gptoss::format {

// An object of a JSON file that knows what to call itself in an error.
struct JsonObject {
    std::string where;  // "DIR/config.json", or "DIR/config.json: rope_scaling"
    const nlohmann::json& json;

    bool has(const char* key) const { return json.contains(key) && !json[key].is_null(); }

    const nlohmann::json& at(const char* key) const {
        if (!json.contains(key)) throw Error(where + ": has no " + key);
        return json[key];
    }
    [[noreturn]] void refuse(const std::string& key, const std::string& expected) const {
        throw Error(where + ": " + key + " is " + json[key].dump() + ", expected " + expected);
    }
    int integer(const char* key) const {
        const nlohmann::json& value = at(key);
        const int largest = std::numeric_limits<int>::max();
        const double number = value.is_number_integer() ? value.get<double>() : -1.0;
        const bool fits = number >= 0 && number <= largest;
        if (!fits) refuse(key, "an integer from 0 to " + std::to_string(largest));
        return value.get<int>();
    }
    int integer(const char* key, int otherwise) const {
        return has(key) ? integer(key) : otherwise;
    }

    float number(const char* key) const {
        const nlohmann::json& value = at(key);
        if (!value.is_number()) refuse(key, "a number");
        const float number = float(value.get<double>());
        if (!std::isfinite(number)) refuse(key, "a number that fits a float");
        return number;
    }
    float number(const char* key, float otherwise) const {
        return has(key) ? number(key) : otherwise;
    }
    JsonObject object(const char* key) const {
        if (!at(key).is_object()) refuse(key, "an object");
        return {where + ": " + key, json[key]};
    }
};

// What both layouts call the same.
inline Config config_of_shared_keys(const JsonObject& in) {
    Config c;
    c.n_layers = in.integer("num_hidden_layers");
    c.hidden_size = in.integer("hidden_size");
    c.vocab_size = in.integer("vocab_size");
    c.n_heads = in.integer("num_attention_heads");
    c.n_kv_heads = in.integer("num_key_value_heads");
    c.head_dim = in.integer("head_dim");
    c.sliding_window = in.integer("sliding_window");
    c.intermediate_size = in.integer("intermediate_size");
    c.swiglu_limit = in.number("swiglu_limit", 7.0f);

    const bool fits = c.n_layers <= kMostLayers;  // before anything is allocated per layer
    if (!fits) in.refuse("num_hidden_layers", "at most " + std::to_string(kMostLayers));
    c.layer_kinds = alternating_layers(c.n_layers);
    return c;
}

inline Config config_from_openai(const JsonObject& in) {
    Config c = config_of_shared_keys(in);
    c.n_experts = in.integer("num_experts");
    c.top_k = in.integer("experts_per_token");
    c.rope_theta = in.number("rope_theta");
    c.rope_scaling_factor = in.number("rope_scaling_factor");
    c.rope_ntk_alpha = in.number("rope_ntk_alpha");
    c.rope_ntk_beta = in.number("rope_ntk_beta");
    c.initial_context_length = in.integer("initial_context_length");
    const double longest = double(c.initial_context_length) * double(c.rope_scaling_factor);
    if (longest > 1e9) in.refuse("rope_scaling_factor", "a context below 10^9 tokens");
    c.max_context_length = int(std::max(longest, 0.0));  // validate names a factor below 1

    // This layout has no ids; a vocabulary knows its own. Where the real ones do not fit, these are
    // the last two.
    const bool ids_fit = c.vocab_size > c.eos_token_id;
    if (!ids_fit) c.pad_token_id = c.vocab_size - 2;
    if (!ids_fit) c.eos_token_id = c.vocab_size - 1;
    return c;
}

inline void read_rope(const JsonObject& in, Config& c) {
    const bool is_newer = in.has("rope_parameters");
    const char* key = is_newer ? "rope_parameters" : "rope_scaling";
    if (!is_newer && !in.json.contains("rope_scaling")) {
        throw Error(in.where + ": has neither rope_scaling nor rope_parameters");
    }
    if (in.json[key].is_null()) {  // said in so many words: no YaRN
        c.rope_theta = in.number("rope_theta");
        c.rope_scaling_factor = 1.0f;
        c.initial_context_length = in.integer("max_position_embeddings");
        return;
    }
    const JsonObject rope = in.object(key);
    c.rope_theta = rope.has("rope_theta") ? rope.number("rope_theta") : in.number("rope_theta");
    if (rope.at("rope_type") != "yarn") rope.refuse("rope_type", "\"yarn\"");
    if (rope.has("truncate") && rope.json["truncate"] != false) {
        rope.refuse("truncate", "false: the bounds of YaRN are not rounded");
    }
    c.rope_scaling_factor = rope.number("factor");
    c.rope_ntk_alpha = rope.number("beta_slow", 1.0f);
    c.rope_ntk_beta = rope.number("beta_fast", 32.0f);
    c.initial_context_length = rope.integer("original_max_position_embeddings");
}

inline AttentionKind attention_kind(const JsonObject& in, const nlohmann::json& name) {
    if (name == "sliding_attention") return AttentionKind::sliding;
    if (name == "full_attention") return AttentionKind::full;
    throw Error(in.where + ": layer_types holds " + name.dump() +
                ", expected \"sliding_attention\" or \"full_attention\"");
}

inline Config config_from_hugging_face(const JsonObject& in) {
    if (in.has("model_type") && in.json["model_type"] != "gpt_oss") {
        in.refuse("model_type", "\"gpt_oss\"");
    }
    Config c = config_of_shared_keys(in);
    c.n_experts = in.integer("num_local_experts");
    c.top_k = in.integer("num_experts_per_tok");
    c.eps = in.number("rms_norm_eps");
    c.max_context_length = in.integer("max_position_embeddings");
    read_rope(in, c);

    if (in.has("layer_types")) {
        const nlohmann::json& layer_types = in.at("layer_types");
        if (!layer_types.is_array()) in.refuse("layer_types", "a list");
        c.layer_kinds.clear();
        for (const auto& name : layer_types)
            c.layer_kinds.push_back(attention_kind(in, name));
    }
    c.pad_token_id = in.integer("pad_token_id", c.pad_token_id);
    c.eos_token_id = in.integer("eos_token_id", c.eos_token_id);
    return c;
}

// So that no count of bytes overflows. The released models are at 1.2e11.
inline void require_sane_size(const std::string& where, const Config& c) {
    const double experts = 3.0 * c.n_layers * c.n_experts * c.intermediate_size * c.hidden_size;
    const double attention = 2.0 * c.n_layers * c.q_size() * c.hidden_size;
    const double vocabulary = 2.0 * c.vocab_size * c.hidden_size;
    if (experts + attention + vocabulary < 1e15) return;
    throw Error(where + ": describes more than 10^15 parameters");
}

// where names the file in errors. The layouts are told apart by keys that only one of them has.
inline Config config_from_json(const std::string& where, const nlohmann::json& json) {
    if (!json.is_object()) {
        throw Error(where + ": holds a JSON " + json.type_name() + ", expected an object");
    }
    const JsonObject in{where, json};
    const bool is_hugging_face = in.has("model_type") || in.has("num_local_experts");
    const Config c = is_hugging_face ? config_from_hugging_face(in) : config_from_openai(in);
    try {
        validate(c);
    } catch (const Error& error) {
        throw Error(where + ": " + error.what());
    }
    require_sane_size(where, c);
    return c;
}

inline Config read_config(const std::filesystem::path& path) {
    return config_from_json(path.string(), read_json_file(path));
}

}  // namespace gptoss::format
