#include "gptoss/format/safetensors.hpp"

#include <cstring>
#include <random>

#include "catch.hpp"
#include "temp_folder.hpp"

using namespace gptoss;
using namespace gptoss::format;

namespace {

std::string length_prefix(std::uint64_t n) {
    std::string bytes;
    for (int i = 0; i < 8; ++i)
        bytes += char((n >> (8 * i)) & 255);
    return bytes;
}

std::string file_of(const std::string& header, const std::string& data) {
    return length_prefix(header.size()) + header + data;
}

Safetensors read(const std::string& bytes) {
    return read_safetensors("x.safetensors", reinterpret_cast<const std::uint8_t*>(bytes.data()),
                            bytes.size());
}

// One BF16 tensor "a" of two elements, with the given offsets, over four bytes of data.
std::string one_tensor(const std::string& offsets) {
    return file_of(R"({"a":{"dtype":"BF16","shape":[2],"data_offsets":)" + offsets + "}}",
                   "\1\2\3\4");
}

}  // namespace

TEST_CASE("safetensors: a file written out by hand", "[safetensors]") {
    const std::string header = R"({"__metadata__":{"format":"pt"},)"
                               R"("late":{"dtype":"U8","shape":[3],"data_offsets":[4,7]},)"
                               R"("early":{"dtype":"BF16","shape":[1,2],"data_offsets":[0,4]}})";
    const std::string bytes = file_of(header, "abcdefg");
    const Safetensors file = read(bytes);

    REQUIRE(file.tensors.size() == 2);
    CHECK(file.metadata.at("format") == "pt");
    const TensorView& early = file.tensors.at("early");
    CHECK(early.dtype == "BF16");
    CHECK(early.shape == Shape{1, 2});
    CHECK(early.n_bytes == 4);
    CHECK(std::memcmp(early.bytes, "abcd", 4) == 0);
    const TensorView& late = file.tensors.at("late");
    CHECK(std::memcmp(late.bytes, "efg", 3) == 0);
    CHECK(static_cast<const void*>(late.bytes) == bytes.data() + 8 + header.size() + 4);  // no copy
}

TEST_CASE("safetensors: padding, rank 0 and tensors without elements are legal", "[safetensors]") {
    const Safetensors file =
        read(file_of(R"({"none":{"dtype":"F32","shape":[0,7],"data_offsets":[0,0]},)"
                     R"("one":{"dtype":"F32","shape":[],"data_offsets":[0,4]},)"
                     R"("end":{"dtype":"F32","shape":[0],"data_offsets":[4,4]}}    )",
                     "1234"));
    CHECK(file.tensors.at("one").shape.empty());
    CHECK(file.tensors.at("one").n_bytes == 4);
    CHECK(file.tensors.at("none").n_bytes == 0);
    CHECK(read(file_of("{}", "")).tensors.empty());
}

TEST_CASE("safetensors: a file is opened from disk", "[safetensors]") {
    const TempFolder folder;
    write_bytes(folder / "a.safetensors", one_tensor("[0,4]"));
    const Safetensors file = open_safetensors(folder / "a.safetensors");
    CHECK(file.tensors.at("a").bytes[3] == 4);
    CHECK(file.mapped->size() == one_tensor("[0,4]").size());
}

TEST_CASE("safetensors: a file of Python's safetensors package", "[safetensors]") {
    // save({"b": float32 [0, 1, 2], "a": uint8 [[1, 2]], "c": int32 7}, {"format": "pt"}), 0.8.0
    const std::string header =
        R"({"__metadata__":{"format":"pt"},"b":{"dtype":"F32","shape":[3],)"
        R"("data_offsets":[0,12]},"c":{"dtype":"I32","shape":[],"data_offsets":[12,16]},)"
        R"("a":{"dtype":"U8","shape":[1,2],"data_offsets":[16,18]}}    )";
    const std::string bytes =
        file_of(header, std::string("\0\0\0\0\0\0\x80?\0\0\0@\7\0\0\0\1\2", 18));
    REQUIRE(bytes.size() == 226);
    const Safetensors file = read(bytes);
    float b[3];
    std::memcpy(b, file.tensors.at("b").bytes, sizeof b);
    CHECK(b[1] == 1.0f);
    CHECK(b[2] == 2.0f);
    CHECK(file.tensors.at("c").bytes[0] == 7);
    CHECK(file.tensors.at("a").shape == Shape{1, 2});
}

