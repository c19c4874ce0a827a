// Split: cut a text into pieces that are tokenized on their own; merges never cross a cut.
//
// The rule is a regular expression of seven alternatives, tried in this order at each position:
//
//     1  [^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|...)?
//     2  [^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|...)?
//     3  \p{N}{1,3}
//     4   ?[^\s\p{L}\p{N}]+[\r\n/]*
//     5  \s*[\r\n]+
//     6  \s+(?!\S)
//     7  \s+
//
// where (?i:'s|...) is the contraction (?i:'s|'t|'re|'ve|'m|'ll|'d).
//
// How      A scanner written by hand: each alternative is a function from where a match begins to
//          where it ends, which returns its argument if there is no match. Nothing backtracks, so
//          time is linear and a line of a million letters is no danger.
// Where    Tokenizer::encode, before BPE. Every character falls into some piece.
// Source   official tokenizer: openai/tiktoken, tiktoken_ext/openai_public.py, o200k_base;
//          o200k_harmony uses the same pattern.
// Errors   Error with the byte offset if the text is not valid UTF-8.
// Pitfalls Caseless letters and marks are in the upper and in the lower run of a word, and marks
//          count as symbols too. A word takes one leading non-letter of any kind, not only a space.
//          A digit takes none. The apostrophe is U+0027 only. '/' belongs to the tail of 4.
#pragma once
#include <cstddef>
#include <string_view>
#include <vector>

#include "gptoss/tokenizer/unicode.hpp"
#include "gptoss/tokenizer/utf8.hpp"

