// Opens a tokenizer from whatever names it: a rank file, a tokenizer.json, a GGUF file, or a directory
// with one of the last two.
//
//     load_tokenizer("gpt-oss-20b")             gpt-oss-20b/tokenizer.json
//     load_tokenizer("o200k_base.tiktoken")     its ranks, with Harmony's special tokens
//     load_tokenizer("gpt-oss-20b/original")    gpt-oss-20b/tokenizer.json: OpenAI's layout has none
//
// Errors   those of tiktoken_file.hpp and tokenizer_json.hpp.
#pragma once
#include <filesystem>
#include <string>

#include "gptoss/format/gguf_files.hpp"
#include "gptoss/tokenizer/gguf_vocabulary.hpp"
#include "gptoss/tokenizer/tiktoken_file.hpp"
#include "gptoss/tokenizer/tokenizer.hpp"
#include "gptoss/tokenizer/tokenizer_json.hpp"

namespace gptoss::tokenizer {

// The tokenizer.json of a model's folder, whether it exists or not.
inline std::filesystem::path tokenizer_file(const std::filesystem::path& dir) {
    const std::filesystem::path inside = dir / "tokenizer.json";
    const bool is_original = dir.filename() == "original";
    if (std::filesystem::exists(inside) || !is_original) return inside;
    return dir.parent_path() / "tokenizer.json";
}

inline Tokenizer load_tokenizer(const std::filesystem::path& path) {
    const auto gguf = format::find_gguf(path);
    if (gguf) return {gguf_vocabulary(format::open_gguf_files(*gguf).first())};
    if (std::filesystem::is_directory(path)) return load_tokenizer(tokenizer_file(path));
    if (path.extension() == ".json") return {load_tokenizer_json(path.string())};
    return {load_tiktoken_file(path.string())};
}

}  // namespace gptoss::tokenizer
