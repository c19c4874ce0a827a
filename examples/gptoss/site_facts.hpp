// Site facts: what the viewer knows of a site, read out of its page (examples/live/page/sites.json and the
// headers that assemble.cmake puts beside it): formula, function with its source, page to read.
//
// Where    the details of compare --html.
// Errors   Error if the viewer lacks a part.
#pragma once
#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <string_view>

#include "gptoss/core/check.hpp"
#include "gptoss/trace/sites.hpp"
#include "html.hpp"

namespace gptoss::tool {

struct SiteFacts {
    std::string op;       // "rmsnorm"
    std::string header;   // "layers/rmsnorm.hpp"
    std::string page;     // "02-rmsnorm.md"
    std::string formula;  // in plain text
};

// What stands in the script element of the viewer whose tag ends so: `id="sites">`.
inline std::string_view viewer_part(std::string_view viewer, const std::string& tag_end) {
    const std::size_t tag = viewer.find(tag_end + "\n");
    if (tag == viewer.npos) throw Error("viewer: has no <script " + tag_end);
    const std::size_t begin = tag + tag_end.size() + 1;
    return viewer.substr(begin, viewer.find("</script>", begin) - begin);
}

inline SiteFacts site_facts(std::string_view viewer, Site site) {
    const auto sites = nlohmann::json::parse(viewer_part(viewer, "id=\"sites\">"));
    const auto& facts = sites.at(site_symbol(site));
    return {facts.at("op").get<std::string>(), facts.at("header").get<std::string>(),
            facts.at("page").get<std::string>(), facts.at("formula").get<std::string>()};
}

// The text of a function: from the line that begins it to a brace at the left margin (clang-format).
inline std::string function_source(std::string_view viewer, const SiteFacts& facts) {
    const std::string_view text = viewer_part(viewer, "data-header=\"" + facts.header + "\">");
    std::string source;
    std::size_t begin = 0;
    while (begin < text.size()) {
        const std::size_t end = std::min(text.find('\n', begin), text.size());
        const std::string_view line = text.substr(begin, end - begin);
        const bool is_first = source.empty() && line.starts_with("inline ") &&
                              line.find(" " + facts.op + "(") != line.npos;
        if (is_first || !source.empty()) source += std::string(line) + "\n";
        if (!source.empty() && line.starts_with("}")) return source;
        begin = end + 1;
    }
    throw Error("viewer: " + facts.header + " has no function " + facts.op);
}

// --- As HTML ------------------------------------------------------------------------------------
inline std::string detail_field(const std::string& what, const std::string& value) {
    return "<dt>" + what + "</dt><dd>" + html_escaped(value) + "</dd>";
}

// As the viewer's inspector has it: header, page, formula, and the function to open.
inline std::string facts_detail(const SiteFacts& facts) {
    return detail_field("header", facts.header) + detail_field("read", "docs/" + facts.page) +
           "</dl><div class=\"formula\">" + html_escaped(facts.formula) +
           "</div><details data-op=\"" + facts.op + "\"><summary>" + facts.op +
           ", as the reference has it</summary><pre tabindex=\"0\"></pre></details>";
}

inline constexpr std::string_view kOpScript =
    "<script>addEventListener('toggle', (event) => {\n"
    "const {op} = event.target.dataset, pre = event.target.lastElementChild;\n"
    "if (op) pre.textContent = document.getElementById(`op-${op}`).content.textContent;\n"
    "}, true);</script>\n";

// The functions of all sites, each once, for the script.
inline std::string op_sources(std::string_view viewer, const std::set<Site>& sites) {
    std::map<std::string, std::string> sources;
    for (const Site site : sites) {
        const SiteFacts facts = site_facts(viewer, site);
        sources.emplace(facts.op, function_source(viewer, facts));
    }
    std::string html;
    for (const auto& [op, source] : sources) {
        html += "<template id=\"op-" + op + "\">" + html_escaped(source) + "</template>\n";
    }
    return html + std::string(kOpScript);
}

}  // namespace gptoss::tool
