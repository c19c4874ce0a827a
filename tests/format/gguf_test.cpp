#include "gptoss/format/gguf.hpp"

#include <cstring>
#include <string>
#include <vector>

#include "catch.hpp"
#include "gptoss/format/gguf_writer.hpp"

using namespace gptoss;
using namespace gptoss::format;

namespace {

// A file byte by byte, so that it can be wrong in any way.
struct GgufBytes {
    std::string bytes;
    GgufBytes& raw(const std::string& text) { return bytes += text, *this; }
    GgufBytes& u32(std::uint32_t value) { return append_number(bytes, value), *this; }
    GgufBytes& u64(std::uint64_t value) { return append_number(bytes, value), *this; }
    GgufBytes& text(const std::string& text) { return append_gguf_text(bytes, text), *this; }
    GgufBytes& tensor(const std::string& name, std::vector<std::uint64_t> extents,
                      std::uint32_t type, std::uint64_t offset) {
        text(name).u32(std::uint32_t(extents.size()));
        for (const std::uint64_t extent : extents)
            u64(extent);
        return u32(type).u64(offset);
    }
    GgufBytes& pad(std::size_t unit = 32) {
        while (bytes.size() % unit != 0)
            bytes += '\0';
        return *this;
    }
};

GgufBytes begin(std::uint64_t n_tensors, std::uint64_t n_keys, std::uint32_t version = 3) {
    return GgufBytes().raw("GGUF").u32(version).u64(n_tensors).u64(n_keys);
}

// One key, a tensor of 2 x 3 floats and one of 32 weights in MXFP4.
std::string good_file(std::uint32_t version = 3) {
    GgufBytes file = begin(2, 1, version).text("general.name").u32(8).text("a model");
    file.tensor("a", {3, 2}, 0, 0).tensor("b", {32}, 39, 32).pad();
    return file.raw(std::string(24, 'a')).pad().raw(std::string(17, 'b')).bytes;
}

Gguf read(const std::string& bytes) {
    return read_gguf("F", reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size());
}

}  // namespace

TEST_CASE("gguf: versions 2 and 3, keys, and tensors with rows first", "[gguf]") {
    for (const std::uint32_t version : {2u, 3u}) {
        const std::string bytes = good_file(version);
        const Gguf file = read(bytes);
        CHECK(file.version == int(version));
        CHECK(gguf_text("F", "general.name", file.keys.at("general.name")) == "a model");
        const TensorView& a = file.tensors.at("a");
        CHECK(a.dtype == "F32");
        CHECK(a.shape == Shape{2, 3});
        CHECK(a.n_bytes == 24);
        CHECK(a.bytes[23] == 'a');
        CHECK(file.tensors.at("b").dtype == "MXFP4");
        CHECK(file.tensors.at("b").n_bytes == 17);
        CHECK(file.tensors.at("b").bytes[0] == 'b');
    }
}

TEST_CASE("gguf: a file cut anywhere is an error", "[gguf][errors]") {
    const std::string whole = good_file();
    for (std::size_t size = 0; size < whole.size(); ++size) {
        const std::string cut = whole.substr(0, size);
        INFO(size);
        CHECK_THROWS_AS(read(cut), Error);
    }
    CHECK_THROWS_WITH(
        read(whole.substr(0, whole.size() - 1)),
        "F: \"b\" begins at 32 and has 17 bytes, but the file holds 48 bytes of data; "
        "is it cut short?");
}

TEST_CASE("gguf: other files and versions are named", "[gguf][errors]") {
    CHECK_THROWS_WITH(read("{\"a\": 1, \"b\": 2}"),
                      "F: is no GGUF file: it does not begin with \"GGUF\"");
    CHECK_THROWS_WITH(read(begin(0, 0, 1).bytes), "F: is GGUF version 1, expected 2 or 3");
    CHECK_THROWS_WITH(read(begin(0, 0, 0x03000000).bytes),
                      "F: is big-endian, expected a little-endian file");
}

