// Reading GGUF, llama.cpp's model file: everything but the tensors' bytes is checked, and those are left
// where they are.
//
//     "GGUF"  u32 version (2 or 3)  u64 n_tensors  u64 n_keys
//     n_keys times      string key, u32 type, value            string: u64 length, bytes
//     n_tensors times   string name, u32 n_extents, u64 extents (innermost first), u32 type, u64 offset
//     zeros up to a multiple of general.alignment (32), then the data; offsets count from here
//
// Little-endian. Values and strings stay in the file too: a vocabulary is only walked over.
//
// Source   ggml, docs/gguf.md and src/gguf.cpp; the sizes of blocks: GGML_QUANT_SIZES of the gguf package.
// Errors   Error, naming the file, the key or tensor, what was found and what was expected; NotGguf
//          for a file of another format.
// Pitfalls Counts, lengths and offsets come from outside: each is checked against what is left of the
//          file before it is used, and nothing is reserved by a count. Version 1 had 32-bit counts.
#pragma once
#include <algorithm>
#include <bit>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gptoss/core/check.hpp"
#include "gptoss/format/file_kind.hpp"
#include "gptoss/format/gguf_value.hpp"
#include "gptoss/format/json.hpp"
#include "gptoss/format/mapped_file.hpp"
#include "gptoss/format/tensor.hpp"

