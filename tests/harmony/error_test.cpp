#include "gptoss/harmony/error.hpp"

#include "catch.hpp"
#include "harmony_text.hpp"

using namespace gptoss;
using namespace gptoss::harmony;
using gptoss::test::o200k;

TEST_CASE("harmony_error: d.2.8 what is left over is quoted as Rust does", "[harmony]") {
    CHECK(rust_quoted("a \"b\" \\") == R"("a \"b\" \\")");
    CHECK(rust_quoted(std::string_view("a\0b", 3)) == R"("a\0b")");
    CHECK(rust_quoted("a\v\u0301\u200b\u00a0日") == R"("a\u{b}\u{301}\u{200b}\u{a0}日")");
}

TEST_CASE("harmony_error: d.2.1 bytes that are no text are placed", "[harmony]") {
    CHECK(utf8_error_text("ab\xff") == "invalid utf-8 sequence of 1 bytes from index 2");
    CHECK(utf8_error_text("\xf0\x9f\x92 ") == "invalid utf-8 sequence of 3 bytes from index 0");
    CHECK(utf8_error_text("abcd\xf0\x9f") == "incomplete utf-8 byte sequence from index 4");
}

TEST_CASE("harmony_error: d.2.1 a header that cannot be decoded", "[harmony][errors]") {
    CHECK(decode_header(o200k(), {173781, 200005, 17196}) == "assistant<|channel|>final");
    CHECK_THROWS_WITH(
        decode_header(o200k(), {9552}),
        "Could not decode tokens: Invalid utf-8 sequence: incomplete utf-8 byte sequence from "
        "index 1");
    CHECK_THROWS_WITH(decode_header(o200k(), {9552, 300000}),
                      "Could not decode tokens: Invalid token error: Invalid token for decoding: "
                      "300000");
}