TEST_CASE("gguf: counts beyond the file are errors, and reserve nothing", "[gguf][errors]") {
    const std::uint64_t huge = ~std::uint64_t(0);
    CHECK_THROWS_AS(read(begin(huge, 0).bytes), Error);
    CHECK_THROWS_AS(read(begin(0, huge).bytes), Error);
    CHECK_THROWS_AS(read(begin(0, 1).u64(huge).bytes), Error);
    CHECK_THROWS_AS(read(begin(0, 1).text("a").u32(9).u32(10).u64(huge / 4).bytes), Error);
    CHECK_THROWS_AS(read(begin(0, 1).text("a").u32(9).u32(8).u64(huge).bytes), Error);
    CHECK_THROWS_AS(read(begin(1, 0).tensor("a", {huge, huge}, 0, 0).pad().bytes), Error);
    CHECK_THROWS_AS(read(begin(1, 0).tensor("a", {1u << 31, 1u << 31}, 0, 0).pad().bytes), Error);
    CHECK_THROWS_AS(read(begin(1, 0).tensor("a", {8}, 0, huge - 31).pad().bytes), Error);
}

TEST_CASE("gguf: tensors that overlap or lie askew", "[gguf][errors]") {
    const std::string data(128, '\0');
    GgufBytes overlapping = begin(2, 0).tensor("a", {16}, 0, 0).tensor("b", {8}, 0, 32).pad();
    CHECK_THROWS_WITH(read(overlapping.raw(data).bytes),
                      "F: \"b\" begins at 32, expected at least 64 (the end of the tensor before "
                      "it)");
    GgufBytes askew = begin(1, 0).tensor("a", {4}, 0, 16).pad();
    CHECK_THROWS_WITH(read(askew.raw(data).bytes),
                      "F: \"a\" begins at 16, expected a multiple of 32");
}

TEST_CASE("gguf: wrong entries are named", "[gguf][errors]") {
    const auto text = [](GgufBytes file) {
        try {
            read(file.raw(std::string(64, '\0')).bytes);
        } catch (const Error& error) {
            return std::string(error.what());
        }
        return std::string("read");
    };
    CHECK(text(begin(1, 0).tensor("a", {31}, 8, 0).pad()) ==
          "F: \"a\" is Q8_0 (31), expected rows of whole blocks of 32");
    CHECK(text(begin(1, 0).tensor("a", {4}, 99, 0).pad()) == "F: \"a\" has type 99, not known");
    CHECK(text(begin(1, 0).tensor("a", {1, 1, 1, 1, 1}, 0, 0).pad()) ==
          "F: \"a\" has 5 extents, expected at most 4");
    CHECK(text(begin(0, 1).text("k").u32(13).pad()) == "F: \"k\" has type 13, not known");
    CHECK(text(begin(0, 1).text("k").u32(9).u32(9).pad()) == "F: \"k\" is a list of lists");
    CHECK(text(begin(0, 2).text("k").u32(4).u32(1).text("k").u32(4).u32(1).pad()) ==
          "F: \"k\" is there twice");
    CHECK(text(begin(2, 0).tensor("a", {8}, 0, 0).tensor("a", {8}, 0, 32).pad()) ==
          "F: \"a\" is there twice");
    CHECK(text(begin(0, 1).text("general.alignment").u32(4).u32(12).pad()) ==
          "F: general.alignment is 12, expected a power of 2 from 8 on");
}

TEST_CASE("gguf: another alignment is heeded", "[gguf]") {
    GgufBytes file = begin(1, 1).text("general.alignment").u32(4).u32(64).tensor("a", {1}, 0, 64);
    file.pad(64).raw(std::string(64, '\0')).raw(std::string("\0\0\x80\x3F", 4));
    const Gguf read_file = read(file.bytes);
    CHECK(read_file.tensors.at("a").bytes[3] == 0x3F);
}