namespace gptoss::format {

inline constexpr std::uint64_t kGgufAlignment = 32;  // without general.alignment
inline constexpr int kGgufMostExtents = 4;

struct Gguf {
    std::string path;
    int version = 0;
    std::uint64_t alignment = kGgufAlignment;
    std::map<std::string, GgufValue> keys;
    std::map<std::string, TensorView> tensors;  // dtype as ggml calls it, outermost extent first
    std::shared_ptr<const MappedFile> mapped;   // what all of it points into
};

// The file does not begin as GGUF does: it is of another format.
struct NotGguf : Error {
    using Error::Error;
};

// --- Types of tensors -------------------------------------------------------------------------

struct GgmlType {
    std::uint32_t id;
    const char* name;
    int block_size;  // weights
    int block_bytes;
};
// clang-format off
inline constexpr GgmlType kGgmlTypes[] = {
    {0, "F32", 1, 4},          {1, "F16", 1, 2},           {2, "Q4_0", 32, 18},
    {3, "Q4_1", 32, 20},       {6, "Q5_0", 32, 22},        {7, "Q5_1", 32, 24},
    {8, "Q8_0", 32, 34},       {9, "Q8_1", 32, 40},        {10, "Q2_K", 256, 84},
    {11, "Q3_K", 256, 110},    {12, "Q4_K", 256, 144},     {13, "Q5_K", 256, 176},
    {14, "Q6_K", 256, 210},    {15, "Q8_K", 256, 292},     {16, "IQ2_XXS", 256, 66},
    {17, "IQ2_XS", 256, 74},   {18, "IQ3_XXS", 256, 98},   {19, "IQ1_S", 256, 50},
    {20, "IQ4_NL", 32, 18},    {21, "IQ3_S", 256, 110},    {22, "IQ2_S", 256, 82},
    {23, "IQ4_XS", 256, 136},  {24, "I8", 1, 1},           {25, "I16", 1, 2},
    {26, "I32", 1, 4},         {27, "I64", 1, 8},          {28, "F64", 1, 8},
    {29, "IQ1_M", 256, 56},    {30, "BF16", 1, 2},         {34, "TQ1_0", 256, 54},
    {35, "TQ2_0", 256, 66},    {39, "MXFP4", 32, 17},
};
// clang-format on

inline const GgmlType* find_ggml_type(std::uint32_t id) {
    for (const GgmlType& type : kGgmlTypes) {
        if (type.id == id) return &type;
    }
    return nullptr;
}

inline const GgmlType* find_ggml_type(std::string_view name) {
    for (const GgmlType& type : kGgmlTypes) {
        if (name == type.name) return &type;
    }
    return nullptr;
}

// Bytes of a tensor of blocks; nothing if rows are no whole blocks or 64 bits do not hold it.
inline std::optional<std::uint64_t> ggml_bytes(const GgmlType& type, const Shape& shape) {
    const std::int64_t row = shape.empty() ? 1 : shape.back();
    if (row % type.block_size != 0) return std::nullopt;
    Shape blocks = shape;
    if (!blocks.empty()) blocks.back() = row / type.block_size;
    return checked_bytes(blocks, type.block_bytes);
}

// --- The parts of a file ----------------------------------------------------------------------

inline void read_gguf_key(GgufCursor& in, Gguf& file) {
    const std::string key(in.text("a key"));
    const GgufValue value = read_gguf_value(in, quoted(key));
    if (!file.keys.emplace(key, value).second) in.fail(quoted(key) + " is there twice");
}

// A tensor and its offset in the data.
struct GgufTensorInfo {
    std::string name;
    TensorView view;
    std::uint64_t offset = 0;
};

inline GgufTensorInfo read_gguf_tensor(GgufCursor& in) {
    GgufTensorInfo tensor;
    tensor.name = std::string(in.text("a tensor's name"));
    const std::string what = format::quoted(tensor.name);
    const std::uint32_t n_extents = in.number<std::uint32_t>(what);
    if (n_extents > kGgufMostExtents) {
        in.fail(what + " has " + std::to_string(n_extents) + " extents, expected at most 4");
    }
    for (std::uint32_t axis = 0; axis < n_extents; ++axis) {
        const std::uint64_t extent = in.number<std::uint64_t>(what);
        const bool fits = extent <= std::uint64_t(std::numeric_limits<std::int64_t>::max());
        if (!fits) in.fail(what + " has an extent of " + std::to_string(extent));
        tensor.view.shape.insert(tensor.view.shape.begin(), std::int64_t(extent));
    }
    const std::uint32_t id = in.number<std::uint32_t>(what);
    const GgmlType* type = find_ggml_type(id);
    if (type == nullptr) in.fail(what + " has type " + std::to_string(id) + ", not known");
    tensor.view.dtype = type->name;
    tensor.offset = in.number<std::uint64_t>(what);
    const auto n_bytes = ggml_bytes(*type, tensor.view.shape);
    if (!n_bytes) {
        in.fail(what + " is " + type->name + " " + shape_text(tensor.view.shape) +
                ", expected rows of whole blocks of " + std::to_string(type->block_size));
    }
    tensor.view.n_bytes = *n_bytes;
    return tensor;
}

// In the order of the data no tensor begins before the one before it has ended.
inline void place_gguf_tensors(const GgufCursor& in, std::vector<GgufTensorInfo>& tensors,
                               std::uint64_t data_begin, Gguf& file) {
    const std::uint64_t data_size = in.size - std::min(in.size, data_begin);
    std::sort(tensors.begin(), tensors.end(), [](const GgufTensorInfo& a, const GgufTensorInfo& b) {
        return a.offset != b.offset ? a.offset < b.offset : a.view.n_bytes < b.view.n_bytes;
    });
    std::uint64_t end_before = 0;
    for (GgufTensorInfo& tensor : tensors) {
        const std::string what =
            format::quoted(tensor.name) + " begins at " + std::to_string(tensor.offset);
        if (tensor.offset % file.alignment != 0) {
            in.fail(what + ", expected a multiple of " + std::to_string(file.alignment));
        }
        if (tensor.offset < end_before) {
            in.fail(what + ", expected at least " + std::to_string(end_before) +
                    " (the end of the tensor before it)");
        }
        const bool fits =
            tensor.offset <= data_size && tensor.view.n_bytes <= data_size - tensor.offset;
        if (!fits) {
            in.fail(what + " and has " + std::to_string(tensor.view.n_bytes) +
                    " bytes, but the file holds " + std::to_string(data_size) +
                    " bytes of data; is it cut short?");
        }
        end_before = tensor.offset + tensor.view.n_bytes;
        tensor.view.bytes = in.bytes + data_begin + tensor.offset;
        if (!file.tensors.emplace(tensor.name, tensor.view).second) {
            in.fail(format::quoted(tensor.name) + " is there twice");
        }
    }
}

inline int read_gguf_version(GgufCursor& in) {
    if (in.size < 4 || std::memcmp(in.bytes, "GGUF", 4) != 0) {
        const std::size_t n_first = std::size_t(std::min<std::uint64_t>(in.size, 512));
        const std::string kind = foreign_kind({reinterpret_cast<const char*>(in.bytes), n_first});
        throw NotGguf(in.path + ": is no GGUF file: it " +
                      (kind.empty() ? "does not begin with \"GGUF\"" : "is " + kind));
    }
    in.at = 4;
    const std::uint32_t version = in.number<std::uint32_t>("the version");
    if (version == 0x02000000u || version == 0x03000000u) {
        in.fail("is big-endian, expected a little-endian file");
    }
    if (version != 2 && version != 3) {
        in.fail("is GGUF version " + std::to_string(version) + ", expected 2 or 3");
    }
    return int(version);
}

// --- A file -----------------------------------------------------------------------------------

// Over bytes that are in memory already; path is for the errors.
inline Gguf read_gguf(const std::string& path, const std::uint8_t* bytes, std::uint64_t size) {
    GgufCursor in{path, bytes, size};
    Gguf file;
    file.path = path;
    file.version = read_gguf_version(in);
    const std::uint64_t n_tensors = in.number<std::uint64_t>("the number of tensors");
    const std::uint64_t n_keys = in.number<std::uint64_t>("the number of keys");
    for (std::uint64_t k = 0; k < n_keys; ++k) {
        read_gguf_key(in, file);
    }
    const auto alignment = file.keys.find("general.alignment");
    if (alignment != file.keys.end()) {
        file.alignment = std::uint64_t(gguf_integer(path, "general.alignment", alignment->second));
        const bool is_power_of_2 = std::has_single_bit(file.alignment) && file.alignment >= 8;
        if (!is_power_of_2) {
            in.fail("general.alignment is " + std::to_string(file.alignment) +
                    ", expected a power of 2 from 8 on");
        }
    }
    std::vector<GgufTensorInfo> tensors;
    for (std::uint64_t k = 0; k < n_tensors; ++k) {
        tensors.push_back(read_gguf_tensor(in));
    }
    const std::uint64_t data_begin =
        in.at + (file.alignment - in.at % file.alignment) % file.alignment;
    place_gguf_tensors(in, tensors, data_begin, file);
    return file;
}

inline Gguf open_gguf(const std::filesystem::path& path, FileBytes bytes = FileBytes::mapped) {
    const auto mapped = std::make_shared<const MappedFile>(path, bytes);
    Gguf file = read_gguf(mapped->path(), mapped->bytes(), mapped->size());
    file.mapped = mapped;
    return file;
}

}  // namespace gptoss::format
