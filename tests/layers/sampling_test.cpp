#include "gptoss/layers/sampling.hpp"

#include <cmath>
#include <limits>
#include <set>
#include <vector>

#include "catch.hpp"
#include "gptoss/ops/scalar.hpp"

using namespace gptoss;

namespace {

const float kInfinity = std::numeric_limits<float>::infinity();
const float kNan = std::numeric_limits<float>::quiet_NaN();

template <class Ops>
std::int32_t drawn(const std::vector<float>& logits, SamplingOptions options, double uniform) {
    std::int32_t id = -1;
    Ops::sample({logits.data(), 1, int(logits.size())}, options, uniform, {&id, 1, 1});
    return id;
}

using Ids = std::vector<std::int32_t>;

// The ids of n draws with one seed, as generation makes them.
template <class Ops>
Ids drawn_ids(const std::vector<float>& logits, SamplingOptions options, std::uint64_t seed,
              int n) {
    Ids ids;
    for (int draw = 0; draw < n; ++draw) {
        ids.push_back(drawn<Ops>(logits, options, random_uniform(seed, std::uint64_t(draw))));
    }
    return ids;
}

// Every id that some uniform in [0, 1) leads to.
template <class Ops>
std::set<std::int32_t> reachable(const std::vector<float>& logits, SamplingOptions options) {
    std::set<std::int32_t> ids;
    for (int i = 0; i < 1000; ++i) {
        ids.insert(drawn<Ops>(logits, options, i / 1000.0));
    }
    return ids;
}

using IdSet = std::set<std::int32_t>;

// Logits whose softmax is 0.1, 0.2, 0.3, 0.4.
const std::vector<float> kFour = {std::log(0.1f), std::log(0.2f), std::log(0.3f), std::log(0.4f)};

SamplingOptions greedily() {
    SamplingOptions options;
    options.temperature = 0;
    return options;
}

SamplingOptions at_temperature(float temperature) {
    SamplingOptions options;
    options.temperature = temperature;
    return options;
}

SamplingOptions cut(int top_k, float top_p, float min_p) {
    SamplingOptions options;
    options.top_k = top_k;
    options.top_p = top_p;
    options.min_p = min_p;
    return options;
}

}  // namespace

// --- Worked by hand ---------------------------------------------------------------------------

TEMPLATE_TEST_CASE("sampling: four probabilities are stacked in id order, worked by hand",
                   "[sampling]", ScalarOps) {
    // Running sums 0.1, 0.3, 0.6, 1.0.
    const SamplingOptions plain;
    CHECK(drawn<TestType>(kFour, plain, 0.00) == 0);
    CHECK(drawn<TestType>(kFour, plain, 0.09) == 0);
    CHECK(drawn<TestType>(kFour, plain, 0.11) == 1);
    CHECK(drawn<TestType>(kFour, plain, 0.29) == 1);
    CHECK(drawn<TestType>(kFour, plain, 0.31) == 2);
    CHECK(drawn<TestType>(kFour, plain, 0.59) == 2);
    CHECK(drawn<TestType>(kFour, plain, 0.61) == 3);
    CHECK(drawn<TestType>(kFour, plain, 0.999) == 3);
}

TEMPLATE_TEST_CASE("sampling: the running sum must exceed the threshold, not meet it", "[sampling]",
                   ScalarOps) {
    const std::vector<float> equal{0, 0};
    CHECK(drawn<TestType>(equal, {}, 0.5) == 1);
    CHECK(drawn<TestType>(equal, {}, std::nextafter(0.5, 0.0)) == 0);
}

TEMPLATE_TEST_CASE("sampling: temperature 0 takes the largest logit", "[sampling]", ScalarOps) {
    const std::vector<float> logits{1, -5, 3, 2};
    for (const double uniform : {0.0, 0.5, 0.999}) {
        CHECK(drawn<TestType>(logits, greedily(), uniform) == 2);
    }
}

TEMPLATE_TEST_CASE("sampling: the last row of logits is the one that counts", "[sampling]",
                   ScalarOps) {
    const std::vector<float> logits{9, 0, 0, /**/ 0, 0, 9};
    std::int32_t id = -1;
    TestType::sample({logits.data(), 2, 3}, greedily(), 0, {&id, 1, 1});
    CHECK(id == 2);
}

