// GGUF files: which of them are the model, opened. One file, or the parts of a split one.
//
//     MODEL.gguf                         itself
//     MODEL-00001-of-00003.gguf          with 00002 and 00003 beside it; any part may be named
//     DIR                                without a config.json, and with one model in *.gguf
//
// Source   llama.cpp: llama_split_path and the keys split.no, split.count.
// Errors   Error, naming what is missing or that a folder holds several models.
// Pitfalls Only the first part has the keys of the model.
#pragma once
#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string>
#include <vector>

#include "gptoss/core/check.hpp"
#include "gptoss/format/gguf.hpp"

namespace gptoss::format {

namespace fs = std::filesystem;

struct GgufFiles {
    std::vector<Gguf> parts;

    const Gguf& first() const { return parts[0]; }
    const std::string& path() const { return parts[0].path; }
    const GgufValue* find(const std::string& key) const {
        const auto found = first().keys.find(key);
        return found == first().keys.end() ? nullptr : &found->second;
    }
};

// "-00002-of-00003.gguf": where it begins, or nothing.
inline std::optional<std::size_t> find_split_suffix(const std::string& name) {
    const std::string shape = "-#####-of-#####.gguf";
    if (name.size() <= shape.size()) return std::nullopt;
    const std::size_t begin = name.size() - shape.size();
    for (std::size_t i = 0; i < shape.size(); ++i) {
        const char letter = name[begin + i];
        const bool is_digit = letter >= '0' && letter <= '9';
        if (shape[i] == '#' ? !is_digit : letter != shape[i]) return std::nullopt;
    }
    return begin;
}

inline bool begins_like_gguf(const fs::path& path) {
    char magic[4] = {};
    std::ifstream(path, std::ios::binary).read(magic, sizeof magic);
    return std::string(magic, sizeof magic) == "GGUF";
}

// The file that --model means, if it means a GGUF.
inline std::optional<fs::path> find_gguf(const fs::path& model) {
    std::error_code problem;
    if (fs::is_regular_file(model, problem)) {
        const bool is_gguf = model.extension() == ".gguf" || begins_like_gguf(model);
        return is_gguf ? std::optional(model) : std::nullopt;
    }
    const bool has_config =
        fs::exists(model / "config.json") || fs::exists(model / "original" / "config.json");
    if (!fs::is_directory(model, problem) || has_config) return std::nullopt;

    std::vector<fs::path> models;
    for (const auto& entry : fs::directory_iterator(model)) {
        const std::string name = entry.path().filename().string();
        const auto suffix = find_split_suffix(name);
        const bool is_first = !suffix || name.compare(*suffix, 7, "-00001-") == 0;
        if (entry.path().extension() == ".gguf" && is_first) models.push_back(entry.path());
    }
    if (models.empty()) return std::nullopt;
    if (models.size() == 1) return models[0];
    std::sort(models.begin(), models.end());
    throw Error(model.string() + ": holds " + std::to_string(models.size()) +
                " models, expected one, or --model FILE: " + models[0].filename().string() + ", " +
                models[1].filename().string() + (models.size() > 2 ? ", ..." : ""));
}

inline fs::path part_path(const std::string& path, std::size_t suffix, std::int64_t no,
                          std::int64_t count) {
    char text[32];
    std::snprintf(text, sizeof text, "-%05d-of-%05d.gguf", int(no) + 1, int(count));
    return path.substr(0, suffix) + text;
}

inline std::int64_t split_key(const Gguf& file, const char* key, std::int64_t otherwise) {
    const auto found = file.keys.find(key);
    if (found == file.keys.end()) return otherwise;
    return gguf_integer(file.path, key, found->second);
}

inline GgufFiles open_gguf_files(const fs::path& path, FileBytes bytes = FileBytes::mapped) {
    GgufFiles files;
    files.parts.push_back(open_gguf(path, bytes));
    const Gguf named = files.first();
    const std::int64_t count = split_key(named, "split.count", 1);
    if (count == 1) return files;
    const auto suffix = find_split_suffix(named.path);
    if (count < 1 || count > 99999 || !suffix) {
        throw Error(named.path + ": split.count is " + std::to_string(count) +
                    ", expected a name that ends in -00001-of-00002.gguf or so");
    }
    files.parts.clear();
    for (std::int64_t no = 0; no < count; ++no) {
        const fs::path part = part_path(named.path, *suffix, no, count);
        if (!fs::exists(part)) {
            throw Error(part.string() + ": is missing, expected " + std::to_string(count) +
                        " parts (split.count)");
        }
        files.parts.push_back(open_gguf(part, bytes));
        const std::int64_t its_no = split_key(files.parts.back(), "split.no", -1);
        if (its_no != no) {
            throw Error(part.string() + ": split.no is " + std::to_string(its_no) + ", expected " +
                        std::to_string(no));
        }
    }
    return files;
}

}  // namespace gptoss::format
