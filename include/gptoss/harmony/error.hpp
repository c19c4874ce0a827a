// Errors of parsing, in exactly the words of openai-harmony, which is written in Rust.
//
//     unexpected tokens remaining in message header: Some("a \"word\"")
//     Could not decode tokens: Invalid utf-8 sequence: incomplete utf-8 byte sequence from index 4
//
// Where    harmony/header.hpp and harmony/parse.hpp throw them; StreamableParser hands them out as
//          values.
// Source   openai-harmony 0.0.8, src/encoding.rs and src/tiktoken.rs; Rust's Debug of str and Display
//          of Utf8Error.
// Pitfalls Rust escapes every character that combines or cannot be seen, by a table of its Unicode
//          version; here only the blocks that occur are escaped.
#pragma once
#include <cstdint>
#include <cstdio>
#include <string>
#include <string_view>
#include <vector>

#include "gptoss/core/check.hpp"
#include "gptoss/tokenizer/tokenizer.hpp"
#include "gptoss/tokenizer/unicode.hpp"
#include "gptoss/tokenizer/utf8.hpp"

namespace gptoss::harmony {

// What a model wrote is not Harmony. words are those of the original, whatever the model put into
// them; what() is fit to be shown.
struct HarmonyError : Error {
    std::string words;
    explicit HarmonyError(const std::string& text) : Error(text), words(text) {}
};

// Rust shows these as numbers.
inline bool is_escaped_in_rust(char32_t point) {
    const bool is_control = point < 0x20 || (point >= 0x7F && point < 0xA0);
    const bool is_combining = point >= 0x300 && point < 0x370;
    const bool is_zero_width = point >= 0x200B && point < 0x2010;
    const bool is_blank =
        tokenizer::char_class(point) == tokenizer::CharClass::space && point != ' ';
    return is_control || is_combining || is_zero_width || is_blank || point == 0xFEFF;
}

// A string as Rust prints it for programmers: "a \"word\" and \u{b}".
inline std::string rust_quoted(std::string_view text) {
    std::string quoted_text = "\"";
    for (std::size_t at = 0; at < text.size();) {
        const tokenizer::Utf8Char c = tokenizer::read_utf8(text, at);
        const std::string_view letter = text.substr(at, std::size_t(c.length));
        at += std::size_t(c.length);
        if (c.point == 0) {
            quoted_text += "\\0";
        } else if (c.point == '"' || c.point == '\\') {
            quoted_text += '\\';
            quoted_text += letter;
        } else if (is_escaped_in_rust(c.point)) {
            char escaped[16];
            std::snprintf(escaped, sizeof escaped, "\\u{%x}", unsigned(c.point));
            quoted_text += escaped;
        } else {
            quoted_text += letter;
        }
    }
    return quoted_text + "\"";
}

// The words of Rust's Utf8Error.
inline std::string utf8_error_text(std::string_view bytes) {
    const std::size_t at = tokenizer::valid_utf8_size(bytes);
    const tokenizer::Utf8Char bad = tokenizer::read_utf8(bytes, at);
    const std::string place = " from index " + std::to_string(at);
    if (bad.state == tokenizer::Utf8State::incomplete)
        return "incomplete utf-8 byte sequence" + place;
    return "invalid utf-8 sequence of " + std::to_string(bad.length) + " bytes" + place;
}

// The text of a header; special tokens stand in it with their names.
inline std::string decode_header(const tokenizer::Tokenizer& tokenizer,
                                 const std::vector<std::int32_t>& ids) {
    const std::string what = "Could not decode tokens: ";
    for (const std::int32_t id : ids) {
        if (tokenizer::is_token(tokenizer.vocabulary, id)) continue;
        throw HarmonyError(
            what + "Invalid token error: Invalid token for decoding: " + std::to_string(id));
    }
    const std::string bytes = tokenizer.decode_bytes(ids);
    if (tokenizer::valid_utf8_size(bytes) == bytes.size()) return bytes;
    throw HarmonyError(what + "Invalid utf-8 sequence: " + utf8_error_text(bytes));
}

// Ordinary tokens may spell a marker. Read as one, it would be the control token when the message is
// rendered again: the one way from a model's text to a token that text must never become.
inline void refuse_spelled_markers(const tokenizer::Tokenizer& tokenizer,
                                   const std::vector<std::int32_t>& ids) {
    std::string text;  // of ordinary tokens; a line feed, which no marker has, for a control token
    for (const std::int32_t id : ids) {
        const bool is_special = tokenizer::is_special_token(tokenizer.vocabulary, id);
        text += is_special ? "\n" : tokenizer::token_bytes(tokenizer.vocabulary, id);
    }
    for (const std::string_view marker : {"<|channel|>", "<|constrain|>"}) {
        if (text.find(marker) == std::string::npos) continue;
        throw HarmonyError("header spells " + std::string(marker) + " in ordinary tokens");
    }
}

}  // namespace gptoss::harmony
