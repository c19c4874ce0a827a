// HTML: what pages of the tool share: escaping, numbers, a style.
//
// Where    the tool's compare --html (compare_html.hpp).
// Source   WHATWG HTML, section 13.1.2.6 (what must be escaped in text and attributes).
// Pitfalls Tokens and file names come from outside: every text goes through html_escaped.
#pragma once
#include <cstdio>
#include <string>
#include <string_view>

namespace gptoss::tool {

inline std::string html_escaped(std::string_view text) {
    std::string escaped;
    for (const char letter : text) {
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

inline constexpr std::string_view kPageStyle =
    "body{font:15px/1.5 system-ui,sans-serif;margin:2em auto;max-width:60em;padding:0 1em}"
    "table{border-collapse:collapse}th,td{padding:.1em .8em .1em 0;text-align:right}"
    "th:first-child,td:first-child{text-align:left;font-family:monospace}"
    "tr:hover{background:#8882}.tokens span{border:1px solid #8886;border-radius:3px;"
    "padding:0 .2em;margin:.1em;display:inline-block;font-family:monospace;white-space:pre}"
    ".plots{display:flex;flex-wrap:wrap;gap:1em}figure{margin:0}"
    "figcaption{font:12px monospace}svg{background:#8881}"
    "polyline{fill:none;stroke:#36c;stroke-width:1.5}circle{fill:#36c}";

}  // namespace gptoss::tool
