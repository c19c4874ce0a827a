// TensorView: the tensor of a file: dtype, shape, and its bytes wherever they lie.
//
//   dtype   as safetensors spells it: "F32", "BF16", "U8", ...
//   shape   row-major, outermost extent first; rank 0 is a single value
//   bytes   product(shape) * dtype_bytes(dtype) of them, little-endian, at any alignment
//
// Source   Hugging Face, safetensors format description (README, "Format").
// Pitfalls Never cast bytes to a wider type; read through memcpy.
#pragma once
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace gptoss::format {

using Shape = std::vector<std::int64_t>;

inline constexpr std::size_t kMaxRank = 64;  // numpy's, the largest there is

struct TensorView {
    std::string dtype;
    Shape shape;
    const std::uint8_t* bytes = nullptr;
    std::uint64_t n_bytes = 0;
};

struct Dtype {
    const char* name;
    int bytes;  // per element
};
inline constexpr Dtype kDtypes[] = {
    {"BOOL", 1}, {"U8", 1},  {"I8", 1},  {"F8_E5M2", 1}, {"F8_E4M3", 1}, {"F8_E8M0", 1},
    {"I16", 2},  {"U16", 2}, {"F16", 2}, {"BF16", 2},    {"I32", 4},     {"U32", 4},
    {"F32", 4},  {"F64", 8}, {"I64", 8}, {"U64", 8},
};

// Bytes per element; 0 for a dtype that is not in the list.
inline int dtype_bytes(std::string_view name) {
    for (const Dtype& dtype : kDtypes) {
        if (name == dtype.name) return dtype.bytes;
    }
    return 0;
}

// product(shape) * element_bytes; nothing if that does not fit 64 bits or an extent is negative.
inline std::optional<std::uint64_t> checked_bytes(const Shape& shape, int element_bytes) {
    std::uint64_t product = std::uint64_t(element_bytes);
    for (const std::int64_t extent : shape) {
        if (extent < 0) return std::nullopt;
        const std::uint64_t factor = std::uint64_t(extent);
        if (factor != 0 && product > std::numeric_limits<std::uint64_t>::max() / factor) {
            return std::nullopt;
        }
        product *= factor;
    }
    return product;
}

// "(4096, 2880)"
inline std::string shape_text(const Shape& shape) {
    std::string text = "(";
    for (std::size_t axis = 0; axis < shape.size(); ++axis) {
        if (axis > 0) text += ", ";
        text += std::to_string(shape[axis]);
    }
    return text + ")";
}

}  // namespace gptoss::format
