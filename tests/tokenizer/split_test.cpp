#include "gptoss/tokenizer/split.hpp"

#include <chrono>
#include <random>
#include <string>
#include <vector>

#include "catch.hpp"
#include "o200k.hpp"

using namespace gptoss;
using namespace gptoss::tokenizer;
using gptoss::test::Pieces;

namespace {

Pieces split(std::string_view text) {
    Pieces pieces;
    for (const std::string_view piece : split_pieces(text)) {
        pieces.push_back(std::string(piece));
    }
    return pieces;
}

std::string utf8(char32_t point) {
    std::string text;
    append_utf8(point, text);
    return text;
}

}  // namespace

TEST_CASE("split: a sentence by hand", "[split]") {
    CHECK(split("Hello, World! It's 2024.") ==
          Pieces{"Hello", ",", " World", "!", " It's", " ", "202", "4", "."});
    CHECK(split("").empty());
}

TEST_CASE("split: 1, a word ends in lower case and takes one leading non-letter", "[split]") {
    CHECK(split(" hello") == Pieces{" hello"});
    CHECK(split("\thello") == Pieces{"\thello"});
    CHECK(split("(hello") == Pieces{"(hello"});
    CHECK(split("!abc") == Pieces{"!abc"});
    CHECK(split("!!abc") == Pieces{"!!", "abc"});
    CHECK(split("\uFEFFhello") == Pieces{"\uFEFFhello"});
    CHECK(split("\u0085hello") == Pieces{"\u0085hello"});
    CHECK(split("\nhello") == Pieces{"\n", "hello"});
    CHECK(split("\rhello") == Pieces{"\r", "hello"});
    CHECK(split("1hello") == Pieces{"1", "hello"});
    CHECK(split("_hello_world") == Pieces{"_hello", "_world"});
}

TEST_CASE("split: 1, case changes inside a word", "[split]") {
    CHECK(split("camelCase") == Pieces{"camel", "Case"});
    CHECK(split("HTTPServer") == Pieces{"HTTPServer"});
    CHECK(split("ABcDE") == Pieces{"ABc", "DE"});
    CHECK(split("McDonald") == Pieces{"Mc", "Donald"});
    CHECK(split("\u01C5ungla") == Pieces{"\u01C5ungla"});  // Lt counts as upper
}

TEST_CASE("split: 1, caseless letters and marks belong to both runs", "[split]") {
    CHECK(split("日本語") == Pieces{"日本語"});
    CHECK(split("日A") == Pieces{"日", "A"});
    CHECK(split("日A日a") == Pieces{"日A日a"});
    CHECK(split("a日A") == Pieces{"a日", "A"});
    CHECK(split("A日AB") == Pieces{"A日", "AB"});
    CHECK(split("A日Ab") == Pieces{"A日Ab"});
    CHECK(split("日AB!") == Pieces{"日", "AB", "!"});
    CHECK(split("Aʰ") == Pieces{"Aʰ"});  // Lm ends a word like a small letter
    CHECK(split("e\u0301te\u0301") == Pieces{"e\u0301te\u0301"});
    CHECK(split("E\u0301TE") == Pieces{"E\u0301", "TE"});
    CHECK(split("E\u0301Te") == Pieces{"E\u0301Te"});
    CHECK(split("नमस्ते") == Pieces{"नमस्ते"});
    CHECK(split("สวัสดี") == Pieces{"สวัสดี"});
    CHECK(split("שָׁלוֹם") == Pieces{"שָׁלוֹם"});
}

TEST_CASE("split: 1, a mark can also lead a word or stand for one", "[split]") {
    CHECK(split("\u0301") == Pieces{"\u0301"});
    CHECK(split("\u0301a") == Pieces{"\u0301a"});
    CHECK(split("!\u0301") == Pieces{"!\u0301"});
    CHECK(split("1\u0301") == Pieces{"1", "\u0301"});
    CHECK(split("\u0301A") ==
          Pieces{"\u0301", "A"});  // 1 without its prefix comes before 2 with it
}

TEST_CASE("split: 1 and 2, contractions", "[split]") {
    CHECK(split("it's") == Pieces{"it's"});
    CHECK(split("don't we'll they're I'm you've he'd") ==
          Pieces{"don't", " we'll", " they're", " I'm", " you've", " he'd"});
    CHECK(split("IT'S WE'LL THEY'RE YOU'VE") == Pieces{"IT'S", " WE'LL", " THEY'RE", " YOU'VE"});
    CHECK(split("We'Ll") == Pieces{"We'Ll"});
    CHECK(split("it'stuff") == Pieces{"it's", "tuff"});
    CHECK(split("HTTP'S") == Pieces{"HTTP'S"});
    CHECK(split("日's") == Pieces{"日's"});
}

