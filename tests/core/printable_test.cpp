#include "gptoss/core/printable.hpp"

#include "catch.hpp"
#include "gptoss/core/check.hpp"

using namespace gptoss;

namespace {

const std::string kReplaced = "\xEF\xBF\xBD";

}  // namespace

TEST_CASE("printable: text stays, with its lines and tabs", "[printable]") {
    const std::string text = "na\xC3\xAFve\t\xE6\x97\xA5\n\xF0\x9F\x92\x96 \"x\"";
    CHECK(printable(text) == text);
}

TEST_CASE("printable: what a terminal obeys, or cannot decode, is replaced", "[printable]") {
    CHECK(printable("a\x1B[2Jb") == "a" + kReplaced + "[2Jb");
    CHECK(printable("a\x7F\r") == "a" + kReplaced + kReplaced);
    CHECK(printable("\xC2\x9B") == kReplaced);      // C1: CSI
    CHECK(printable("\xE2\x80\xAE") == kReplaced);  // right-to-left override
    CHECK(printable("\xE2\x81\xA6") == kReplaced);  // left-to-right isolate
    CHECK(printable("\xE2\x80\xA8") == kReplaced);  // line separator
    CHECK(printable("a\xFF\xE2\x82") == "a" + kReplaced + kReplaced);
    CHECK(printable("\xE2\x80\x8D") == "\xE2\x80\x8D");  // joins the parts of an emoji
}

TEST_CASE("printable: an error's line has at most 300 characters, of both its ends",
          "[printable]") {
    const std::string name(1000, 'n');
    const std::string text = error_text("x.json: " + name + ": expected 5");
    CHECK(text.size() == 300);
    CHECK_THAT(text, StartsWith("x.json: nnn"));
    CHECK_THAT(text, ContainsSubstring("n ... n"));
    CHECK_THAT(text, EndsWith("nnn: expected 5"));
    std::string wide;
    for (int i = 0; i < 400; ++i)
        wide += "\xE6\x97\xA5";
    CHECK(error_text(wide).size() == 3 * 295 + 5);
    CHECK(error_text(std::string(300, 'a')) == std::string(300, 'a'));
}

TEST_CASE("printable: a line feed in a name is no new line, one of a list is", "[printable]") {
    CHECK(error_text("a\nb: missing") == "a\\nb: missing");
    CHECK(error_text("DIR: 2 problems\n  a\n  b") == "DIR: 2 problems\n  a\n  b");
    CHECK(error_text("a\n") == "a\\n");
}

TEST_CASE("printable: so is the text of every Error", "[printable]") {
    CHECK(std::string(Error("a\x1B").what()) == "a" + kReplaced);
    CHECK(std::string(ShapeError("a\nb").what()) == "a\\nb");
}
