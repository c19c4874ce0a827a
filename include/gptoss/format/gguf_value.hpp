// The values of a GGUF file's keys: numbers, text, and lists of either, read where they lie.
//
//     u32 type, then   0..7   u8 i8 u16 i16 u32 i32 f32 bool      10..12   u64 i64 f64
//                      8      string: u64 length, bytes
//                      9      list: u32 type of its elements, u64 count, the elements
//
// Where    format/gguf.hpp, which walks over them; checkpoint/gguf_config.hpp and
//          tokenizer/gguf_vocabulary.hpp, which ask for them.
// Source   ggml, docs/gguf.md.
// Errors   Error, naming file and key.
// Pitfalls Writers choose the width: 24 layers may be u32 or i64, so who asks gets any integer.
#pragma once
#include <cstdint>
#include <cstring>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gptoss/core/check.hpp"
#include "gptoss/format/json.hpp"

namespace gptoss::format {

// clang-format off
enum class GgufType : std::uint32_t {
    u8, i8, u16, i16, u32, i32, f32, boolean, text, list, u64, i64, f64,
};
inline constexpr const char* kGgufTypeNames[] = {
    "u8", "i8", "u16", "i16", "u32", "i32", "f32", "bool", "text", "list", "u64", "i64", "f64",
};
inline constexpr int kGgufTypeBytes[] = {1, 1, 2, 2, 4, 4, 4, 1, 0, 0, 8, 8, 8};
// clang-format on
inline constexpr std::uint32_t kGgufTypeCount = 13;

// A place in the file; nothing is read beyond its end.
struct GgufCursor {
    std::string path;
    const std::uint8_t* bytes = nullptr;
    std::uint64_t size = 0;
    std::uint64_t at = 0;

    [[noreturn]] void fail(const std::string& what) const { throw Error(path + ": " + what); }

