#include "gptoss/format/safetensors_writer.hpp"

#include <cstring>

#include "catch.hpp"
#include "gptoss/format/safetensors.hpp"
#include "small_disk.hpp"
#include "temp_folder.hpp"

using namespace gptoss;
using namespace gptoss::format;

namespace {

const std::uint8_t kBytes[] = {1, 2, 3, 4, 5, 6, 7, 8};
const TensorView kPair{"F32", {2}, kBytes, 8};
const TensorView kScalar{"U8", {}, kBytes, 1};

}  // namespace

TEST_CASE("safetensors_writer: the bytes of a small file", "[safetensors_writer]") {
    const TempFolder folder;
    write_safetensors(folder / "a.safetensors", {{"bb", kPair}, {"a", kScalar}},
                      {{"format", "pt"}});

    // 137 characters of JSON and 7 spaces: 8 + 144 divides by 8.
    const std::string json = R"({"__metadata__":{"format":"pt"},)"
                             R"("bb":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},)"
                             R"("a":{"dtype":"U8","shape":[],"data_offsets":[8,9]}})";
    REQUIRE(json.size() == 137);
    const std::string expected = std::string("\220\0\0\0\0\0\0\0", 8) + json + std::string(7, ' ') +
                                 "\1\2\3\4\5\6\7\10" + "\1";
    CHECK(read_bytes(folder / "a.safetensors") == expected);
    CHECK_FALSE(std::filesystem::exists(folder / "a.safetensors.0.partial"));
}

TEST_CASE("safetensors_writer: the reader finds what was written", "[safetensors_writer]") {
    const TempFolder folder;
    const Metadata metadata = {{"prompt", "line\n\"quoted\" \xc3\xa9"}};
    write_safetensors(folder / "a.safetensors", {{"b", kPair}, {"a", kScalar}}, metadata);
    const Safetensors file = open_safetensors(folder / "a.safetensors");
    CHECK(file.metadata == metadata);
    CHECK(file.tensors.at("b").shape == Shape{2});
    CHECK(std::memcmp(file.tensors.at("b").bytes, kBytes, 8) == 0);
    CHECK(file.tensors.at("a").bytes[0] == 1);
}

TEST_CASE("safetensors_writer: data may come in pieces", "[safetensors_writer]") {
    const TempFolder folder;
    SafetensorsWriter writer(folder / "a.safetensors", {{"b", "F32", {2}}}, {});
    writer.write(kBytes, 3);
    writer.write(kBytes + 3, 5);
    CHECK_FALSE(std::filesystem::exists(folder / "a.safetensors"));
    writer.finish();
    const Safetensors file = open_safetensors(folder / "a.safetensors");
    CHECK(std::memcmp(file.tensors.at("b").bytes, kBytes, 8) == 0);
}

TEST_CASE("safetensors_writer: a mistake of the caller is named and leaves no file",
          "[safetensors_writer][errors]") {
    const TempFolder folder;
    const std::string path = (folder / "a.safetensors").string();
    CHECK_THROWS_WITH(write_safetensors(path, {{"a", kPair}, {"a", kPair}}),
                      "safetensors: a occurs twice");
    CHECK_THROWS_WITH(write_safetensors(path, {{"a", {"F32", {3}, kBytes, 8}}}),
                      "safetensors: a has 8 bytes, expected 12");
    CHECK_THROWS_WITH(write_safetensors(path, {{"a", {"F33", {2}, kBytes, 8}}}),
                      "safetensors: a: cannot be written as F33 (2)");
    {
        SafetensorsWriter writer(path, {{"a", "F32", {2}}}, {});
        writer.write(kBytes, 7);
        CHECK_THROWS_WITH(writer.write(kBytes, 2), path + ": more data than its header announces");
        CHECK_THROWS_WITH(writer.finish(), path + ": 1 bytes of data are missing");
    }
    CHECK(std::filesystem::is_empty(folder.path));
}

TEST_CASE("safetensors_writer: a place that cannot be written is named",
          "[safetensors_writer][errors]") {
    CHECK_THROWS_WITH(write_safetensors("/dev/null/a.safetensors", {{"a", kPair}}),
                      "/dev/null/a.safetensors: cannot be created: Not a directory");
    const TempFolder folder;
    const std::string path = (folder / "missing" / "a.safetensors").string();
    CHECK_THROWS_WITH(write_safetensors(path, {{"a", kPair}}),
                      path + ": cannot be created: No such file or directory");
}

TEST_CASE("safetensors_writer: a disk that fills up half-way leaves nothing",
          "[safetensors_writer][errors]") {
    const TempFolder folder;
    const std::string path = (folder / "a.safetensors").string();
    const std::vector<std::uint8_t> zeros(1 << 20);
    const TensorView megabyte{"U8", {1 << 20}, zeros.data(), zeros.size()};
    const SmallDisk small_disk(1 << 16);
    CHECK_THROWS_WITH(write_safetensors(path, {{"a", megabyte}}),
                      path + ": cannot be written: File too large");
    CHECK(std::filesystem::is_empty(folder.path));
}
