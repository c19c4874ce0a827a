#include "gptoss/harmony/plain_text.hpp"

#include "catch.hpp"

using namespace gptoss;
using namespace gptoss::harmony;
using Strings = std::vector<std::string>;

TEST_CASE("plain_text: lines end at LF or CR LF, and the last needs no end", "[plain_text]") {
    CHECK(lines_of("") == Strings{});
    CHECK(lines_of("a") == Strings{"a"});
    CHECK(lines_of("a\n") == Strings{"a"});
    CHECK(lines_of("a\r\n\nb") == Strings{"a", "", "b"});
    CHECK(lines_of("\n") == Strings{""});
    CHECK(lines_of("a\n\n") == Strings{"a", ""});
}

TEST_CASE("plain_text: a CR alone stays", "[plain_text]") {
    CHECK(lines_of("a\rb\r") == Strings{"a\rb\r"});
    CHECK(lines_of("a\r\r\n") == Strings{"a\r"});
}

TEST_CASE("plain_text: words end at five ASCII characters", "[plain_text]") {
    CHECK(words_of(" a\tb\nc\fd\re  ") == Strings{"a", "b", "c", "d", "e"});
    CHECK(words_of("a\vb\u00A0c") == Strings{"a\vb\u00A0c"});
    CHECK(words_of(" \n").empty());
    CHECK(words_of("").empty());
}

TEST_CASE("plain_text: trimming removes every Unicode whitespace at the ends", "[plain_text]") {
    CHECK(trimmed("\u00A0\v a b \u2003\n") == "a b");
    CHECK(trimmed("\u200Ba") == "\u200Ba");  // not White_Space
    CHECK(trimmed(" \n").empty());
    CHECK(trimmed("").empty());
    CHECK(trimmed("日本") == "日本");
}

TEST_CASE("plain_text: joining puts the separator between parts only", "[plain_text]") {
    CHECK(joined({}, ", ").empty());
    CHECK(joined({"a"}, ", ") == "a");
    CHECK(joined({"a", "", "b"}, ", ") == "a, , b");
}
