// What a file is that was given for something else, from its first bytes, and what to do about it.
//
//     "version https://git-lfs"   a Git LFS pointer: the file itself has not been fetched
//     "<!doctype", "<html", "<?"  a web page: a download that needed a login, or another address
//     1F 8B                       gzip
//     "PK" 03 04, 80 02 to 80 05  a PyTorch file (.bin, .pt): a zip archive or a pickle
//     "GGUF"                      a GGUF file
//     N, then N bytes of JSON     safetensors
//
// Where    in the error of whoever expected something else (safetensors.hpp, json.hpp).
// Source   the formats' own descriptions: git-lfs spec.md, RFC 1952, PyTorch torch.save, ggml gguf.md.
// Errors   require_no_foreign_kind: Error, naming the file, what it is and what to do.
#pragma once
#include <algorithm>
#include <cctype>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>

#include "gptoss/core/check.hpp"

namespace gptoss::format {

// The beginning of a file is enough. "a Git LFS pointer, not the file: fetch it with ..."
inline std::string foreign_kind(std::string_view bytes) {
    using namespace std::string_view_literals;
    std::string text(bytes.substr(0, 512));
    std::transform(text.begin(), text.end(), text.begin(),
                   [](unsigned char letter) { return char(std::tolower(letter)); });
    text.erase(0, text.find_first_not_of(" \t\r\n\xEF\xBB\xBF"));
    if (text.starts_with("version https://git-lfs")) {
        return "a Git LFS pointer, not the file: fetch it with 'git lfs pull' or 'hf download'";
    }
    const bool is_page =
        text.starts_with("<!doctype") || text.starts_with("<html") || text.starts_with("<?");
    if (is_page) {
        return "a web page, not the file: the download needed a login or another address";
    }
    if (bytes.starts_with("\x1F\x8B"sv)) return "compressed with gzip: unpack it with gunzip";
    const bool is_pickle = bytes.size() > 1 && bytes[0] == '\x80' && bytes[1] >= 2 && bytes[1] <= 5;
    if (bytes.starts_with("PK\x03\x04"sv) || is_pickle) {
        return "a PyTorch file (.bin, .pt), which is not read: save the model as safetensors, "
               "with save_pretrained(safe_serialization=True)";
    }
    if (bytes.starts_with("GGUF")) return "a GGUF file: give it as --model FILE.gguf";
    const bool is_safetensors = bytes.size() > 9 && bytes.substr(4, 4) == "\0\0\0\0"sv &&
                                bytes[8] == '{' && (bytes[9] == '"' || bytes[9] == '}');
    if (is_safetensors) return "a safetensors file: give its folder as --model";
    return "";
}

inline std::string foreign_kind_of_file(const std::filesystem::path& path) {
    char first[512] = {};
    std::ifstream file(path, std::ios::binary);
    file.read(first, sizeof first);
    return foreign_kind({first, std::size_t(file.gcount())});
}

inline void require_no_foreign_kind(const std::string& path, std::string_view bytes) {
    const std::string kind = foreign_kind(bytes);
    if (!kind.empty()) throw Error(path + ": is " + kind);
}

}  // namespace gptoss::format
