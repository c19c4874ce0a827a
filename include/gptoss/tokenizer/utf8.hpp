// UTF-8: whole texts of it, checked, or decided as far as the bytes of a stream go.
//
// A text to encode must be valid. Bytes that come out of a model need not be: a token may end
// inside a character, and nothing keeps a model from writing nonsense. Bad bytes become U+FFFD, one
// per maximal subpart; bytes that merely stop early are told apart, so a stream can wait for more.
//
// Where    split.hpp (valid text), tokenizer.hpp and streaming_decoder.hpp (a model's bytes).
// Source   The Unicode Standard 16.0, section 3.9, table 3-7 (well-formed sequences) and "U+FFFD
//          Substitution of Maximal Subparts".
// Pitfalls One character is read by core/utf8.hpp.
#pragma once
#include <cstddef>
#include <string>
#include <string_view>

#include "gptoss/core/check.hpp"
#include "gptoss/core/utf8.hpp"

namespace gptoss::tokenizer {

using gptoss::kReplacementPoint;
using gptoss::kReplacementUtf8;
using gptoss::read_utf8;
using gptoss::Utf8Char;
using gptoss::Utf8State;

inline void append_utf8(char32_t point, std::string& text) {
    if (point < 0x80) {
        text += char(point);
    } else if (point < 0x800) {
        text += char(0xC0 | point >> 6);
        text += char(0x80 | (point & 0x3F));
    } else if (point < 0x10000) {
        text += char(0xE0 | point >> 12);
        text += char(0x80 | (point >> 6 & 0x3F));
        text += char(0x80 | (point & 0x3F));
    } else {
        text += char(0xF0 | point >> 18);
        text += char(0x80 | (point >> 12 & 0x3F));
        text += char(0x80 | (point >> 6 & 0x3F));
        text += char(0x80 | (point & 0x3F));
    }
}

// encode: text is not valid UTF-8 at byte 17 (0xFF)
[[noreturn]] inline void throw_invalid_utf8(const char* op, std::string_view text, std::size_t at) {
    const char* digits = "0123456789ABCDEF";
    const unsigned byte = static_cast<unsigned char>(text[at]);
    throw Error(std::string(op) + ": text is not valid UTF-8 at byte " + std::to_string(at) +
                " (0x" + digits[byte >> 4] + digits[byte & 15] + ")");
}

// Bytes up to the first mistake, or all.
inline std::size_t valid_utf8_size(std::string_view text) {
    std::size_t at = 0;
    while (at < text.size()) {
        const Utf8Char c = read_utf8(text, at);
        if (c.state != Utf8State::valid) break;
        at += std::size_t(c.length);
    }
    return at;
}

inline void require_valid_utf8(const char* op, std::string_view text) {
    const std::size_t at = valid_utf8_size(text);
    if (at < text.size()) throw_invalid_utf8(op, text, at);
}

// Removes from the front of bytes, and returns, everything that later bytes cannot change; bad
// bytes are replaced. What stays behind is at most three bytes of an unfinished character.
inline std::string take_decided_utf8(std::string& bytes) {
    std::string text;
    std::size_t at = 0;
    while (at < bytes.size()) {
        const Utf8Char c = read_utf8(bytes, at);
        if (c.state == Utf8State::incomplete) break;
        if (c.state == Utf8State::valid) {
            text.append(bytes, at, std::size_t(c.length));
        } else {
            text += kReplacementUtf8;
        }
        at += std::size_t(c.length);
    }
    bytes.erase(0, at);
    return text;
}

inline std::string replace_invalid_utf8(std::string bytes) {
    std::string text = take_decided_utf8(bytes);
    if (!bytes.empty()) text += kReplacementUtf8;
    return text;
}

}  // namespace gptoss::tokenizer
