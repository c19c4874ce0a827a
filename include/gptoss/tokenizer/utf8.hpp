// UTF-8: code points to bytes and back, strictly, with a name for each way it can go wrong.
//
//     0xxxxxxx | 110xxxxx 10xxxxxx | 1110xxxx 10xxxxxx 10xxxxxx | 11110xxx 10xxxxxx 10xxxxxx
//     10xxxxxx
//
// A text to encode must be valid. Bytes that come out of a model need not be: a token may end
// inside a character, and nothing keeps a model from writing nonsense. Bad bytes become U+FFFD, one
// per maximal subpart; bytes that merely stop early are told apart, so a stream can wait for more.
//
// Where    split.hpp (valid text), tokenizer.hpp and streaming_decoder.hpp (a model's bytes).
// Source   The Unicode Standard 16.0, section 3.9, table 3-7 (well-formed sequences) and "U+FFFD
//          Substitution of Maximal Subparts".
// Pitfalls The second byte has narrower bounds after E0, ED, F0 and F4: that is what forbids
//          overlong forms, surrogates and points beyond U+10FFFF. C0, C1 and F5..FF never occur.
#pragma once
#include <cstddef>
#include <string>
#include <string_view>

#include "gptoss/core/check.hpp"

namespace gptoss::tokenizer {

enum class Utf8State { valid, invalid, incomplete };

struct Utf8Char {
    char32_t point;   // U+FFFD unless valid
    int length;       // bytes read: the character, or the maximal subpart to be replaced
    Utf8State state;  // incomplete: so far so good, but the text ends inside the character
};

inline constexpr char32_t kReplacementPoint = 0xFFFD;
inline constexpr std::string_view kReplacementUtf8 = "\xEF\xBF\xBD";

// Reads the character that begins at text[at]; at < text.size().
inline Utf8Char read_utf8(std::string_view text, std::size_t at) {
    const unsigned lead = static_cast<unsigned char>(text[at]);
    if (lead < 0x80) return {char32_t(lead), 1, Utf8State::valid};

    int length = 0;
    if (lead >= 0xC2 && lead <= 0xDF) length = 2;
    if (lead >= 0xE0 && lead <= 0xEF) length = 3;
    if (lead >= 0xF0 && lead <= 0xF4) length = 4;
    if (length == 0) return {kReplacementPoint, 1, Utf8State::invalid};

    // The bounds of the second byte; every later byte has 80..BF.
    unsigned lowest = 0x80;
    unsigned highest = 0xBF;
    if (lead == 0xE0) lowest = 0xA0;   // below: overlong
    if (lead == 0xED) highest = 0x9F;  // above: surrogates
    if (lead == 0xF0) lowest = 0x90;   // below: overlong
    if (lead == 0xF4) highest = 0x8F;  // above: beyond U+10FFFF

    unsigned point = lead & (0x7Fu >> length);
    for (int k = 1; k < length; ++k) {
        if (at + std::size_t(k) == text.size()) {
            return {kReplacementPoint, k, Utf8State::incomplete};
        }
        const unsigned byte = static_cast<unsigned char>(text[at + std::size_t(k)]);
        if (byte < lowest || byte > highest) return {kReplacementPoint, k, Utf8State::invalid};
        point = point << 6 | (byte & 0x3F);
        lowest = 0x80;
        highest = 0xBF;
    }
    return {char32_t(point), length, Utf8State::valid};
}

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
