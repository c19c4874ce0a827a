// HTML: a comparison as one page that needs no other file.
//
//     verdict | facts | error over depth (error_plot.hpp) | expert flips | a row per site, with details
//
// Details say what the viewer's inspector says: where and by how much a site differs, formula, function, page. The
// source of a function stands in the page once; a script of a line shows it where it is opened.
//
// Where    the tool's compare --html.
// Pitfalls File names and array names come from outside: every text goes through html_escaped.
#pragma once
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "error_plot.hpp"
#include "gptoss/compare/comparison.hpp"
#include "gptoss/compare/expert_match.hpp"
#include "gptoss/trace/sites.hpp"
#include "html.hpp"
#include "site_facts.hpp"

namespace gptoss::tool {

using namespace compare;

struct ComparePage {
    std::string reference;  // file names
    std::string other;
    std::string_view viewer = {};  // brings the style, and what it knows of each site
};

// The viewer's style (examples/live/page/style.css) brings colors, cards and tables; this is what only
// this page has. A row of the table leads to its details, which are shown while the address names them.
inline constexpr std::string_view kCompareStyle =
    "body{max-width:84rem;padding-top:1.2rem}main{display:block}.card{margin-bottom:1rem}"
    "figure{margin:0}figcaption{color:var(--muted);font-size:.9rem}.wide{overflow-x:auto}"
    "table.sites,table.facts{border-collapse:collapse;font-size:.88rem}"
    ".sites td,.sites th{padding:.15rem .9rem .15rem 0;text-align:right;white-space:nowrap;"
    "border-top:1px solid var(--line)}.sites tr>:first-child,td.note{text-align:left!important}"
    ".facts td{padding:.1rem 1rem .1rem 0}.sites td:first-child{font-family:var(--mono)}"
    ".errors{width:100%;height:auto}.errors text{font:12px system-ui,sans-serif;fill:var(--ink)}"
    ".errors .grid{stroke:var(--line)}.errors .mark{stroke:var(--bad);stroke-width:1.5}"
    ".errors polyline{fill:none}.errors polyline.tolerance{stroke:var(--muted);stroke-dasharray:5 "
    "4}"
    ".errors polyline.error{stroke:var(--weight);stroke-width:1;opacity:.6}"
    ".errors polyline.stream{stroke:var(--weight);stroke-width:3;opacity:.5}"
    "circle{fill:var(--weight)}circle.diverged,circle.nan{fill:var(--bad)}"
    "circle.flipped,circle.left_out{fill:var(--sink)}.errors a:focus circle{r:7}"
    ".verdict{padding:.6rem 1rem;border-left:6px solid var(--expert);border-radius:8px;"
    "background:var(--card);margin:.7rem 0 1rem}.verdict.diverged{border-color:var(--bad)}"
    ".verdict.unusable{border-color:var(--sink)}tr.diverged>td,tr.nan>td{color:var(--bad)}"
    "tr.first>td{font-weight:600}tr.flipped>td,tr.left_out>td{color:var(--sink)}"
    "tr.detail{display:none}tr.detail:target{display:table-row}tr.detail td{white-space:normal}"
    ".sites a{color:inherit}.inside{position:sticky;left:0;width:min(60rem,calc(100vw - 4.4rem))}";

// The style of the viewer, whose dark colors hang on what its script sets: here the system says it.
inline std::string shared_style(std::string_view viewer) {
    const std::string_view open = "<style>\n";
    const std::size_t begin = viewer.find(open) + open.size();
    const std::string style(viewer.substr(begin, viewer.find("</style>") - begin));
    const std::string dark = ":root[data-theme=\"dark\"] ";
    const std::size_t block = style.find(dark) + dark.size();
    const std::string colors = style.substr(block, style.find('}', block) + 1 - block);
    return style + "@media (prefers-color-scheme:dark){:root" + colors + "}\n";
}

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
    return "<table class=\"facts\">\n" + rows + "</table>\n";
}

inline std::string changes_list(const Comparison& c) {
    if (c.changes.empty()) return "";
    std::string html = "<section class=\"card\"><h2>Other experts</h2>\n<ul>\n";
    for (const ExpertChange& change : c.changes) {
        html += "<li>layer " + std::to_string(change.layer) + ", " +
                html_escaped(change_text(change, change.allowed > 0)) +
                (change.is_near_tie ? "" : ": no near-tie") + "</li>\n";
    }
    return html + "</ul></section>\n";
}

