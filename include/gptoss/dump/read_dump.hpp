// Reading a dump: ours, or another program's arrays by name.
//
//     run.safetensors   tensors by name; the metadata tokens, config and first_row, if it has them
//     run.npz           stored members NAME.npy
//     run/              files NAME.npy, and config.json if there is one
//     run.gguf          tensors by name: what llama.cpp's llama-results --output writes
//
// A name is a site's ("block.0.attn.q"), or a NameMap says which it is. An array "tokens" holds the
// token ids. Names that are neither are listed in Dump::unknown_names. An array whose dtype is not
// read stays in the dump with a refusal, so that a comparison can tell it from a missing one.
//
// Where    the tool's compare; diagnoses.
// Errors   Error, naming the file and the array: damaged or cut short, compressed, two arrays for
//          one site, tokens or config that make no sense.
// Pitfalls float64 is rounded to float32. A dump is held in memory, whatever its size.
#pragma once
#include <algorithm>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "gptoss/dump/run_dump.hpp"
#include "gptoss/dump/site_names.hpp"
#include "gptoss/format/config_json.hpp"
#include "gptoss/format/gguf.hpp"
#include "gptoss/format/npy.hpp"
#include "gptoss/format/safetensors.hpp"
#include "gptoss/format/zip.hpp"