TEST_CASE("safetensors: a header length that cannot be is named", "[safetensors][errors]") {
    CHECK_THROWS_WITH(read(length_prefix(3) + "{}"),
                      "x.safetensors: header length is 3, but the file holds 2 bytes behind it; is "
                      "it cut short?");
    CHECK_THROWS_WITH(read(length_prefix(3)),
                      "x.safetensors: header length is 3, but the file holds 0 bytes behind it; is "
                      "it cut short?");
}

TEST_CASE("safetensors: a file of another format is told so", "[safetensors][errors]") {
    const std::string begin = "x.safetensors: is no safetensors file: ";
    CHECK_THROWS_WITH(read("1234567"), begin + "it has 7 bytes, expected at least 8");
    CHECK_THROWS_WITH(read("# gptoss\n\nA text."),
                      begin + "its first 8 bytes would be a header of 8319115482576134179 bytes");
    for (const std::string header : {"{}", "  "}) {
        CHECK_THROWS_WITH(
            read(length_prefix(0xFFFFFFFFFFFFFFF8) + header),
            begin + "its first 8 bytes would be a header of 18446744073709551608 bytes");
    }
    CHECK_THROWS_WITH(read(length_prefix(100'000'001) + "{}"),
                      begin + "its first 8 bytes would be a header of 100000001 bytes");
    CHECK_THROWS_WITH(read(length_prefix(0) + "{}"),
                      begin + "its first 8 bytes would be a header of 0 bytes");
    CHECK_THROWS_WITH(read(length_prefix(3) + " {}"), begin + "its header does not begin with '{'");
    CHECK_THROWS_AS(read("1234567"), NotSafetensors);
}

TEST_CASE("safetensors: a header that is not the JSON of the format is named",
          "[safetensors][errors]") {
    CHECK_THROWS_WITH(read(file_of("{\"a\":}", "")),
                      "x.safetensors: header: not valid JSON (at byte 6)");
    CHECK_THROWS_WITH(read(file_of("{}{", "")),
                      "x.safetensors: header: not valid JSON (at byte 3)");
    CHECK_THROWS_WITH(read(file_of("{\"\xff\":1}", "")),
                      "x.safetensors: header: not valid JSON (at byte 3)");
    CHECK_THROWS_WITH(read(file_of("{\"a\":1}", "")), "x.safetensors: \"a\": is not an object");
    CHECK_THROWS_WITH(read(file_of("{\"a\\n\":1}", "")),
                      "x.safetensors: \"a\\n\": is not an object");
    CHECK_THROWS_WITH(read(file_of("{\"a\":{}}", "")), "x.safetensors: \"a\": has no dtype");
    CHECK_THROWS_WITH(read(file_of(R"({"a":{"dtype":5}})", "")),
                      "x.safetensors: \"a\": dtype is 5, expected text");
    CHECK_THROWS_WITH(read(file_of(R"({"a":{"dtype":"U8"}})", "")),
                      "x.safetensors: \"a\": has no data_offsets");
    CHECK_THROWS_WITH(read(file_of(R"({"a":{"dtype":"U8","shape":3,"data_offsets":[0,0]}})", "")),
                      "x.safetensors: \"a\": shape is 3, expected a list");
    CHECK_THROWS_WITH(read(file_of(R"({"a":{"dtype":"U8","data_offsets":[0,0]}})", "")),
                      "x.safetensors: \"a\": has no shape");
    CHECK_THROWS_WITH(
        read(file_of(R"({"a":{"dtype":"U8","shape":[-1],"data_offsets":[0,0]}})", "")),
        "x.safetensors: \"a\": shape holds -1, expected counts");
    CHECK_THROWS_WITH(
        read(file_of(R"({"a":{"dtype":"U9","shape":[1],"data_offsets":[0,1]}})", "1")),
        "x.safetensors: \"a\": dtype is \"U9\", not known");
    CHECK_THROWS_WITH(read(file_of(R"({"__metadata__":{"a":1}})", "")),
                      "x.safetensors: \"__metadata__\": \"a\" is not a string");
}

TEST_CASE("safetensors: a key that occurs twice is refused", "[safetensors][errors]") {
    const std::string entry = R"({"dtype":"U8","shape":[1],"data_offsets":[0,1]})";
    CHECK_THROWS_WITH(read(file_of("{\"a\":" + entry + ",\"a\":" + entry + "}", "1")),
                      "x.safetensors: header: key \"a\" occurs twice");
    CHECK_THROWS_WITH(
        read(file_of(R"({"a":{"dtype":"U8","dtype":"U8","shape":[1],"data_offsets":[0,1]}})", "1")),
        "x.safetensors: header: key \"dtype\" occurs twice");
}

