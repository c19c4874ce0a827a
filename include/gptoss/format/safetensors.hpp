// Reading safetensors: the header is checked whole, the data is left where it is.
//
//     offset 0      u64, little-endian: N, the length of the header
//     offset 8      N bytes of JSON: {"name": {"dtype", "shape", "data_offsets": [begin, end]},
//     ...} offset 8 + N  the data section, to the end of the file; offsets count from here
//
// Every rule of the format is checked: the ranges must tile the data section, without overlap and
// without a hole, and each must be as long as its dtype and shape say. Nothing is copied.
//
// Source   Hugging Face, safetensors format description (README, "Format") and its library's
//          Metadata::validate; the limit on N is the library's MAX_HEADER_SIZE.
// Errors   Error, naming the file, the tensor, what was found and what was expected; NotSafetensors
//          for a file of another format.
// Pitfalls The header's order need not be the data's. Offsets and extents come from outside: every
//          sum and product is checked before it is used.
#pragma once
#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <limits>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "gptoss/core/check.hpp"
#include "gptoss/format/file_kind.hpp"
#include "gptoss/format/json.hpp"
#include "gptoss/format/mapped_file.hpp"
#include "gptoss/format/tensor.hpp"

namespace gptoss::format {

inline constexpr std::uint64_t kMaxSafetensorsHeader = 100'000'000;

struct Safetensors {
    std::string path;
    std::map<std::string, TensorView> tensors;    // by name
    std::map<std::string, std::string> metadata;  // the header's "__metadata__"
    std::shared_ptr<const MappedFile> mapped;     // what the views point into
};

// The file does not begin as safetensors do: it is of another format.
struct NotSafetensors : Error {
    std::string reason;  // without the path

