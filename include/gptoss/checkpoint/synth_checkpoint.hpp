// Writing a synthetic checkpoint: the model of a config and a seed, as a folder that loads.
//
//     DIR/config.json                          written last: a folder without it is no checkpoint
//     one file       model.safetensors
//     several        model--00001-of-00003.safetensors (OpenAI), from 1 to the count
//                    model-00000-of-00002.safetensors (Hugging Face), from 0 to the last, and
//                    model.safetensors.index.json
//     tokenizer.json                           if the caller has one
//
// The names are those of the released files. Bytes are made and written a few megabytes at a time,
// so any size takes little memory. Both layouts hold the same model.
//
// Source   core/generator.hpp; file names: the openai/gpt-oss-20b and -120b repositories.
// Errors   Error, naming the file: a folder that holds a checkpoint already or is being written to, or
//          what PartialFile says. Whatever goes wrong, what this call wrote is removed, and nothing
//          else; a killed program leaves DIR/checkpoint.partial.
#pragma once
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <functional>
#include <nlohmann/json.hpp>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "gptoss/checkpoint/synth.hpp"
#include "gptoss/checkpoint/tensor_inventory.hpp"
#include "gptoss/core/check.hpp"
#include "gptoss/core/config.hpp"
#include "gptoss/core/config_rules.hpp"
#include "gptoss/format/partial_file.hpp"
#include "gptoss/format/safetensors_writer.hpp"
#include "gptoss/format/write_config_json.hpp"
#include "gptoss/layers/rope.hpp"

namespace gptoss::checkpoint {

struct SyntheticOptions {
    std::filesystem::path dir;  // made if it is not there
    Layout layout = Layout::hugging_face;
    std::uint64_t seed = 1;
    std::uint64_t shard_bytes = 0;    // most data bytes per file; 0 means one file
    std::string tokenizer_json = {};  // its text; "" for none
};

// Called as data is written. It may throw, to stop.
using Progress = std::function<void(std::uint64_t bytes_written, std::uint64_t bytes_in_all)>;

// A file of the checkpoint to be.
struct Shard {
    std::string file_name;
    std::vector<TensorSpec> tensors;
};

inline std::string shard_name(Layout layout, std::size_t index, std::size_t n_shards) {
    if (n_shards == 1) return "model.safetensors";
    const bool is_openai = layout == Layout::openai;
    char name[64];
    std::snprintf(
        name, sizeof name,
        is_openai ? "model--%05zu-of-%05zu.safetensors" : "model-%05zu-of-%05zu.safetensors",
        is_openai ? index + 1 : index, is_openai ? n_shards : n_shards - 1);
    return name;
}

// Tensors in order, into as few files as hold at most shard_bytes each (or one larger tensor).
inline std::vector<Shard> plan_shards(const Config& c, const SyntheticOptions& options) {
    std::vector<Shard> shards(1);
    std::uint64_t bytes_in_shard = 0;
    for (const TensorSpec& spec : tensor_inventory(c, options.layout)) {
        const std::uint64_t bytes = byte_count(spec);
        const bool is_full = options.shard_bytes > 0 && bytes_in_shard > 0 &&
                             bytes_in_shard + bytes > options.shard_bytes;
        if (is_full) shards.emplace_back();
        if (is_full) bytes_in_shard = 0;
        shards.back().tensors.push_back(spec);
        bytes_in_shard += bytes;
    }
    for (std::size_t i = 0; i < shards.size(); ++i) {
        shards[i].file_name = shard_name(options.layout, i, shards.size());
    }
    return shards;
}

// What would be read together with the new files, as one checkpoint.
inline bool is_of_checkpoint(const std::string& file_name) {
    return file_name == "config.json" || file_name == "tokenizer.json" ||
           file_name == "model.safetensors.index.json" || file_name.ends_with(".safetensors");
}

// A new or checkpoint-free folder. Files are written into a folder of their own in it, which two
// programs cannot both make, and are moved out of it once all of them are whole, the last one last.
class NewCheckpointFolder {
public:
    explicit NewCheckpointFolder(const std::filesystem::path& dir)
        : dir_(dir), own_(dir / kOwnName) {
        std::error_code problem;
        const bool is_new = std::filesystem::create_directories(dir, problem);
        if (problem) throw Error(dir.string() + ": cannot be made: " + problem.message());
        require_no_checkpoint();
        const bool is_own = std::filesystem::create_directory(own_, problem);
        if (problem) throw Error(own_.string() + ": cannot be made: " + problem.message());
        if (!is_own) {
            throw Error(own_.string() +
                        ": is there: another program writes a checkpoint here, or " +
                        "was killed while it did; if none runs, remove it");
        }
        is_new_ = is_new;
    }
    ~NewCheckpointFolder() {
        std::error_code ignored;
        for (const std::string& name : moved_)
            std::filesystem::remove(dir_ / name, ignored);
        std::filesystem::remove_all(own_, ignored);
        if (is_new_ && !kept_) std::filesystem::remove(dir_, ignored);
    }
    NewCheckpointFolder(const NewCheckpointFolder&) = delete;
    NewCheckpointFolder& operator=(const NewCheckpointFolder&) = delete;

