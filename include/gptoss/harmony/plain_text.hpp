// Lines and words of plain text: cutting it up and joining the parts.
//
//     lines_of("a\r\n\nb\n")   ->  "a" "" "b"        words_of(" to=f  json")  ->  "to=f" "json"
//     trimmed("\u00A0 a b ")   ->  "a b"            joined({"a", "b"}, " | ")  ->  "a | b"
//
// Where    the tools section, schemas and headers of Harmony.
// Source   Rust's str::lines, str::trim and str::split_ascii_whitespace, which openai-harmony uses.
// Errors   none; the text is valid UTF-8.
// Pitfalls There are two kinds of whitespace here. trimmed removes Unicode's 25 characters; words end
//          at five ASCII ones, without U+000B. A CR ends a line only together with the LF behind it.
#pragma once
#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "gptoss/tokenizer/unicode.hpp"
#include "gptoss/tokenizer/utf8.hpp"

namespace gptoss::harmony {

inline std::string joined(const std::vector<std::string>& parts, const std::string& separator) {
    std::string text;
    for (std::size_t k = 0; k < parts.size(); ++k) {
        text += (k > 0 ? separator : "") + parts[k];
    }
    return text;
}

// Lines end with LF or CR LF; text that ends with one has no empty line behind it.
inline std::vector<std::string> lines_of(std::string_view text) {
    std::vector<std::string> lines;
    while (!text.empty()) {
        const std::size_t end = text.find('\n');
        const bool has_line_feed = end != std::string_view::npos;
        std::string_view line = text.substr(0, end);
        text.remove_prefix(has_line_feed ? end + 1 : text.size());
        if (has_line_feed && line.ends_with('\r')) line.remove_suffix(1);
        lines.push_back(std::string(line));
    }
    return lines;
}

inline bool is_space_at(std::string_view text, std::size_t at) {
    return tokenizer::char_class(tokenizer::read_utf8(text, at).point) ==
           tokenizer::CharClass::space;
}

// Without whitespace at either end.
inline std::string_view trimmed(std::string_view text) {
    std::size_t begin = text.size();
    std::size_t end = 0;
    for (std::size_t at = 0; at < text.size();
         at += std::size_t(tokenizer::read_utf8(text, at).length)) {
        if (is_space_at(text, at)) continue;
        begin = std::min(begin, at);
        end = at + std::size_t(tokenizer::read_utf8(text, at).length);
    }
    return begin < end ? text.substr(begin, end - begin) : std::string_view();
}

inline std::vector<std::string> words_of(std::string_view text) {
    const std::string_view separators = " \t\n\f\r";
    std::vector<std::string> words;
    std::size_t begin = text.find_first_not_of(separators);
    while (begin != std::string_view::npos) {
        const std::size_t end = std::min(text.find_first_of(separators, begin), text.size());
        words.push_back(std::string(text.substr(begin, end - begin)));
        begin = text.find_first_not_of(separators, end);
    }
    return words;
}

}  // namespace gptoss::harmony
