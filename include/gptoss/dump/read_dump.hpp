// Reading a dump: ours, or another program's arrays by name.
//
//     run.safetensors   tensors by name; the metadata tokens, config and first_row, if it has them
//     run.npz           stored members NAME.npy
//     run/              files NAME.npy, and config.json if there is one
//     run.gguf          tensors by name: of llama.cpp, what llama-results --output writes or a recorder
//
// A name is a site's ("block.0.attn.q"), or a NameMap says which it is, or it is llama.cpp's. An array
// "tokens" holds the token ids. Gate and up that are two arrays become one. Other names are listed in
// Dump::unknown_names. An array whose dtype is not read stays in the dump with a refusal, so that a
// comparison can tell it from a missing one.
//
// Where    the tool's compare; diagnoses.
// Errors   Error, naming the file and the array: damaged or cut short, compressed, two arrays for
//          one site, gate without up, tokens or config that make no sense.
// Pitfalls float64 is rounded to float32. A dump is held in memory, whatever its size.
#pragma once
#include <algorithm>
#include <filesystem>
#include <limits>
#include <memory>
#include <string>
#include <vector>

#include "gptoss/dump/named_arrays.hpp"
#include "gptoss/format/config_json.hpp"
#include "gptoss/format/gguf.hpp"
#include "gptoss/format/npy.hpp"
#include "gptoss/format/safetensors.hpp"
#include "gptoss/format/zip.hpp"

namespace gptoss::dump {

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

// --- The four kinds of dump ------------------------------------------------------------------

inline void read_safetensors_dump(Dump& dump, ArraysRead& arrays) {
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
        arrays.add(dump, {name, {tensor}, tensor.dtype});
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

inline void read_npz_dump(Dump& dump, ArraysRead& arrays) {
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
        arrays.add(dump, named_npy(name, format::read_npy(where, member.bytes, member.n_bytes)));
    }
}

inline void read_folder_dump(Dump& dump, ArraysRead& arrays) {
    std::vector<std::filesystem::path> files;
    for (const auto& entry : std::filesystem::directory_iterator(dump.name)) {
        if (!npy_stem(entry.path().filename().string()).empty()) files.push_back(entry.path());
    }
    std::sort(files.begin(), files.end());
    if (files.empty()) throw Error(dump.name + ": has no .npy files");
    for (const std::filesystem::path& file : files) {
        const format::NpyArray npy = format::open_npy(file);
        arrays.add(dump, named_npy(npy_stem(file.filename().string()), npy));
    }
    const std::filesystem::path config = std::filesystem::path(dump.name) / "config.json";
    if (std::filesystem::exists(config)) dump.config = format::read_config(config);
}

// llama-results writes its rows of logits under (vocab_size, T), the extents in the other order.
inline void read_gguf_dump(Dump& dump, ArraysRead& arrays) {
    const format::Gguf file = format::open_gguf(dump.name);
    dump.is_llama_cpp = true;
    for (const auto& [name, tensor] : file.tensors) {
        arrays.add(dump, {name, {tensor}, tensor.dtype});
    }
    if (dump.sites.empty() && !dump.tokens) {
        throw Error(dump.name + ": holds no \"tokens\" and no site, expected what llama-results " +
                    "--output or a recorder writes; a model is given by --model");
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
    ArraysRead arrays{map};
    if (std::filesystem::is_directory(path)) {
        read_folder_dump(dump, arrays);
    } else if (begins_with(path, "PK")) {
        read_npz_dump(dump, arrays);
    } else if (begins_with(path, "GGUF")) {
        read_gguf_dump(dump, arrays);
    } else if (begins_with(path, format::kNpyMagic)) {
        throw Error(dump.name + ": is one array, expected a folder of them, .npz or .safetensors");
    } else {
        try {
            read_safetensors_dump(dump, arrays);
        } catch (const format::NotSafetensors& error) {
            throw Error(dump.name +
                        ": is no dump: neither safetensors, nor .npz, nor a folder of " + ".npy (" +
                        error.reason + ")");
        }
    }
    arrays.finish(dump);
    return dump;
}

}  // namespace gptoss::dump
