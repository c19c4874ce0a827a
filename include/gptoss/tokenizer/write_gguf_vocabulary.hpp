// The keys of a GGUF file that say a vocabulary (tokenizer/gguf_vocabulary.hpp reads them back).
//
// llama.cpp merges by pairs instead of ranks, so merges lists what write_tokenizer_json.hpp lists.
//
// Source   llama.cpp: conversion/base.py (_set_vocab_gpt2), gguf-py/gguf/vocab.py (merges).
// Errors   none.
// Pitfalls An id with two names is written with its first. An id without a token is "[PAD1034]", unused.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "gptoss/format/gguf_writer.hpp"
#include "gptoss/tokenizer/gguf_vocabulary.hpp"
#include "gptoss/tokenizer/write_tokenizer_json.hpp"

namespace gptoss::tokenizer {

// vocab_size: the rows of the embedding, which may be more than there are tokens.
inline void add_gguf_vocabulary(format::GgufKeyList& keys, const Vocabulary& vocabulary,
                                int vocab_size) {
    std::vector<std::string> tokens, merges;
    std::vector<std::int32_t> types;
    for (const std::string& token : vocabulary.tokens) {
        tokens.push_back(to_byte_alphabet(token));
        types.push_back(std::int32_t(GgufTokenType::text));
    }
    for (const std::string& token : vocabulary.tokens) {
        for (const auto& [left, right] : cuts_of_token(vocabulary, token)) {
            merges.push_back(tokens[std::size_t(left)] + " " + tokens[std::size_t(right)]);
        }
    }
    for (int id = int(tokens.size()); id < vocab_size; ++id) {
        const bool is_special = is_special_token(vocabulary, id);
        const std::string name = is_special ? std::string(vocabulary.special_names.at(id))
                                            : "[PAD" + std::to_string(id) + "]";
        tokens.push_back(name);
        types.push_back(std::int32_t(is_special ? GgufTokenType::control : GgufTokenType::unused));
    }
    keys.add_text("tokenizer.ggml.model", "gpt2");
    keys.add_text("tokenizer.ggml.pre", "gpt-4o");
    keys.add_texts("tokenizer.ggml.tokens", tokens);
    keys.add_integers("tokenizer.ggml.token_type", types);
    keys.add_texts("tokenizer.ggml.merges", merges);
}

}  // namespace gptoss::tokenizer
