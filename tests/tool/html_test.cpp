#include "../../examples/gptoss/html.hpp"

#include <string>
#include <vector>

#include "catch.hpp"

using namespace gptoss;
using namespace gptoss::tool;
using namespace gptoss::compare;

namespace {

SiteSummary summary(Site site, int layer, double rms) {
    SiteSummary row{site, layer, {3, 64}, {}};
    row.statistics.n_values = 192;
    row.statistics.n_finite = 192;
    row.statistics.rms = rms;
    return row;
}

// Every opening tag is closed in order; "" or the first that is not.
std::string unbalanced_tag(const std::string& html) {
    std::vector<std::string> open;
    std::size_t begin = html.find('<', 1);
    while (begin != std::string::npos) {
        const std::size_t end = html.find('>', begin);
        const std::string tag = html.substr(begin + 1, end - begin - 1);
        const std::string name = tag.substr(0, tag.find_first_of(" \n"));
        const bool is_void = tag.back() == '/';
        if (name[0] == '/') {
            if (open.empty() || "/" + open.back() != name) return name;
            open.pop_back();
        } else if (!is_void) {
            open.push_back(name);
        }
        begin = html.find('<', end);
    }
    return open.empty() ? "" : open.back();
}

}  // namespace

TEST_CASE("html: the five characters with a meaning are escaped", "[html]") {
    CHECK(html_escaped("a < b && \"c\" > 'd'") ==
          "a &lt; b &amp;&amp; &quot;c&quot; &gt; &#39;d&#39;");
    CHECK(html_escaped("<|start|>") == "&lt;|start|&gt;");
    CHECK(html_escaped("Bär") == "Bär");
}

TEST_CASE("html: a plot goes from 0 at the bottom to the largest rms at the top", "[html]") {
    const std::vector<SiteSummary> sites = {
        summary(Site::mlp_out, 0, 0), summary(Site::mlp_out, 1, 2), summary(Site::attn_q, 1, 99)};
    const std::string plot = rms_plot(Site::mlp_out, sites);
    CHECK_THAT(plot, ContainsSubstring("points=\"4,44 156,4 \""));
    CHECK_THAT(plot, ContainsSubstring("mlp_out, to 2"));
    CHECK(rms_plot(Site::attn_k, sites) == "");
}

TEST_CASE("html: a page is whole, escaped, and needs nothing from outside", "[html]") {
    TracePage page;
    page.title = "a <b> run";
    page.facts = {{"model", "/tmp/<script>alert(1)</script>"}};
    page.tokens = {"1 \"</span>\"", "2 \"&amp;\""};
    page.sites = {summary(Site::embedding, kNoLayer, 1), summary(Site::attn_q, 0, 2),
                  summary(Site::attn_q, 1, 3)};
    const std::string html = trace_page_html(page);
    CHECK(unbalanced_tag(html) == "");
    CHECK_THAT(html, ContainsSubstring("<title>a &lt;b&gt; run</title>"));
    CHECK_THAT(html, ContainsSubstring("<td>block.1.attn.q</td><td>(3, 64)</td>"));
    CHECK_THAT(html, ContainsSubstring("<span>1 &quot;&lt;/span&gt;&quot;</span>"));
    CHECK(html.find("<script") == std::string::npos);
    CHECK(html.find("http") == std::string::npos);
}

TEST_CASE("html: values that are not finite are counted in the row", "[html]") {
    SiteSummary row = summary(Site::attn_scores, 0, 1);
    row.statistics.n_finite = 190;
    CHECK_THAT(table_row(row), ContainsSubstring("<td>2</td></tr>"));
}