// --- The claims of the header, one by one -----------------------------------------------------

TEMPLATE_TEST_CASE("sampling: equal logits go to the lower id", "[sampling]", ScalarOps) {
    CHECK(drawn<TestType>({1, 3, 3, 3}, greedily(), 0.9) == 1);
    CHECK(reachable<TestType>({1, 3, 3, 3}, cut(1, 1, 0)) == IdSet{1});
    CHECK(reachable<TestType>({1, 3, 3, 3}, cut(2, 1, 0)) == IdSet{1, 2});
    CHECK(reachable<TestType>({1, 3, 3, 3}, cut(0, 0.3f, 0)) == IdSet{1});
}

TEMPLATE_TEST_CASE("sampling: the temperature divides", "[sampling]", ScalarOps) {
    // At 0.5 the probabilities are squared: 0.01, 0.04, 0.09, 0.16 of 0.30, so id 3 begins at
    // 0.14 / 0.30 = 0.4667. Multiplying instead takes roots, and it would begin at 0.6746.
    CHECK(drawn<TestType>(kFour, at_temperature(0.5f), 0.46) == 2);
    CHECK(drawn<TestType>(kFour, at_temperature(0.5f), 0.47) == 3);
    CHECK(drawn<TestType>(kFour, at_temperature(2.0f), 0.67) == 2);
    CHECK(drawn<TestType>(kFour, at_temperature(2.0f), 0.68) == 3);
    CHECK(reachable<TestType>(kFour, at_temperature(1e-6f)) == IdSet{3});
}

TEMPLATE_TEST_CASE("sampling: top_k keeps the k most likely", "[sampling]", ScalarOps) {
    CHECK(reachable<TestType>(kFour, cut(1, 1, 0)) == IdSet{3});
    CHECK(reachable<TestType>(kFour, cut(2, 1, 0)) == IdSet{2, 3});
    CHECK(reachable<TestType>(kFour, cut(99, 1, 0)) == IdSet{0, 1, 2, 3});
    // 0.3 and 0.4 are left, in id order: id 3 begins at 0.3 / 0.7 = 0.4286.
    CHECK(drawn<TestType>(kFour, cut(2, 1, 0), 0.42) == 2);
    CHECK(drawn<TestType>(kFour, cut(2, 1, 0), 0.43) == 3);
}

TEMPLATE_TEST_CASE("sampling: top_p keeps the fewest that reach the share", "[sampling]",
                   ScalarOps) {
    CHECK(reachable<TestType>(kFour, cut(0, 0.01f, 0)) == IdSet{3});     // always one
    CHECK(reachable<TestType>(kFour, cut(0, 0.39f, 0)) == IdSet{3});     // 0.4 is enough
    CHECK(reachable<TestType>(kFour, cut(0, 0.41f, 0)) == IdSet{2, 3});  // 0.4 + 0.3
    CHECK(reachable<TestType>(kFour, cut(0, 0.71f, 0)) == IdSet{1, 2, 3});
    CHECK(reachable<TestType>(kFour, cut(0, 0.91f, 0)) == IdSet{0, 1, 2, 3});
}

TEMPLATE_TEST_CASE("sampling: min_p keeps what is not too far below the best", "[sampling]",
                   ScalarOps) {
    // The others are 0.75, 0.5 and 0.25 of the best.
    CHECK(reachable<TestType>(kFour, cut(0, 1, 0.8f)) == IdSet{3});
    CHECK(reachable<TestType>(kFour, cut(0, 1, 0.7f)) == IdSet{2, 3});
    CHECK(reachable<TestType>(kFour, cut(0, 1, 0.4f)) == IdSet{1, 2, 3});
    CHECK(reachable<TestType>(kFour, cut(0, 1, 0.2f)) == IdSet{0, 1, 2, 3});
    CHECK(reachable<TestType>({0, 0}, cut(0, 1, 1)) == IdSet{0, 1});  // as likely as the best
}

