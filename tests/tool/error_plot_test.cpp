#include "../../examples/gptoss/error_plot.hpp"

#include <limits>
#include <string>

#include "catch.hpp"

using namespace gptoss;
using namespace gptoss::tool;
using namespace gptoss::compare;
using namespace gptoss::dump;

namespace {

CompareRow row_with(const SiteKey& key, double error, Outcome outcome = Outcome::ok) {
    CompareRow row{key};
    row.outcome = outcome;
    row.metrics.n_values = 10;
    row.metrics.error = error;
    row.tolerance = 1e-4;
    return row;
}

Comparison diverging() {
    Comparison c;
    c.rows = {row_with({Site::embedding}, 0), row_with({Site::attn_q, 0}, 1e-6),
              row_with({Site::attn_q, 1}, 0.5, Outcome::diverged), row_with({Site::logits}, 0.25)};
    c.first_divergence = 2;
    return c;
}

int count_of(const std::string& text, const std::string& part) {
    int n = 0;
    for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) {
        ++n;
    }
    return n;
}

}  // namespace

TEST_CASE("error plot: places by hand", "[error_plot]") {
    PlotFrame frame;
    frame.lowest = -4;
    frame.highest = 0;
    frame.height = 100;
    frame.top = 10;
    frame.bottom = 10;
    frame.n_rows = 2;
    CHECK(frame.y(1) == 10);
    CHECK_THAT(frame.y(0.01), WithinAbs(50, 1e-9));
    CHECK(frame.y(0) == 90);  // on the floor
    CHECK(frame.y(1e-30) == 90);
    CHECK(frame.y(std::numeric_limits<double>::infinity()) == 10);
    CHECK(frame.x(0) < frame.x(1));
}

TEST_CASE("error plot: the decades reach from below the least to above the most", "[error_plot]") {
    const PlotFrame frame = plot_frame(diverging());
    CHECK(frame.lowest == -7);
    CHECK(frame.highest == 0);
    CHECK(plot_frame(Comparison{}).highest > plot_frame(Comparison{}).lowest);
}

TEST_CASE("error plot: a dot per compared site, red where they part, and its name",
          "[error_plot]") {
    const std::string svg = error_plot_svg(diverging());
    CHECK(count_of(svg, "<circle") == 4);
    CHECK(count_of(svg, "class=\"diverged\"") == 1);
    CHECK_THAT(svg, ContainsSubstring("first divergence: block.1.attn.q"));
    CHECK(count_of(svg, ">layer ") == 2);
    CHECK_THAT(svg, EndsWith("</svg>\n"));
}

TEST_CASE("error plot: missing sites leave a gap, flips stand on the floor", "[error_plot]") {
    Comparison c = diverging();
    c.rows[1].metrics.n_values = 0;
    CHECK(count_of(error_plot_svg(c), "<circle") == 3);
    c.rows[1] = row_with({Site::mlp_expert_ids, 0}, 0, Outcome::flipped);
    c.rows[1].note = "token 3";
    CHECK_THAT(error_plot_svg(c), ContainsSubstring("expert_ids: token 3"));
}

TEST_CASE("error plot: nothing to draw is no crash", "[error_plot]") {
    CHECK_THAT(error_plot_svg(Comparison{}), StartsWith("<svg"));
}
