#include "gptoss/pitfalls/soft_cap_pitfalls.hpp"

#include <cmath>

#include "catch.hpp"
#include "gptoss/ops/bf16.hpp"
#include "gptoss/ops/scalar.hpp"

using namespace gptoss;
using namespace gptoss::pitfalls;

namespace {

// Two queries of two heads of 3 channels and one kv head; the first query sees one key.
struct Example {
    float q[12] = {60, 0, 0, /**/ 0, 30, 0, /**/ -200, 0, 0, /**/ 1, 2, 3};
    float keys[6] = {1, 1, 1, /**/ 2, 0, 0};
    float values[6] = {1, 0, 0, /**/ 0, 1, 0};
    float sinks[2] = {0, 1};
    std::int32_t positions[2] = {0, 1};
    float scores[8], weights[8], sink_share[4], mix[12];

    template <class Op>
    Example& run(Op op, int window = 0) {
        op({q, 2, 6}, {keys, 2, 3}, {values, 2, 3}, {sinks, 2}, {positions, 2}, window,
           {{scores, 4, 2}, {weights, 4, 2}, {sink_share, 2, 2}}, {mix, 2, 6});
        return *this;
    }
};

}  // namespace

TEST_CASE("soft cap pitfalls: scores are 50 tanh(score / 50), all else follows", "[pitfalls]") {
    Example right, capped;
    right.run(&attend);
    capped.run(&ScoresCapped<ScalarOps>::attend);
    for (int i = 0; i < 8; ++i) {
        INFO(i);
        const double score = right.scores[i];
        if (std::isinf(score)) CHECK(capped.scores[i] == right.scores[i]);
        if (!std::isinf(score)) {
            CHECK_THAT(capped.scores[i], WithinAbs(50 * std::tanh(score / 50), 1e-5));
        }
    }
    // Head 1 of the second query: scores, and a sink of 1.
    const double e[2] = {std::exp(capped.scores[6]), std::exp(capped.scores[7])};
    const double sum = e[0] + e[1] + std::exp(1.0);
    CHECK_THAT(capped.weights[6], WithinAbs(e[0] / sum, 1e-6));
    CHECK_THAT(capped.mix[9], WithinAbs(e[0] / sum, 1e-6));
    CHECK_THAT(capped.mix[10], WithinAbs(e[1] / sum, 1e-6));
    CHECK(capped.mix[11] == 0);
    CHECK_THAT(capped.sink_share[3], WithinAbs(std::exp(1.0) / sum, 1e-6));
}

TEST_CASE("soft cap pitfalls: a window of 1 hides the first key", "[pitfalls]") {
    Example capped;
    capped.run(&ScoresCapped<ScalarOps>::attend, 1);
    CHECK(std::isinf(capped.scores[6]));
    CHECK(capped.weights[6] == 0);
    CHECK(capped.mix[9] == 0);
}

TEST_CASE("soft cap pitfalls: in bf16 scores below 3 stay as they are, bit for bit", "[pitfalls]") {
    Example right, capped;
    for (float& value : right.q) {
        value = capped.q[&value - right.q] = value / 128;
    }
    right.run(Bf16Ops::attend);
    capped.run(&ScoresCapped<Bf16Ops>::attend);
    for (int i = 0; i < 8; ++i) {
        CHECK(capped.scores[i] == right.scores[i]);
        CHECK(capped.weights[i] == right.weights[i]);
    }
    for (int i = 0; i < 12; ++i) {
        CHECK(capped.mix[i] == right.mix[i]);
    }
}

TEST_CASE("soft cap pitfalls: a logit of 30 becomes 22.8", "[pitfalls]") {
    const float x[1] = {1}, stored[2] = {30, -3};
    float logits[2];
    const auto* bytes = reinterpret_cast<const std::uint8_t*>(stored);
    LogitsCapped<ScalarOps>::unembed({x, 1, 1}, {bytes, 2, 1, Storage::f32}, {logits, 1, 2});
    CHECK_THAT(logits[0], WithinAbs(22.847825, 1e-5));
    CHECK_THAT(logits[1], WithinAbs(-2.990040, 1e-5));
}
