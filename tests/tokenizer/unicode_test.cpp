#include "gptoss/tokenizer/unicode.hpp"

#include <fstream>
#include <map>
#include <sstream>
#include <string>
#include <vector>

#include "catch.hpp"

using namespace gptoss;
using namespace gptoss::tokenizer;

TEST_CASE("unicode: one character of each class", "[unicode]") {
    CHECK(char_class(U'A') == CharClass::upper);
    CHECK(char_class(U'\u01C5') == CharClass::upper);  // Lt, a capital D with a small z
    CHECK(char_class(U'a') == CharClass::lower);
    CHECK(char_class(U'\u65E5') == CharClass::caseless);  // Lo
    CHECK(char_class(U'\u02B0') == CharClass::caseless);  // Lm, a raised h
    CHECK(char_class(U'\u0301') == CharClass::mark);      // Mn, the combining acute
    CHECK(char_class(U'\u0903') == CharClass::mark);      // Mc, Devanagari visarga
    CHECK(char_class(U'\u20DD') == CharClass::mark);      // Me, the enclosing circle
    CHECK(char_class(U'7') == CharClass::number);
    CHECK(char_class(U'\u2167') == CharClass::number);  // Nl, Roman numeral eight
    CHECK(char_class(U'\u00BD') == CharClass::number);  // No, one half
    CHECK(char_class(U' ') == CharClass::space);
    CHECK(char_class(U'!') == CharClass::other);
    CHECK(char_class(U'\U0001F600') == CharClass::other);
}

TEST_CASE("unicode: the 25 White_Space characters, and the traps beside them", "[unicode]") {
    const std::vector<char32_t> spaces = {0x0009, 0x000A, 0x000B, 0x000C, 0x000D, 0x0020, 0x0085,
                                          0x00A0, 0x1680, 0x2000, 0x2001, 0x2002, 0x2003, 0x2004,
                                          0x2005, 0x2006, 0x2007, 0x2008, 0x2009, 0x200A, 0x2028,
                                          0x2029, 0x202F, 0x205F, 0x3000};
    int n_spaces = 0;
    for (char32_t point = 0; point <= 0x10FFFF; ++point) {
        if (char_class(point) == CharClass::space) ++n_spaces;
    }
    CHECK(n_spaces == 25);
    for (const char32_t point : spaces) {
        CAPTURE(unsigned(point));
        CHECK(char_class(point) == CharClass::space);
    }
    const std::vector<char32_t> traps = {0x001C, 0x001D, 0x001E, 0x001F, 0x180E,
                                         0x200B, 0x2060, 0xFEFF, 0x0008, 0x000E};
    for (const char32_t point : traps) {
        CAPTURE(unsigned(point));
        CHECK(char_class(point) == CharClass::other);
    }
}

TEST_CASE("unicode: the tables are those of 16.0, not older and not newer", "[unicode]") {
    CHECK(std::string(kUnicodeVersion) == "16.0.0");
    CHECK(char_class(0x1C89) == CharClass::upper);   // new in 16.0
    CHECK(char_class(0xA7CB) == CharClass::upper);   // new in 16.0
    CHECK(char_class(0x10D50) == CharClass::upper);  // new in 16.0
    CHECK(char_class(0xA7CE) == CharClass::other);   // a letter from 17.0 on
    CHECK(char_class(0x10940) == CharClass::other);  // a letter from 17.0 on
    CHECK(char_class(0x323B0) == CharClass::other);  // a letter from 17.0 on
}

TEST_CASE("unicode: how many characters each class has", "[unicode]") {
    std::map<CharClass, int> count;
    for (char32_t point = 0; point <= 0x10FFFF; ++point) {
        ++count[char_class(point)];
    }
    CHECK(count[CharClass::upper] == 1889);
    CHECK(count[CharClass::lower] == 2258);
    CHECK(count[CharClass::caseless] == 136881);
    CHECK(count[CharClass::mark] == 2501);
    CHECK(count[CharClass::number] == 1911);
    CHECK(count[CharClass::space] == 25);
    CHECK(count[CharClass::end] == 0);
}

TEST_CASE("unicode: ranges are sorted and apart, and the ends of the code space are safe",
          "[unicode]") {
    CHECK(kUnicodeRangeCount == 2363);
    bool is_sorted = true;
    for (int k = 0; k < kUnicodeRangeCount; ++k) {
        if (kUnicodeRanges[k].first > kUnicodeRanges[k].last) is_sorted = false;
        if (k > 0 && kUnicodeRanges[k].first <= kUnicodeRanges[k - 1].last) is_sorted = false;
    }
    CHECK(is_sorted);
    CHECK(char_class(0) == CharClass::other);
    CHECK(char_class(0x10FFFF) == CharClass::other);
    CHECK(char_class(0xFFFFFFFF) == CharClass::other);
}

TEST_CASE("unicode: the generated header says what its source file says", "[unicode]") {
    const std::map<std::string, CharClass> class_of_word = {
        {"upper", CharClass::upper},       {"lower", CharClass::lower},
        {"caseless", CharClass::caseless}, {"mark", CharClass::mark},
        {"number", CharClass::number},     {"space", CharClass::space}};
    std::vector<CharClass> expected(0x110000, CharClass::other);

    std::ifstream file(GPTOSS_SOURCE_DIR "/scripts/data/unicode16_classes.tsv");
    std::string line;
    while (std::getline(file, line)) {
        if (line[0] == '#') continue;
        const std::size_t dots = line.find("..");
        const std::size_t tab = line.find('\t');
        const auto first = std::stoul(line.substr(0, dots), nullptr, 16);
        const auto last = std::stoul(line.substr(dots + 2), nullptr, 16);
        for (auto point = first; point <= last; ++point) {
            expected[point] = class_of_word.at(line.substr(tab + 1));
        }
    }

    int n_different = 0;
    for (char32_t point = 0; point <= 0x10FFFF; ++point) {
        if (char_class(point) != expected[point]) ++n_different;
    }
    CHECK(n_different == 0);
}
