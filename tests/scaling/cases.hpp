// The readers and, for each, an input of about so many bytes that a careless one takes long for.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "compare_cases.hpp"
#include "file_cases.hpp"
#include "gptoss/format/json.hpp"
#include "gptoss/format/safetensors.hpp"
#include "gptoss/format/safetensors_writer.hpp"
#include "gptoss/harmony/json_schema_text.hpp"
#include "text_cases.hpp"

struct Case {
    const char* name;
    std::string (*make)(std::size_t size);
    void (*read)(const std::string& input);
};

// --- Inputs -----------------------------------------------------------------------------------

inline std::string repeated(std::size_t size, std::string_view head, std::string_view part,
                            std::string_view tail) {
    std::string text(head);
    while (text.size() < size)
        text += part;
    return text + std::string(tail);
}

// {"k0": value, "k1": value, ...}
inline std::string many_keys(std::size_t size, const std::string& value) {
    std::string text = "{\"k\": 0";
    for (int k = 0; text.size() < size; ++k) {
        text += ", \"k" + std::to_string(k) + "\": " + value;
    }
    return text + "}";
}

inline std::vector<gptoss::format::TensorHeader> many_tensors(std::size_t size) {
    std::vector<gptoss::format::TensorHeader> tensors;
    for (std::size_t k = 0; k < size / 80; ++k) {
        tensors.push_back({"block." + std::to_string(k) + ".weight", "U8", {0}});
    }
    return tensors;
}

// Every property required, and the last of the list first.
inline std::string schema_of_required(std::size_t size) {
    std::string properties, required;
    for (int k = 0; properties.size() + required.size() < size; ++k) {
        const std::string key = "\"k" + std::to_string(k) + "\"";
        properties += (k > 0 ? ", " : "") + key + ": {}";
        required = key + (k > 0 ? ", " : "") + required;
    }
    return "{\"type\": \"object\", \"properties\": {" + properties + "}, \"required\": [" +
           required + "]}";
}

// --- Readers ----------------------------------------------------------------------------------

inline void read_json(const std::string& text) {
    gptoss::format::parse_json("x", text);
}
inline void read_ordered(const std::string& text) {
    gptoss::format::parse_ordered_json("x", text);
}
inline void read_tensors(const std::string& file) {
    const auto* bytes = reinterpret_cast<const std::uint8_t*>(file.data());
    gptoss::format::read_safetensors("x", bytes, file.size());
}

inline std::vector<Case> cases() {
    using namespace gptoss;
    return {
        {"json: a list of empty objects",
         [](std::size_t size) { return repeated(size, "[0", ",{}", "]"); }, &read_json},
        {"json: a list of empty lists",
         [](std::size_t size) { return repeated(size, "[0", ",[]", "]"); }, &read_json},
        {"json: many keys", [](std::size_t size) { return many_keys(size, "{}"); }, &read_json},
        {"json: 100 deep, many times",
         [](std::size_t size) {
             const std::string part = "," + std::string(100, '[') + std::string(100, ']');
             return repeated(size, "[0", part, "]");
         },
         &read_json},
        {"json, ordered: many keys", [](std::size_t size) { return many_keys(size, "{}"); },
         &read_ordered},
        {"json, ordered: a list of objects",
         [](std::size_t size) { return repeated(size, "[0", ",{}", "]"); }, &read_ordered},
        {"safetensors: many tensors",
         [](std::size_t size) { return format::safetensors_header(many_tensors(size), {}); },
         &read_tensors},
        {"safetensors, writing: many tensors",
         [](std::size_t size) { return std::string(size, ' '); },
         [](const std::string& input) {
             format::safetensors_header(many_tensors(input.size()), {});
         }},
        {"schema: all properties required", &schema_of_required,
         [](const std::string& text) {
             harmony::schema_text(format::parse_ordered_json("x", text), "");
         }},
        {"gguf: many keys", &gguf_of_keys, &read_gguf_bytes},
        {"gguf: a list of many texts", &gguf_of_texts, &read_gguf_bytes},
        {"gguf: many tensors", &gguf_of_tensors, &read_gguf_bytes},
        {"npy: Fortran order of rank 64", &npy_of_rank_64, &read_npy_bytes},
        {"zip: many members", &zip_of_members, &read_zip_bytes},
        {"zip: many names for one member", &zip_of_one_member, &read_zip_bytes},
        {"tiktoken: many tokens", &tiktoken_text, &read_tiktoken_text},
        {"tokenizer.json: many tokens", &tokenizer_text, &read_tokenizer_text},
        {"encode: one letter", [](std::size_t size) { return std::string(size, 'a'); }, &encode},
        {"encode: spaces", [](std::size_t size) { return std::string(size, ' '); }, &encode},
        {"encode: no letters", [](std::size_t size) { return std::string(size, '-'); }, &encode},
        {"harmony: a long header", [](std::size_t size) { return std::string(size, 'a'); },
         &parse_header_of},
        {"harmony: a header of many words",
         [](std::size_t size) { return repeated(size, "", "a ", ""); }, &parse_header_of},
        {"harmony: a header of bytes that are no text",
         [](std::size_t size) { return std::string(size, '\xFF'); }, &parse_header_of},
        {"harmony: a long content", [](std::size_t size) { return std::string(size, 'a'); },
         &parse_content_of},
        {"harmony: a content of bytes that are no text",
         [](std::size_t size) { return std::string(size, '\xFF'); }, &parse_content_of},
        {"conversation: many messages", &messages_text, &read_and_render},
        {"conversation: many namespaces", &tools_text, &read_and_render},
        {"compare: tokens that no value has",
         [](std::size_t size) { return std::string(size, ' '); },
         [](const std::string& input) { compare_claims(int(input.size())); }},
        {"compare: unseen flips and a wide window",
         [](std::size_t size) { return std::string(size, ' '); },
         [](const std::string& input) { compare_flips(int(input.size() / 48)); }},
    };
}
