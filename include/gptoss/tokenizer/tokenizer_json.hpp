// tokenizer.json: the same vocabulary in the layout of the Hugging Face checkpoints.
//
//     model.vocab      {"!": 0, ..., "Ġhello": 40617, ...}   spelled in byte_alphabet.hpp; id =
//     rank model.merges     not read: the ids are the order of merging added_tokens     [{"id":
//     200006, "content": "<|start|>", ...}, ...] pre_tokenizer    the split rule as a regular
//     expression; only the one of split.hpp will do
//
// Where    tokenizer.json beside a checkpoint of the Hugging Face layout; checkpoint/load.hpp.
// Source   Hugging Face transformers, convert_gpt_oss_weights_to_hf.py, class GptOssConverter.
// Errors   Error naming file and key: not JSON, a key missing or of another kind, ids with gaps,
//          another split rule, a normalizer; and what make_vocabulary refuses.
// Pitfalls The published file names 21 special tokens although the model can write 1,090: when the
//          ranks are those of o200k, the missing ids get their reserved names here. Hugging Face
//          encodes a special token's name in any text as the token; Tokenizer::encode never does.
#pragma once
#include <cstddef>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "gptoss/core/check.hpp"
#include "gptoss/format/json.hpp"
#include "gptoss/format/mapped_file.hpp"
#include "gptoss/tokenizer/byte_alphabet.hpp"
#include "gptoss/tokenizer/special_tokens.hpp"
#include "gptoss/tokenizer/vocabulary.hpp"

namespace gptoss::tokenizer {

// The expression of split.hpp as it stands in the files.
inline constexpr const char* kSplitRegex =
    "[^\\r\\n\\p{L}\\p{N}]?[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]*[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]+"
    "(?i:'s|'t|'re|'ve|'m|'ll|'d)?|"
    "[^\\r\\n\\p{L}\\p{N}]?[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]+[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]*"
    "(?i:'s|'t|'re|'ve|'m|'ll|'d)?|"
    "\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n/]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";

// The document without model.merges, which would be most of its memory.
inline nlohmann::json parse_tokenizer_json(const std::string& path) {
    const format::MappedFile file(path);
    const std::string_view text(reinterpret_cast<const char*>(file.bytes()), file.size());
    format::require_no_foreign_kind(path, text);
    return format::parse_json(path, text, "merges");
}

// The value at the key, which must be an "object", an "array", a "string" or a "number".
inline const nlohmann::json& require_json(const nlohmann::json& object, const std::string& key,
                                          const std::string& type, const std::string& path) {
    if (!object.is_object() || !object.contains(key)) {
        throw Error(path + ": no key " + format::quoted(key) +
                    ", expected one that holds: " + type);
    }
    const nlohmann::json& value = object[key];
    if (value.type_name() != type) {
        throw Error(path + ": key " + format::quoted(key) + " holds: " + value.type_name() +
                    ", expected: " + type);
    }
    return value;
}

inline std::int32_t read_token_id(const nlohmann::json& value, const std::string& token,
                                  const std::string& path) {
    const bool is_id = value.is_number_integer() && value >= 0 && value <= 0x7FFFFFFE;
    if (!is_id)
        throw Error(path + ": the id of token " + format::quoted(token) + " is " + value.dump());
    return value.get<std::int32_t>();
}

// model.vocab as bytes by id.
inline std::vector<std::string> read_json_vocab(const nlohmann::json& vocab,
                                                const std::string& path) {
    std::vector<std::string> tokens(vocab.size());
    for (const auto& [spelled, value] : vocab.items()) {
        const std::int32_t id = read_token_id(value, spelled, path);
        if (std::size_t(id) >= tokens.size()) {
            throw Error(path + ": model.vocab gives " + format::quoted(spelled) + " the id " +
                        std::to_string(id) + " but has only " + std::to_string(tokens.size()) +
                        " tokens, so a lower id is missing");
        }
        std::string& token = tokens[std::size_t(id)];
        if (!token.empty()) {
            throw Error(path + ": model.vocab gives id " + std::to_string(id) + " twice");
        }
        if (!from_byte_alphabet(spelled, token)) {
            throw Error(path + ": model.vocab has " + format::quoted(spelled) +
                        ", a character of which stands for no byte");
        }
    }
    return tokens;
}

inline std::vector<SpecialToken> read_added_tokens(const nlohmann::json& added_tokens,
                                                   const std::string& path) {
    std::vector<SpecialToken> tokens;
    for (const nlohmann::json& added : added_tokens) {
        const std::string name = require_json(added, "content", "string", path);
        const std::int32_t id =
            read_token_id(require_json(added, "id", "number", path), name, path);
        tokens.push_back({id, name});
    }
    return tokens;
}

// A key of the ByteLevel step; absent it means true.
inline void require_false(const nlohmann::json& step, const char* key, const std::string& path) {
    const nlohmann::json value = step.contains(key) ? step[key] : nlohmann::json(true);
    if (value == false) return;
    throw Error(path + ": the ByteLevel step has " + key + " = " + value.dump() +
                ", expected false");
}

// Text must reach split.hpp as it is, and the file must mean the same cuts.
inline void require_same_split(const nlohmann::json& document, const std::string& path) {
    if (document.contains("normalizer") && !document["normalizer"].is_null()) {
        throw Error(path + ": there is a normalizer, expected null");
    }
    const nlohmann::json& pre_tokenizer = require_json(document, "pre_tokenizer", "object", path);
    const nlohmann::json& steps = require_json(pre_tokenizer, "pretokenizers", "array", path);
    bool has_split = false;
    for (const nlohmann::json& step : steps) {
        const std::string type = require_json(step, "type", "string", path);
        if (type == "Split") {
            const nlohmann::json& pattern = require_json(step, "pattern", "object", path);
            const std::string regex = require_json(pattern, "Regex", "string", path);
            if (regex != kSplitRegex) {
                throw Error(path + ": the Split pattern is " + format::quoted(regex) +
                            ", expected " + format::quoted(kSplitRegex));
            }
            has_split = true;
        } else if (type != "ByteLevel") {
            throw Error(path + ": pre_tokenizer has a step " + format::quoted(type) +
                        ", expected Split and ByteLevel");
        } else {
            require_false(step, "add_prefix_space", path);
            require_false(step, "use_regex", path);
        }
    }
    if (!has_split) throw Error(path + ": pre_tokenizer has no Split step");
}

inline Vocabulary load_tokenizer_json(const std::string& path) {
    const nlohmann::json document = parse_tokenizer_json(path);
    const nlohmann::json& model = require_json(document, "model", "object", path);
    const std::string type = require_json(model, "type", "string", path);
    if (type != "BPE")
        throw Error(path + ": model.type is " + format::quoted(type) + ", expected BPE");
    require_same_split(document, path);

    std::vector<std::string> tokens =
        read_json_vocab(require_json(model, "vocab", "object", path), path);
    std::vector<SpecialToken> special_tokens =
        read_added_tokens(require_json(document, "added_tokens", "array", path), path);
    if (tokens.size() == std::size_t(kO200kRanks)) add_reserved_tokens(special_tokens);
    return make_vocabulary(std::move(tokens), std::move(special_tokens), path);
}

}  // namespace gptoss::tokenizer
