// Opens a tokenizer from whatever names it: a rank file, a tokenizer.json, or a directory with one.
//
//     Tokenizer tokenizer = load_tokenizer("gpt-oss-20b");          // gpt-oss-20b/tokenizer.json
//     Tokenizer tokenizer = load_tokenizer("o200k_base.tiktoken");  // with Harmony's special
//     tokens
//
// Errors   those of tiktoken_file.hpp and tokenizer_json.hpp.
#pragma once
#include <filesystem>
#include <string>

#include "gptoss/tokenizer/tiktoken_file.hpp"
#include "gptoss/tokenizer/tokenizer.hpp"
#include "gptoss/tokenizer/tokenizer_json.hpp"

namespace gptoss::tokenizer {

inline Tokenizer load_tokenizer(const std::filesystem::path& path) {
    if (std::filesystem::is_directory(path)) return load_tokenizer(path / "tokenizer.json");
    if (path.extension() == ".json") return {load_tokenizer_json(path.string())};
    return {load_tiktoken_file(path.string())};
}

}  // namespace gptoss::tokenizer
