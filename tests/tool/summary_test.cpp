#include "../../examples/gptoss/summary.hpp"

#include <cmath>
#include <limits>
#include <vector>

#include "catch.hpp"
#include "gptoss/core/presets.hpp"

using namespace gptoss;
using namespace gptoss::tool;
using namespace gptoss::compare;
using namespace gptoss::dump;
using namespace gptoss::format;

TEST_CASE("summary: four numbers by hand", "[summary]") {
    // mean (3 - 4 + 0 + 12) / 4 = 2.75, rms sqrt(169 / 4) = 6.5
    const Statistics s = statistics_of(std::vector<float>{3, -4, 0, 12});
    CHECK(s.min == -4);
    CHECK(s.max == 12);
    CHECK(s.mean == 2.75);
    CHECK(s.rms == 6.5);
    CHECK(s.n_values == 4);
    CHECK(s.n_finite == 4);
}

TEST_CASE("summary: hidden positions and NaN are counted and left out", "[summary]") {
    const float infinity = std::numeric_limits<float>::infinity();
    const Statistics s = statistics_of(std::vector<float>{-infinity, 2, std::nanf(""), -2});
    CHECK(s.n_values == 4);
    CHECK(s.n_finite == 2);
    CHECK(s.min == -2);
    CHECK(s.max == 2);
    CHECK(s.mean == 0);
    CHECK(s.rms == 2);
}

TEST_CASE("summary: without a finite value everything is zero", "[summary]") {
    const Statistics s = statistics_of(std::vector<float>{std::nanf("")});
    CHECK(s.n_finite == 0);
    CHECK(s.rms == 0);
    CHECK(statistics_of(std::vector<float>{}).n_values == 0);
}

TEST_CASE("summary: a row per recorded site, in order, ids as numbers", "[summary]") {
    Recorder recorder(preset_odd(), all_sites());
    const std::int32_t tokens[2] = {7, 8};
    const std::int32_t experts[6] = {5, 1, 0, 2, 3, 4};
    const std::vector<float> logits(12, 1.5f);
    recorder.begin_pass({tokens, 2}, {});
    recorder.show(Site::mlp_router_logits, 1, {logits.data(), 2, 6});
    recorder.show_ids(Site::mlp_expert_ids, 1, {experts, 2, 3});

    const std::vector<SiteSummary> rows = summarize(recorder);
    REQUIRE(rows.size() == 2);
    CHECK(rows[0].site == Site::mlp_router_logits);
    CHECK(rows[0].layer == 1);
    CHECK(rows[0].shape == Shape{2, 6});
    CHECK(rows[0].statistics.rms == 1.5);
    CHECK(rows[1].shape == Shape{2, 3});
    CHECK(rows[1].statistics.max == 5);
    CHECK(rows[1].statistics.mean == 2.5);
}

TEST_CASE("summary: the first site with a NaN; hidden scores are none", "[summary]") {
    const float infinity = std::numeric_limits<float>::infinity();
    const auto summary = [](Site site, const std::vector<float>& values) {
        return SiteSummary{site, 2, {1, std::int64_t(values.size())}, statistics_of(values)};
    };
    const SiteSummary scores = summary(Site::attn_scores, {1, -infinity});
    const SiteSummary wrong_scores = summary(Site::attn_scores, {1, infinity});
    const SiteSummary mix = summary(Site::attn_mix, {1, std::nanf(""), -infinity});
    CHECK(scores.n_nonfinite() == 0);
    CHECK(wrong_scores.n_nonfinite() == 1);
    CHECK(mix.n_nonfinite() == 2);
    CHECK(first_nonfinite_site({scores}) == "");
    CHECK(first_nonfinite_site({scores, mix, wrong_scores}) == "block.2.attn.mix");
}