TEST_CASE("split: 1 and 2, what is no contraction", "[split]") {
    CHECK(split("it\u2019s") == Pieces{"it", "\u2019s"});  // the typographic apostrophe
    CHECK(split("x'y") == Pieces{"x", "'y"});
    CHECK(split("x'r") == Pieces{"x", "'r"});
    CHECK(split("x'l") == Pieces{"x", "'l"});
    CHECK(split("x'lm") == Pieces{"x", "'lm"});
    CHECK(split("x'") == Pieces{"x", "'"});
    CHECK(split("x''s") == Pieces{"x", "''", "s"});
    CHECK(split("1's") == Pieces{"1", "'s"});
    CHECK(split("'s") == Pieces{"'s"});  // a word with a leading apostrophe
    CHECK(split("'sx") == Pieces{"'sx"});
}

TEST_CASE("split: 1 and 2, U+017F is a small s in a contraction and nothing else folds",
          "[split]") {
    CHECK(split("x'ſ'stuff") == Pieces{"x'ſ", "'stuff"});
    CHECK(split("X'ſ") == Pieces{"X'ſ"});
    CHECK(split("x'ｓ") == Pieces{"x", "'ｓ"});            // fullwidth s
    CHECK(split("x'\u1E9Ea") == Pieces{"x", "'\u1E9Ea"});  // capital sharp s
}

TEST_CASE("split: 2, capitals alone", "[split]") {
    CHECK(split("HTTP") == Pieces{"HTTP"});
    CHECK(split(" ABC") == Pieces{" ABC"});
    CHECK(split("(ABC)") == Pieces{"(ABC", ")"});
    CHECK(split("ABC123") == Pieces{"ABC", "123"});
    CHECK(split("\nABC") == Pieces{"\n", "ABC"});
    CHECK(split("A") == Pieces{"A"});
}

TEST_CASE("split: 3, digits in groups of three from the left, without a leading space", "[split]") {
    CHECK(split("1") == Pieces{"1"});
    CHECK(split("12") == Pieces{"12"});
    CHECK(split("123") == Pieces{"123"});
    CHECK(split("1234") == Pieces{"123", "4"});
    CHECK(split("1234567") == Pieces{"123", "456", "7"});
    CHECK(split(" 123") == Pieces{" ", "123"});
    CHECK(split("3.14") == Pieces{"3", ".", "14"});
    CHECK(split("٣٤٥٦") == Pieces{"٣٤٥", "٦"});  // Nd
    CHECK(split("ⅧⅨ") == Pieces{"ⅧⅨ"});          // Nl
    CHECK(split("42½²") == Pieces{"42½", "²"});  // No
    CHECK(split("a1b") == Pieces{"a", "1", "b"});
}

TEST_CASE("split: 4, symbols with one space before and newlines or slashes after", "[split]") {
    CHECK(split("!!!") == Pieces{"!!!"});
    CHECK(split(" !!") == Pieces{" !!"});
    CHECK(split("  !!") == Pieces{" ", " !!"});
    CHECK(split("\t!!") == Pieces{"\t", "!!"});  // only U+0020 may lead
    CHECK(split("\u00A0!") == Pieces{"\u00A0", "!"});
    CHECK(split("//\n//x") == Pieces{"//\n//", "x"});
    CHECK(split("//\n//") == Pieces{"//\n//"});
    CHECK(split(";\r\n\r\n/}") == Pieces{";\r\n\r\n/", "}"});
    CHECK(split("; \n") == Pieces{";", " \n"});
    CHECK(split("😀😀") == Pieces{"😀😀"});
    CHECK(split("👩‍🔬") == Pieces{"👩‍🔬"});  // the joiner U+200D is a symbol
    CHECK(split("!!\u0301x") == Pieces{"!!\u0301", "x"});  // marks are symbols too
    CHECK(split(std::string_view("\0\0a", 3)) == Pieces{std::string(2, '\0'), "a"});
}