TEST_CASE("safetensors: offsets that do not fit are named", "[safetensors][errors]") {
    CHECK_NOTHROW(read(one_tensor("[0,4]")));
    CHECK_THROWS_WITH(read(one_tensor("[0,8]")),
                      "x.safetensors: \"a\": data_offsets are [0,8], but the file holds 4 bytes of "
                      "data; is it cut short?");
    CHECK_THROWS_WITH(read(one_tensor("[4,0]")),
                      "x.safetensors: \"a\": data_offsets are [4,0], expected begin <= end");
    CHECK_THROWS_WITH(read(one_tensor("[1,4]")),
                      "x.safetensors: \"a\": data_offsets are [1,4], which does not fit BF16 (2)");
    for (const std::string offsets :
         {"[18446744073709551612,1.8446744073709552e+19]", "[-4,0]", "[0]", "7", "null"}) {
        CHECK_THROWS_WITH(read(one_tensor(offsets)), "x.safetensors: \"a\": data_offsets are " +
                                                         offsets + ", expected two counts");
    }
}

TEST_CASE("safetensors: a shape whose product overflows is refused", "[safetensors][errors]") {
    // 2^63 * 2 elements of 2 bytes: the product is 0 modulo 2^64.
    const std::string header =
        R"({"a":{"dtype":"U16","shape":[4611686018427387904,4],"data_offsets":[0,0]}})";
    CHECK_THROWS_WITH(read(file_of(header, "")),
                      ContainsSubstring("does not fit U16 (4611686018427387904, 4)"));
}

TEST_CASE("safetensors: ranges must tile the data, without overlap and without a hole",
          "[safetensors][errors]") {
    const auto two = [](const std::string& first, const std::string& second, int n_data) {
        return file_of(R"({"a":{"dtype":"U8","shape":[2],"data_offsets":)" + first +
                           R"(},"b":{"dtype":"U8","shape":[2],"data_offsets":)" + second + "}}",
                       std::string(std::size_t(n_data), '.'));
    };
    CHECK_NOTHROW(read(two("[0,2]", "[2,4]", 4)));
    CHECK_NOTHROW(read(two("[2,4]", "[0,2]", 4)));
    CHECK_THROWS_WITH(read(two("[0,2]", "[1,3]", 3)),
                      "x.safetensors: \"b\": begins at 1, expected 2 (the end of the tensor before "
                      "it)");
    CHECK_THROWS_WITH(read(two("[0,2]", "[0,2]", 2)), ContainsSubstring("begins at 0, expected 2"));
    CHECK_THROWS_WITH(read(two("[0,2]", "[3,5]", 5)), ContainsSubstring("begins at 3, expected 2"));
    CHECK_THROWS_WITH(read(two("[1,3]", "[3,5]", 5)), ContainsSubstring("begins at 1, expected 0"));
    CHECK_THROWS_WITH(read(two("[0,2]", "[2,4]", 5)),
                      "x.safetensors: tensors end at 4, expected the end of the data, 5");
}

TEST_CASE("safetensors: two thousand damaged files give an Error or a result, never a crash",
          "[safetensors][errors]") {
    const std::string whole =
        file_of(R"({"__metadata__":{"format":"pt"},"a":{"dtype":"BF16","shape":[2,3],)"
                R"("data_offsets":[0,12]},"b":{"dtype":"U8","shape":[4],"data_offsets":[12,16]}})",
                "0123456789abcdef");
    std::mt19937 random(1);
    int n_refused = 0;
    for (int round = 0; round < 2000; ++round) {
        std::string damaged = whole;
        const unsigned n_mutations = 1 + random() % 4;
        for (unsigned m = 0; m < n_mutations; ++m) {
            const std::size_t at = random() % damaged.size();
            if (random() % 4 == 0) damaged.erase(at, 1 + random() % 3);
            if (random() % 4 == 0) damaged.insert(at, 1, "09[]{}\",:-e"[random() % 11]);
            if (at < damaged.size()) damaged[at] = char(random() % 256);
        }
        try {
            const Safetensors file = read(damaged);
            for (const auto& [name, view] : file.tensors) {
                const auto* begin = reinterpret_cast<const std::uint8_t*>(damaged.data());
                REQUIRE(view.bytes >= begin);
                REQUIRE(view.bytes + view.n_bytes <= begin + damaged.size());
            }
        } catch (const Error&) {
            ++n_refused;
        }
    }
    CHECK(n_refused > 1000);
}
