// HTML: a comparison as one page that needs nothing else: no script, no other file.
//
//     verdict | facts | error over depth (error_plot.hpp) | expert flips | a row per site
//
// Where    the tool's compare --html.
// Pitfalls File names and array names come from outside: every text goes through html_escaped.
#pragma once
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "error_plot.hpp"
#include "gptoss/compare/comparison.hpp"
#include "gptoss/compare/expert_match.hpp"
#include "html.hpp"

namespace gptoss::tool {

using namespace compare;

struct ComparePage {
    std::string reference;  // file names
    std::string other;
};

inline constexpr std::string_view kCompareStyle =
    "body{max-width:78em}td.note{text-align:left;white-space:nowrap}.errors{width:100%;height:auto}"
    ".errors text{font:12px system-ui,sans-serif;fill:currentColor}"
    ".errors .grid{stroke:#8884}.errors .mark{stroke:#c22;stroke-width:1.5}"
    ".errors polyline.tolerance{stroke:#888;stroke-dasharray:5 4}"
    ".errors polyline.error{stroke:#36c8;stroke-width:1}"
    ".errors polyline.stream{stroke:#36c;stroke-width:3;opacity:.55}"
    "circle.diverged,circle.nan{fill:#c22}circle.flipped,circle.left_out{fill:#c80}"
    ".verdict{padding:.5em 1em;border-left:6px solid}.pass{border-color:#2a2;background:#2a21}"
    ".diverged{border-color:#c22}.unusable{border-color:#c80;background:#c801}"
    "p.diverged{background:#c221}tr.diverged td,tr.nan td{color:#c22}"
    "tr.first td{font-weight:bold;border-top:2px solid #c22}"
    "tr.flipped td,tr.left_out td{color:#a60}";

inline std::string fact_row(const std::string& what, const std::string& value) {
    return "<tr><td>" + html_escaped(what) + "</td><td class=\"note\">" + html_escaped(value) +
           "</td></tr>\n";
}

inline std::string percent_text(double share) {
    char text[32];
    std::snprintf(text, sizeof text, "%.2f %%", 100 * share);
    return text;
}

inline std::string compare_facts(const ComparePage& page, const Comparison& c) {
    std::string rows = fact_row("reference", page.reference) + fact_row("compared", page.other);
    rows += fact_row("tolerance", c.tolerances);
    if (c.logits) {
        rows += fact_row("same likeliest token", percent_text(c.logits->top_1));
        rows += fact_row("shared among the " + std::to_string(c.logits->k) + " likeliest",
                         percent_text(c.logits->top_k));
        rows += fact_row("KL, mean and largest", html_number(c.logits->mean_kl) + ", " +
                                                     html_number(c.logits->max_kl) + " nats");
    }
    for (const std::string& note : c.notes) {
        rows += fact_row("note", note);
    }
    return "<table>\n" + rows + "</table>\n";
}

inline std::string changes_list(const Comparison& c) {
    if (c.changes.empty()) return "";
    std::string html = "<h2>Other experts</h2>\n<ul>\n";
    for (const ExpertChange& change : c.changes) {
        html += "<li>layer " + std::to_string(change.layer) + ", " +
                html_escaped(change_text(change, change.allowed > 0)) +
                (change.is_near_tie ? "" : ": no near-tie") + "</li>\n";
    }
    return html + "</ul>\n";
}

inline std::string compare_row(const CompareRow& row, bool is_first) {
    const Metrics& m = row.metrics;
    std::string html = "<tr class=\"" + std::string(outcome_key(row.outcome)) +
                       (is_first ? " first" : "") + "\"><td>" +
                       html_escaped(dump::site_name(row.key)) + "</td><td>" +
                       outcome_name(row.outcome) + "</td>";
    const double numbers[] = {m.error, row.tolerance, m.relative, m.max, m.mean};
    for (const double number : numbers) {
        html += "<td>" + (m.n_values > 0 ? html_number(number) : "") + "</td>";
    }
    char text[48];
    std::snprintf(text, sizeof text, "<td>%.6f</td><td>%.0f</td>", m.cosine, m.ulps);
    html += m.n_values > 0 ? text : "<td></td><td></td>";
    std::string tokens = std::to_string(row.n_strict);
    if (row.n_lenient + row.n_left_out > 0) {
        tokens += " + " + std::to_string(row.n_lenient) + " + " + std::to_string(row.n_left_out);
    }
    return html + "<td>" + tokens + "</td><td class=\"note\">" + html_escaped(row.note) +
           "</td></tr>\n";
}

inline std::string compare_page_html(const ComparePage& page, const Comparison& c) {
    std::string html =
        "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"/>"
        "<title>gpt-oss compare</title><style>" +
        std::string(kPageStyle) + std::string(kCompareStyle) +
        "</style></head>\n<body><h1>gpt-oss compare</h1>\n<p class=\"verdict " +
        verdict_name(c.verdict) + "\"><b>" + verdict_name(c.verdict) +
        "</b>: " + html_escaped(c.reason) + "</p>\n" + compare_facts(page, c);
    html += "<h2>Error over depth</h2>\n<figure>" + error_plot_svg(c) +
            "<figcaption>max |got - expected| / rms(expected) at every site, in execution order. "
            "Dashed: the tolerance. Bold: the residual stream. Red: beyond the tolerance. Orange, "
            "on the "
            "floor: a layer where experts flipped."
            "</figcaption></figure>\n" +
            changes_list(c);
    html +=
        "<h2>Sites</h2>\n<table>\n<tr><th>site</th><th>outcome</th><th>error</th><th>allowed</th>"
        "<th>relative</th><th>max</th><th>mean</th><th>cosine</th><th>ulps</th><th>tokens</th>"
        "<th class=\"note\">note</th></tr>\n";
    for (std::size_t i = 0; i < c.rows.size(); ++i) {
        html += compare_row(c.rows[i], c.first_divergence == i);
    }
    return html +
           "</table>\n<p>tokens: compared strictly + behind an expert flip + left out. ulps: steps "
           "between bf16 numbers, of values not below rms.</p>\n</body></html>\n";
}

}  // namespace gptoss::tool
