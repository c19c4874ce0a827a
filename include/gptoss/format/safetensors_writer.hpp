// Writing safetensors: the header first, then the tensors' bytes in the order of the header.
//
//     u64 N | header: N bytes of JSON, padded with spaces so that 8 + N divides by 8 | data
//     {"__metadata__":{...},"name":{"dtype":"BF16","shape":[2,3],"data_offsets":[0,12]},...}
//
// The same tensors in the same order give the same bytes, on any machine. A tensor's bytes may be
// handed over in pieces, so a file of any size is written with little memory.
//
// Source   Hugging Face, safetensors format description (README, "Format").
// Errors   Error, naming the file: what PartialFile says, a name that occurs twice, more or fewer
//          bytes than the header announced. The file is then not there (format/partial_file.hpp).
#pragma once
#include <cstdint>
#include <filesystem>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "gptoss/core/check.hpp"
#include "gptoss/format/json.hpp"
#include "gptoss/format/partial_file.hpp"
#include "gptoss/format/tensor.hpp"

namespace gptoss::format {

using Metadata = std::map<std::string, std::string>;

// What the header says of a tensor, its place aside.
struct TensorHeader {
    std::string name;
    std::string dtype;
    Shape shape;
};

inline std::uint64_t data_bytes(const TensorHeader& tensor) {
    const auto bytes = checked_bytes(tensor.shape, dtype_bytes(tensor.dtype));
    const bool known = dtype_bytes(tensor.dtype) > 0;
    if (!known || !bytes) {
        throw Error("safetensors: " + tensor.name + ": cannot be written as " + tensor.dtype + " " +
                    shape_text(tensor.shape));
    }
    return *bytes;
}

// The first bytes of a file, up to where the data section begins.
inline std::string safetensors_header(const std::vector<TensorHeader>& tensors,
                                      const Metadata& metadata) {
    OrderedJson header = OrderedJson::object();
    if (!metadata.empty()) header["__metadata__"] = metadata;
    std::set<std::string_view> names = {"__metadata__"};
    std::uint64_t begin = 0;
    for (const TensorHeader& tensor : tensors) {
        const bool is_new = names.insert(tensor.name).second;
        if (!is_new) throw Error("safetensors: " + tensor.name + " occurs twice");
        const std::uint64_t end = begin + data_bytes(tensor);
        append_member(
            header, tensor.name,
            {{"dtype", tensor.dtype}, {"shape", tensor.shape}, {"data_offsets", {begin, end}}});
        begin = end;
    }
    std::string json = header.dump();
    while (json.size() % 8 != 0)
        json += ' ';

    const std::uint64_t length = json.size();  // 8 bytes in the file, also where size_t has 4
    std::string bytes;
    for (int i = 0; i < 8; ++i)
        bytes += char((length >> (8 * i)) & 255);
    return bytes + json;
}

class SafetensorsWriter {
public:
    SafetensorsWriter(const std::filesystem::path& path, const std::vector<TensorHeader>& tensors,
                      const Metadata& metadata)
        : path_(path.string()), file_(path) {
        for (const TensorHeader& tensor : tensors)
            bytes_left_ += data_bytes(tensor);
        file_.write(safetensors_header(tensors, metadata));
    }

    // The next bytes of the data section.
    void write(const void* bytes, std::uint64_t n_bytes) {
        if (n_bytes > bytes_left_) throw Error(path_ + ": more data than its header announces");
        file_.write(bytes, std::size_t(n_bytes));
        bytes_left_ -= n_bytes;
    }

    // The file is there from here on.
    void finish() {
        if (bytes_left_ > 0) {
            throw Error(path_ + ": " + std::to_string(bytes_left_) + " bytes of data are missing");
        }
        file_.finish();
    }

private:
    std::string path_;
    PartialFile file_;
    std::uint64_t bytes_left_ = 0;
};

// For tensors that are in memory. n_bytes of each must be what dtype and shape say.
struct NamedTensor {
    std::string name;
    TensorView view;
};

inline void write_safetensors(const std::filesystem::path& path,
                              const std::vector<NamedTensor>& tensors,
                              const Metadata& metadata = {}) {
    std::vector<TensorHeader> headers;
    for (const NamedTensor& tensor : tensors) {
        headers.push_back({tensor.name, tensor.view.dtype, tensor.view.shape});
        if (tensor.view.n_bytes != data_bytes(headers.back())) {
            throw Error("safetensors: " + tensor.name + " has " +
                        std::to_string(tensor.view.n_bytes) + " bytes, expected " +
                        std::to_string(data_bytes(headers.back())));
        }
    }
    SafetensorsWriter writer(path, headers, metadata);
    for (const NamedTensor& tensor : tensors)
        writer.write(tensor.view.bytes, tensor.view.n_bytes);
    writer.finish();
}

}  // namespace gptoss::format