namespace gptoss::tokenizer {

struct SplitChar {
    char32_t point;
    CharClass kind;
    std::size_t byte;  // offset in the text
};

// The text as characters, and after them one of class end, which is in no run: a loop over a run
// needs no check for the end of the text. Its byte is the text's size.
inline std::vector<SplitChar> read_split_chars(std::string_view text) {
    std::vector<SplitChar> chars;
    chars.reserve(text.size() + 1);
    std::size_t byte = 0;
    while (byte < text.size()) {
        const Utf8Char c = read_utf8(text, byte);
        if (c.state != Utf8State::valid) throw_invalid_utf8("encode", text, byte);
        chars.push_back({c.point, char_class(c.point), byte});
        byte += std::size_t(c.length);
    }
    chars.push_back({0, CharClass::end, text.size()});
    return chars;
}

// [\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]
inline bool in_upper_run(SplitChar c) {
    return c.kind == CharClass::upper || c.kind == CharClass::caseless || c.kind == CharClass::mark;
}

// [\p{Ll}\p{Lm}\p{Lo}\p{M}]
inline bool in_lower_run(SplitChar c) {
    return c.kind == CharClass::lower || c.kind == CharClass::caseless || c.kind == CharClass::mark;
}

inline bool is_newline(SplitChar c) {
    return c.point == U'\r' || c.point == U'\n';
}

// [^\r\n\p{L}\p{N}], what may stand before a word; marks, spaces and controls included.
inline bool is_word_prefix(SplitChar c) {
    if (is_newline(c)) return false;
    return c.kind == CharClass::mark || c.kind == CharClass::space || c.kind == CharClass::other;
}

// [^\s\p{L}\p{N}]
inline bool is_symbol(SplitChar c) {
    return c.kind == CharClass::mark || c.kind == CharClass::other;
}

// The upper run, then at least one of the lower run. The expression gives characters of the upper
// run back until a lower one follows; here the last place where it could stop is remembered.
inline std::size_t lower_word_end(const std::vector<SplitChar>& chars, std::size_t begin) {
    std::size_t end = begin;
    std::size_t at = begin;
    for (; in_upper_run(chars[at]); ++at) {
        if (in_lower_run(chars[at])) end = at + 1;
    }
    for (; in_lower_run(chars[at]); ++at) {
        end = at + 1;
    }
    return end;
}

// The upper run. Alternative 2 comes after 1 failed, so no character of its lower run can follow.
inline std::size_t upper_word_end(const std::vector<SplitChar>& chars, std::size_t begin) {
    std::size_t end = begin;
    while (in_upper_run(chars[end]))
        ++end;
    return end;
}

// One of s t m d re ve ll, ignoring case. U+017F, the long s, folds to s; nothing else does.
inline char32_t folded(SplitChar c) {
    if (c.point == U'\u017F') return U's';
    if (c.point >= U'A' && c.point <= U'Z') return c.point - U'A' + U'a';
    return c.point;
}

// An English contraction right after a word; what follows it does not matter.
inline std::size_t contraction_end(const std::vector<SplitChar>& chars, std::size_t begin) {
    if (chars[begin].point != U'\'') return begin;
    const char32_t first = folded(chars[begin + 1]);
    if (first == U's' || first == U't' || first == U'm' || first == U'd') return begin + 2;
    if (chars[begin + 1].kind == CharClass::end) return begin;
    const char32_t second = folded(chars[begin + 2]);
    if (first == U'r' && second == U'e') return begin + 3;
    if (first == U'v' && second == U'e') return begin + 3;
    if (first == U'l' && second == U'l') return begin + 3;
    return begin;
}

// Alternatives 1 and 2, each with its one leading non-letter and then without.
inline std::size_t word_end(const std::vector<SplitChar>& chars, std::size_t begin) {
    const std::size_t prefix = is_word_prefix(chars[begin]) ? 1 : 0;

    std::size_t end = lower_word_end(chars, begin + prefix);
    if (end == begin + prefix) end = lower_word_end(chars, begin);
    if (end > begin) return contraction_end(chars, end);

    end = upper_word_end(chars, begin + prefix);
    if (end == begin + prefix) end = begin;
    if (end > begin) return contraction_end(chars, end);
    return begin;
}

// Alternative 3: up to three digits, counted from the left.
inline std::size_t number_end(const std::vector<SplitChar>& chars, std::size_t begin) {
    std::size_t end = begin;
    while (end < begin + 3 && chars[end].kind == CharClass::number)
        ++end;
    return end;
}

// Alternative 4: an optional U+0020, symbols, then any mix of newlines and slashes.
inline std::size_t symbols_end(const std::vector<SplitChar>& chars, std::size_t begin) {
    const std::size_t first = chars[begin].point == U' ' ? begin + 1 : begin;
    std::size_t end = first;
    while (is_symbol(chars[end]))
        ++end;
    if (end == first) return begin;
    while (is_newline(chars[end]) || chars[end].point == U'/')
        ++end;
    return end;
}

// Alternatives 5 to 7: through the last newline of the run, or else the run without its last
// character (which may lead the next piece), or else what there is.
inline std::size_t whitespace_end(const std::vector<SplitChar>& chars, std::size_t begin) {
    std::size_t run_end = begin;
    std::size_t after_newline = begin;
    for (; chars[run_end].kind == CharClass::space; ++run_end) {
        if (is_newline(chars[run_end])) after_newline = run_end + 1;
    }
    if (after_newline > begin) return after_newline;
    if (chars[run_end].kind == CharClass::end) return run_end;
    if (run_end - begin >= 2) return run_end - 1;
    return run_end;
}

// The first alternative that matches, wins.
inline std::size_t piece_end(const std::vector<SplitChar>& chars, std::size_t begin) {
    std::size_t end = word_end(chars, begin);
    if (end == begin) end = number_end(chars, begin);
    if (end == begin) end = symbols_end(chars, begin);
    if (end == begin) end = whitespace_end(chars, begin);
    return end;
}

// The pieces, in order; together they are the text. They view its memory.
inline std::vector<std::string_view> split_pieces(std::string_view text) {
    const std::vector<SplitChar> chars = read_split_chars(text);  // n_chars + 1
    const std::size_t n_chars = chars.size() - 1;

    std::vector<std::string_view> pieces;
    std::size_t begin = 0;
    while (begin < n_chars) {
        const std::size_t end = piece_end(chars, begin);
        const std::size_t first_byte = chars[begin].byte;
        const std::size_t n_bytes = chars[end].byte - first_byte;
        pieces.push_back(text.substr(first_byte, n_bytes));
        begin = end;
    }
    return pieces;
}

}  // namespace gptoss::tokenizer
