// The published vocabulary and the published vectors, read once per test program.
#pragma once
#include <cstdint>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "gptoss/tokenizer/tiktoken_file.hpp"
#include "gptoss/tokenizer/tokenizer.hpp"

namespace gptoss::test {

using namespace gptoss::tokenizer;

using Ids = std::vector<std::int32_t>;
using Pieces = std::vector<std::string>;

inline const std::string kRankFile = GPTOSS_DATA_DIR "/o200k_base.tiktoken";

inline const Tokenizer& o200k() {
    static const Tokenizer tokenizer{load_tiktoken_file(kRankFile)};
    return tokenizer;
}

// For tests that do not care how text is encoded: the 256 single bytes and nothing else.
inline std::vector<std::string> single_bytes() {
    std::vector<std::string> tokens;
    for (int byte = 0; byte < 256; ++byte) {
        tokens.push_back(std::string(1, char(byte)));
    }
    return tokens;
}

struct Vector {
    int line;
    std::string text;
    Ids ids;
};

// getline ends a line at LF only, as it must: the texts hold raw U+0085, U+2028 and U+2029.
inline const std::vector<Vector>& vectors() {
    static std::vector<Vector> all;
    if (!all.empty()) return all;
    std::ifstream file(GPTOSS_SOURCE_DIR "/tests/tokenizer/data/tokenizer_vectors.jsonl");
    std::string line;
    while (std::getline(file, line)) {
        const nlohmann::json entry = nlohmann::json::parse(line);
        all.push_back({int(all.size()) + 1, entry.at("text"), entry.at("ids")});
    }
    return all;
}

}  // namespace gptoss::test
