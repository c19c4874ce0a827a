// HTML: what is needed to write a page: escaping and numbers.
//
// Where    the tool's compare --html (compare_html.hpp).
// Source   WHATWG HTML, section 13.1.2.6 (what must be escaped in text and attributes).
// Pitfalls Tokens and file names come from outside: every text goes through html_escaped, which also
//          replaces what cannot be decoded and what a browser would obey (core/printable.hpp).
#pragma once
#include <cstdio>
#include <string>
#include <string_view>

#include "gptoss/core/printable.hpp"

namespace gptoss::tool {

inline std::string html_escaped(std::string_view text) {
    std::string escaped;
    for (const char letter : printable(text)) {
        switch (letter) {
            case '&':
                escaped += "&amp;";
                break;
            case '<':
                escaped += "&lt;";
                break;
            case '>':
                escaped += "&gt;";
                break;
            case '"':
                escaped += "&quot;";
                break;
            case '\'':
                escaped += "&#39;";
                break;
            default:
                escaped += letter;
        }
    }
    return escaped;
}

inline std::string html_number(double number) {
    char text[32];
    std::snprintf(text, sizeof text, "%.4g", number);
    return text;
}

}  // namespace gptoss::tool
