#include "gptoss/tokenizer/tiktoken_file.hpp"

#include <chrono>
#include <iostream>
#include <string>
#include <vector>

#include "catch.hpp"
#include "o200k.hpp"
#include "temp_folder.hpp"

using namespace gptoss;
using namespace gptoss::tokenizer;
using gptoss::test::kRankFile;

namespace {

std::string base64(const std::string& bytes) {
    const char* alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    std::string text;
    for (std::size_t k = 0; k < bytes.size(); k += 3) {
        unsigned bits = 0;
        for (std::size_t j = 0; j < 3; ++j) {
            const bool is_there = k + j < bytes.size();
            bits = bits << 8 | (is_there ? unsigned(static_cast<unsigned char>(bytes[k + j])) : 0u);
        }
        for (int digit = 3; digit >= 0; --digit) {
            text += alphabet[bits >> 6 * digit & 63];
        }
    }
    const std::size_t n_padding = (3 - bytes.size() % 3) % 3;
    return text.substr(0, text.size() - n_padding) + std::string(n_padding, '=');
}

// The 256 single bytes and "ab", one line each.
std::vector<std::string> toy_lines() {
    std::vector<std::string> lines;
    for (int byte = 0; byte < 256; ++byte) {
        lines.push_back(base64(std::string(1, char(byte))) + " " + std::to_string(byte));
    }
    lines.push_back(base64("ab") + " 256");
    return lines;
}

std::string joined(const std::vector<std::string>& lines) {
    std::string text;
    for (const std::string& line : lines) {
        text += line + "\n";
    }
    return text;
}

Vocabulary load_text(const std::string& text, std::vector<SpecialToken> special_tokens = {}) {
    const TempFolder folder;
    write_bytes(folder / "toy.tiktoken", text);
    return load_tiktoken_file((folder / "toy.tiktoken").string(), std::move(special_tokens));
}

std::string decoded(const std::string& text) {
    std::string bytes;
    return decode_base64(text, bytes) ? bytes : "not base64";
}

}  // namespace

TEST_CASE("tiktoken_file: base64 by hand", "[tiktoken_file]") {
    CHECK(decoded("IQ==") == "!");  // 001000 01|0000: 00100001
    CHECK(decoded("IEE=") == " A");
    CHECK(decoded("YWJj") == "abc");
    CHECK(decoded("+/+/") == "\xFB\xFF\xBF");
    CHECK(decoded("") == "");
    CHECK(decoded("aGVsbG8=") == "hello");
}

TEST_CASE("tiktoken_file: what is not base64", "[tiktoken_file]") {
    for (const char* text : {"I", "IQ", "IQ=", "I===", "====", "IQ=a",
                             "I Q=", "IR==", "IEF=", "-_-_", "IQ==IQ==", "\xC3\xA9==", "YWJjZ"}) {
        CAPTURE(text);
        CHECK(decoded(text) == "not base64");
    }
}

TEST_CASE("tiktoken_file: a toy file", "[tiktoken_file]") {
    const Vocabulary vocabulary = load_text(joined(toy_lines()), {{257, "<|start|>"}});
    CHECK(vocabulary.tokens.size() == 257);
    CHECK(vocabulary.tokens[256] == "ab");
    CHECK(vocabulary.tokens[0] == std::string(1, '\0'));
    CHECK(special_id(vocabulary, "<|start|>") == 257);
}

TEST_CASE("tiktoken_file: empty lines, CR LF and any order are read", "[tiktoken_file]") {
    std::vector<std::string> lines = toy_lines();
    std::swap(lines[3], lines[200]);
    lines[7] += "\r";
    lines[9] += "\n";
    CHECK(load_text(joined(lines)).tokens[3] == "\x03");
}

TEST_CASE("tiktoken_file: the published file loads quickly", "[tiktoken_file]") {
    const auto start = std::chrono::steady_clock::now();
    const Vocabulary vocabulary = load_tiktoken_file(kRankFile);
    const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
    std::cout << "tiktoken_file: o200k_base took " << seconds.count() << " s" << std::endl;
    CHECK(vocabulary.tokens.size() == 199998);
    CHECK(vocabulary.tokens[24912] == "hello");
    CHECK(seconds.count() < 20.0);  // measured: 0.05 s at -O2; the bound allows for sanitizers
}

