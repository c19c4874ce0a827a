// Tokenizer: text to token ids and back.
//
//     encode   valid UTF-8 -> split into pieces -> BPE of each piece -> ids
//     decode   ids -> the bytes of each token, joined -> text
//
//     "Hello, World!"  ->  "Hello" "," " World" "!"  ->  13225 11 5922 0
//
// encode never returns a special token: "<|start|>" in a text is nine characters. Only
// encode_with_special reads names as tokens, and only those that the caller allows. So a user's
// message goes through encode, and a rendered prompt written by hand through the other.
//
// Where    first and last step of generation.
// Source   official tokenizer: openai/tiktoken, class Encoding: encode_ordinary, encode, decode.
// Errors   Error for invalid UTF-8 (with the byte offset), for an id that is not in the vocabulary,
//          for an allowed name that is no special token.
// Pitfalls A token is bytes, not text: decode ids together, or one by one through StreamingDecoder.
//          decode(encode(x)) is x, but encode(decode(ids)) need not be ids. No token is added in
//          front: Harmony has no beginning-of-sequence token.
#pragma once
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "gptoss/core/check.hpp"
#include "gptoss/tokenizer/bpe.hpp"
#include "gptoss/tokenizer/split.hpp"
#include "gptoss/tokenizer/utf8.hpp"
#include "gptoss/tokenizer/vocabulary.hpp"

namespace gptoss::tokenizer {

struct Tokenizer {
    Vocabulary vocabulary;

    // Plain text.
    std::vector<std::int32_t> encode(std::string_view text) const;

    // Text in which special tokens' names stand for the tokens: all of them, or those named.
    std::vector<std::int32_t> encode_with_special(std::string_view text) const;
    std::vector<std::int32_t> encode_with_special(std::string_view text,
                                                  const std::vector<std::string>& allowed) const;

    std::string decode(const std::vector<std::int32_t>& ids) const;        // bad bytes: U+FFFD
    std::string decode_utf8(const std::vector<std::int32_t>& ids) const;   // bad bytes: Error
    std::string decode_bytes(const std::vector<std::int32_t>& ids) const;  // as they are
};

inline void append_encoded(const Vocabulary& vocabulary, std::string_view text,
                           std::vector<std::int32_t>& ids) {
    for (const std::string_view piece : split_pieces(text)) {
        bpe_encode(vocabulary.ranks, piece, ids);
    }
}

inline std::vector<std::int32_t> Tokenizer::encode(std::string_view text) const {
    std::vector<std::int32_t> ids;
    append_encoded(vocabulary, text, ids);
    return ids;
}

struct SpecialMatch {
    std::size_t begin;
    std::size_t size;
    std::int32_t id;
};

// The first allowed name at or after from, the longest of several; names that are not allowed are
// text. If there is none: begin is the end of the text and size is 0.
inline SpecialMatch find_special(const Vocabulary& vocabulary, const SpecialIds& allowed,
                                 std::string_view text, std::size_t from) {
    const std::string& first_bytes = vocabulary.special_first_bytes;
    std::size_t begin = text.find_first_of(first_bytes, from);
    while (begin != std::string_view::npos) {
        for (const std::size_t size : vocabulary.special_lengths) {
            const std::string_view name = text.substr(begin, size);
            const auto found = allowed.find(name);
            if (found != allowed.end()) return {begin, name.size(), found->second};
        }
        begin = text.find_first_of(first_bytes, begin + 1);
    }
    return {text.size(), 0, 0};
}

// The text between special tokens is split on its own: no piece spans one.
inline std::vector<std::int32_t> encode_around_special(const Vocabulary& vocabulary,
                                                       const SpecialIds& allowed,
                                                       std::string_view text) {
    require_valid_utf8("encode", text);
    std::vector<std::int32_t> ids;
    std::size_t from = 0;
    while (true) {
        const SpecialMatch match = find_special(vocabulary, allowed, text, from);
        append_encoded(vocabulary, text.substr(from, match.begin - from), ids);
        if (match.size == 0) return ids;
        ids.push_back(match.id);
        from = match.begin + match.size;
    }
}

inline std::vector<std::int32_t> Tokenizer::encode_with_special(std::string_view text) const {
    return encode_around_special(vocabulary, vocabulary.special_ids, text);
}

inline std::vector<std::int32_t> Tokenizer::encode_with_special(
    std::string_view text, const std::vector<std::string>& allowed) const {
    SpecialIds allowed_ids;
    for (const std::string& name : allowed) {
        allowed_ids.emplace(name, special_id(vocabulary, name));
    }
    return encode_around_special(vocabulary, allowed_ids, text);
}

inline std::string Tokenizer::decode_bytes(const std::vector<std::int32_t>& ids) const {
    std::string bytes;
    for (const std::int32_t id : ids) {
        bytes += token_bytes(vocabulary, id);
    }
    return bytes;
}

inline std::string Tokenizer::decode(const std::vector<std::int32_t>& ids) const {
    return replace_invalid_utf8(decode_bytes(ids));
}

inline std::string Tokenizer::decode_utf8(const std::vector<std::int32_t>& ids) const {
    const std::string bytes = decode_bytes(ids);
    require_valid_utf8("decode", bytes);
    return bytes;
}

}  // namespace gptoss::tokenizer
