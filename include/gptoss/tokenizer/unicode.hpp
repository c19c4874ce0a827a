// Unicode classes: the seven kinds of character that the split rule tells apart.
//
//     char_class(U'e') == CharClass::lower        char_class(U'\u65E5') == CharClass::caseless
//
// How      a sorted table of ranges and a binary search; the first 256 code points, most of what is
//          ever asked, are looked up directly.
// Where    split.hpp, once per character of the text.
// Source   Unicode Character Database 16.0.0 (UnicodeData.txt, PropList.txt), through
//          scripts/generate_unicode.py. 16.0 is the version inside the reference tokenizer.
// Pitfalls Not isalpha and friends: they follow the locale and another Unicode version. "Everything
//          beyond ASCII is a letter" and "marks do not matter" both break real languages.
//          White_Space has 25 members; U+200B, U+FEFF, U+180E and U+001C..001F are not among them.
#pragma once
#include <array>
#include <cstddef>

#include "gptoss/tokenizer/unicode_ranges.hpp"

namespace gptoss::tokenizer {

enum class CharClass : char {
    upper = 'U',     // Lu, Lt
    lower = 'l',     // Ll
    caseless = 'c',  // Lm, Lo: modifier letters, and scripts without case
    mark = 'm',      // Mn, Mc, Me
    number = 'n',    // Nd, Nl, No
    space = 's',     // White_Space
    other = 'o',     // punctuation, symbols, controls, unassigned
    end = '$',       // no character: what split.hpp sees after the last one
};

inline constexpr int kUnicodeRangeCount = int(sizeof(kUnicodeRanges) / sizeof(kUnicodeRanges[0]));

constexpr CharClass search_unicode_ranges(char32_t point) {
    int low = 0;
    int high = kUnicodeRangeCount;
    while (low < high) {
        const int middle = (low + high) / 2;
        if (point > kUnicodeRanges[middle].last) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    if (low == kUnicodeRangeCount || point < kUnicodeRanges[low].first) return CharClass::other;
    return CharClass(kUnicodeRanges[low].letter);
}

constexpr std::array<CharClass, 256> make_latin1_classes() {
    std::array<CharClass, 256> classes{};
    for (char32_t point = 0; point < 256; ++point) {
        classes[point] = search_unicode_ranges(point);
    }
    return classes;
}

inline constexpr std::array<CharClass, 256> kLatin1Classes = make_latin1_classes();

constexpr CharClass char_class(char32_t point) {
    if (point < 256) return kLatin1Classes[std::size_t(point)];
    return search_unicode_ranges(point);
}

}  // namespace gptoss::tokenizer
