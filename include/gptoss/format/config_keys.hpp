// The keys of a config.json in Hugging Face's layout: which tell it apart, which have no effect on
// what is computed, and which make transformers compute something that is not done here.
//
// Source   Hugging Face transformers: classes PreTrainedConfig and GptOssConfig, and every name
//          that is asked of the config while GptOssForCausalLM is built and run.
// Errors   Error, naming the file, the key, what it is and what was expected.
#pragma once
#include <algorithm>
#include <cctype>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "gptoss/format/json_object.hpp"

namespace gptoss::format {

// clang-format off
inline constexpr std::string_view kKeysOfHuggingFace[] = {
    "architectures", "attention_bias", "layer_types", "max_position_embeddings", "model_type",
    "num_experts_per_tok", "num_local_experts", "rms_norm_eps", "rope_parameters", "rope_scaling",
    "swiglu_alpha",
};

inline constexpr std::string_view kKeysOfOpenAi[] = {
    "experts_per_token", "head_dim", "hidden_size", "initial_context_length", "intermediate_size",
    "num_attention_heads", "num_experts", "num_hidden_layers", "num_key_value_heads",
    "rope_ntk_alpha", "rope_ntk_beta", "rope_scaling_factor", "rope_theta", "sliding_window",
    "swiglu_limit", "vocab_size",
};

inline constexpr std::string_view kKeysOfBothLayouts[] = {
    "eos_token_id", "experts_per_token", "head_dim", "hidden_size", "intermediate_size",
    "num_attention_heads", "num_experts", "num_hidden_layers", "num_key_value_heads",
    "original_max_position_embeddings", "pad_token_id", "partial_rotary_factor", "rope_theta",
    "sliding_window", "swiglu_limit", "vocab_size",
};

// Read by nothing that computes logits.
inline constexpr std::string_view kKeysWithoutEffect[] = {
    "_attn_implementation_autoset", "_name_or_path", "attention_dropout", "attn_implementation",
    "auto_map", "bos_token_id", "chunk_size_feed_forward", "dtype", "experts_implementation",
    "hidden_act", "id2label", "initial_context_length", "initializer_range", "is_encoder_decoder",
    "label2id", "max_length", "name_or_path", "num_labels", "output_attentions",
    "output_hidden_states", "output_router_logits", "problem_type", "return_dict",
    "router_aux_loss_coef", "tokenizer_class", "torch_dtype", "transformers_version",
    "unsloth_fixed", "unsloth_version", "use_cache",
};

// Fields of core/config.hpp that files call otherwise.
struct KeyOfField {
    std::string_view field;
    std::string_view openai;
    std::string_view hugging_face;
};
inline constexpr KeyOfField kKeysOfFields[] = {
    {"n_layers",               "num_hidden_layers",      "num_hidden_layers"},
    {"n_heads",                "num_attention_heads",    "num_attention_heads"},
    {"n_kv_heads",             "num_key_value_heads",    "num_key_value_heads"},
    {"n_experts",              "num_experts",            "num_local_experts"},
    {"top_k",                  "experts_per_token",      "num_experts_per_tok"},
    {"initial_context_length", "initial_context_length", "original_max_position_embeddings"},
    {"max_context_length",     "initial_context_length", "max_position_embeddings"},
    {"eps",                    "eps",                    "rms_norm_eps"},
    {"rope_scaling_factor",    "rope_scaling_factor",    "factor"},
    {"rope_attention_factor",  "rope_attention_factor",  "attention_factor"},
};

// With any value but these (or null, or their absence) transformers computes something else.
struct OnlyValue {
    const char* key;
    const char* json;  // "" is none at all
    const char* expected;
};
inline constexpr OnlyValue kOnlyValues[] = {
    {"model_type",          "\"gpt_oss\"", "\"gpt_oss\""},
    {"per_layer_config",    "{}",          "none: all layers have one config"},
    {"kv_sharing_modes",    "",            "none: every layer has keys and values of its own"},
    {"transformers_weights", "",           "none: weights are in model.safetensors or its shards"},
    {"text_config",         "",            "none: the keys of the model are on the top level"},
    {"decoder",             "",            "none: the keys of the model are on the top level"},
    {"generator",           "",            "none: the keys of the model are on the top level"},
};
// clang-format on

inline bool is_hugging_face(const JsonObject& in) {
    return std::any_of(std::begin(kKeysOfHuggingFace), std::end(kKeysOfHuggingFace),
                       [&in](std::string_view key) { return in.json.contains(key); });
}

// "config: top_k is 33, expected ..." -> "num_experts_per_tok is 33, expected ..."
inline std::string with_keys_of_file(std::string_view message, bool is_hugging_face) {
    constexpr std::string_view kSpeaker = "config: ";
    if (message.starts_with(kSpeaker)) message.remove_prefix(kSpeaker.size());
    const auto key_of = [is_hugging_face](const std::string& word) {
        for (const KeyOfField& key : kKeysOfFields) {
            if (key.field == word)
                return std::string(is_hugging_face ? key.hugging_face : key.openai);
        }
        return word;
    };
    std::string text, word;
    for (const char letter : message) {
        const bool is_in_word = std::isalnum(static_cast<unsigned char>(letter)) || letter == '_';
        if (is_in_word) {
            word += letter;
        } else {
            text += key_of(word) + letter;
            word.clear();
        }
    }
    return text + key_of(word);
}

// As published it is MXFP4, and a checkpoint unpacked to BF16 may still say so.
inline void require_quantization(const JsonObject& in) {
    if (!in.has_value("quantization_config")) return;
    const JsonObject quantization = in.object("quantization_config");
    if (quantization.at("quant_method") == "mxfp4") return;
    quantization.refuse("quant_method", "\"mxfp4\", or no quantization_config");
}

template <class Keys>
bool holds(const Keys& keys, const std::string& key) {
    return std::find(std::begin(keys), std::end(keys), key) != std::end(keys);
}

inline bool is_known_to_hugging_face(const std::string& key) {
    return holds(kKeysOfHuggingFace, key) || holds(kKeysOfBothLayouts, key) ||
           holds(kKeysWithoutEffect, key) || key == "is_causal" || key == "quantization_config" ||
           key == "tie_word_embeddings" ||
           std::any_of(std::begin(kOnlyValues), std::end(kOnlyValues),
                       [&key](const OnlyValue& only) { return key == only.key; });
}

template <class IsKnown>
void remark_unknown_keys(const JsonObject& in, const IsKnown& is_known) {
    for (const auto& [key, value] : in.json.items()) {
        if (!is_known(key)) in.remark(quoted(key) + " is not a key of gpt-oss and has no effect");
    }
}

inline void refuse_foreign_keys(const JsonObject& in) {
    for (const OnlyValue& only : kOnlyValues) {
        if (!in.has_value(only.key) || in.json[only.key].dump() == only.json) continue;
        in.refuse(only.key, only.expected);
    }
    const bool looks_ahead = in.has("is_causal") && in.json["is_causal"] != true;
    if (looks_ahead) in.refuse("is_causal", "true: no token looks at later ones");
    require_quantization(in);
    remark_unknown_keys(in, is_known_to_hugging_face);
}

}  // namespace gptoss::format
