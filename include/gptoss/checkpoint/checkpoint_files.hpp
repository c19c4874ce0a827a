// Checkpoint files: which files of a folder are the checkpoint, opened.
//
//     DIR/config.json, or else DIR/original/config.json       the folder of the one that is there
//     model.safetensors.index.json in it                      the shards that it names
//     without an index                                        every *.safetensors in it
//
// Source   Hugging Face transformers: load_sharded_checkpoint (index files); official model: class
//          Checkpoint, which reads every *.safetensors of a folder.
// Errors   Error, naming what is missing. Several problems give one line each.
// Pitfalls An index comes from outside: a shard's name may be a plain file name only, so that it
//          cannot lead out of the folder.
#pragma once
#include <algorithm>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "gptoss/core/check.hpp"
#include "gptoss/core/config.hpp"
#include "gptoss/format/config_json.hpp"
#include "gptoss/format/json.hpp"
#include "gptoss/format/safetensors.hpp"
#include "gptoss/layers/rope.hpp"

namespace gptoss::checkpoint {

struct CheckpointFiles {
    std::string folder;
    Config config;
    std::vector<format::Safetensors> files;  // in the order of their names
};

// One problem is the message itself; several are listed, one line each.
inline void throw_if_any(const std::string& folder, const std::vector<std::string>& problems) {
    if (problems.empty()) return;
    if (problems.size() == 1) throw Error(problems[0]);
    std::string message = folder + ": " + std::to_string(problems.size()) + " problems";
    for (const std::string& problem : problems)
        message += "\n  " + problem;
    throw Error(message);
}

inline std::filesystem::path checkpoint_folder(const std::filesystem::path& dir) {
    if (!std::filesystem::is_directory(dir)) {
        throw Error(dir.string() + ": is not a directory, expected a gpt-oss checkpoint");
    }
    if (std::filesystem::exists(dir / "config.json")) return dir;
    if (std::filesystem::exists(dir / "original" / "config.json")) return dir / "original";
    throw Error(dir.string() +
                ": holds neither config.json nor original/config.json (get one with "
                "'hf download openai/gpt-oss-20b --local-dir DIR' or 'gptoss synth --out DIR')");
}

inline bool is_plain_file_name(const std::string& name) {
    const bool has_separator = name.find_first_of("/\\") != std::string::npos;
    return !has_separator && !name.empty() && name != "." && name != "..";
}

// The index's claims: tensor name -> shard.
inline std::map<std::string, std::string> read_index(const std::filesystem::path& path) {
    const nlohmann::json json = format::read_json_file(path);
    if (!json.is_object() || !json.contains("weight_map") || !json["weight_map"].is_object()) {
        throw Error(path.string() + ": has no weight_map");
    }
    std::map<std::string, std::string> shard_of;
    for (const auto& [tensor, shard] : json["weight_map"].items()) {
        if (!shard.is_string() || !is_plain_file_name(shard.get<std::string>())) {
            throw Error(path.string() + ": " + format::quoted(tensor) + " is in " + shard.dump() +
                        ", expected a plain file name");
        }
        shard_of[tensor] = shard.get<std::string>();
    }
    return shard_of;
}

inline std::vector<format::Safetensors> open_shards(const std::filesystem::path& folder,
                                                    const std::filesystem::path& index) {
    const std::map<std::string, std::string> shard_of = read_index(index);
    std::map<std::string, format::Safetensors> shards;
    std::map<std::string, int> tensors_of_missing_shard;
    std::vector<std::string> problems;
    for (const auto& [tensor, shard] : shard_of) {
        if (!std::filesystem::exists(folder / shard)) {
            ++tensors_of_missing_shard[shard];
            continue;
        }
        if (!shards.contains(shard)) shards[shard] = format::open_safetensors(folder / shard);
        if (!shards[shard].tensors.contains(tensor)) {
            problems.push_back((folder / shard).string() + ": " + format::quoted(tensor) +
                               ": is missing, expected here by " + index.filename().string());
        }
    }
    for (const auto& [shard, n_tensors] : tensors_of_missing_shard) {
        problems.push_back((folder / shard).string() + ": is missing, expected " +
                           std::to_string(n_tensors) + " tensors in it by " +
                           index.filename().string());
    }
    throw_if_any(folder.string(), problems);

    std::vector<format::Safetensors> files;
    for (auto& [name, shard] : shards)
        files.push_back(std::move(shard));
    return files;
}

inline std::vector<format::Safetensors> open_all_in(const std::filesystem::path& folder) {
    std::vector<std::filesystem::path> paths;
    for (const auto& entry : std::filesystem::directory_iterator(folder)) {
        if (entry.path().extension() == ".safetensors") paths.push_back(entry.path());
    }
    std::sort(paths.begin(), paths.end());
    if (paths.empty()) throw Error(folder.string() + ": holds no *.safetensors");

    std::vector<format::Safetensors> files;
    for (const auto& path : paths)
        files.push_back(format::open_safetensors(path));
    return files;
}

// A config whose rotation can be computed, too.
inline Config read_model_config(const std::filesystem::path& path) {
    const Config config = format::read_config(path);
    try {
        require_yarn_bounds(config);
    } catch (const Error& error) {
        throw Error(path.string() + ": " + error.what());
    }
    return config;
}

inline CheckpointFiles open_checkpoint(const std::filesystem::path& dir) {
    const std::filesystem::path folder = checkpoint_folder(dir);
    const std::filesystem::path index = folder / "model.safetensors.index.json";
    CheckpointFiles checkpoint;
    checkpoint.folder = folder.string();
    checkpoint.config = read_model_config(folder / "config.json");
    const bool has_index = std::filesystem::exists(index);
    checkpoint.files = has_index ? open_shards(folder, index) : open_all_in(folder);
    return checkpoint;
}

}  // namespace gptoss::checkpoint
