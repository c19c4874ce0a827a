// The rank file: one token per line, "base64 of its bytes, space, rank"; o200k_base has 199,998.
//
//     IQ== 0          the byte 21, "!"
//     aGVsbG8= 24912  "hello"
//
// Where    o200k_base.tiktoken, in data/ beside this header and in share/gptoss when installed. The
//          file knows no special tokens: they come from special_tokens.hpp, or from the caller.
// Source   official tokenizer: openai/tiktoken, tiktoken/load.py, load_tiktoken_bpe.
// Errors   Error naming file and line: base64 or rank that cannot be read, a rank twice, a gap, a
//          last line without its end (the file was cut short); and what make_vocabulary refuses.
// Pitfalls There is no list of merges; the rank is the id and the order of merging in one.
#pragma once
#include <array>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "gptoss/core/check.hpp"
#include "gptoss/format/json.hpp"
#include "gptoss/format/mapped_file.hpp"
#include "gptoss/tokenizer/special_tokens.hpp"
#include "gptoss/tokenizer/vocabulary.hpp"

namespace gptoss::tokenizer {

inline constexpr int kNotBase64 = -1;

constexpr std::array<std::int8_t, 256> make_base64_values() {
    constexpr char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    std::array<std::int8_t, 256> values{};
    for (std::int8_t& value : values) {
        value = kNotBase64;
    }
    for (int k = 0; k < 64; ++k) {
        values[std::size_t(alphabet[k])] = std::int8_t(k);
    }
    return values;
}

inline constexpr std::array<std::int8_t, 256> kBase64Values = make_base64_values();

// Standard base64 with padding: four characters are three bytes, "=" stands for a missing one.
// Returns false if the text is not base64.
inline bool decode_base64(std::string_view text, std::string& bytes) {
    bytes.clear();
    if (text.size() % 4 != 0) return false;
    std::size_t n_padding = 0;
    while (n_padding < 2 && n_padding < text.size() && text[text.size() - 1 - n_padding] == '=') {
        ++n_padding;
    }
    const std::size_t n_digits = text.size() - n_padding;

    unsigned bits = 0;
    int n_bits = 0;
    for (std::size_t k = 0; k < n_digits; ++k) {
        const int value = kBase64Values[static_cast<unsigned char>(text[k])];
        if (value == kNotBase64) return false;
        bits = bits << 6 | unsigned(value);
        n_bits += 6;
        if (n_bits >= 8) {
            n_bits -= 8;
            bytes += char(bits >> n_bits & 0xFF);
        }
    }
    const unsigned left_over = bits & ((1u << n_bits) - 1);
    return left_over == 0;
}

struct RankLine {
    std::string bytes;
    std::int64_t rank;
};

inline RankLine read_rank_line(std::string_view line, const std::string& path, int number) {
    const std::size_t space = line.find(' ');
    const std::string_view base64 = line.substr(0, space);
    const std::string_view digits = space < line.size() ? line.substr(space + 1) : "";

    RankLine entry{};
    if (!decode_base64(base64, entry.bytes)) {
        throw Error(path + ":" + std::to_string(number) + ": " +
                    format::quoted(std::string(base64)) + " is not base64");
    }
    const char* digits_end = digits.data() + digits.size();
    const auto [stop, status] = std::from_chars(digits.data(), digits_end, entry.rank);
    if (status != std::errc() || stop != digits_end || entry.rank < 0) {
        throw Error(path + ":" + std::to_string(number) + ": rank is " +
                    format::quoted(std::string(digits)) + ", expected a number");
    }
    return entry;
}

// The lines of the file in any order; empty ones are skipped.
inline std::vector<RankLine> read_rank_lines(const std::string& path) {
    const format::MappedFile file(path);
    const std::string_view content(reinterpret_cast<const char*>(file.bytes()), file.size());
    format::require_no_foreign_kind(path, content);
    if (content.back() != '\n') {
        throw Error(path + ": the last line has no end, the file is cut short");
    }

    std::vector<RankLine> lines;
    std::size_t begin = 0;
    for (int number = 1; begin < content.size(); ++number) {
        const std::size_t end = content.find('\n', begin);
        std::string_view line = content.substr(begin, end - begin);
        if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
        if (!line.empty()) lines.push_back(read_rank_line(line, path, number));
        begin = end + 1;
    }
    return lines;
}

inline Vocabulary load_tiktoken_file(const std::string& path,
                                     std::vector<SpecialToken> special_tokens) {
    std::vector<RankLine> lines = read_rank_lines(path);
    std::vector<std::string> tokens(lines.size());
    for (RankLine& line : lines) {
        if (line.rank >= std::int64_t(lines.size())) {
            throw Error(path + ": rank " + std::to_string(line.rank) + " in a file of " +
                        std::to_string(lines.size()) + " tokens, so a lower rank is missing");
        }
        std::string& token = tokens[std::size_t(line.rank)];
        if (!token.empty()) {
            throw Error(path + ": rank " + std::to_string(line.rank) + " is given twice");
        }
        token = std::move(line.bytes);
    }
    return make_vocabulary(std::move(tokens), std::move(special_tokens), path);
}

// The published vocabulary of gpt-oss, o200k_harmony.
inline Vocabulary load_tiktoken_file(const std::string& path) {
    return load_tiktoken_file(path, o200k_harmony_special_tokens());
}

}  // namespace gptoss::tokenizer