TEMPLATE_TEST_CASE("sampling: the cuts follow each other, top_k, top_p, min_p", "[sampling]",
                   ScalarOps) {
    // top_k 3 leaves 0.4 + 0.3 + 0.2 = 0.9; 75 % of that is 0.675, which 0.4 + 0.3 reach. Of the
    // whole, 75 % would need three.
    CHECK(reachable<TestType>(kFour, cut(0, 0.75f, 0)) == IdSet{1, 2, 3});
    CHECK(reachable<TestType>(kFour, cut(3, 0.75f, 0)) == IdSet{2, 3});
    CHECK(reachable<TestType>(kFour, cut(3, 0.75f, 0.8f)) == IdSet{3});
    CHECK(reachable<TestType>(kFour, cut(3, 1, 0.7f)) == IdSet{2, 3});
    CHECK(reachable<TestType>(kFour, cut(0, 0.95f, 0.4f)) == IdSet{1, 2, 3});
}

TEMPLATE_TEST_CASE("sampling: the temperature acts before the cuts", "[sampling]", ScalarOps) {
    // Squared and renormalised: 0.033, 0.133, 0.3, 0.533.
    SamplingOptions options = cut(0, 0.5f, 0);
    CHECK(reachable<TestType>(kFour, options) == IdSet{2, 3});
    options.temperature = 0.5f;
    CHECK(reachable<TestType>(kFour, options) == IdSet{3});
}

TEMPLATE_TEST_CASE("sampling: cuts that cut nothing change no draw", "[sampling]", ScalarOps) {
    for (int i = 0; i < 100; ++i) {
        const double uniform = i / 100.0;
        CHECK(drawn<TestType>(kFour, cut(4, 1, 0.1f), uniform) ==
              drawn<TestType>(kFour, {}, uniform));
    }
}

TEMPLATE_TEST_CASE("sampling: large logits do not overflow", "[sampling]", ScalarOps) {
    CHECK(reachable<TestType>({10000, 10000, -10000}, {}) == IdSet{0, 1});
}

TEMPLATE_TEST_CASE("sampling: -inf and NaN are never chosen", "[sampling]", ScalarOps) {
    const std::vector<float> logits{-kInfinity, 1, kNan, 0, -kInfinity};
    CHECK(drawn<TestType>(logits, greedily(), 0) == 1);
    CHECK(reachable<TestType>(logits, {}) == IdSet{1, 3});
    CHECK(reachable<TestType>(logits, cut(4, 1, 0)) == IdSet{1, 3});
    CHECK(drawn<TestType>({kNan, -2, -1}, greedily(), 0) == 2);
    const double largest_uniform = std::nextafter(1.0, 0.0);
    CHECK(drawn<TestType>(logits, {}, largest_uniform) == 3);
}

TEST_CASE("sampling: the uniforms are a counter's, 53 bits in [0, 1)", "[sampling]") {
    // word(key(seed, "sampling"), draw) >> 11, over 2^53; an independent program's numbers.
    CHECK(random_uniform(0, 0) == 0.4022581973495456);
    CHECK(random_uniform(0, 1) == 0.7238949988878448);
    CHECK(random_uniform(1, 0) == 0.10324529285178885);
    CHECK(random_uniform(7, 2) == 0.33164957751274693);
    double sum = 0;
    int n_outside = 0;
    for (std::uint64_t draw = 0; draw < 10000; ++draw) {
        const double uniform = random_uniform(3, draw);
        n_outside += uniform < 0 || uniform >= 1;
        sum += uniform;
    }
    CHECK(n_outside == 0);
    CHECK_THAT(sum / 10000, WithinAbs(0.5, 0.01));  // 3.5 standard deviations
}

TEMPLATE_TEST_CASE("sampling: a seed gives these tokens, on every run and compiler", "[sampling]",
                   ScalarOps) {
    // Computed once by an independent program.
    const std::vector<float> logits{1, 2, 0.5f, 3, -1, 2.5f};
    CHECK(drawn_ids<TestType>(logits, {}, 0, 20) ==
          Ids{3, 4, 3, 5, 3, 5, 1, 3, 4, 3, 3, 5, 5, 1, 3, 3, 5, 1, 3, 3});
    CHECK(drawn_ids<TestType>(logits, {}, 7, 20) ==
          Ids{5, 3, 3, 5, 3, 1, 3, 5, 3, 3, 1, 5, 3, 3, 5, 3, 1, 1, 3, 3});
    CHECK(drawn_ids<TestType>(logits, at_temperature(0.5f), 7, 20) ==
          Ids{5, 3, 3, 5, 3, 3, 3, 5, 3, 3, 3, 5, 3, 3, 5, 3, 3, 3, 3, 3});
}

