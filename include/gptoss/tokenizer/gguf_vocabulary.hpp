// The vocabulary of a GGUF file.
//
//     tokenizer.ggml.model        "gpt2": byte pairs, spelled in byte_alphabet.hpp
//     tokenizer.ggml.pre          "gpt-4o": the split rule of split.hpp
//     tokenizer.ggml.tokens       by id
//     tokenizer.ggml.token_type   1 text, 3 and 4 special, 5 unused
//     tokenizer.ggml.merges       not read: the ids are the order of merging
//
// Source   llama.cpp: llama_vocab::impl::load, conversion/base.py (get_vocab_base, _set_vocab_gpt2).
// Errors   Error naming file and key; and what make_vocabulary refuses.
// Pitfalls llama.cpp's converter writes ids without a name as "[PAD200013]" and calls them unused: they
//          get their reserved names here, as in tokenizer_json.hpp.
#pragma once
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "gptoss/core/check.hpp"
#include "gptoss/format/gguf.hpp"
#include "gptoss/tokenizer/byte_alphabet.hpp"
#include "gptoss/tokenizer/special_tokens.hpp"
#include "gptoss/tokenizer/vocabulary.hpp"

namespace gptoss::tokenizer {

enum class GgufTokenType { text = 1, unknown = 2, control = 3, user_defined = 4, unused = 5 };

inline const format::GgufValue& gguf_key(const format::Gguf& file, const std::string& key) {
    const auto found = file.keys.find(key);
    if (found == file.keys.end()) throw Error(file.path + ": has no " + key);
    return found->second;
}

inline void require_gguf_text(const format::Gguf& file, const std::string& key,
                              const std::string& expected) {
    const std::string got = format::gguf_text(file.path, key, gguf_key(file, key));
    if (got == expected) return;
    throw Error(file.path + ": " + key + " is " + format::quoted(got) + ", expected " +
                format::quoted(expected));
}

inline std::string bytes_of_spelled(const format::Gguf& file, std::string_view spelled,
                                    std::size_t id) {
    std::string bytes;
    if (from_byte_alphabet(std::string(spelled), bytes)) return bytes;
    throw Error(file.path + ": tokenizer.ggml.tokens has " + format::quoted(std::string(spelled)) +
                " for id " + std::to_string(id) + ", a character of which stands for no byte");
}

inline Vocabulary gguf_vocabulary(const format::Gguf& file) {
    require_gguf_text(file, "tokenizer.ggml.model", "gpt2");
    require_gguf_text(file, "tokenizer.ggml.pre", "gpt-4o");
    const std::string tokens_key = "tokenizer.ggml.tokens";
    const std::string types_key = "tokenizer.ggml.token_type";
    const auto spelled = format::gguf_texts(file.path, tokens_key, gguf_key(file, tokens_key));
    const auto types = format::gguf_integers(file.path, types_key, gguf_key(file, types_key));
    if (types.size() != spelled.size()) {
        throw Error(file.path + ": " + types_key + " has " + std::to_string(types.size()) +
                    " entries, expected " + std::to_string(spelled.size()) + " (tokens)");
    }
    std::vector<std::string> tokens;
    std::vector<SpecialToken> special_tokens;
    for (std::size_t id = 0; id < spelled.size(); ++id) {
        const auto type = GgufTokenType(types[id]);
        const bool is_special =
            type == GgufTokenType::control || type == GgufTokenType::user_defined;
        if (type == GgufTokenType::text && tokens.size() == id) {
            tokens.push_back(bytes_of_spelled(file, spelled[id], id));
        } else if (is_special) {
            special_tokens.push_back({std::int32_t(id), std::string(spelled[id])});
        } else if (type != GgufTokenType::unused) {
            throw Error(file.path + ": " + types_key + " of id " + std::to_string(id) + " is " +
                        std::to_string(types[id]) + ", expected " +
                        (type == GgufTokenType::text ? "3, 4 or 5 behind the first special token"
                                                     : "1, 3, 4 or 5"));
        }
    }
    if (tokens.size() == std::size_t(kO200kRanks)) add_reserved_tokens(special_tokens);
    return make_vocabulary(std::move(tokens), std::move(special_tokens), file.path);
}

}  // namespace gptoss::tokenizer
