// What the page is told in JSON: the config, the tokens as text, errors.
//
//     {"id": 1028, "text": "<|start|>", "special": true}
//     {"id": 300, "text": "\ufffd", "bytes": "e2 80"}      half a character: its bytes as well
#pragma once
#include <cstdio>
#include <cstring>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "gptoss/core/config.hpp"
#include "gptoss/tokenizer/tokenizer.hpp"
#include "page_arrays.hpp"

namespace gptoss::live {

using Json = nlohmann::ordered_json;

inline Json config_json(const Config& c) {
    Json json = {{"n_layers", c.n_layers},
                 {"hidden_size", c.hidden_size},
                 {"vocab_size", c.vocab_size},
                 {"n_heads", c.n_heads},
                 {"n_kv_heads", c.n_kv_heads},
                 {"head_dim", c.head_dim},
                 {"n_experts", c.n_experts},
                 {"top_k", c.top_k},
                 {"intermediate_size", c.intermediate_size},
                 {"max_context_length", c.max_context_length}};
    json["windows"] = Json::array();  // per layer, 0: sees everything before
    for (int layer = 0; layer < c.n_layers; ++layer) {
        json["windows"].push_back(c.window(layer));
    }
    return json;
}

inline std::string hex_bytes(std::string_view bytes) {
    std::string hex;
    for (const char byte : bytes) {
        char two[4];
        std::snprintf(two, sizeof two, "%02x", unsigned(static_cast<unsigned char>(byte)));
        hex += (hex.empty() ? "" : " ") + std::string(two);
    }
    return hex;
}

// vocabulary is null where a model has none: then the id is the text.
inline Json token_json(const tokenizer::Vocabulary* vocabulary, std::int32_t id) {
    if (vocabulary == nullptr || !tokenizer::is_token(*vocabulary, id)) {
        return {{"id", id}, {"text", "#" + std::to_string(id)}};
    }
    const std::string bytes(tokenizer::token_bytes(*vocabulary, id));
    Json json = {{"id", id}, {"text", tokenizer::replace_invalid_utf8(bytes)}};
    if (tokenizer::is_special_token(*vocabulary, id)) json["special"] = true;
    if (json["text"] != bytes) json["bytes"] = hex_bytes(bytes);
    return json;
}

inline Json tokens_json(const tokenizer::Vocabulary* vocabulary,
                        const std::vector<std::int32_t>& ids) {
    Json json = Json::array();
    for (const std::int32_t id : ids) {
        json.push_back(token_json(vocabulary, id));
    }
    return json;
}

// The texts of all ids that a run's guesses name: {"12": {"id": 12, "text": ...}, ...}
inline Json texts_of_guesses(const tokenizer::Vocabulary* vocabulary, const PageArrays& arrays) {
    Json texts = Json::object();
    for (const PageArray& array : arrays.arrays) {
        if (array.name != "next.ids" && array.name != "lens.ids") continue;
        for (std::size_t i = 0; i < array.count; ++i) {
            std::int32_t id = 0;
            std::memcpy(&id, arrays.bytes.data() + array.at + 4 * i, sizeof id);
            const std::string key = std::to_string(id);
            if (!texts.contains(key)) texts[key] = token_json(vocabulary, id);
        }
    }
    return texts;
}

}  // namespace gptoss::live