TEST_CASE("tiktoken_file: damaged lines are named by number", "[tiktoken_file][errors]") {
    const auto with_line = [](std::size_t number, const std::string& line) {
        std::vector<std::string> lines = toy_lines();
        lines[number - 1] = line;
        return joined(lines);
    };
    CHECK_THROWS_WITH(load_text(with_line(3, "A?== 2")),
                      ContainsSubstring("toy.tiktoken:3: \"A?==\" is not base64"));
    CHECK_THROWS_WITH(load_text(with_line(3, "Ag 2")),
                      ContainsSubstring("toy.tiktoken:3: \"Ag\" is not base64"));
    CHECK_THROWS_WITH(load_text(with_line(3, "Ag==")),
                      ContainsSubstring("toy.tiktoken:3: rank is \"\", expected a number"));
    CHECK_THROWS_WITH(load_text(with_line(3, "Ag== two")),
                      ContainsSubstring("toy.tiktoken:3: rank is \"two\", expected a number"));
    CHECK_THROWS_WITH(load_text(with_line(3, "Ag== -2")),
                      ContainsSubstring("toy.tiktoken:3: rank is \"-2\", expected a number"));
    CHECK_THROWS_WITH(load_text(with_line(3, "Ag== 2 ")),
                      ContainsSubstring("toy.tiktoken:3: rank is \"2 \", expected a number"));
    CHECK_THROWS_WITH(load_text(with_line(3, "Ag== 99999999999999999999")),
                      ContainsSubstring("toy.tiktoken:3: rank is"));
    CHECK_THROWS_WITH(load_text(with_line(3, " 2")), ContainsSubstring("token 2 has no bytes"));
}

TEST_CASE("tiktoken_file: ranks given twice, gaps and missing bytes", "[tiktoken_file][errors]") {
    std::vector<std::string> lines = toy_lines();
    lines[256] = base64("ab") + " 255";
    CHECK_THROWS_WITH(load_text(joined(lines)), ContainsSubstring("rank 255 is given twice"));
    lines[256] = base64("ab") + " 257";
    CHECK_THROWS_WITH(load_text(joined(lines)),
                      ContainsSubstring("rank 257 in a file of 257 tokens, so a lower rank is "
                                        "missing"));
    lines[256] = base64("a") + " 256";
    CHECK_THROWS_WITH(load_text(joined(lines)),
                      ContainsSubstring("tokens 97 and 256 have the same bytes"));
    lines = toy_lines();
    lines[65] = base64("cd") + " 65";
    CHECK_THROWS_WITH(load_text(joined(lines)),
                      ContainsSubstring("no token for the single byte 65"));
}

TEST_CASE("tiktoken_file: a file cut short is noticed wherever the cut is",
          "[tiktoken_file][errors]") {
    const std::string whole = joined(toy_lines());
    const std::vector<SpecialToken> special_tokens = {{257, "<|start|>"}};
    CHECK_NOTHROW(load_text(whole, special_tokens));
    for (std::size_t size = 1; size < whole.size(); size += 7) {
        CHECK_THROWS_AS(load_text(whole.substr(0, size), special_tokens), Error);
    }
    const std::size_t last_line = whole.size() - toy_lines().back().size() - 1;
    CHECK_THROWS_WITH(load_text(whole.substr(0, last_line), special_tokens),
                      ContainsSubstring("256 ranks, expected 257 (the id of \"<|start|>\")"));
    CHECK_THROWS_WITH(load_text(whole.substr(0, whole.size() - 1), special_tokens),
                      ContainsSubstring("the last line has no end, the file is cut short"));
    CHECK_THROWS_WITH(load_text(""), ContainsSubstring("is empty"));
}

TEST_CASE("tiktoken_file: a missing file and a directory", "[tiktoken_file][errors]") {
    const TempFolder folder;
    CHECK_THROWS_WITH(load_tiktoken_file((folder / "none").string()),
                      ContainsSubstring("none: cannot be opened"));
    CHECK_THROWS_AS(load_tiktoken_file(folder.path.string()), Error);
}
