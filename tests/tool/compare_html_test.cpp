#include "../../examples/gptoss/compare_html.hpp"

#include <string>

#include "catch.hpp"

using namespace gptoss;
using namespace gptoss::tool;
using namespace gptoss::compare;

namespace {

constexpr std::string_view kViewer =
    "<style>\n:root { --ink: #000; }\n:root[data-theme=\"dark\"] { --ink: #fff; }\nb {}\n</style>\n"
    "<script type=\"application/json\" id=\"sites\">\n"
    R"({"embedding": {"name": "embedding", "op": "embed", "header": "layers/embedding.hpp",
                      "page": "03-linear.md", "formula": "table[tokens[t]]"},
        "logits": {"name": "logits", "op": "unembed", "header": "layers/unembedding.hpp",
                   "page": "03-linear.md", "formula": "W < norm"}})"
    "\n</script>\n<script type=\"text/plain\" data-header=\"layers/embedding.hpp\">\n"
    "inline void embed(int t) {\n}\n</script>\n"
    "<script type=\"text/plain\" data-header=\"layers/unembedding.hpp\">\n"
    "// unembed(x)\ninline void other() {\n}\n\ninline void unembed(int t) {\n    if (t < 1) {\n   "
    " }\n"
    "}\n\ninline int next;\n</script>\n";

std::string page_of(const Comparison& c) {
    return compare_page_html({"a.safetensors", "<b>.npz", kViewer}, c);
}

Comparison small_comparison() {
    Comparison c;
    c.verdict = Verdict::diverged;
    c.reason = "first divergence at logits";
    c.tolerances = "0.25 for every site";
    CompareRow ok{{Site::embedding}};
    ok.metrics.n_values = 4;
    ok.n_strict = 2;
    CompareRow bad{{Site::logits}};
    bad.outcome = Outcome::diverged;
    bad.metrics.n_values = 4;
    bad.metrics.error = 0.5;
    bad.note = "[1, 2]: got 1, expected 3";
    bad.n_strict = 1;
    bad.n_lenient = 1;
    c.rows = {ok, bad};
    c.first_divergence = 1;
    c.notes = {"a note & more"};
    return c;
}

}  // namespace

TEST_CASE("compare html: verdict, picture and a row per site", "[compare_html]") {
    const std::string html = page_of(small_comparison());
    CHECK_THAT(html, StartsWith("<!DOCTYPE html>") && EndsWith("</html>\n"));
    CHECK_THAT(html, ContainsSubstring("<p class=\"verdict diverged\"><b>diverged</b>: first"));
    CHECK_THAT(html, ContainsSubstring("<svg class=\"errors\""));
    CHECK_THAT(
        html, ContainsSubstring("<tr class=\"diverged first\"><td><a href=\"#logits\">logits</a>"));
    CHECK_THAT(html, ContainsSubstring("<tr class=\"detail\" id=\"logits\">"));
    CHECK_THAT(html, ContainsSubstring("<a href=\"#logits\"><circle"));
    CHECK_THAT(html, ContainsSubstring("<td>1 + 1 + 0</td>"));
    CHECK_THAT(html, ContainsSubstring("[1, 2]: got 1, expected 3"));
}

TEST_CASE("compare html: the viewer's colors, dark ones where the system asks for them",
          "[compare_html]") {
    const std::string style = shared_style(kViewer);
    CHECK_THAT(style, EndsWith("@media (prefers-color-scheme:dark){:root{ --ink: #fff; }}\n"));
    CHECK_THAT(style, StartsWith(":root { --ink: #000; }\n"));
}

TEST_CASE("compare html: a site's details say what the viewer's inspector says", "[compare_html]") {
    const std::string html = page_of(small_comparison());
    CHECK_THAT(html, ContainsSubstring("<dd>layers/unembedding.hpp</dd><dt>read</dt>"
                                       "<dd>docs/03-linear.md</dd></dl>"
                                       "<div class=\"formula\">W &lt; norm</div>"
                                       "<details data-op=\"unembed\"><summary>unembed, as the"));
    CHECK_THAT(html, ContainsSubstring("<template id=\"op-unembed\">inline void unembed(int t) {\n"
                                       "    if (t &lt; 1) {\n    }\n}\n</template>"));
    CHECK_THROWS_WITH(site_facts("<p>", Site::logits), "viewer: has no <script id=\"sites\">");
    CHECK_THROWS_WITH(function_source(kViewer, {"mix", "layers/embedding.hpp", "", ""}),
                      "viewer: layers/embedding.hpp has no function mix");
}

TEST_CASE("compare html: texts from outside are escaped", "[compare_html]") {
    const std::string html = page_of(small_comparison());
    CHECK_THAT(html, ContainsSubstring("&lt;b&gt;.npz"));
    CHECK_THAT(html, ContainsSubstring("a note &amp; more"));
    CHECK_THAT(html, !ContainsSubstring("<b>.npz"));
}

TEST_CASE("compare html: experts and logits only where there are any", "[compare_html]") {
    Comparison c = small_comparison();
    CHECK_THAT(page_of(c), !ContainsSubstring("Other experts"));
    CHECK_THAT(page_of(c), !ContainsSubstring("same likeliest token"));
    ExpertChange change;
    change.left = {3};
    change.joined = {5};
    change.allowed = 0.1;
    c.changes = {change};
    c.logits = LogitMetrics{};
    c.logits->top_1 = 0.5;
    CHECK_THAT(page_of(c), ContainsSubstring("layer 0, token 0: expert 5 instead of 3"));
    CHECK_THAT(page_of(c), ContainsSubstring("50.00 %"));
}

TEST_CASE("compare html: a comparison without rows is a page too", "[compare_html]") {
    Comparison c;
    c.reason = "other tokens";
    CHECK_THAT(page_of(c), ContainsSubstring("<b>unusable</b>: other tokens"));
}
