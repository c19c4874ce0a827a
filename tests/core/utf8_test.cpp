#include "gptoss/core/utf8.hpp"

#include <string>

#include "catch.hpp"

using namespace gptoss;

// Whole texts are tried in tests/tokenizer/utf8_test.cpp.
TEST_CASE("core utf8: a character of each length, and what is none", "[utf8]") {
    CHECK(read_utf8("A", 0).point == U'A');
    CHECK(read_utf8("x\xC3\xA9", 1).point == 0xE9);
    CHECK(read_utf8("\xE2\x82\xAC", 0).point == 0x20AC);
    CHECK(read_utf8("\xF0\x9F\x92\x96", 0).length == 4);
    CHECK(read_utf8("\xC0\xAF", 0).state == Utf8State::invalid);      // overlong
    CHECK(read_utf8("\xED\xA0\x80", 0).state == Utf8State::invalid);  // a surrogate
    CHECK(read_utf8("\xE2\x82", 0).state == Utf8State::incomplete);
}
