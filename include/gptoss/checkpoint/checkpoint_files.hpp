// Checkpoint files: which files of a folder are the checkpoint, opened.
//
//     DIR/config.json, or else DIR/original/config.json       the folder of the one that is there
//     model.safetensors in it                                 alone, whatever lies beside it
//     model.safetensors.index.json                            the shards that it names
//     neither                                                 every *.safetensors but recorded runs
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

#include "gptoss/checkpoint/problems.hpp"
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
    format::ConfigNotes notes;
    std::vector<format::Safetensors> files;  // in the order of their names
};

[[noreturn]] inline void refuse_single_file(const std::filesystem::path& file) {
    const std::string kind = format::foreign_kind_of_file(file);
    throw Error(file.string() + ": is " +
                (kind.empty() ? "a file, expected a checkpoint's folder or a GGUF file" : kind));
}

inline std::filesystem::path checkpoint_folder(const std::filesystem::path& dir) {
    if (std::filesystem::is_regular_file(dir)) refuse_single_file(dir);
    if (!std::filesystem::is_directory(dir)) {
        throw Error(dir.string() + ": is not a directory, expected a gpt-oss checkpoint");
    }
    if (std::filesystem::exists(dir / "config.json")) return dir;
    if (std::filesystem::exists(dir / "original" / "config.json")) return dir / "original";
    if (std::filesystem::exists(dir / "adapter_config.json")) {
        throw Error(dir.string() +
                    ": holds a LoRA adapter and no model: merge it into its model "
                    "(peft: merge_and_unload) and save that");
    }
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
        std::string name = shard.is_string() ? shard.get<std::string>() : "";
        if (name.starts_with("./")) name.erase(0, 2);
        if (!is_plain_file_name(name)) {
            throw Error(path.string() + ": " + format::quoted(tensor) + " is in " + shard.dump() +
                        ", expected a plain file name");
        }
        shard_of[tensor] = name;
    }
    return shard_of;
}

inline std::vector<format::Safetensors> open_shards(const std::filesystem::path& folder,
                                                    const std::filesystem::path& index,
                                                    format::FileBytes bytes) {
    const std::map<std::string, std::string> shard_of = read_index(index);
    std::map<std::string, format::Safetensors> shards;
    std::map<std::string, int> tensors_of_missing_shard;
    Problems problems;
    for (const auto& [tensor, shard] : shard_of) {
        if (!std::filesystem::exists(folder / shard)) {
            ++tensors_of_missing_shard[shard];
            continue;
        }
        if (!shards.contains(shard))
            shards[shard] = format::open_safetensors(folder / shard, bytes);
        if (!shards[shard].tensors.contains(tensor)) {
            problems.push_back({ProblemKind::missing,
                                (folder / shard).string() + ": " + format::quoted(tensor) +
                                    ": is missing, expected here by " + index.filename().string()});
        }
    }
    for (const auto& [shard, n_tensors] : tensors_of_missing_shard) {
        problems.push_back(
            {ProblemKind::incomplete, (folder / shard).string() + ": is missing, expected " +
                                          std::to_string(n_tensors) + " tensors in it by " +
                                          index.filename().string()});
    }
    throw_if_any(folder.string(), problems);

    std::vector<format::Safetensors> files;
    for (auto& [name, shard] : shards)
        files.push_back(std::move(shard));
    return files;
}

// Without an index: model.safetensors, else all *.safetensors but recorded runs.
inline std::vector<std::filesystem::path> weight_files(const std::filesystem::path& folder) {
    if (std::filesystem::exists(folder / "model.safetensors"))
        return {folder / "model.safetensors"};
    std::vector<std::filesystem::path> paths;
    std::string others;
    for (const auto& entry : std::filesystem::directory_iterator(folder)) {
        const std::string ending = entry.path().extension().string();
        if (ending == ".safetensors") paths.push_back(entry.path());
        const bool is_other = ending == ".bin" || ending == ".pt" || ending == ".pth" ||
                              ending == ".gguf" || ending == ".h5";
        if (is_other && others.empty()) others = entry.path().filename().string();
    }
    std::sort(paths.begin(), paths.end());
    if (!paths.empty()) return paths;
    const bool is_gguf = others.ends_with(".gguf");
    throw Error(folder.string() + ": holds no *.safetensors" +
                (others.empty() ? ""
                 : is_gguf      ? ", but " + others + ": give that file as --model"
                                : ", but " + others +
                                 ", which is not read: save the model as safetensors, with "
                                 "save_pretrained(safe_serialization=True)"));
}

// A recorded run lies there because somebody wrote it beside the model.
inline bool is_recorded_run(const format::Safetensors& file) {
    const auto format = file.metadata.find("format");
    return format != file.metadata.end() && format->second.starts_with("gptoss-dump");
}

inline std::vector<format::Safetensors> open_all_in(const std::filesystem::path& folder,
                                                    format::FileBytes bytes) {
    std::vector<format::Safetensors> files;
    for (const auto& path : weight_files(folder)) {
        format::Safetensors file = format::open_safetensors(path, bytes);
        if (!is_recorded_run(file)) files.push_back(std::move(file));
    }
    if (files.empty()) throw Error(folder.string() + ": holds recorded runs, but no weights");
    return files;
}

// A config whose rotation can be computed, too.
inline Config read_model_config(const std::filesystem::path& path,
                                format::ConfigNotes* notes = nullptr) {
    const Config config = format::read_config(path, notes);
    try {
        require_yarn_bounds(config);
    } catch (const Error& error) {
        throw Error(path.string() + ": " + error.what());
    }
    return config;
}

// transformers takes model.safetensors even beside an index, unless that is one of its shards.
inline bool goes_by_index(const std::filesystem::path& folder, const std::filesystem::path& index) {
    if (!std::filesystem::exists(index)) return false;
    if (!std::filesystem::exists(folder / "model.safetensors")) return true;
    for (const auto& [tensor, shard] : read_index(index)) {
        if (shard == "model.safetensors") return true;
    }
    return false;
}

inline CheckpointFiles open_checkpoint(const std::filesystem::path& dir,
                                       format::FileBytes bytes = format::FileBytes::mapped) {
    const std::filesystem::path folder = checkpoint_folder(dir);
    const std::filesystem::path index = folder / "model.safetensors.index.json";
    CheckpointFiles files;
    files.folder = folder.string();
    files.config = read_model_config(folder / "config.json", &files.notes);
    const bool has_index = goes_by_index(folder, index);
    files.files = has_index ? open_shards(folder, index, bytes) : open_all_in(folder, bytes);
    return files;
}

}  // namespace gptoss::checkpoint
