// Files of many small parts: GGUF, npy, zip, vocabularies.
#pragma once
#include <filesystem>
#include <string>
#include <vector>

#include "gptoss/format/gguf.hpp"
#include "gptoss/format/npy.hpp"
#include "gptoss/format/zip.hpp"
#include "gptoss/tokenizer/tiktoken_file.hpp"
#include "gptoss/tokenizer/tokenizer_json.hpp"
#include "npy_bytes.hpp"
#include "temp_folder.hpp"

inline const std::uint8_t* bytes_in(const std::string& file) {
    return reinterpret_cast<const std::uint8_t*>(file.data());
}

// --- GGUF -------------------------------------------------------------------------------------

inline std::string gguf_name(std::size_t k) {
    const std::string name = "block." + std::to_string(k);
    return gptoss::test::little(name.size(), 8) + name;
}

inline std::string gguf_of_keys(std::size_t size) {
    using gptoss::test::little;
    const std::size_t n_keys = size / 30;
    std::string file = "GGUF" + little(3, 4) + little(0, 8) + little(n_keys, 8);
    for (std::size_t k = 0; k < n_keys; ++k)
        file += gguf_name(k) + little(4, 4) + little(k, 4);
    return file;
}

inline std::string gguf_of_texts(std::size_t size) {
    using gptoss::test::little;
    const std::size_t n_texts = size / 9;
    std::string file = "GGUF" + little(3, 4) + little(0, 8) + little(1, 8) + gguf_name(0);
    file += little(9, 4) + little(8, 4) + little(n_texts, 8);
    for (std::size_t k = 0; k < n_texts; ++k)
        file += little(1, 8) + "x";
    return file;
}

inline std::string gguf_of_tensors(std::size_t size) {
    using gptoss::test::little;
    const std::size_t n_tensors = size / 50;
    std::string file = "GGUF" + little(3, 4) + little(n_tensors, 8) + little(0, 8);
    for (std::size_t k = 0; k < n_tensors; ++k)
        file += gguf_name(k) + little(1, 4) + little(0, 8) + little(0, 4) + little(0, 8);
    return file + std::string(32, '\0');
}

inline void read_gguf_bytes(const std::string& file) {
    gptoss::format::read_gguf("x", bytes_in(file), file.size());
}

// --- Arrays -----------------------------------------------------------------------------------

// Fortran order with 63 extents of 1 behind the one that counts.
inline std::string npy_of_rank_64(std::size_t size) {
    std::string shape = "(" + std::to_string(size / 4) + ", ";
    for (int axis = 1; axis < 64; ++axis)
        shape += "1, ";
    return gptoss::test::npy_bytes("<f4", shape + ")", std::string(size / 4 * 4, '\0'), true);
}

inline void read_npy_bytes(const std::string& file) {
    const auto npy = gptoss::format::read_npy("x", bytes_in(file), file.size());
    gptoss::format::read_floats(npy.array);
}

inline std::string zip_of_members(std::size_t size) {
    gptoss::test::Files files;
    for (std::size_t k = 0; k < size / 110; ++k)
        files.push_back({std::to_string(k), ""});
    return gptoss::test::zip_bytes(files);
}

// Every name for the same member, which is as long as all names together.
inline std::string zip_of_one_member(std::size_t size) {
    using gptoss::test::little;
    gptoss::test::Files files = {{"all", std::string(size / 2, 'x')}};
    for (std::size_t k = 0; k < size / 220; ++k)
        files.push_back({std::to_string(k), ""});
    std::string zip = gptoss::test::zip_bytes(files);
    std::size_t entry = zip.find("PK\x01\x02");
    const std::string sizes = zip.substr(entry + 16, 12);  // checksum and both sizes
    for (entry = zip.find("PK\x01\x02", entry + 1); entry != std::string::npos;
         entry = zip.find("PK\x01\x02", entry + 1)) {
        zip.replace(entry + 16, 12, sizes);
        zip.replace(entry + 42, 4, little(0, 4));
    }
    return zip;
}

inline void read_zip_bytes(const std::string& file) {
    try {
        gptoss::format::read_zip("x", bytes_in(file), file.size());
    } catch (const gptoss::Error&) {  // overlaps are found before anything is summed up
    }
}

// --- Vocabularies -----------------------------------------------------------------------------

// The single bytes, then numbers.
inline std::vector<std::string> tokens_for(std::size_t size) {
    std::vector<std::string> tokens;
    std::size_t n_bytes = 0;
    for (int byte = 0; byte < 256; ++byte)
        tokens.push_back(std::string(1, char(byte)));
    for (std::size_t k = 0; n_bytes < size; ++k) {
        tokens.push_back("token " + std::to_string(k));
        n_bytes += 20;
    }
    return tokens;
}

inline std::string base64_of(std::string_view bytes) {
    const char* digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    std::string text;
    for (std::size_t at = 0; at < bytes.size(); at += 3) {
        unsigned bits = 0;
        for (std::size_t k = 0; k < 3; ++k) {
            const unsigned byte =
                at + k < bytes.size() ? static_cast<unsigned char>(bytes[at + k]) : 0u;
            bits = bits << 8 | byte;
        }
        const std::size_t n_left = bytes.size() - at;
        for (std::size_t k = 0; k < 4; ++k)
            text += k > n_left ? '=' : digits[bits >> (18 - 6 * k) & 63];
    }
    return text;
}

inline std::string tiktoken_text(std::size_t size) {
    std::string text;
    std::size_t rank = 0;
    for (const std::string& token : tokens_for(size))
        text += base64_of(token) + " " + std::to_string(rank++) + "\n";
    return text;
}

inline std::string tokenizer_text(std::size_t size) {
    nlohmann::json json;
    std::size_t id = 0;
    for (const std::string& token : tokens_for(size))
        json["model"]["vocab"][gptoss::tokenizer::to_byte_alphabet(token)] = id++;
    json["model"]["type"] = "BPE";
    json["added_tokens"] = nlohmann::json::array();
    json["pre_tokenizer"]["pretokenizers"] = {
        {{"type", "Split"}, {"pattern", {{"Regex", gptoss::tokenizer::kSplitRegex}}}},
        {{"type", "ByteLevel"}, {"add_prefix_space", false}, {"use_regex", false}}};
    return json.dump();
}

// The readers of these take paths.
template <class Load>
void read_as_file(const std::string& text, Load load) {
    const TempFolder folder;
    write_bytes(folder / "x", text);
    load((folder / "x").string());
}
inline void read_tiktoken_text(const std::string& text) {
    read_as_file(text, [](const std::string& path) {
        gptoss::tokenizer::load_tiktoken_file(path, std::vector<gptoss::tokenizer::SpecialToken>{});
    });
}
inline void read_tokenizer_text(const std::string& text) {
    read_as_file(text,
                 [](const std::string& path) { gptoss::tokenizer::load_tokenizer_json(path); });
}
