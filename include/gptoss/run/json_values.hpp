// JSON values: strings and numbers as byte patterns.
//
// Each goes on from a state and returns where the value ends. Strings are valid UTF-8 without control
// characters; integers and both parts of a number have 15 digits at most, which a double holds.
//
// Where    json_pattern.hpp.
// Source   RFC 8259, sections 6 and 7; RFC 3629, section 4 (UTF-8).
// Pitfalls Escapes \uD800 to \uDFFF are left out: half of a pair is no character.
#pragma once
#include <string>
#include <utility>

#include "gptoss/run/byte_pattern.hpp"

namespace gptoss {

inline constexpr int kNoLimit = -1;
inline constexpr int kMostDigits = 15;

// A first byte of [a, b], a second of [c, d], and n_more of 80 to BF.
inline void add_utf8(BytePattern& pattern, int from, int a, int b, int c, int d, int n_more,
                     int to) {
    int last = pattern.byte(from, std::uint8_t(a), std::uint8_t(b));
    std::uint8_t first_byte = std::uint8_t(c), last_byte = std::uint8_t(d);
    for (; n_more > 0; --n_more) {
        last = pattern.byte(last, first_byte, last_byte);
        first_byte = 0x80;
        last_byte = 0xBF;
    }
    pattern.add_edge(last, first_byte, last_byte, to);
}

inline void add_hex_digit(BytePattern& pattern, int from, int to) {
    pattern.add_edge(from, '0', '9', to);
    pattern.add_edge(from, 'a', 'f', to);
}

// Behind a backslash.
inline void add_escapes(BytePattern& pattern, int backslash, int to) {
    for (const char escaped : std::string("\"\\/bfnrt")) {
        pattern.add_edge(backslash, std::uint8_t(escaped), std::uint8_t(escaped), to);
    }
    const int u = pattern.text(backslash, "u");
    const int second = pattern.new_state();
    const int third = pattern.new_state();
    const int fourth = pattern.new_state();
    pattern.add_edge(u, '0', '9', second);
    pattern.add_edge(u, 'a', 'c', second);
    pattern.add_edge(u, 'e', 'f', second);
    add_hex_digit(pattern, second, third);
    pattern.add_edge(pattern.text(u, "d"), '0', '7', third);
    add_hex_digit(pattern, third, fourth);
    add_hex_digit(pattern, fourth, to);
}

// One character of a string.
inline int json_character(BytePattern& pattern, int from) {
    const int to = pattern.new_state();
    pattern.add_edge(from, 0x20, 0x21, to);  // all but the quote,
    pattern.add_edge(from, 0x23, 0x5B, to);
    pattern.add_edge(from, 0x5D, 0x7F, to);  // and the backslash
    add_utf8(pattern, from, 0xC2, 0xDF, 0x80, 0xBF, 0, to);
    add_utf8(pattern, from, 0xE0, 0xE0, 0xA0, 0xBF, 1, to);
    add_utf8(pattern, from, 0xE1, 0xEC, 0x80, 0xBF, 1, to);
    add_utf8(pattern, from, 0xED, 0xED, 0x80, 0x9F, 1, to);
    add_utf8(pattern, from, 0xEE, 0xEF, 0x80, 0xBF, 1, to);
    add_utf8(pattern, from, 0xF0, 0xF0, 0x90, 0xBF, 2, to);
    add_utf8(pattern, from, 0xF1, 0xF3, 0x80, 0xBF, 2, to);
    add_utf8(pattern, from, 0xF4, 0xF4, 0x80, 0x8F, 2, to);
    add_escapes(pattern, pattern.text(from, "\\"), to);
    return to;
}

// Of so many characters at most.
inline int json_string(BytePattern& pattern, int from, int most) {
    int last = pattern.text(from, "\"");
    const int end = pattern.new_state();
    pattern.add_edge(last, '"', '"', end);
    if (most == kNoLimit) {
        pattern.add_jump(json_character(pattern, last), last);
        return end;
    }
    for (int n = 0; n < most; ++n) {
        last = json_character(pattern, last);
        pattern.add_edge(last, '"', '"', end);
    }
    return end;
}

inline int digits(BytePattern& pattern, int from, int least, int most) {
    const int end = pattern.new_state();
    for (int n = 0; n <= most; ++n) {
        if (n >= least) pattern.add_jump(from, end);
        if (n < most) from = pattern.byte(from, '0', '9');
    }
    return end;
}

inline int json_integer(BytePattern& pattern, int from) {
    const int begin = pattern.text(from, "-");
    pattern.add_jump(from, begin);
    const int end = digits(pattern, pattern.byte(begin, '1', '9'), 0, kMostDigits - 1);
    pattern.add_jump(pattern.text(begin, "0"), end);
    return end;
}

inline int json_number(BytePattern& pattern, int from) {
    const int whole = json_integer(pattern, from);
    const int fraction = digits(pattern, pattern.text(whole, "."), 1, kMostDigits);
    pattern.add_jump(whole, fraction);
    const int e = pattern.text(fraction, "e");
    const int sign = pattern.text(e, "-");
    pattern.add_jump(e, sign);
    const int end = digits(pattern, sign, 1, 2);
    pattern.add_jump(fraction, end);
    return end;
}

}  // namespace gptoss
