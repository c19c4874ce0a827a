// Writing GGUF version 3: keys and tensors first, then the tensors' bytes in the order of the list.
//
//     GgufKeyList keys;                                 what format/gguf_value.hpp reads
//     keys.add_text("general.architecture", "gpt-oss");
//     GgufWriter writer("model.gguf", keys, {{"output.weight", "BF16", {vocab_size, hidden_size}}});
//     writer.write(bytes, n_bytes);                     as often as needed
//     writer.finish();
//
// A tensor's bytes may be handed over in pieces; the zeros between tensors are the writer's.
//
// Source   ggml, docs/gguf.md.
// Errors   Error, naming the file: what PartialFile says, a type that is not known, more or fewer
//          bytes than announced. The file is then not there (format/partial_file.hpp).
// Pitfalls Extents go innermost first. llama.cpp wants every tensor at a multiple of 32.
#pragma once
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "gptoss/core/check.hpp"
#include "gptoss/format/gguf.hpp"
#include "gptoss/format/partial_file.hpp"
#include "gptoss/format/safetensors_writer.hpp"

namespace gptoss::format {

// The bytes of a little-endian number.
template <class Number>
void append_number(std::string& bytes, Number value) {
    char raw[sizeof value];
    std::memcpy(raw, &value, sizeof value);
    bytes.append(raw, sizeof value);
}

inline void append_gguf_text(std::string& bytes, std::string_view text) {
    append_number(bytes, std::uint64_t(text.size()));
    bytes += text;
}

struct GgufKeyList {
    std::string bytes;
    std::uint64_t count = 0;

    void begin(const std::string& key, GgufType type) {
        append_gguf_text(bytes, key);
        append_number(bytes, std::uint32_t(type));
        ++count;
    }
    void begin_list(const std::string& key, GgufType type, std::size_t size) {
        begin(key, GgufType::list);
        append_number(bytes, std::uint32_t(type));
        append_number(bytes, std::uint64_t(size));
    }
    void add_text(const std::string& key, std::string_view text) {
        begin(key, GgufType::text);
        append_gguf_text(bytes, text);
    }
    void add_integer(const std::string& key, int value) {
        begin(key, GgufType::u32);
        append_number(bytes, std::uint32_t(value));
    }
    void add_number(const std::string& key, float value) {
        begin(key, GgufType::f32);
        append_number(bytes, value);
    }
    void add_texts(const std::string& key, const std::vector<std::string>& texts) {
        begin_list(key, GgufType::text, texts.size());
        for (const std::string& text : texts)
            append_gguf_text(bytes, text);
    }
    void add_integers(const std::string& key, const std::vector<std::int32_t>& integers) {
        begin_list(key, GgufType::i32, integers.size());
        for (const std::int32_t integer : integers)
            append_number(bytes, integer);
    }
};

inline std::uint64_t gguf_data_bytes(const TensorHeader& tensor) {
    const GgmlType* type = find_ggml_type(tensor.dtype);
    const auto bytes = type == nullptr ? std::nullopt : ggml_bytes(*type, tensor.shape);
    if (bytes) return *bytes;
    throw Error("gguf: " + tensor.name + ": cannot be written as " + tensor.dtype + " " +
                shape_text(tensor.shape));
}

inline std::uint64_t gguf_padding(std::uint64_t bytes) {
    return (kGgufAlignment - bytes % kGgufAlignment) % kGgufAlignment;
}

// Everything before the data.
inline std::string gguf_header(const GgufKeyList& keys, const std::vector<TensorHeader>& tensors) {
    std::string bytes = "GGUF";
    append_number(bytes, std::uint32_t(3));
    append_number(bytes, std::uint64_t(tensors.size()));
    append_number(bytes, keys.count);
    bytes += keys.bytes;
    std::uint64_t offset = 0;
    for (const TensorHeader& tensor : tensors) {
        const std::uint64_t n_bytes = gguf_data_bytes(tensor);
        append_gguf_text(bytes, tensor.name);
        append_number(bytes, std::uint32_t(tensor.shape.size()));
        for (std::size_t axis = tensor.shape.size(); axis > 0; --axis) {
            append_number(bytes, std::uint64_t(tensor.shape[axis - 1]));
        }
        append_number(bytes, find_ggml_type(tensor.dtype)->id);
        append_number(bytes, offset);
        offset += n_bytes + gguf_padding(n_bytes);
    }
    bytes.append(std::size_t(gguf_padding(bytes.size())), '\0');
    return bytes;
}

class GgufWriter {
public:
    GgufWriter(const std::filesystem::path& path, const GgufKeyList& keys,
               const std::vector<TensorHeader>& tensors)
        : path_(path.string()), file_(path) {
        for (const TensorHeader& tensor : tensors)
            sizes_.push_back(gguf_data_bytes(tensor));
        file_.write(gguf_header(keys, tensors));
    }

    // The next bytes of the tensor that is not yet whole.
    void write(const void* bytes, std::uint64_t n_bytes) {
        const bool is_announced = next_ < sizes_.size() && n_bytes <= sizes_[next_] - written_;
        if (!is_announced) throw Error(path_ + ": more data than its header announces");
        file_.write(bytes, std::size_t(n_bytes));
        written_ += n_bytes;
        if (written_ < sizes_[next_]) return;
        const std::string zeros(std::size_t(gguf_padding(written_)), '\0');
        file_.write(zeros);
        written_ = 0;
        ++next_;
    }

    // The file is there from here on.
    void finish() {
        if (next_ < sizes_.size()) {
            throw Error(path_ + ": the data of " + std::to_string(sizes_.size() - next_) +
                        " tensors is missing");
        }
        file_.finish();
    }

private:
    std::string path_;
    PartialFile file_;
    std::vector<std::uint64_t> sizes_;
    std::size_t next_ = 0;
    std::uint64_t written_ = 0;  // of the tensor next_
};

}  // namespace gptoss::format
