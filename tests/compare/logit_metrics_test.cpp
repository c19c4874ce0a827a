#include "gptoss/compare/logit_metrics.hpp"

#include <cmath>
#include <limits>
#include <vector>

#include "catch.hpp"

using namespace gptoss;
using namespace gptoss::compare;

namespace {

LogitMetrics measured(const std::vector<float>& got, const std::vector<float>& expected, int rows,
                      int k) {
    const int cols = int(expected.size()) / rows;
    return measure_logits({got.data(), rows, cols}, {expected.data(), rows, cols}, k);
}

}  // namespace

TEST_CASE("logit metrics: two tokens worked by hand", "[logit_metrics]") {
    // p = (3/4, 1/4), q = (1/2, 1/2): kl = 3/4 ln(3/2) + 1/4 ln(1/2) = 0.1308120
    const LogitMetrics m = measured({5, 5}, {std::log(3.0f), 0}, 1, 1);
    CHECK_THAT(m.mean_kl, WithinAbs(0.1308120, 1e-6));
    CHECK(m.max_kl == m.mean_kl);
    CHECK(m.top_1 == 1);  // on a tie the lower id is first
}

TEST_CASE("logit metrics: the likeliest token, and those among the k likeliest",
          "[logit_metrics]") {
    // Row 0 agrees; row 1 has ids 0, 1 where the reference has 1, 2.
    const LogitMetrics m = measured({3, 2, 1, 0, 3, 2, 1, 0}, {3, 2, 1, 0, 1, 3, 2, 0}, 2, 2);
    CHECK(m.n_positions == 2);
    CHECK(m.top_1 == 0.5);
    CHECK(m.top_k == 0.75);
    CHECK(m.max_kl_row == 1);
}

TEST_CASE("logit metrics: a constant added to all logits changes nothing", "[logit_metrics]") {
    const LogitMetrics m = measured({103, 102, 101}, {3, 2, 1}, 1, 3);
    CHECK_THAT(m.max_kl, WithinAbs(0, 1e-12));
    CHECK(m.top_k == 1);
}

TEST_CASE("logit metrics: k is at most the vocabulary", "[logit_metrics]") {
    CHECK(measured({1, 2}, {1, 2}, 1, 5).k == 2);
}

TEST_CASE("logit metrics: a row with NaN agrees in nothing", "[logit_metrics]") {
    const float nan = std::numeric_limits<float>::quiet_NaN();
    const LogitMetrics m = measured({nan, 1, 2, 1}, {2, 1, 2, 1}, 2, 1);
    CHECK(m.top_1 == 0.5);
    CHECK(m.mean_kl == 0);
}

TEST_CASE("logit metrics: large logits do not overflow", "[logit_metrics]") {
    const LogitMetrics m = measured({1000, -1000}, {900, -900}, 1, 1);
    CHECK(m.max_kl == 0);
}