    NotSafetensors(const std::string& path, const std::string& why)
        : Error(path + ": is no safetensors file: " + why), reason(why) {}
};

// A header's claims about one tensor, checked one by one.
struct TensorRange {
    std::string name;
    TensorView view;  // bytes are set once the range is known to be good
    std::uint64_t begin = 0;
    std::uint64_t end = 0;
};

inline Shape read_shape(const std::string& where, const nlohmann::json& entry) {
    const auto shape = entry.find("shape");
    if (shape == entry.end()) throw Error(where + ": has no shape");
    if (!shape->is_array()) {
        throw Error(where + ": shape is " + shape->dump() + ", expected a list");
    }
    if (shape->size() > kMaxRank) {
        throw Error(where + ": shape has " + std::to_string(shape->size()) +
                    " extents, expected at most " + std::to_string(kMaxRank));
    }
    Shape extents;
    for (const nlohmann::json& extent : *shape) {
        const std::uint64_t largest = std::numeric_limits<std::int64_t>::max();
        if (!extent.is_number_unsigned() || extent.get<std::uint64_t>() > largest) {
            throw Error(where + ": shape holds " + extent.dump() + ", expected counts");
        }
        extents.push_back(extent.get<std::int64_t>());
    }
    return extents;
}

inline TensorRange read_tensor_range(const std::string& where, const std::string& name,
                                     const nlohmann::json& entry, std::uint64_t data_size) {
    if (!entry.is_object()) throw Error(where + ": is not an object");
    const auto dtype = entry.find("dtype");
    if (dtype == entry.end()) throw Error(where + ": has no dtype");
    if (!dtype->is_string()) throw Error(where + ": dtype is " + dtype->dump() + ", expected text");
    const auto offsets = entry.find("data_offsets");
    if (offsets == entry.end()) throw Error(where + ": has no data_offsets");
    const bool is_pair = offsets->is_array() && offsets->size() == 2 &&
                         (*offsets)[0].is_number_unsigned() && (*offsets)[1].is_number_unsigned();
    if (!is_pair) {
        throw Error(where + ": data_offsets are " + offsets->dump() + ", expected two counts");
    }

    TensorRange range;
    range.name = name;
    range.view.dtype = dtype->get<std::string>();
    range.view.shape = read_shape(where, entry);
    range.begin = (*offsets)[0].get<std::uint64_t>();
    range.end = (*offsets)[1].get<std::uint64_t>();

    const int element_bytes = dtype_bytes(range.view.dtype);
    if (element_bytes == 0) throw Error(where + ": dtype is " + dtype->dump() + ", not known");
    if (range.begin > range.end) {
        throw Error(where + ": data_offsets are " + offsets->dump() + ", expected begin <= end");
    }
    if (range.end > data_size) {
        throw Error(where + ": data_offsets are " + offsets->dump() + ", but the file holds " +
                    std::to_string(data_size) + " bytes of data; is it cut short?");
    }
    range.view.n_bytes = range.end - range.begin;
    const auto expected = checked_bytes(range.view.shape, element_bytes);
    if (!expected || *expected != range.view.n_bytes) {
        throw Error(where + ": data_offsets are " + offsets->dump() + ", which does not fit " +
                    range.view.dtype + " " + shape_text(range.view.shape));
    }
    return range;
}

// In the order of the data, each tensor begins where the one before it ends.
inline void require_tiling(const std::string& path, std::vector<TensorRange>& ranges,
                           std::uint64_t data_size) {
    std::sort(ranges.begin(), ranges.end(), [](const TensorRange& a, const TensorRange& b) {
        return a.begin != b.begin ? a.begin < b.begin : a.end < b.end;
    });
    std::uint64_t expected_begin = 0;
    for (const TensorRange& range : ranges) {
        if (range.begin != expected_begin) {
            throw Error(path + ": " + quoted(range.name) + ": begins at " +
                        std::to_string(range.begin) + ", expected " +
                        std::to_string(expected_begin) + " (the end of the tensor before it)");
        }
        expected_begin = range.end;
    }
    if (expected_begin != data_size) {
        throw Error(path + ": tensors end at " + std::to_string(expected_begin) +
                    ", expected the end of the data, " + std::to_string(data_size));
    }
}

inline std::map<std::string, std::string> read_metadata(const std::string& where,
                                                        const nlohmann::json& entry) {
    if (!entry.is_object()) throw Error(where + ": is not an object");
    std::map<std::string, std::string> metadata;
    for (const auto& [key, value] : entry.items()) {
        if (!value.is_string()) throw Error(where + ": " + quoted(key) + " is not a string");
        metadata[key] = value.get<std::string>();
    }
    return metadata;
}

// The length of the header, of a file that begins as safetensors do and holds it whole.
inline std::uint64_t read_header_size(const std::string& path, const std::uint8_t* bytes,
                                      std::uint64_t size) {
    const std::size_t n_first = std::size_t(std::min<std::uint64_t>(size, 512));
    const std::string kind = size > 8 && bytes[8] == '{'
                                 ? ""
                                 : foreign_kind({reinterpret_cast<const char*>(bytes), n_first});
    if (!kind.empty()) throw NotSafetensors(path, "it is " + kind);
    if (size < 8) {
        throw NotSafetensors(path,
                             "it has " + std::to_string(size) + " bytes, expected at least 8");
    }
    std::uint64_t header_size = 0;
    for (int i = 0; i < 8; ++i)
        header_size |= std::uint64_t(bytes[i]) << (8 * i);
    if (header_size == 0 || header_size > kMaxSafetensorsHeader) {
        throw NotSafetensors(path, "its first 8 bytes would be a header of " +
                                       std::to_string(header_size) + " bytes");
    }
    if (size > 8 && bytes[8] != '{') {
        throw NotSafetensors(path, "its header does not begin with '{'");
    }
    if (header_size > size - 8) {
        throw Error(path + ": header length is " + std::to_string(header_size) +
                    ", but the file holds " + std::to_string(size - 8) +
                    " bytes behind it; is it cut short?");
    }
    return header_size;
}

// Over bytes that are in memory already; path is for the errors.
inline Safetensors read_safetensors(const std::string& path, const std::uint8_t* bytes,
                                    std::uint64_t size) {
    const std::uint64_t header_size = read_header_size(path, bytes, size);
    const std::string_view text(reinterpret_cast<const char*>(bytes + 8), std::size_t(header_size));
    const nlohmann::json header = parse_json(path + ": header", text);

    const std::uint8_t* data = bytes + 8 + header_size;
    const std::uint64_t data_size = size - 8 - header_size;
    Safetensors file;
    file.path = path;
    std::vector<TensorRange> ranges;
    for (const auto& [name, entry] : header.items()) {
        const std::string where = path + ": " + quoted(name);
        if (name == "__metadata__") {
            file.metadata = read_metadata(where, entry);
        } else {
            ranges.push_back(read_tensor_range(where, name, entry, data_size));
        }
    }
    require_tiling(path, ranges, data_size);
    for (TensorRange& range : ranges) {
        range.view.bytes = data + range.begin;
        file.tensors[range.name] = range.view;
    }
    return file;
}

inline Safetensors open_safetensors(const std::filesystem::path& path,
                                    FileBytes bytes = FileBytes::mapped) {
    const auto mapped = std::make_shared<const MappedFile>(path, bytes);
    Safetensors file = read_safetensors(mapped->path(), mapped->bytes(), mapped->size());
    file.mapped = mapped;
    return file;
}

}  // namespace gptoss::format