// "block.0.attn.q" in an address
inline std::string site_anchor(const CompareRow& row) {
    return html_escaped(dump::site_name(row.key));
}

// Where and how a site differs, in words; and what it is.
inline std::string compare_detail(const CompareRow& row, std::string_view viewer) {
    const Metrics& m = row.metrics;
    const SiteInfo& info = site_info(row.key.site);
    std::string fields = detail_field("is", std::string(info.meaning));
    if (m.n_values > 0) {
        char text[160];
        std::snprintf(text, sizeof text, "row %d, column %d: got %.9g, expected %.9g", m.worst_row,
                      m.worst_col, double(m.got), double(m.expected));
        fields += detail_field("worst", text);
        std::snprintf(text, sizeof text, "%.4g of the site's rms; allowed are %.4g", m.error,
                      row.tolerance);
        fields += detail_field("by", text);
        fields += detail_field("equal", percent_text(m.equal) + " of " +
                                            std::to_string(m.n_values) + " values, to the bit");
    }
    if (!row.where.empty()) fields += detail_field("where", row.where);
    if (!row.note.empty()) fields += detail_field("note", row.note);
    return "<tr class=\"detail\" id=\"" + site_anchor(row) +
           "\"><td colspan=\"10\"><div class=\"inside\"><dl class=\"fields\">" + fields +
           facts_detail(site_facts(viewer, row.key.site)) + "</div></td></tr>\n";
}

inline std::string compare_row(const CompareRow& row, bool is_first, std::string_view viewer) {
    const Metrics& m = row.metrics;
    std::string html = "<tr class=\"" + std::string(outcome_key(row.outcome)) +
                       (is_first ? " first" : "") + "\"><td><a href=\"#" + site_anchor(row) +
                       "\">" + site_anchor(row) + "</a></td><td>" + outcome_name(row.outcome) +
                       "</td>";
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
    return html + "<td>" + tokens + "</td></tr>\n" + compare_detail(row, viewer);
}

inline std::string sites_table(const Comparison& c, std::string_view viewer) {
    std::string html =
        "<div class=\"wide\"><table class=\"sites\">\n<tr><th>site</th><th>outcome</th>"
        "<th>error</th><th>allowed</th><th>relative</th><th>max</th><th>mean</th><th>cosine</th>"
        "<th>ulps</th><th>tokens</th></tr>\n";
    for (std::size_t i = 0; i < c.rows.size(); ++i) {
        html += compare_row(c.rows[i], c.first_divergence == i, viewer);
    }
    return html + "</table></div>\n";
}

inline std::string compare_page_html(const ComparePage& page, const Comparison& c) {
    std::set<Site> sites;
    for (const CompareRow& row : c.rows) {
        sites.insert(row.key.site);
    }
    return "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"/>"
           "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>"
           "<title>gpt-oss compare</title><style>\n" +
           shared_style(page.viewer) + std::string(kCompareStyle) +
           "</style></head>\n<body><h1>gpt-oss compare</h1>\n<main><p class=\"verdict " +
           verdict_name(c.verdict) + "\"><b>" + verdict_name(c.verdict) +
           "</b>: " + html_escaped(c.reason) + "</p>\n<section class=\"card\">" +
           compare_facts(page, c) +
           "</section>\n<section class=\"card\"><h2>Error over depth</h2>\n<figure>" +
           error_plot_svg(c) +
           "<figcaption>max |got - expected| / rms(expected) at every site, in execution order. "
           "Dashed: what is allowed. Bold: the residual stream. Red: beyond what is allowed. "
           "Orange: "
           "experts flipped there, or it was left out. A point or a name leads to where and how "
           "the site differs.</figcaption></figure></section>\n" +
           changes_list(c) + "<section class=\"card\"><h2>Sites</h2>\n" +
           sites_table(c, page.viewer) +
           "<p class=\"say\">tokens: compared strictly + behind an expert flip + left out. ulps: "
           "steps between bf16 numbers, of values not below rms.</p></section></main>\n" +
           op_sources(page.viewer, sites) + "</body></html>\n";
}

}  // namespace gptoss::tool