TEMPLATE_TEST_CASE("sampling: 20,000 draws follow the probabilities", "[sampling]", ScalarOps) {
    const int n = 20000;
    const double p[4] = {0.1, 0.2, 0.3, 0.4};
    double counts[4] = {};
    for (const std::int32_t id : drawn_ids<TestType>(kFour, {}, 42, n)) {
        counts[id] += 1;
    }
    double chi_square = 0;
    for (int o = 0; o < 4; ++o) {
        const double expected = p[o] * n;
        chi_square += (counts[o] - expected) * (counts[o] - expected) / expected;
    }
    CHECK(chi_square < 16.3);  // 3 degrees of freedom: exceeded once in 1,000 seeds
}

// --- Errors -----------------------------------------------------------------------------------

TEMPLATE_TEST_CASE("sampling: an option out of range is named with its value", "[sampling][errors]",
                   ScalarOps) {
    const auto draw = [](SamplingOptions options) { drawn<TestType>(kFour, options, 0.5); };
    REQUIRE_THROWS_WITH(draw(at_temperature(-1)),
                        "sample: temperature is -1.000000, expected >= 0");
    REQUIRE_THROWS_WITH(draw(at_temperature(kInfinity)),
                        "sample: temperature is inf, expected >= 0");
    REQUIRE_THROWS_AS(draw(at_temperature(kNan)), Error);
    REQUIRE_THROWS_WITH(draw(cut(-1, 1, 0)), "sample: top_k is -1, expected >= 0");
    REQUIRE_THROWS_WITH(draw(cut(0, 0, 0)), "sample: top_p is 0.000000, expected (0, 1]");
    REQUIRE_THROWS_WITH(draw(cut(0, 1.5f, 0)), "sample: top_p is 1.500000, expected (0, 1]");
    REQUIRE_THROWS_AS(draw(cut(0, kNan, 0)), Error);
    REQUIRE_THROWS_WITH(draw(cut(0, 1, -0.5f)), "sample: min_p is -0.500000, expected [0, 1]");
    REQUIRE_THROWS_WITH(draw(cut(0, 1, 1.5f)), "sample: min_p is 1.500000, expected [0, 1]");
    REQUIRE_THROWS_AS(draw(cut(0, 1, kNan)), Error);
    REQUIRE_THROWS_WITH(drawn<TestType>(kFour, {}, 1.0),
                        "sample: uniform is 1.000000, expected [0, 1)");
    REQUIRE_THROWS_AS(drawn<TestType>(kFour, {}, -0.5), Error);
}

TEMPLATE_TEST_CASE("sampling: logits with nothing to choose are refused", "[sampling][errors]",
                   ScalarOps) {
    for (const SamplingOptions& options : {greedily(), SamplingOptions{}}) {
        REQUIRE_THROWS_WITH(drawn<TestType>({kNan, kNan}, options, 0),
                            "sample: every logit is NaN or -inf, expected a finite one");
        REQUIRE_THROWS_WITH(drawn<TestType>({-kInfinity, kNan}, options, 0),
                            "sample: every logit is NaN or -inf, expected a finite one");
        REQUIRE_THROWS_WITH(drawn<TestType>({0, kInfinity}, options, 0),
                            "sample: logits[1] is inf, expected a finite one");
    }
}

TEST_CASE("sampling: no row of logits, or no room for one id, is named", "[sampling][errors]") {
    const std::vector<float> logits(4);
    std::int32_t ids[2];
    REQUIRE_THROWS_WITH(sample({logits.data(), 0, 4}, {}, 0, {ids, 1, 1}),
                        "sample: logits.rows is 0, expected at least 1");
    REQUIRE_THROWS_WITH(sample({logits.data(), 1, 4}, {}, 0, {ids, 2, 1}),
                        "sample: id is (2, 1), expected (1, 1)");
    REQUIRE_THROWS_AS(sample({logits.data(), 0, 4}, {}, 0, {ids, 1, 1}), ShapeError);
}
