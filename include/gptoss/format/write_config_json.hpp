// Writing config.json, in the two layouts that config_json.hpp reads.
//
// Hugging Face's has the keys of the released files, those without effect included, because other
// programs look for them. Floats are written with the fewest digits that give the same float back.
//
// Source   official model: class ModelConfig; Hugging Face transformers: class GptOssConfig.
// Errors   Error if OpenAI's layout has no key for what a config says (other eps or layer order).
#pragma once
#include <charconv>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "gptoss/core/check.hpp"
#include "gptoss/core/config.hpp"

namespace gptoss::format {

// 1e-5f as a double is 9.99999974e-06; this is 1e-05.
inline double shortest_double(float value) {
    char digits[32];
    const auto written = std::to_chars(digits, digits + sizeof digits, value);
    double shortest = 0;
    std::from_chars(digits, written.ptr, shortest);
    return shortest;
}

inline std::string openai_config_text(const Config& c) {
    if (c.layer_kinds != alternating_layers(c.n_layers)) {
        throw Error("config: OpenAI's layout cannot say a layer order other than alternating");
    }
    if (c.eps != Config{}.eps) throw Error("config: OpenAI's layout cannot say an eps");
    if (c.swiglu_alpha != Config{}.swiglu_alpha) {
        throw Error("config: OpenAI's layout cannot say a swiglu_alpha");
    }
    if (c.rope_truncate || c.rope_attention_factor) {
        throw Error("config: OpenAI's layout cannot say rope_truncate or an attention_factor");
    }
    if (!c.attention_bias) throw Error("config: OpenAI's layout cannot leave out attention_bias");

    nlohmann::ordered_json json;
    json["num_hidden_layers"] = c.n_layers;
    json["num_experts"] = c.n_experts;
    json["experts_per_token"] = c.top_k;
    json["vocab_size"] = c.vocab_size;
    json["hidden_size"] = c.hidden_size;
    json["intermediate_size"] = c.intermediate_size;
    json["swiglu_limit"] = shortest_double(c.swiglu_limit);
    json["head_dim"] = c.head_dim;
    json["num_attention_heads"] = c.n_heads;
    json["num_key_value_heads"] = c.n_kv_heads;
    json["sliding_window"] = c.sliding_window;
    json["initial_context_length"] = c.initial_context_length;
    json["rope_theta"] = shortest_double(c.rope_theta);
    json["rope_scaling_factor"] = shortest_double(c.rope_scaling_factor);
    json["rope_ntk_alpha"] = shortest_double(c.rope_ntk_alpha);
    json["rope_ntk_beta"] = shortest_double(c.rope_ntk_beta);
    return json.dump(2) + "\n";
}

inline nlohmann::ordered_json rope_scaling_json(const Config& c) {
    nlohmann::ordered_json json;
    if (c.rope_attention_factor) {
        json["attention_factor"] = shortest_double(*c.rope_attention_factor);
    }
    json["beta_fast"] = shortest_double(c.rope_ntk_beta);
    json["beta_slow"] = shortest_double(c.rope_ntk_alpha);
    json["factor"] = shortest_double(c.rope_scaling_factor);
    json["original_max_position_embeddings"] = c.initial_context_length;
    json["rope_type"] = "yarn";
    json["truncate"] = c.rope_truncate;
    return json;
}

// null, an id or a list.
inline nlohmann::ordered_json ids_json(const std::vector<int>& ids) {
    if (ids.empty()) return nullptr;
    if (ids.size() == 1) return ids[0];
    return ids;
}

inline std::string hugging_face_config_text(const Config& c) {
    nlohmann::ordered_json layer_types = nlohmann::ordered_json::array();
    for (const AttentionKind kind : c.layer_kinds) {
        const bool slides = kind == AttentionKind::sliding;
        layer_types.push_back(slides ? "sliding_attention" : "full_attention");
    }
    nlohmann::ordered_json json;
    json["architectures"] = json.array({"GptOssForCausalLM"});
    json["attention_bias"] = c.attention_bias;
    json["attention_dropout"] = 0.0;
    json["eos_token_id"] = ids_json(c.eos_token_ids);
    json["experts_per_token"] = c.top_k;
    json["head_dim"] = c.head_dim;
    json["hidden_act"] = "silu";  // without effect: the clamped SwiGLU is coded
    json["hidden_size"] = c.hidden_size;
    json["initial_context_length"] = c.initial_context_length;
    json["initializer_range"] = 0.02;
    json["intermediate_size"] = c.intermediate_size;
    json["layer_types"] = layer_types;
    json["max_position_embeddings"] = c.max_context_length;
    json["model_type"] = "gpt_oss";
    json["num_attention_heads"] = c.n_heads;
    json["num_experts_per_tok"] = c.top_k;
    json["num_hidden_layers"] = c.n_layers;
    json["num_key_value_heads"] = c.n_kv_heads;
    json["num_local_experts"] = c.n_experts;
    json["output_router_logits"] = false;
    json["pad_token_id"] = nullptr;
    if (c.pad_token_id >= 0) json["pad_token_id"] = c.pad_token_id;
    json["quantization_config"]["modules_to_not_convert"] = json.array(
        {"model.layers.*.self_attn", "model.layers.*.mlp.router", "model.embed_tokens", "lm_head"});
    json["quantization_config"]["quant_method"] = "mxfp4";
    json["rms_norm_eps"] = shortest_double(c.eps);
    json["rope_scaling"] = rope_scaling_json(c);
    json["rope_theta"] = shortest_double(c.rope_theta);
    json["router_aux_loss_coef"] = 0.9;
    json["sliding_window"] = c.sliding_window;
    if (c.swiglu_alpha != Config{}.swiglu_alpha) json["swiglu_alpha"] = c.swiglu_alpha;
    json["swiglu_limit"] = shortest_double(c.swiglu_limit);
    json["tie_word_embeddings"] = false;
    json["transformers_version"] = "4.55.0.dev0";
    json["use_cache"] = true;
    json["vocab_size"] = c.vocab_size;
    return json.dump(2) + "\n";
}

}  // namespace gptoss::format