    const std::uint8_t* take(std::uint64_t n_bytes, const std::string& what) {
        if (n_bytes > size - at) {
            fail(what + " needs " + std::to_string(n_bytes) + " bytes at " + std::to_string(at) +
                 ", but the file has " + std::to_string(size) + "; is it cut short?");
        }
        const std::uint8_t* place = bytes + at;
        at += n_bytes;
        return place;
    }
    template <class Number>
    Number number(const std::string& what) {
        Number value;
        std::memcpy(&value, take(sizeof value, what), sizeof value);
        return value;
    }
    std::string_view text(const std::string& what) {
        const std::uint64_t length = number<std::uint64_t>(what);
        const auto* first = reinterpret_cast<const char*>(take(length, what));
        return {first, std::size_t(length)};
    }
};

struct GgufValue {
    GgufType type = GgufType::u8;  // of its elements, if it is a list
    bool is_list = false;
    std::uint64_t count = 1;
    const std::uint8_t* bytes = nullptr;  // of the first
    std::uint64_t n_bytes = 0;
};

inline GgufType read_gguf_type(GgufCursor& in, const std::string& what) {
    const std::uint32_t type = in.number<std::uint32_t>(what);
    if (type >= kGgufTypeCount) in.fail(what + " has type " + std::to_string(type) + ", not known");
    return GgufType(type);
}

// Walks over a value.
inline GgufValue read_gguf_value(GgufCursor& in, const std::string& what) {
    GgufValue value;
    value.type = read_gguf_type(in, what);
    if (value.type == GgufType::list) {
        value.is_list = true;
        value.type = read_gguf_type(in, what);
        if (value.type == GgufType::list) in.fail(what + " is a list of lists");
        value.count = in.number<std::uint64_t>(what);
    }
    const std::uint64_t begin = in.at;
    value.bytes = in.bytes + begin;
    if (value.type == GgufType::text) {
        for (std::uint64_t i = 0; i < value.count; ++i) {
            in.text(what);
        }
    } else {
        const std::uint64_t bytes_each = std::uint64_t(kGgufTypeBytes[int(value.type)]);
        const std::uint64_t most = std::numeric_limits<std::uint64_t>::max() / bytes_each;
        in.take(value.count > most ? most : value.count * bytes_each, what);
    }
    value.n_bytes = in.at - begin;
    return value;
}

// --- What a value is --------------------------------------------------------------------------

inline std::string gguf_type_text(const GgufValue& value) {
    const std::string name = kGgufTypeNames[int(value.type)];
    return value.is_list ? "a list of " + name : name;
}

[[noreturn]] inline void refuse_gguf_value(const std::string& path, const std::string& key,
                                           const GgufValue& value, const std::string& expected) {
    throw Error(path + ": " + key + " is " + gguf_type_text(value) + ", expected " + expected);
}

template <class Number>
Number gguf_number_at(const GgufValue& value, std::uint64_t i) {
    Number number;
    std::memcpy(&number, value.bytes + i * sizeof number, sizeof number);
    return number;
}

// Element i as an integer, if it is one that 64 bits with a sign hold.
inline std::optional<std::int64_t> gguf_integer_at(const GgufValue& value, std::uint64_t i) {
    switch (value.type) {
        case GgufType::u8:
            return gguf_number_at<std::uint8_t>(value, i);
        case GgufType::i8:
            return gguf_number_at<std::int8_t>(value, i);
        case GgufType::u16:
            return gguf_number_at<std::uint16_t>(value, i);
        case GgufType::i16:
            return gguf_number_at<std::int16_t>(value, i);
        case GgufType::u32:
            return gguf_number_at<std::uint32_t>(value, i);
        case GgufType::i32:
            return gguf_number_at<std::int32_t>(value, i);
        case GgufType::boolean:
            return gguf_number_at<std::uint8_t>(value, i);
        case GgufType::i64:
            return gguf_number_at<std::int64_t>(value, i);
        case GgufType::u64: {
            const std::uint64_t number = gguf_number_at<std::uint64_t>(value, i);
            if (number > std::uint64_t(std::numeric_limits<std::int64_t>::max())) break;
            return std::int64_t(number);
        }
        default:
            break;
    }
    return std::nullopt;
}

inline std::int64_t gguf_integer(const std::string& path, const std::string& key,
                                 const GgufValue& value) {
    const auto integer = value.is_list ? std::nullopt : gguf_integer_at(value, 0);
    if (!integer) refuse_gguf_value(path, key, value, "an integer");
    return *integer;
}

inline double gguf_number(const std::string& path, const std::string& key, const GgufValue& value) {
    if (!value.is_list && value.type == GgufType::f32) return gguf_number_at<float>(value, 0);
    if (!value.is_list && value.type == GgufType::f64) return gguf_number_at<double>(value, 0);
    const auto integer = value.is_list ? std::nullopt : gguf_integer_at(value, 0);
    if (!integer) refuse_gguf_value(path, key, value, "a number");
    return double(*integer);
}

// All strings of a list, or the one.
inline std::vector<std::string_view> gguf_texts(const std::string& path, const std::string& key,
                                                const GgufValue& value) {
    if (value.type != GgufType::text) refuse_gguf_value(path, key, value, "text");
    GgufCursor in{path, value.bytes, value.n_bytes};
    std::vector<std::string_view> texts;
    for (std::uint64_t i = 0; i < value.count; ++i) {
        texts.push_back(in.text(key));
    }
    return texts;
}

inline std::string gguf_text(const std::string& path, const std::string& key,
                             const GgufValue& value) {
    if (value.is_list) refuse_gguf_value(path, key, value, "text");
    return std::string(gguf_texts(path, key, value)[0]);
}

// All integers of a list.
inline std::vector<std::int64_t> gguf_integers(const std::string& path, const std::string& key,
                                               const GgufValue& value) {
    std::vector<std::int64_t> integers;
    for (std::uint64_t i = 0; value.is_list && i < value.count; ++i) {
        const auto integer = gguf_integer_at(value, i);
        if (!integer) refuse_gguf_value(path, key, value, "a list of integers");
        integers.push_back(*integer);
    }
    if (!value.is_list) refuse_gguf_value(path, key, value, "a list of integers");
    return integers;
}

}  // namespace gptoss::format
