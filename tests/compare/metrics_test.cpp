#include "gptoss/compare/metrics.hpp"

#include <limits>
#include <vector>

#include "catch.hpp"

using namespace gptoss;
using namespace gptoss::compare;

namespace {

// One row of each.
Metrics measured(const std::vector<float>& got, const std::vector<float>& expected) {
    const ConstMatrixView rows{expected.data(), 1, int(expected.size())};
    return measure({got.data(), 1, int(got.size())}, rows, rms_of(rows), {true});
}

const float kInf = std::numeric_limits<float>::infinity();
const float kNan = std::numeric_limits<float>::quiet_NaN();

}  // namespace

TEST_CASE("metrics: a 3-4 vector worked by hand", "[metrics]") {
    // differences 0.5 and 1, rms(expected) = sqrt(25 / 2) = 3.535534
    const Metrics m = measured({3.5f, 5}, {3, 4});
    CHECK(m.n_values == 2);
    CHECK(m.max == 1);
    CHECK(m.mean == 0.75);
    CHECK_THAT(m.error, WithinAbs(1 / 3.535534, 1e-6));
    CHECK_THAT(m.relative, WithinAbs(0.790569 / 3.535534, 1e-6));  // sqrt(1.25 / 2)
    CHECK_THAT(m.cosine, WithinAbs(30.5 / (5 * 6.103278), 1e-6));
    CHECK(m.worst_col == 1);
    CHECK(m.got == 5);
    CHECK(m.expected == 4);
}

TEST_CASE("metrics: equal values, zeros too, are no distance at all", "[metrics]") {
    for (const std::vector<float>& x : {std::vector<float>{3, 4}, {0, 0}}) {
        const Metrics m = measured(x, x);
        CHECK(m.error == 0);
        CHECK(m.relative == 0);
        CHECK(m.cosine == 1);
        CHECK(m.ulps == 0);
        CHECK(m.equal == 1);
    }
}

TEST_CASE("metrics: anything is infinitely far from zeros", "[metrics]") {
    const Metrics m = measured({1e-9f, 0}, {0, 0});
    CHECK(m.error == std::numeric_limits<double>::infinity());
    CHECK(m.cosine == 0);
}

TEST_CASE("metrics: the cosine does not see a factor, the error does", "[metrics]") {
    const Metrics m = measured({6, 8}, {3, 4});
    CHECK_THAT(m.cosine, WithinAbs(1, 1e-12));
    CHECK_THAT(m.relative, WithinAbs(1, 1e-12));
}

TEST_CASE("metrics: bf16 steps are counted between the rounded numbers", "[metrics]") {
    CHECK(bf16_steps(1.0f, 1.0f) == 0);
    CHECK(bf16_steps(1.0f, 1.0078125f) == 1);  // 1 + 2^-7 is the next bf16 number
    CHECK(bf16_steps(1.0f, 1.001f) == 0);      // rounds to 1
    CHECK(bf16_steps(0.0f, -0.0f) == 0);
    CHECK(bf16_steps(-1.0f, -1.0078125f) == 1);
    CHECK(bf16_steps(1e-38f, -1e-38f) > 100);
    const Metrics m = measured({1.0078125f, 1e-6f, 1}, {1, -1e-6f, 1});
    CHECK(m.ulps == 1);  // the small numbers are left out
    CHECK_THAT(m.equal, WithinAbs(1 / 3.0, 1e-12));
}

TEST_CASE("metrics: NaN and infinities are counted and stay out of the sums", "[metrics]") {
    const Metrics m = measured({kNan, 1, kInf, 2, -kInf}, {1, kNan, 1, 2, -kInf});
    CHECK(m.n_nan == 1);
    CHECK(m.n_reference_nan == 1);
    CHECK(m.n_infinities == 1);
    CHECK(m.n_values == 1);
    CHECK(m.max == 0);
    CHECK(m.error == kInf);
    CHECK(m.relative == 0);
    CHECK(m.worst_col == 0);  // the first odd one
    CHECK(measured({kNan, 1}, {kNan, 1}).n_reference_nan == 1);
}

TEST_CASE("metrics: hidden scores may be the smallest float instead of -inf", "[metrics]") {
    CHECK(measured({-3.389e38f, 1}, {-kInf, 1}).n_infinities == 0);
    CHECK(measured({kInf, 1}, {-kInf, 1}).n_infinities == 1);
}

TEST_CASE("metrics: rows that are not used do not count", "[metrics]") {
    const std::vector<float> expected{1, 1, 1, 1}, got{1, 1, 9, 1};
    const ConstMatrixView rows{expected.data(), 2, 2};
    CHECK(measure({got.data(), 2, 2}, rows, 1, {true, false}).max == 0);
    const Metrics m = measure({got.data(), 2, 2}, rows, 1, {false, true});
    CHECK(m.max == 8);
    CHECK(m.worst_row == 1);
}

TEST_CASE("metrics: shapes that differ are an error", "[metrics][errors]") {
    const std::vector<float> x(4);
    REQUIRE_THROWS_WITH(measure({x.data(), 2, 2}, {x.data(), 1, 4}, 1, {true}),
                        "measure: got is (2, 2), expected (1, 4)");
}
