// HTML: a recorded run as one page that needs nothing else: no script, no other file.
//
//     facts about the run | its tokens | rms over depth, a small plot per site | a row per tensor
//
// Where    the tool's trace --html.
// Source   WHATWG HTML, section 13.1.2.6 (what must be escaped in text and attributes).
// Pitfalls Tokens and file names come from outside: every text goes through html_escaped.
#pragma once
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdio>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "summary.hpp"

namespace gptoss::tool {

struct TracePage {
    std::string title;
    std::vector<std::pair<std::string, std::string>> facts;  // what, value
    std::vector<std::string> tokens;                         // how each is to be shown
    std::vector<SiteSummary> sites;
};

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

// The rms of one site in every recorded layer, as a line from 0 to the largest.
inline std::string rms_plot(Site site, const std::vector<SiteSummary>& sites) {
    const double width = 160;
    const double height = 48;
    const double margin = 4;
    std::vector<double> rms;
    double largest = 0;
    for (const SiteSummary& summary : sites) {
        if (summary.site != site) continue;
        rms.push_back(summary.statistics.rms);
        largest = std::max(largest, rms.back());
    }
    if (rms.empty()) return "";

    std::string points;
    std::string dots;
    for (std::size_t i = 0; i < rms.size(); ++i) {
        const double along = rms.size() == 1 ? 0.5 : double(i) / double(rms.size() - 1);
        const double up = largest == 0 ? 0 : rms[i] / largest;
        const std::string x = html_number(margin + along * (width - 2 * margin));
        const std::string y = html_number(height - margin - up * (height - 2 * margin));
        points += x + "," + y + " ";
        dots += "<circle cx=\"" + x + "\" cy=\"" + y + "\" r=\"2\"><title>" + html_number(rms[i]) +
                "</title></circle>";
    }
    return "<figure><svg width=\"160\" height=\"48\"><polyline points=\"" + points + "\"/>" + dots +
           "</svg><figcaption>" + html_escaped(site_symbol(site)) + ", to " + html_number(largest) +
           "</figcaption></figure>\n";
}

inline std::string table_row(const SiteSummary& summary) {
    const Statistics& s = summary.statistics;
    std::string row = "<tr><td>" + html_escaped(site_name(summary.site, summary.layer)) +
                      "</td><td>" + html_escaped(format::shape_text(summary.shape)) + "</td>";
    for (const double number : {s.min, s.max, s.mean, s.rms}) {
        row += "<td>" + html_number(number) + "</td>";
    }
    const std::size_t n_not_finite = s.n_values - s.n_finite;
    return row + "<td>" + (n_not_finite > 0 ? std::to_string(n_not_finite) : "") + "</td></tr>\n";
}

inline std::string trace_page_html(const TracePage& page) {
    const std::string title = html_escaped(page.title);
    std::string html = "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"/><title>" +
                       title + "</title><style>" + std::string(kPageStyle) +
                       "</style></head>\n<body><h1>" + title + "</h1>\n<table>\n";
    for (const auto& [what, value] : page.facts) {
        html +=
            "<tr><td>" + html_escaped(what) + "</td><td>" + html_escaped(value) + "</td></tr>\n";
    }
    html += "</table>\n<h2>Tokens</h2>\n<p class=\"tokens\">";
    for (const std::string& token : page.tokens) {
        html += "<span>" + html_escaped(token) + "</span>";
    }
    html += "</p>\n<h2>rms over depth</h2>\n<div class=\"plots\">\n";
    for (const SiteInfo& info : kSites) {
        if (is_per_layer(info.site)) html += rms_plot(info.site, page.sites);
    }
    html +=
        "</div>\n<h2>Tensors</h2>\n<table>\n<tr><th>site</th><th>shape</th><th>min</th>"
        "<th>max</th><th>mean</th><th>rms</th><th>not finite</th></tr>\n";
    for (const SiteSummary& summary : page.sites) {
        html += table_row(summary);
    }
    return html + "</table>\n</body></html>\n";
}

}  // namespace gptoss::tool
