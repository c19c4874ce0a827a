// Byte alphabet: bytes written as printable characters, the way tokenizer.json spells tokens.
//
//     byte                          character
//     21..7E, A1..AC, AE..FF        the code point of the same number
//     the other 68, ascending       U+0100, U+0101, ...: 00 -> U+0100, 20 (space) -> U+0120 "Ġ"
//
// So " hello" stands in the file as "Ġhello", and a newline as "Ċ". It is an alphabet for files:
// the text itself is never passed through it.
//
// Where    tokenizer_json.hpp.
// Source   openai/gpt-2, src/encoder.py, bytes_to_unicode.
// Pitfalls A character of the alphabet above U+007F takes two bytes of UTF-8 for one byte of token.
#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "gptoss/tokenizer/utf8.hpp"

namespace gptoss::tokenizer {

inline constexpr int kAlphabetPoints = 256 + 68;  // no character of the alphabet is beyond

constexpr bool is_printed_as_itself(int byte) {
    return (byte >= 0x21 && byte <= 0x7E) || (byte >= 0xA1 && byte <= 0xAC) || byte >= 0xAE;
}

struct ByteAlphabet {
    std::array<char32_t, 256> point_of_byte{};
    std::array<int, kAlphabetPoints> byte_of_point{};  // -1: not in the alphabet
};

constexpr ByteAlphabet make_byte_alphabet() {
    ByteAlphabet alphabet;
    for (int& byte : alphabet.byte_of_point) {
        byte = -1;
    }
    char32_t next_point = 0x100;
    for (int byte = 0; byte < 256; ++byte) {
        const char32_t point = is_printed_as_itself(byte) ? char32_t(byte) : next_point++;
        alphabet.point_of_byte[std::size_t(byte)] = point;
        alphabet.byte_of_point[std::size_t(point)] = byte;
    }
    return alphabet;
}

inline constexpr ByteAlphabet kByteAlphabet = make_byte_alphabet();

inline std::string to_byte_alphabet(std::string_view bytes) {
    std::string text;
    for (const char byte : bytes) {
        append_utf8(kByteAlphabet.point_of_byte[static_cast<unsigned char>(byte)], text);
    }
    return text;
}

// Returns false if a character is not of the alphabet.
inline bool from_byte_alphabet(std::string_view text, std::string& bytes) {
    bytes.clear();
    std::size_t at = 0;
    while (at < text.size()) {
        const Utf8Char c = read_utf8(text, at);
        if (c.point >= char32_t(kAlphabetPoints)) return false;
        const int byte = kByteAlphabet.byte_of_point[std::size_t(c.point)];
        if (byte < 0) return false;
        bytes += char(byte);
        at += std::size_t(c.length);
    }
    return true;
}

}  // namespace gptoss::tokenizer
