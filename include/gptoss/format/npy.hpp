// Reading .npy: numpy's file of one array. The header is checked whole, the data stays where it is.
//
//     "\x93NUMPY" | major minor | header length: u16 (major 1) or u32 (2, 3), little-endian
//     | header | data
//
// The header is the text of a Python dict,
//
//     {'descr': '<f4', 'fortran_order': False, 'shape': (7, 64), }
//
// and descr is byte order, kind and bytes per element. f2, f4, f8, i4 and i8 of either byte order
// are read. Everything else has an empty dtype and a refusal that says what to save instead:
// whoever asked for the array decides whether that matters.
//
// Source   NumPy Enhancement Proposal 1, A Simple File Format for NumPy Arrays; numpy.lib.format.
// Errors   Error, naming the file: no such header, cut short, more data than the shape says.
// Pitfalls '<V2' is how numpy writes ml_dtypes' bfloat16, and any other two bytes; uint16 may be
//          bf16 bits or counts. Neither is guessed. Object arrays are pickles, which run code when
//          they are read; nothing here looks inside.
#pragma once
#include <cctype>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

#include "gptoss/core/check.hpp"
#include "gptoss/format/array.hpp"
#include "gptoss/format/json.hpp"
#include "gptoss/format/mapped_file.hpp"
#include "gptoss/format/tensor.hpp"

namespace gptoss::format {

inline constexpr std::string_view kNpyMagic = "\x93NUMPY";

struct NpyArray {
    std::string descr;    // '<f4'
    ArrayView array;      // dtype is empty if it is none of ours
    std::string refusal;  // why, and what to save instead; empty if it can be read
    std::shared_ptr<const MappedFile> mapped = {};  // what the view points into
};

// The Python dict of a header, read from left to right.
class NpyHeaderReader {
public:
    NpyHeaderReader(const std::string& path, std::string_view text) : path_(path), text_(text) {}

    NpyArray read() {
        NpyArray npy;
        bool seen[3] = {};
        take('{');
        while (!is_next('}')) {
            const std::string key = quoted_text();
            take(':');
            if (key == "descr") {
                npy.descr = is_next('[') ? structure() : quoted_text();
                seen[0] = true;
            } else if (key == "fortran_order") {
                npy.array.fortran_order = boolean();
                seen[1] = true;
            } else if (key == "shape") {
                npy.array.tensor.shape = tuple();
                seen[2] = true;
            } else {
                fail("has the key " + quoted(key));
            }
            if (!is_next('}')) take(',');
        }
        if (!seen[0] || !seen[1] || !seen[2]) fail("lacks descr, fortran_order or shape");
        return npy;
    }

private:
    [[noreturn]] void fail(const std::string& what) const {
        throw Error(path_ + ": npy header " + what + " (at byte " + std::to_string(at_) + ")");
    }
    void skip_space() {
        while (at_ < text_.size() && std::isspace(static_cast<unsigned char>(text_[at_]))) {
            ++at_;
        }
    }
    bool is_next(char letter) {
        skip_space();
        return at_ < text_.size() && text_[at_] == letter;
    }
    void take(char letter) {
        if (!is_next(letter)) fail(std::string("has no '") + letter + "'");
        ++at_;
    }
    std::string quoted_text() {
        const char quote = is_next('"') ? '"' : '\'';
        take(quote);
        const std::size_t end = text_.find(quote, at_);
        if (end == std::string_view::npos) fail("has a text without an end");
        const std::string text(text_.substr(at_, end - at_));
        at_ = end + 1;
        return text;
    }
    // A structured type, "[('a', '<f4'), ...]": only its extent matters.
    std::string structure() {
        const std::size_t begin = at_;
        int depth = 0;
        do {
            if (at_ >= text_.size()) fail("has a list without an end");
            depth += text_[at_] == '[';
            depth -= text_[at_] == ']';
            ++at_;
        } while (depth > 0);
        return std::string(text_.substr(begin, at_ - begin));
    }
    bool boolean() {
        skip_space();
        for (const std::string_view word : {"True", "False"}) {
            if (text_.substr(at_).starts_with(word)) {
                at_ += word.size();
                return word == "True";
            }
        }
        fail("has no True or False");
    }
    Shape tuple() {
        Shape shape;
        take('(');
        while (!is_next(')')) {
            if (shape.size() == kMaxRank) {
                fail("has a shape of more than " + std::to_string(kMaxRank) + " extents");
            }
            shape.push_back(count());
            if (!is_next(')')) take(',');
        }
        take(')');
        return shape;
    }
    std::int64_t count() {
        skip_space();
        std::int64_t number = 0;
        const std::size_t begin = at_;
        while (at_ < text_.size() && text_[at_] >= '0' && text_[at_] <= '9') {
            if (at_ - begin > 17) fail("has an extent beyond 10^17");
            number = 10 * number + (text_[at_++] - '0');
        }
        if (at_ == begin) fail("has a shape that is no list of counts");
        return number;
    }

