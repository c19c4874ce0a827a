// Text from outside made fit to be shown: what a terminal or a page would obey, or could not decode,
// becomes U+FFFD.
//
//     printable(text)     of any length, lines and tabs kept
//     error_text(text)    lines of at most 300 characters; "\n" escaped, but for the lines of a list
//
//     replaced            why
//     bytes, not UTF-8    nobody can say what they mean
//     C0, DEL, C1         a terminal obeys them
//     bidi controls       they show a text in another order than it is in
//     U+2028, U+2029      a line break that no line feed announces
//
// Where    every Error (check.hpp); the tool's output to a terminal, and its pages.
// Source   The Unicode Standard 16.0, section 23.1 (control codes); Unicode Standard Annex 9, table 2
//          (bidi formatting characters).
#pragma once
#include <cstddef>
#include <string>
#include <string_view>

#include "gptoss/core/utf8.hpp"

namespace gptoss {

inline constexpr std::size_t kMostErrorCharacters = 300;

// A character that is shown for what it is.
inline bool is_printable(char32_t point) {
    const bool is_control = point < 0x20 || (point >= 0x7F && point < 0xA0);
    const bool is_mark = point == 0x061C || point == 0x200E || point == 0x200F;
    const bool is_break_or_embedding = point >= 0x2028 && point <= 0x202E;
    const bool is_isolate = point >= 0x2066 && point <= 0x2069;
    return !is_control && !is_mark && !is_break_or_embedding && !is_isolate;
}

inline std::string printable(std::string_view text) {
    std::string shown;
    shown.reserve(text.size());
    for (std::size_t at = 0; at < text.size();) {
        const Utf8Char c = read_utf8(text, at);
        const bool is_layout = c.point == '\n' || c.point == '\t';
        const bool is_shown = c.state == Utf8State::valid && (is_layout || is_printable(c.point));
        shown += is_shown ? text.substr(at, std::size_t(c.length)) : kReplacementUtf8;
        at += std::size_t(c.length);
    }
    return shown;
}

inline bool begins_a_character(char byte) {
    return (static_cast<unsigned char>(byte) & 0xC0) != 0x80;
}

// The first and the last characters of valid UTF-8: a name stands in front, what was expected behind.
inline std::string cut_in_the_middle(const std::string& line, std::size_t most) {
    std::size_t n_characters = 0;
    for (const char byte : line)
        n_characters += begins_a_character(byte);
    if (n_characters <= most) return line;
    const std::string_view gap = " ... ";
    const std::size_t n_front = (most - gap.size()) / 2;
    const std::size_t first_behind = n_characters - (most - gap.size() - n_front);
    std::string cut;
    std::size_t n_seen = 0;  // characters that have begun
    for (const char byte : line) {
        n_seen += begins_a_character(byte);
        if (n_seen == n_front + 1 && begins_a_character(byte)) cut += gap;
        if (n_seen <= n_front || n_seen > first_behind) cut += byte;
    }
    return cut;
}

// A line feed stays where two spaces follow: so are the lines of a list set off.
inline std::string error_text(std::string_view text) {
    std::string lines;
    std::string line;
    for (std::size_t at = 0; at < text.size(); ++at) {
        const bool is_feed = text[at] == '\n';
        if (is_feed && text.substr(at + 1).starts_with("  ")) {
            lines += cut_in_the_middle(printable(line), kMostErrorCharacters) + "\n";
            line.clear();
        } else if (is_feed) {
            line += "\\n";
        } else {
            line += text[at];
        }
    }
    return lines + cut_in_the_middle(printable(line), kMostErrorCharacters);
}

}  // namespace gptoss
