#include "gptoss/format/gguf_value.hpp"

#include <string>
#include <vector>

#include "catch.hpp"
#include "gptoss/format/gguf_writer.hpp"

using namespace gptoss::format;

TEST_CASE("gguf value: integers of any width, and lists", "[gguf]") {
    std::string bytes;
    append_number(bytes, std::uint32_t(0));  // u8
    bytes += '\x07';
    append_number(bytes, std::uint32_t(5));  // i32
    append_number(bytes, std::int32_t(-1));
    append_number(bytes, std::uint32_t(9));  // a list of two texts
    append_number(bytes, std::uint32_t(8));
    append_number(bytes, std::uint64_t(2));
    append_gguf_text(bytes, "x");
    append_gguf_text(bytes, "");
    GgufCursor in{"F", reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()};
    const GgufValue a = read_gguf_value(in, "a"), b = read_gguf_value(in, "b");
    const GgufValue c = read_gguf_value(in, "c");
    CHECK(in.at == bytes.size());
    CHECK(gguf_integer("F", "a", a) == 7);
    CHECK(gguf_number("F", "b", b) == -1.0);
    CHECK(gguf_texts("F", "c", c) == std::vector<std::string_view>{"x", ""});
    CHECK_THROWS_WITH(gguf_text("F", "a", a), "F: a is u8, expected text");
    CHECK_THROWS_WITH(gguf_integer("F", "c", c), "F: c is a list of text, expected an integer");
    CHECK_THROWS_WITH(gguf_integers("F", "a", a), "F: a is u8, expected a list of integers");
}

TEST_CASE("gguf value: a list longer than its file is an error, whatever its count", "[gguf]") {
    for (const std::uint64_t count : {std::uint64_t(3), ~std::uint64_t(0)}) {
        std::string bytes;
        append_number(bytes, std::uint32_t(9));
        append_number(bytes, std::uint32_t(10));
        append_number(bytes, count);
        append_number(bytes, std::uint64_t(1));
        GgufCursor in{"F", reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()};
        CHECK_THROWS_AS(read_gguf_value(in, "a"), gptoss::Error);
    }
}
