#include "gptoss/compare/compare_site.hpp"

#include <limits>
#include <vector>

#include "catch.hpp"

using namespace gptoss;
using namespace gptoss::compare;
using namespace gptoss::dump;

namespace {

const float kNan = std::numeric_limits<float>::quiet_NaN();
const float kInf = std::numeric_limits<float>::infinity();

// Two tokens of two channels, all 1 in the reference: rms 1, so errors are plain differences.
CompareRow judged(const std::vector<float>& got, const Allowance& allowance,
                  const std::vector<float>& expected = {1, 1, 1, 1},
                  double relative_tolerance = 0.1) {
    SitePair pair;
    pair.in = token_rows(Site::attn_out, {2, 2});
    pair.shape = {2, 2};
    pair.expected = expected;
    pair.got = got;
    pair.has_partner = {true, true};
    CompareRow row{{Site::attn_out, 0}};
    row.tolerance = 0.1;
    row.relative_tolerance = relative_tolerance;
    judge(row, pair, allowance);
    return row;
}

}  // namespace

TEST_CASE("compare site: within the tolerance, and beyond it", "[compare_site]") {
    const CompareRow good = judged({1, 1, 1.09f, 1}, {0, 0});
    CHECK(good.outcome == Outcome::ok);
    CHECK(good.note == "");
    CHECK(good.n_strict == 2);
    const CompareRow bad = judged({1, 1, 1.25f, 1}, {0, 0});
    CHECK(bad.outcome == Outcome::diverged);
    CHECK(bad.note == "[1, 0]: got 1.25, expected 1");
    CHECK(bad.metrics.max == 0.25);
}

TEST_CASE("compare site: a small error everywhere is found by the relative bound",
          "[compare_site]") {
    const std::vector<float> got = {1.09f, 1.09f, 1.09f, 1.09f};
    CHECK(judged(got, {0, 0}).outcome == Outcome::ok);
    CHECK(judged(got, {0, 0}, {1, 1, 1, 1}, 0.05).outcome == Outcome::diverged);
}

TEST_CASE("compare site: a token behind a flip is allowed more, not everything", "[compare_site]") {
    const CompareRow good = judged({1, 1, 1.5f, 1}, {0, 0.5});
    CHECK(good.outcome == Outcome::ok);
    CHECK(good.n_strict == 1);
    CHECK(good.n_lenient == 1);
    CHECK(good.metrics.max == 0);  // of the strict one
    const CompareRow bad = judged({1, 1, 1.75f, 1}, {0, 0.5});
    CHECK(bad.outcome == Outcome::diverged);
    CHECK(bad.note == "token 1, behind an expert flip: error 0.75, allowed 0.6");
    const CompareRow all_lenient = judged({1, 1, 1.5f, 1}, {0.5, 0.5});
    CHECK(all_lenient.metrics.max == 0.5);
}

TEST_CASE("compare site: a token that is left out does not count", "[compare_site]") {
    const CompareRow row = judged({1, 1, 99, 1}, {0, kLeftOut});
    CHECK(row.outcome == Outcome::ok);
    CHECK(row.n_left_out == 1);
    CHECK(judged({1, 1, 1, 1}, {kLeftOut, kLeftOut}).outcome == Outcome::left_out);
}

TEST_CASE("compare site: NaN and infinities are outcomes of their own", "[compare_site]") {
    const CompareRow nan = judged({1, 1, kNan, 1}, {0, 0});
    CHECK(nan.outcome == Outcome::nan);
    CHECK(nan.note == "[1, 0]: got nan, expected 1");
    CHECK(judged({1, 1, kNan, 1}, {0, 0.5}).outcome == Outcome::nan);
    CHECK(judged({1, 1, 1, 1}, {0, 0}, {1, kNan, 1, 1}).outcome == Outcome::nan_reference);
    CHECK(judged({kNan, kNan, kNan, kNan}, {0, 0}).outcome == Outcome::nan);
    CHECK(judged({1, kInf, 1, 1}, {0, 0}).outcome == Outcome::diverged);
    CHECK(judged({1, 1, kInf, 1}, {0, 0.5}).outcome == Outcome::diverged);
    CHECK(judged({1, -kInf, 1, 1}, {0, 0}, {1, -kInf, 1, 1}).outcome == Outcome::ok);
}

TEST_CASE("compare site: places are told in the site's own indices", "[compare_site]") {
    SitePair pair;
    pair.in = token_rows(Site::mlp_gate_up, {2, 3, 4});
    pair.shape = {2, 3, 4};
    CHECK(place_text(pair, 5, 1) == "[1, 2, 1]");
    pair.in = token_rows(Site::attn_scores, {3, 2, 4});
    pair.shape = {3, 2, 4};
    CHECK(place_text(pair, 5, 1) == "[2, 1, 1]");
    pair.in = token_rows(Site::logits, {1, 4});
    pair.shape = {1, 4};
    pair.first_token = 6;
    CHECK(place_text(pair, 0, 3) == "[6, 3]");
}