    // Where to write a file that will have this name.
    std::filesystem::path add(const std::string& name) {
        names_.push_back(name);
        return own_ / name;
    }
    void keep() {
        require_no_checkpoint();
        for (const std::string& name : names_) {
            std::error_code problem;
            std::filesystem::rename(own_ / name, dir_ / name, problem);
            if (problem)
                throw Error((dir_ / name).string() + ": cannot be made: " + problem.message());
            moved_.push_back(name);
        }
        moved_.clear();
        kept_ = true;
    }

private:
    static constexpr const char* kOwnName = "checkpoint.partial";

    void require_no_checkpoint() const {
        for (const auto& entry : std::filesystem::directory_iterator(dir_)) {
            const std::string name = entry.path().filename().string();
            if (!is_of_checkpoint(name)) continue;
            throw Error(dir_.string() + ": holds " + name +
                        ", expected a folder without a checkpoint");
        }
    }

    std::filesystem::path dir_;
    std::filesystem::path own_;
    std::vector<std::string> names_;
    std::vector<std::string> moved_;  // to be removed if the rest cannot be
    bool is_new_ = false;
    bool kept_ = false;
};

inline void write_shard(const std::filesystem::path& path, const Shard& shard, const Config& c,
                        std::uint64_t seed, const std::function<void(std::uint64_t)>& on_bytes) {
    std::vector<format::TensorHeader> headers;
    for (const TensorSpec& spec : shard.tensors) {
        headers.push_back({spec.name, spec.dtype, spec.shape});
    }
    format::SafetensorsWriter writer(path, headers, {{"format", "pt"}});
    const std::uint64_t elements_at_once = 1 << 21;
    std::vector<std::uint8_t> bytes(2 * elements_at_once);
    for (const TensorSpec& spec : shard.tensors) {
        TensorGenerator generator(spec, c, seed);
        std::uint64_t elements_left = element_count(spec.shape);
        while (elements_left > 0) {
            const std::uint64_t count = std::min(elements_left, elements_at_once);
            const std::uint64_t n_bytes = count * std::uint64_t(generator.element_bytes());
            generator.next(count, bytes.data());
            writer.write(bytes.data(), n_bytes);
            elements_left -= count;
            on_bytes(n_bytes);
        }
    }
    writer.finish();
}

inline std::string index_text(const std::vector<Shard>& shards) {
    nlohmann::json json;  // sorted by key, as the released index files are
    std::uint64_t total_size = 0;
    for (const Shard& shard : shards) {
        for (const TensorSpec& spec : shard.tensors) {
            json["weight_map"][spec.name] = shard.file_name;
            total_size += byte_count(spec);
        }
    }
    json["metadata"]["total_size"] = total_size;
    return json.dump(2) + "\n";
}

inline void write_synthetic_checkpoint(const Config& c, const SyntheticOptions& options,
                                       const Progress& progress = nullptr) {
    validate(c);
    require_yarn_bounds(c);
    const bool is_openai = options.layout == Layout::openai;
    const std::string config =
        is_openai ? format::openai_config_text(c) : format::hugging_face_config_text(c);
    const std::vector<Shard> shards = plan_shards(c, options);
    std::uint64_t bytes_in_all = 0;
    for (const Shard& shard : shards) {
        for (const TensorSpec& spec : shard.tensors)
            bytes_in_all += byte_count(spec);
    }

    NewCheckpointFolder folder(options.dir);
    std::uint64_t bytes_written = 0;
    const auto on_bytes = [&](std::uint64_t n_bytes) {
        bytes_written += n_bytes;
        if (progress) progress(bytes_written, bytes_in_all);
    };
    for (const Shard& shard : shards) {
        write_shard(folder.add(shard.file_name), shard, c, options.seed, on_bytes);
    }
    const bool needs_index = shards.size() > 1 && !is_openai;
    if (needs_index) {
        format::write_text_file(folder.add("model.safetensors.index.json"), index_text(shards));
    }
    if (!options.tokenizer_json.empty()) {
        format::write_text_file(folder.add("tokenizer.json"), options.tokenizer_json);
    }
    format::write_text_file(folder.add("config.json"), config);
    folder.keep();
}

}  // namespace gptoss::checkpoint
