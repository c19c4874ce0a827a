#include "gptoss/tokenizer/utf8.hpp"

#include <string>

#include "catch.hpp"

using namespace gptoss;
using namespace gptoss::tokenizer;

namespace {

std::string utf8(char32_t point) {
    std::string text;
    append_utf8(point, text);
    return text;
}

}  // namespace

TEST_CASE("utf8: one, two, three and four bytes", "[utf8]") {
    CHECK(utf8(U'A') == "\x41");
    CHECK(utf8(0xE9) == "\xC3\xA9");             // é: 00011 101001
    CHECK(utf8(0x20AC) == "\xE2\x82\xAC");       // euro: 0010 000010 101100
    CHECK(utf8(0x1F600) == "\xF0\x9F\x98\x80");  // grinning face
    CHECK(read_utf8("x\xE2\x82\xAC", 1).point == 0x20AC);
    CHECK(read_utf8("x\xE2\x82\xAC", 1).length == 3);
}

TEST_CASE("utf8: every code point goes to bytes and back, except surrogates", "[utf8]") {
    int n_wrong = 0;
    for (char32_t point = 0; point <= 0x10FFFF; ++point) {
        const bool is_surrogate = point >= 0xD800 && point <= 0xDFFF;
        const std::string bytes = utf8(point);
        const Utf8Char c = read_utf8(bytes, 0);
        const bool is_read =
            c.state == Utf8State::valid && c.point == point && c.length == int(bytes.size());
        if (is_read == is_surrogate) ++n_wrong;
    }
    CHECK(n_wrong == 0);
}

TEST_CASE("utf8: overlong forms, surrogates and what lies beyond are invalid", "[utf8]") {
    for (const char* bytes : {"\xC0\x80", "\xC1\xBF", "\xE0\x9F\xBF", "\xF0\x8F\xBF\xBF",
                              "\xED\xA0\x80", "\xED\xBF\xBF", "\xF4\x90\x80\x80",
                              "\xF5\x80\x80\x80", "\xFF", "\x80", "\xBF", "\xE2\x28\xA1"}) {
        CAPTURE(bytes);
        CHECK(read_utf8(bytes, 0).state == Utf8State::invalid);
        CHECK(read_utf8(bytes, 0).point == kReplacementPoint);
    }
}

TEST_CASE("utf8: a character that the text ends in is incomplete, not invalid", "[utf8]") {
    for (const char* bytes : {"\xC3", "\xE2", "\xE2\x82", "\xF0", "\xF0\x9F", "\xF0\x9F\x98"}) {
        CAPTURE(bytes);
        CHECK(read_utf8(bytes, 0).state == Utf8State::incomplete);
    }
    CHECK(read_utf8("\xE0\x9F", 0).state == Utf8State::invalid);  // no third byte can mend it
}

TEST_CASE("utf8: one U+FFFD per maximal subpart", "[utf8]") {
    // The Unicode Standard 16.0, section 3.9, tables 3-8 to 3-11.
    const std::string r(kReplacementUtf8);
    CHECK(replace_invalid_utf8("\xC0\xAF\xE0\x80\xBF\xF0\x81\x82\x41") ==
          r + r + r + r + r + r + r + r + "A");
    CHECK(replace_invalid_utf8("\xED\xA0\x80\xED\xBF\xBF\xED\xAF\x41") ==
          r + r + r + r + r + r + r + r + "A");
    CHECK(replace_invalid_utf8("\xF4\x91\x92\x93\xFF\x41\x80\xBF\x42") ==
          r + r + r + r + r + "A" + r + r + "B");
    CHECK(replace_invalid_utf8("\xE1\x80\xE2\xF0\x91\x92\xF1\xBF\x41") == r + r + r + r + "A");
    CHECK(replace_invalid_utf8("a\xF0\x9F") == "a" + r);
}

TEST_CASE("utf8: take_decided keeps only the start of a character", "[utf8]") {
    std::string bytes = " \xF0\x9F";
    CHECK(take_decided_utf8(bytes) == " ");
    CHECK(bytes == "\xF0\x9F");
    bytes += "\x98\x80!";
    CHECK(take_decided_utf8(bytes) == "\xF0\x9F\x98\x80!");
    CHECK(bytes.empty());
}

TEST_CASE("utf8: the error names the byte offset and the byte", "[utf8][errors]") {
    REQUIRE_THROWS_WITH(require_valid_utf8("encode", "caf\xE9!"),
                        "encode: text is not valid UTF-8 at byte 3 (0xE9)");
    REQUIRE_THROWS_WITH(require_valid_utf8("encode", "ab\xE2\x82"),
                        "encode: text is not valid UTF-8 at byte 2 (0xE2)");
    REQUIRE_NOTHROW(require_valid_utf8("encode", std::string_view("a\0b", 3)));
}

TEST_CASE("utf8: how far a text is valid", "[utf8]") {
    CHECK(valid_utf8_size("") == 0);
    CHECK(valid_utf8_size("a\u00e9") == 3);
    CHECK(valid_utf8_size("a\xc3") == 1);
    CHECK(valid_utf8_size("a\xff b") == 1);
}
