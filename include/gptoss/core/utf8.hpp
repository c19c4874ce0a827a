// UTF-8: one character read, strictly, with a name for each way it can go wrong.
//
//     0xxxxxxx | 110xxxxx 10xxxxxx | 1110xxxx 10xxxxxx 10xxxxxx | 11110xxx 10xxxxxx 10xxxxxx
//     10xxxxxx
//
// Where    printable.hpp; texts and streams of it are tokenizer/utf8.hpp.
// Source   The Unicode Standard 16.0, section 3.9, table 3-7 (well-formed sequences) and "U+FFFD
//          Substitution of Maximal Subparts".
// Pitfalls The second byte has narrower bounds after E0, ED, F0 and F4: that is what forbids
//          overlong forms, surrogates and points beyond U+10FFFF. C0, C1 and F5..FF never occur.
#pragma once
#include <cstddef>
#include <string_view>

namespace gptoss {

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

}  // namespace gptoss