    const std::string& path_;
    std::string_view text_;
    std::size_t at_ = 0;
};

// "<f4" -> "F32"; "" for what is not read.
inline std::string npy_dtype(const std::string& descr) {
    const std::string kind = descr.empty() ? "" : descr.substr(1);
    const bool has_order = descr[0] == '<' || descr[0] == '>' || descr[0] == '=';
    if (descr.empty() || !has_order) return "";
    if (kind == "f2") return "F16";
    if (kind == "f4") return "F32";
    if (kind == "f8") return "F64";
    if (kind == "i4") return "I32";
    if (kind == "i8") return "I64";
    return "";
}

inline std::string npy_refusal(const std::string& descr) {
    const std::string holds = "dtype is " + quoted(descr);
    if (descr.ends_with("O")) {
        return holds + ", Python objects; save numbers: numpy.save(f, x.astype(numpy.float32))";
    }
    if (descr.ends_with("V2")) {
        return holds +
               ", which does not say what the two bytes are; if it is bfloat16, save "
               "x.astype(numpy.float32)";
    }
    return holds +
           ", expected f2, f4, f8, i4 or i8; save x.astype(numpy.float32), or "
           "numpy.int32 for ids";
}

inline std::uint64_t npy_header_begin(const std::string& path, const std::uint8_t* bytes,
                                      std::uint64_t size, std::uint64_t& length) {
    const bool has_magic = size >= 10 && std::string_view(reinterpret_cast<const char*>(bytes),
                                                          kNpyMagic.size()) == kNpyMagic;
    if (!has_magic) throw Error(path + ": is no npy array: does not begin with \\x93NUMPY");
    const int major = bytes[6];
    if (major < 1 || major > 3) {
        throw Error(path + ": npy version is " + std::to_string(major) + ", expected 1 to 3");
    }
    const std::uint64_t begin = major == 1 ? 10 : 12;
    length = 0;
    for (std::uint64_t i = 8; i < begin && i < size; ++i) {
        length |= std::uint64_t(bytes[i]) << (8 * (i - 8));
    }
    if (begin > size || length > size - begin) {
        throw Error(path + ": npy header has " + std::to_string(length) + " bytes, the file " +
                    std::to_string(size) + "; is it cut short?");
    }
    return begin;
}

// Over bytes that are in memory already; path is for the errors.
inline NpyArray read_npy(const std::string& path, const std::uint8_t* bytes, std::uint64_t size) {
    std::uint64_t length = 0;
    const std::uint64_t begin = npy_header_begin(path, bytes, size, length);
    const std::string_view text(reinterpret_cast<const char*>(bytes + begin), std::size_t(length));
    NpyArray npy = NpyHeaderReader(path, text).read();
    TensorView& tensor = npy.array.tensor;
    tensor.dtype = npy_dtype(npy.descr);
    tensor.bytes = bytes + begin + length;
    tensor.n_bytes = size - begin - length;
    npy.array.big_endian = npy.descr.starts_with(">");
    if (tensor.dtype.empty()) {
        npy.refusal = npy_refusal(npy.descr);
        return npy;
    }
    const auto expected = checked_bytes(tensor.shape, dtype_bytes(tensor.dtype));
    if (!expected || *expected != tensor.n_bytes) {
        const bool is_short = !expected || *expected > tensor.n_bytes;
        throw Error(path + ": holds " + std::to_string(tensor.n_bytes) + " bytes of data, which " +
                    "does not fit " + gptoss::format::quoted(npy.descr) + " " +
                    shape_text(tensor.shape) +
                    (is_short ? "; is it cut short?" : "; is a second array behind the first?"));
    }
    return npy;
}

inline NpyArray open_npy(const std::filesystem::path& path) {
    const auto mapped = std::make_shared<const MappedFile>(path);
    NpyArray npy = read_npy(mapped->path(), mapped->bytes(), mapped->size());
    npy.mapped = mapped;
    return npy;
}

}  // namespace gptoss::format