namespace gptoss::dump {

// An array as a file has it. The bytes live as long as what they were read from.
struct NamedArray {
    std::string name;
    format::ArrayView array;
    std::string dtype;         // in messages
    std::string refusal = {};  // why it cannot be read
};

inline std::vector<std::int32_t> read_ids(const std::string& where,
                                          const format::ArrayView& array) {
    std::vector<std::int32_t> ids;
    for (const std::int64_t id : format::read_integers(array)) {
        if (id < std::numeric_limits<std::int32_t>::min() ||
            id > std::numeric_limits<std::int32_t>::max()) {
            throw Error(where + ": holds " + std::to_string(id) + ", expected an id");
        }
        ids.push_back(std::int32_t(id));
    }
    return ids;
}

// (T) or (1, T)
inline std::vector<std::int32_t> read_tokens(const std::string& where, const NamedArray& named) {
    if (!named.refusal.empty()) throw Error(where + ": " + named.refusal);
    const format::Shape& shape = named.array.tensor.shape;
    const bool is_list = shape.size() == 1 || (shape.size() == 2 && shape[0] == 1);
    if (!is_list || !format::is_integer_dtype(named.dtype)) {
        throw Error(where + ": is " + named.dtype + " " + format::shape_text(shape) +
                    ", expected I32 or I64 (T) or (1, T)");
    }
    return read_ids(where, named.array);
}

inline std::vector<std::int32_t> tokens_from_text(const std::string& where,
                                                  const std::string& text) {
    const nlohmann::json json = format::parse_json(where, text);
    std::vector<std::int32_t> tokens;
    const bool is_list = json.is_array();
    for (const nlohmann::json& id : is_list ? json : nlohmann::json::array()) {
        const bool is_id = id.is_number_unsigned() &&
                           id.get<std::uint64_t>() <= std::numeric_limits<std::int32_t>::max();
        if (!is_id) throw Error(where + ": holds " + id.dump() + ", expected token ids");
        tokens.push_back(id.get<std::int32_t>());
    }
    if (!is_list) throw Error(where + ": is no list of token ids");
    return tokens;
}

inline std::vector<std::string> names_from_text(const std::string& where, const std::string& text) {
    const nlohmann::json json = format::parse_json(where, text);
    std::vector<std::string> names;
    const bool is_list = json.is_array();
    for (const nlohmann::json& name : is_list ? json : nlohmann::json::array()) {
        if (!name.is_string()) throw Error(where + ": holds " + name.dump() + ", expected names");
        names.push_back(name.get<std::string>());
    }
    if (!is_list) throw Error(where + ": is no list of names");
    return names;
}

inline Activation read_activation(const std::string& where, Site site, const NamedArray& named) {
    Activation activation;
    activation.shape = named.array.tensor.shape;
    activation.dtype = named.dtype;
    activation.refusal = named.refusal;
    if (!activation.refusal.empty()) return activation;
    const bool is_ids = site == Site::mlp_expert_ids;
    if (is_ids && format::is_integer_dtype(named.dtype)) {
        activation.ids = read_ids(where, named.array);
    } else if (!is_ids && format::is_float_dtype(named.dtype)) {
        activation.values = format::read_floats(named.array);
    } else {
        activation.refusal = "dtype is " + named.dtype + ", expected " +
                             (is_ids ? "I32 or I64" : "F32, F64, F16 or BF16");
    }
    return activation;
}

inline void add_array(Dump& dump, const NamedArray& named, const NameMap& map) {
    const std::string where = dump.name + ": " + format::quoted(named.name);
    const std::string name = map.ours(named.name);
    if (name == kTokensName) {
        dump.tokens = read_tokens(where, named);
        return;
    }
    const auto key = site_from_name(name);
    if (!key) {
        dump.unknown_names.push_back(named.name);
        return;
    }
    const bool is_new =
        dump.sites.try_emplace(*key, read_activation(where, key->site, named)).second;
    if (!is_new) throw Error(where + ": is " + name + ", which another array is too");
}

// "33": the arrays hold the tokens from 33 on.
inline int first_row_from_text(const Dump& dump, const std::string& text) {
    const std::string where = dump.name + ": metadata first_row";
    const nlohmann::json json = format::parse_json(where, text);
    const std::size_t n_tokens = dump.tokens ? dump.tokens->size() : 0;
    if (!json.is_number_unsigned() || json.get<std::uint64_t>() >= n_tokens) {
        throw Error(where + ": is " + text + ", expected one of the " + std::to_string(n_tokens) +
                    " tokens");
    }
    return json.get<int>();
}

// --- The three kinds of dump ------------------------------------------------------------------

inline void read_safetensors_dump(Dump& dump, const NameMap& map) {
    const format::Safetensors file = format::open_safetensors(dump.name);
    const auto tokens = file.metadata.find("tokens");
    if (tokens != file.metadata.end()) {
        dump.tokens = tokens_from_text(dump.name + ": metadata tokens", tokens->second);
    }
    const auto first_row = file.metadata.find("first_row");
    if (first_row != file.metadata.end()) {
        dump.first_row = first_row_from_text(dump, first_row->second);
    }
    const auto config = file.metadata.find("config");
    if (config != file.metadata.end()) {
        const std::string where = dump.name + ": metadata config";
        dump.config = format::config_from_json(where, format::parse_json(where, config->second));
    }
    const auto edited = file.metadata.find("edited");
    if (edited != file.metadata.end()) {
        dump.edited = names_from_text(dump.name + ": metadata edited", edited->second);
    }
    for (const auto& [name, tensor] : file.tensors) {
        add_array(dump, {name, {tensor}, tensor.dtype}, map);
    }
}

inline NamedArray named_npy(const std::string& name, const format::NpyArray& npy) {
    const std::string& dtype = npy.array.tensor.dtype;
    return {name, npy.array, dtype.empty() ? npy.descr : dtype, npy.refusal};
}

// The member's name without ".npy"; "" if it has another ending.
inline std::string npy_stem(const std::string& file_name) {
    if (!file_name.ends_with(".npy")) return "";
    return file_name.substr(0, file_name.size() - 4);
}

inline void require_stored(const std::string& path, const format::ZipMember& member) {
    if (member.method == 0) return;
    throw Error(path + ": " + format::quoted(member.name) + " is compressed (method " +
                std::to_string(member.method) +
                "), expected stored members; convert it with: python3 -c 'import numpy; "
                "numpy.savez(\"stored.npz\", **numpy.load(\"" +
                path + "\"))'");
}

inline void read_npz_dump(Dump& dump, const NameMap& map) {
    const format::MappedFile mapped(dump.name);
    for (const format::ZipMember& member :
         format::read_zip(dump.name, mapped.bytes(), mapped.size())) {
        const std::string name = npy_stem(member.name);
        if (name.empty()) {
            throw Error(dump.name + ": holds " + format::quoted(member.name) +
                        ", expected .npy arrays (a .pt file cannot be read: save safetensors)");
        }
        require_stored(dump.name, member);
        const std::string where = dump.name + ": " + format::quoted(member.name);
        add_array(dump, named_npy(name, format::read_npy(where, member.bytes, member.n_bytes)),
                  map);
    }
}

inline void read_folder_dump(Dump& dump, const NameMap& map) {
    std::vector<std::filesystem::path> files;
    for (const auto& entry : std::filesystem::directory_iterator(dump.name)) {
        if (!npy_stem(entry.path().filename().string()).empty()) files.push_back(entry.path());
    }
    std::sort(files.begin(), files.end());
    if (files.empty()) throw Error(dump.name + ": has no .npy files");
    for (const std::filesystem::path& file : files) {
        const format::NpyArray npy = format::open_npy(file);
        add_array(dump, named_npy(npy_stem(file.filename().string()), npy), map);
    }
    const std::filesystem::path config = std::filesystem::path(dump.name) / "config.json";
    if (std::filesystem::exists(config)) dump.config = format::read_config(config);
}

// llama-results writes its rows of logits under (vocab_size, T), the extents in the other order.
inline void read_gguf_dump(Dump& dump, const NameMap& map) {
    const format::Gguf file = format::open_gguf(dump.name);
    if (!file.tensors.contains("logits") && !file.tensors.contains("tokens")) {
        throw Error(dump.name + ": holds no \"tokens\" and no \"logits\", expected what " +
                    "llama-results --output writes; a model is given by --model");
    }
    dump.is_llama_cpp = true;
    for (const auto& [name, tensor] : file.tensors) {
        add_array(dump, {name, {tensor}, tensor.dtype}, map);
    }
    const auto logits = dump.sites.find({Site::logits});
    if (logits == dump.sites.end() || !dump.tokens) return;
    format::Shape& shape = logits->second.shape;
    const std::int64_t n_tokens = std::int64_t(dump.tokens->size());
    const bool is_exchanged = shape.size() == 2 && shape[0] != n_tokens && shape[1] == n_tokens;
    if (is_exchanged) std::swap(shape[0], shape[1]);
}

inline bool begins_with(const std::filesystem::path& path, std::string_view magic) {
    const format::MappedFile file(path);
    const std::string_view bytes(reinterpret_cast<const char*>(file.bytes()),
                                 std::size_t(file.size()));
    return bytes.starts_with(magic);
}

// Told apart by what they begin with, not by their names.
inline Dump read_dump(const std::filesystem::path& path, const NameMap& map) {
    Dump dump{path.string()};
    if (std::filesystem::is_directory(path)) {
        read_folder_dump(dump, map);
    } else if (begins_with(path, "PK")) {
        read_npz_dump(dump, map);
    } else if (begins_with(path, "GGUF")) {
        read_gguf_dump(dump, map);
    } else if (begins_with(path, format::kNpyMagic)) {
        throw Error(dump.name + ": is one array, expected a folder of them, .npz or .safetensors");
    } else {
        try {
            read_safetensors_dump(dump, map);
        } catch (const format::NotSafetensors& error) {
            throw Error(dump.name +
                        ": is no dump: neither safetensors, nor .npz, nor a folder of " + ".npy (" +
                        error.reason + ")");
        }
    }
    return dump;
}

}  // namespace gptoss::dump
