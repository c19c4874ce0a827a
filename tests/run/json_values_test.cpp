#include "gptoss/run/json_values.hpp"

#include "catch.hpp"
#include "pattern_text.hpp"

using namespace gptoss;
using namespace gptoss::test;

namespace {

template <class Build>
BytePattern pattern_of(Build build) {
    BytePattern pattern;
    pattern.set_end(build(pattern));
    return pattern;
}

}  // namespace

TEST_CASE("json_values: integers", "[json_values]") {
    const BytePattern integer = pattern_of([](BytePattern& p) { return json_integer(p, 0); });
    for (const char* text : {"0", "-0", "7", "-12", "123456789012345"}) {
        CAPTURE(text);
        CHECK(allows(integer, text));
    }
    for (const char* text : {"", "-", "01", "+1", "1.5", "1e3", "1234567890123456", " 1"}) {
        CAPTURE(text);
        CHECK_FALSE(allows(integer, text));
    }
}

TEST_CASE("json_values: numbers", "[json_values]") {
    const BytePattern number = pattern_of([](BytePattern& p) { return json_number(p, 0); });
    for (const char* text : {"0", "-1.50", "3e8", "2.5e-10", "0.000000000000001"}) {
        CAPTURE(text);
        CHECK(allows(number, text));
    }
    for (const char* text : {".5", "1.", "1e", "1e999", "1.5.2", "00.1", "NaN"}) {
        CAPTURE(text);
        CHECK_FALSE(allows(number, text));
    }
}

TEST_CASE("json_values: strings are UTF-8 with escapes", "[json_values]") {
    const BytePattern string =
        pattern_of([](BytePattern& p) { return json_string(p, 0, kNoLimit); });
    for (const char* text :
         {R"("")", R"("a b")", R"("\"\\\/\b\f\n\r\t")", R"("\u00e9\ud7ff\uffff")",
          "\"\xC3\xA9\xED\x95\x9C\xF0\x9F\x8F\x80\""}) {
        CAPTURE(text);
        CHECK(allows(string, text));
    }
    for (const char* text : {"\"a\nb\"", R"("\x")", R"("\ud800")", R"("\u00g0")", "\"\xC0\x80\"",
                             "\"\xED\xA0\x80\"", "\"\xF4\x90\x80\x80\"", "\"\xC3\"", R"("a"b")"}) {
        CAPTURE(text);
        CHECK_FALSE(allows(string, text));
    }
}

TEST_CASE("json_values: the limit of a string counts characters, not bytes", "[json_values]") {
    const BytePattern two = pattern_of([](BytePattern& p) { return json_string(p, 0, 2); });
    CHECK(allows(two, R"("")"));
    CHECK(allows(two, "\"\xF0\x9F\x8F\x80\xC3\xA9\""));
    CHECK(allows(two, R"("\u00e9a")"));
    CHECK_FALSE(allows(two, R"("abc")"));
}
