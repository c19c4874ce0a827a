// The rotation of a config.json in Hugging Face's layout, as transformers 5.24 understands it.
//
//     rope_scaling        wins over rope_parameters, unless it is null or {}
//     neither             YaRN as in OpenAI's models, around whatever rope_theta says
//     no rope_type        "type", the older spelling; without that, plain RoPE
//     rope_theta          inside the object, else beside it, else 150000
//     truncate            absent means true: YaRN's bounds are rounded outwards
//     factor null         max_position_embeddings / original_max_position_embeddings
//     original_max_...    beside the object it wins; absent, it is max_position_embeddings
//     attention_factor    the concentration, else from mscale and mscale_all_dim, else from factor
//
// Source   Hugging Face transformers: RotaryEmbeddingConfigMixin and _compute_yarn_parameters
//          (modeling_rope_utils.py), class GptOssConfig.
// Errors   Error, naming the file, the key, what it is and what was expected. Other types than
//          yarn and default are refused, and a rotation of a part of the channels.
// Pitfalls A reader that knows only one spelling of the rotation silently drops YaRN.
#pragma once
#include <cmath>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "gptoss/core/config.hpp"
#include "gptoss/format/config_keys.hpp"
#include "gptoss/format/json_object.hpp"

namespace gptoss::format {

inline constexpr const char* kOriginalContext = "original_max_position_embeddings";

inline constexpr std::string_view kKeysOfRope[] = {
    "attention_factor", "beta_fast",      "beta_slow",      "factor",
    "mscale",           "mscale_all_dim", kOriginalContext, "partial_rotary_factor",
    "rope_theta",       "rope_type",      "truncate",       "type",
};

// The key of the object that counts; empty if there is none.
inline std::string rope_key(const JsonObject& in) {
    const bool has_older = in.has_value("rope_scaling") && !in.json["rope_scaling"].empty();
    const bool has_newer = in.has_value("rope_parameters");
    if (has_older && has_newer && in.json["rope_scaling"] != in.json["rope_parameters"]) {
        in.remark("rope_scaling and rope_parameters differ: rope_scaling is taken");
    }
    if (has_older) return "rope_scaling";
    return has_newer ? "rope_parameters" : "";
}

// "yarn" or "default".
inline std::string rope_type(const JsonObject& rope) {
    for (const auto& [key, value] : rope.json.items()) {
        if (value.is_object()) rope.refuse(key, "no object: all layers rotate alike");
    }
    const char* key = rope.has("rope_type") ? "rope_type" : "type";
    if (!rope.has(key)) {
        const bool means_scaling = rope.has("factor") || rope.has("beta_fast");
        if (means_scaling) {
            throw Error(rope.where + ": has no rope_type, but a factor; expected \"yarn\"");
        }
        rope.note_default("rope_type", "default");
        return "default";
    }
    const bool is_known = rope.json[key] == "yarn" || rope.json[key] == "default";
    if (!is_known) rope.refuse(key, "\"yarn\" or \"default\" (plain RoPE)");
    return rope.json[key].get<std::string>();
}

inline void require_whole_rotation(const JsonObject& in) {
    const char* key = "partial_rotary_factor";
    if (in.has(key) && in.json[key] != 1.0) in.refuse(key, "1: all channels are rotated");
}

// null and 0 mean the default, as for Python's "or".
inline double number_or(const JsonObject& rope, const char* key, double otherwise) {
    if (!rope.has(key)) return rope.number(key, otherwise);
    const bool has_number = rope.has_value(key) && rope.number(key) != 0;
    return has_number ? rope.number(key) : otherwise;
}

inline double yarn_mscale(double factor, double mscale) {
    return factor <= 1 ? 1.0 : 0.1 * mscale * std::log(factor) + 1.0;
}

// The concentration that the file asks for; nothing if it is the usual one.
inline std::optional<float> attention_factor(const JsonObject& rope, double factor) {
    if (rope.has_value("attention_factor")) return float(rope.number("attention_factor"));
    const double mscale = rope.has("mscale") ? number_or(rope, "mscale", 0) : 0;
    const double of_all = rope.has("mscale_all_dim") ? number_or(rope, "mscale_all_dim", 0) : 0;
    if (mscale == 0 || of_all == 0) return std::nullopt;
    return float(yarn_mscale(factor, mscale) / yarn_mscale(factor, of_all));
}

inline bool rounds_bounds(const JsonObject& rope) {
    if (!rope.has("truncate")) rope.note_default("truncate", true);
    if (rope.has("truncate") && rope.json["truncate"].is_null()) return false;
    return rope.flag("truncate", true);
}

inline void read_yarn(const JsonObject& in, const JsonObject& rope, Config& c) {
    const JsonObject& holder = in.has(kOriginalContext) ? in : rope;
    const double initial = holder.number(kOriginalContext, c.max_context_length);
    if (initial != std::floor(initial) || initial < 1 || initial > 1e9) {
        holder.refuse(kOriginalContext, "an integer from 1 to 10^9");
    }
    c.initial_context_length = int(initial);

    const bool has_factor = !rope.at("factor").is_null();
    const double factor = has_factor ? rope.number("factor") : c.max_context_length / initial;
    c.rope_scaling_factor = float(factor);
    c.rope_ntk_alpha = float(number_or(rope, "beta_slow", 1));
    c.rope_ntk_beta = float(number_or(rope, "beta_fast", 32));
    c.rope_truncate = rounds_bounds(rope);
    c.rope_attention_factor = attention_factor(rope, factor);
}

// c.max_context_length has been read.
inline void read_rope(const JsonObject& in, Config& c) {
    constexpr double kUsualTheta = 150000;
    if (in.has_value("partial_rotary_factor")) require_whole_rotation(in);
    const std::string key = rope_key(in);
    const nlohmann::json usual = {{"rope_type", "yarn"}, {"factor", 32},
                                  {"beta_fast", 32},     {"beta_slow", 1},
                                  {"truncate", false},   {kOriginalContext, 4096}};
    if (key.empty()) in.note_default("rope_parameters", "YaRN as in OpenAI's models");
    const JsonObject rope = key.empty() ? JsonObject{in.where, usual} : in.object(key.c_str());
    remark_unknown_keys(rope, [](const std::string& name) { return holds(kKeysOfRope, name); });
    require_whole_rotation(rope);
    const JsonObject& holder = rope.has("rope_theta") ? rope : in;
    c.rope_theta = float(holder.number("rope_theta", kUsualTheta));
    if (rope_type(rope) == "yarn") return read_yarn(in, rope, c);
    c.rope_scaling_factor = 1.0f;
    c.initial_context_length = c.max_context_length;
}

}  // namespace gptoss::format
