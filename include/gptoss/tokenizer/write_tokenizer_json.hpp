// Writes a vocabulary as tokenizer.json, readable by tokenizer_json.hpp and by Hugging Face.
//
//     write_tokenizer_json("nano/tokenizer.json", truncated_vocabulary(full, 1024,
//     special_tokens));
//
// Hugging Face merges by pairs instead of ranks, so merges lists every way to cut a token into two
// tokens: first by the rank of the whole, then of the left, then of the right part.
//
// Where    synth and the shipped toy model.
// Source   Hugging Face transformers, convert_gpt_oss_weights_to_hf.py, class GptOssConverter,
//          extract_vocab_merges_from_model.
// Errors   Error naming the file; nothing is left under its name unless it is whole.
// Pitfalls An id with two names is written with its first: the layout has room for one.
#pragma once
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "gptoss/format/partial_file.hpp"
#include "gptoss/tokenizer/byte_alphabet.hpp"
#include "gptoss/tokenizer/tokenizer_json.hpp"
#include "gptoss/tokenizer/vocabulary.hpp"

namespace gptoss::tokenizer {

// The ways to cut a token into two tokens, by rank of the left part, then of the right.
inline std::vector<std::pair<std::int32_t, std::int32_t>> cuts_of_token(
    const Vocabulary& vocabulary, std::string_view token) {
    std::vector<std::pair<std::int32_t, std::int32_t>> cuts;
    for (std::size_t middle = 1; middle < token.size(); ++middle) {
        const std::int32_t left = rank_of(vocabulary.ranks, token.substr(0, middle));
        const std::int32_t right = rank_of(vocabulary.ranks, token.substr(middle));
        if (left != kNoRank && right != kNoRank) cuts.push_back({left, right});
    }
    std::sort(cuts.begin(), cuts.end());
    return cuts;
}

inline nlohmann::ordered_json json_model(const Vocabulary& vocabulary) {
    std::vector<std::string> spelled;
    for (const std::string& token : vocabulary.tokens) {
        spelled.push_back(to_byte_alphabet(token));
    }

    // An ordered object is a vector of pairs: push_back keeps 200,000 of them from being searched.
    nlohmann::ordered_json::object_t vocab;
    vocab.reserve(spelled.size());
    nlohmann::ordered_json merges = nlohmann::ordered_json::array();
    for (std::size_t id = 0; id < spelled.size(); ++id) {
        vocab.push_back({spelled[id], id});
        for (const auto& [left, right] : cuts_of_token(vocabulary, vocabulary.tokens[id])) {
            merges.push_back({spelled[std::size_t(left)], spelled[std::size_t(right)]});
        }
    }

    nlohmann::ordered_json model;
    model["type"] = "BPE";
    model["dropout"] = nullptr;
    model["unk_token"] = nullptr;
    model["continuing_subword_prefix"] = nullptr;
    model["end_of_word_suffix"] = nullptr;
    model["fuse_unk"] = false;
    model["byte_fallback"] = false;
    model["ignore_merges"] = true;
    model["vocab"] = std::move(vocab);
    model["merges"] = std::move(merges);
    return model;
}

inline nlohmann::ordered_json json_added_tokens(const Vocabulary& vocabulary) {
    std::vector<std::int32_t> ids;
    for (const auto& [id, name] : vocabulary.special_names) {
        ids.push_back(id);
    }
    std::sort(ids.begin(), ids.end());

    nlohmann::ordered_json added_tokens = nlohmann::ordered_json::array();
    for (const std::int32_t id : ids) {
        nlohmann::ordered_json added;
        added["id"] = id;
        added["content"] = vocabulary.special_names.at(id);
        added["single_word"] = false;
        added["lstrip"] = false;
        added["rstrip"] = false;
        added["normalized"] = false;
        added["special"] = true;
        added_tokens.push_back(std::move(added));
    }
    return added_tokens;
}

inline nlohmann::ordered_json json_byte_level() {
    nlohmann::ordered_json step;
    step["type"] = "ByteLevel";
    step["add_prefix_space"] = false;
    step["trim_offsets"] = false;
    step["use_regex"] = false;
    return step;
}

inline nlohmann::ordered_json json_pre_tokenizer() {
    nlohmann::ordered_json split;
    split["type"] = "Split";
    split["pattern"]["Regex"] = kSplitRegex;
    split["behavior"] = "Isolated";
    split["invert"] = false;

    nlohmann::ordered_json pre_tokenizer;
    pre_tokenizer["type"] = "Sequence";
    pre_tokenizer["pretokenizers"] = {split, json_byte_level()};
    return pre_tokenizer;
}

inline std::string tokenizer_json_text(const Vocabulary& vocabulary) {
    nlohmann::ordered_json document;
    document["version"] = "1.0";
    document["truncation"] = nullptr;
    document["padding"] = nullptr;
    document["added_tokens"] = json_added_tokens(vocabulary);
    document["normalizer"] = nullptr;
    document["pre_tokenizer"] = json_pre_tokenizer();
    document["post_processor"] = json_byte_level();
    document["decoder"] = json_byte_level();
    document["model"] = json_model(vocabulary);
    return document.dump(2) + "\n";
}

inline void write_tokenizer_json(const std::string& path, const Vocabulary& vocabulary) {
    format::write_text_file(path, tokenizer_json_text(vocabulary));
}

}  // namespace gptoss::tokenizer