TEST_CASE("split: 5, whitespace through its last newline", "[split]") {
    CHECK(split("\n") == Pieces{"\n"});
    CHECK(split("\n \n") == Pieces{"\n \n"});
    CHECK(split("a  \n \n  b") == Pieces{"a", "  \n \n", " ", " b"});
    CHECK(split("a\r\n\tb") == Pieces{"a", "\r\n", "\tb"});
    CHECK(split("a \n") == Pieces{"a", " \n"});
    CHECK(split("\u2028a") == Pieces{"\u2028a"});  // a line separator, but not CR or LF
}

TEST_CASE("split: 6, whitespace leaves its last character to what follows", "[split]") {
    CHECK(split("a   b") == Pieces{"a", "  ", " b"});
    CHECK(split("a   1") == Pieces{"a", "  ", " ", "1"});
    CHECK(split("a   ") == Pieces{"a", "   "});
    CHECK(split("   ") == Pieces{"   "});
    CHECK(split("a \u00A0\tb") == Pieces{"a", " \u00A0", "\tb"});
}

TEST_CASE("split: 7, a single whitespace character that nothing takes", "[split]") {
    CHECK(split("a 1") == Pieces{"a", " ", "1"});
    CHECK(split("\t!") == Pieces{"\t", "!"});
    CHECK(split(" ") == Pieces{" "});
}

TEST_CASE("split: every White_Space character is whitespace to the rule", "[split]") {
    int n_spaces = 0;
    for (char32_t point = 0; point <= 0x10FFFF; ++point) {
        if (char_class(point) != CharClass::space) continue;
        ++n_spaces;
        if (point == U'\r' || point == U'\n') continue;
        CAPTURE(unsigned(point));
        const std::string space = utf8(point);
        CHECK(split(space + space + space + "b") == Pieces{space + space, space + "b"});
        CHECK(split("1" + space + "1") == Pieces{"1", space, "1"});
        CHECK(split(space + "\n" + space) == Pieces{space + "\n", space});
    }
    CHECK(n_spaces == 25);
}

TEST_CASE("split: what other engines take for whitespace is a symbol", "[split]") {
    const std::vector<char32_t> symbols = {0x200B, 0xFEFF, 0x180E, 0x2060, 0x1C,
                                           0x1D,   0x1E,   0x1F,   0x00};
    for (const char32_t point : symbols) {
        CAPTURE(unsigned(point));
        const std::string symbol = utf8(point);
        CHECK(split(symbol + symbol + "b") == Pieces{symbol + symbol, "b"});
        CHECK(split(" " + symbol + "\n") == Pieces{" " + symbol + "\n"});
        CHECK(split("1" + symbol + "1") == Pieces{"1", symbol, "1"});
    }
}

TEST_CASE("split: random text is cut into pieces that are the text", "[split]") {
    std::mt19937 random(20241);
    const std::string alphabet[] = {"a", "B",  "日", "\u0301", "ʰ",      "7", "½",
                                    " ", "\n", "\r", "\t",     "\u00A0", "'", "s",
                                    "l", "/",  "!",  "😀",     "\u200B", "ſ"};
    for (int round = 0; round < 20000; ++round) {
        std::string text;
        for (auto length = random() % 24; length > 0; --length) {
            text += alphabet[random() % 20];
        }
        std::string joined;
        bool has_empty = false;
        for (const std::string_view piece : split_pieces(text)) {
            joined += piece;
            if (piece.empty()) has_empty = true;
        }
        if (joined == text && !has_empty) continue;
        FAIL("not the text: " << text);
    }
}

TEST_CASE("split: time is linear on runs that make a backtracking engine suffer", "[split]") {
    const int n = 300000;
    for (const std::string unit :
         {"x", "A", " ", "\n", "日", "日A", "'s", "!", "/", "1", "\u0301"}) {
        std::string text;
        for (int k = 0; k < n; ++k) {
            text += unit;
        }
        const auto start = std::chrono::steady_clock::now();
        std::size_t n_bytes = 0;
        for (const std::string_view piece : split_pieces(text)) {
            n_bytes += piece.size();
        }
        const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
        CHECK(n_bytes == text.size());
        CHECK(seconds.count() < 20.0);  // measured: 0.02 s at -O2, 0.1 s at -O0
    }
}

TEST_CASE("split: invalid UTF-8 is refused with its place", "[split][errors]") {
    REQUIRE_THROWS_WITH(split_pieces("ab\xFF"), "encode: text is not valid UTF-8 at byte 2 (0xFF)");
}
