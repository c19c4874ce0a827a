// config.json: reading a Config, in OpenAI's layout and in Hugging Face's.
//
//     OpenAI         num_experts, rope_scaling_factor, ...: 16 flat keys, all needed but
//                    swiglu_limit; eps, the order of layer kinds and the longest context are
//                    constants of the official code
//     Hugging Face   model_type "gpt_oss", num_local_experts, layer_types, ...: an absent key has
//                    the value that transformers gives it, and the notes say so
//
// core/config.hpp names both keys of every field; format/rope_json.hpp reads the rotation. What
// comes out is what transformers 5.24 computes with, or an error. Keys without effect are passed
// over; those that nobody here knows are named in the notes.
//
// Source   official model: class ModelConfig; Hugging Face transformers: class GptOssConfig.
// Errors   Error, naming the file, the key, what it is and what was expected; and what validate
//          (core/config.hpp) says.
#pragma once
#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "gptoss/core/check.hpp"
#include "gptoss/core/config.hpp"
#include "gptoss/core/config_rules.hpp"
#include "gptoss/format/config_keys.hpp"
#include "gptoss/format/json.hpp"
#include "gptoss/format/json_object.hpp"
#include "gptoss/format/rope_json.hpp"

namespace gptoss::format {

inline void require_few_layers(const JsonObject& in, int n_layers) {
    const bool fits = n_layers <= kMostLayers;  // before anything is allocated per layer
    if (!fits) in.refuse("num_hidden_layers", "at most " + std::to_string(kMostLayers));
}

inline Config config_from_openai(const JsonObject& in) {
    remark_unknown_keys(in, [](const std::string& key) { return holds(kKeysOfOpenAi, key); });
    Config c;
    c.n_layers = in.integer("num_hidden_layers");
    c.hidden_size = in.integer("hidden_size");
    c.vocab_size = in.integer("vocab_size");
    c.n_heads = in.integer("num_attention_heads");
    c.n_kv_heads = in.integer("num_key_value_heads");
    c.head_dim = in.integer("head_dim");
    c.sliding_window = in.integer("sliding_window");
    c.intermediate_size = in.integer("intermediate_size");
    c.swiglu_limit = float(in.number("swiglu_limit", 7));
    c.n_experts = in.integer("num_experts");
    c.top_k = in.integer("experts_per_token");
    c.rope_theta = float(in.number("rope_theta"));
    c.rope_scaling_factor = float(in.number("rope_scaling_factor"));
    c.rope_ntk_alpha = float(in.number("rope_ntk_alpha"));
    c.rope_ntk_beta = float(in.number("rope_ntk_beta"));
    c.initial_context_length = in.integer("initial_context_length");
    const double longest = double(c.initial_context_length) * double(c.rope_scaling_factor);
    if (longest > 1e9) in.refuse("rope_scaling_factor", "a context below 10^9 tokens");
    c.max_context_length = int(std::max(longest, 0.0));  // validate names a factor below 1
    require_few_layers(in, c.n_layers);
    c.layer_kinds = alternating_layers(c.n_layers);

    // This layout has no ids; a vocabulary knows its own. Where the real ones do not fit, these are
    // the last two.
    const bool ids_fit = c.vocab_size > c.eos_token_ids[0];
    if (!ids_fit) c.pad_token_id = c.vocab_size - 2;
    if (!ids_fit) c.eos_token_ids = {c.vocab_size - 1};
    return c;
}

inline AttentionKind attention_kind(const JsonObject& in, const nlohmann::json& name) {
    if (name == "sliding_attention") return AttentionKind::sliding;
    if (name == "full_attention" || name == "attention") return AttentionKind::full;
    throw Error(in.where + ": layer_types holds " + name.dump() +
                ", expected \"sliding_attention\" or \"full_attention\"");
}

inline std::vector<AttentionKind> read_layer_kinds(const JsonObject& in, int n_layers) {
    if (!in.has_value("layer_types")) {
        in.note_default("layer_types", "alternating, sliding first");
        return alternating_layers(n_layers);
    }
    const nlohmann::json& layer_types = in.at("layer_types");
    if (!layer_types.is_array()) in.refuse("layer_types", "a list");
    std::vector<AttentionKind> kinds;
    for (const auto& name : layer_types)
        kinds.push_back(attention_kind(in, name));
    return kinds;
}

// One id, a list of them, or none.
inline std::vector<int> read_ids(const JsonObject& in, const char* key) {
    if (!in.has_value(key)) return {};
    const nlohmann::json& value = in.at(key);
    if (!value.is_array()) return {in.integer(key)};
    std::vector<int> ids;
    for (const nlohmann::json& id : value)
        ids.push_back(in.integer_of(key, id));
    return ids;
}

// Under its older name too; two that differ are an error.
inline int read_count(const JsonObject& in, const char* key, const char* alias, int otherwise) {
    const bool has_alias_only = in.has(alias) && !in.has(key);
    const int count = has_alias_only ? in.integer(alias) : in.integer(key, otherwise);
    if (in.has(alias) && in.integer(alias) != count) {
        in.refuse(alias, std::string(key) + ", " + std::to_string(count));
    }
    return count;
}

inline Config config_from_hugging_face(const JsonObject& in) {
    refuse_foreign_keys(in);
    Config c;
    c.n_layers = in.integer("num_hidden_layers", 36);
    c.hidden_size = in.integer("hidden_size", 2880);
    c.vocab_size = in.integer("vocab_size", 201088);
    c.n_heads = in.integer("num_attention_heads", 64);
    c.n_kv_heads = in.integer("num_key_value_heads", 8);
    c.head_dim = in.integer("head_dim", 64);
    c.sliding_window = in.integer("sliding_window", 128);
    c.intermediate_size = in.integer("intermediate_size", 2880);
    c.swiglu_limit = float(in.number("swiglu_limit", 7));
    c.n_experts = read_count(in, "num_local_experts", "num_experts", 128);
    c.top_k = in.integer("num_experts_per_tok", 4);
    c.eps = float(in.number("rms_norm_eps", 1e-5));
    c.max_context_length = in.integer("max_position_embeddings", 131072);
    if (in.has("swiglu_alpha")) c.swiglu_alpha = in.number("swiglu_alpha");
    c.attention_bias = in.flag("attention_bias", true);
    read_rope(in, c);
    require_few_layers(in, c.n_layers);
    c.layer_kinds = read_layer_kinds(in, c.n_layers);
    c.eos_token_ids = read_ids(in, "eos_token_id");

    const bool has_pad = in.has_value("pad_token_id") && in.json["pad_token_id"] != -1;
    c.pad_token_id = has_pad ? in.integer("pad_token_id") : -1;
    if (in.has("experts_per_token") && in.integer("experts_per_token") != c.top_k) {
        in.refuse("experts_per_token", "num_experts_per_tok, " + std::to_string(c.top_k) +
                                           ", which is the key that Hugging Face reads");
    }
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
inline Config config_from_json(const std::string& where, const nlohmann::json& json,
                               ConfigNotes* notes = nullptr) {
    if (!json.is_object()) {
        throw Error(where + ": holds a JSON " + json.type_name() + ", expected an object");
    }
    const JsonObject in{where, json, notes};
    const Config c = is_hugging_face(in) ? config_from_hugging_face(in) : config_from_openai(in);
    try {
        validate(c);
    } catch (const Error& error) {
        throw Error(where + ": " + with_keys_of_file(error.what(), is_hugging_face(in)));
    }
    require_sane_size(where, c);
    return c;
}

inline Config read_config(const std::filesystem::path& path, ConfigNotes* notes = nullptr) {
    return config_from_json(path.string(), read_json_file(path), notes);
}

}  // namespace gptoss::format
