#include "gptoss/pitfalls/router_pitfalls.hpp"

#include <vector>

#include "catch.hpp"
#include "gptoss/core/presets.hpp"
#include "gptoss/ops/scalar.hpp"

using namespace gptoss;
using namespace gptoss::pitfalls;

namespace {

const float kLogits[6] = {0.5f, 2, -1, 1.5f, 1, 0};

// The notes of a pass whose router has n_experts rows.
void begin_pass(int n_experts) {
    Config config = preset_tiny();
    config.n_experts = n_experts;
    const std::int32_t position = 0;
    MadeMatrix table(1, config.head_dim);
    Noting<ScalarOps>::rope_table(config, {&position, 1}, table.view());
}

}  // namespace

TEST_CASE("router pitfalls: a softmax over six experts leaves 0.9223 for four", "[pitfalls]") {
    std::int32_t ids[4];
    float weights[4];
    SoftmaxBeforeTopK<ScalarOps>::route({kLogits, 1, 6}, {ids, 1, 4}, {weights, 1, 4});
    CHECK(std::vector<std::int32_t>(ids, ids + 4) == std::vector<std::int32_t>{1, 3, 4, 0});
    CHECK_THAT(weights[0], WithinAbs(0.4197, 1e-4));
    CHECK_THAT(weights[0] + weights[1] + weights[2] + weights[3], WithinAbs(0.9223, 1e-4));
}

TEST_CASE("router pitfalls: sigmoids over their sum", "[pitfalls]") {
    // sigmoid of 2, 1.5, 1 and 0.5: 0.8808 + 0.8176 + 0.7311 + 0.6225 = 3.0519
    std::int32_t ids[4];
    float weights[4];
    RouterSigmoid<ScalarOps>::route({kLogits, 1, 6}, {ids, 1, 4}, {weights, 1, 4});
    CHECK(std::vector<std::int32_t>(ids, ids + 4) == std::vector<std::int32_t>{1, 3, 4, 0});
    CHECK_THAT(weights[0], WithinAbs(0.28861, 1e-5));  // a softmax: 0.455
    CHECK_THAT(weights[3], WithinAbs(0.20396, 1e-5));
}

TEST_CASE("router pitfalls: the bias chooses but does not weight", "[pitfalls]") {
    // x = 0, so the logits are the bias: expert 1 wins, and without its bias both count the same.
    begin_pass(2);
    const std::uint8_t zero_weights[4] = {0, 0, 0, 0};
    const float x[1] = {0}, bias[2] = {1, 2};
    float logits[2], weights[2];
    std::int32_t ids[2];
    RouterBiasForSelection<ScalarOps>::linear({x, 1, 1}, {zero_weights, 2, 1}, {bias, 2},
                                              {logits, 1, 2});
    RouterBiasForSelection<ScalarOps>::route({logits, 1, 2}, {ids, 1, 2}, {weights, 1, 2});
    CHECK(ids[0] == 1);
    CHECK(weights[0] == 0.5f);
}

TEST_CASE("router pitfalls: only the router is rounded to bf16", "[pitfalls]") {
    const std::uint8_t zero_weights[6] = {0, 0, 0, 0, 0, 0};
    const float x[1] = {0}, bias[3] = {1.001f, 1.001f, 1.001f};
    float y[3];
    begin_pass(3);
    RouterBf16<ScalarOps>::linear({x, 1, 1}, {zero_weights, 3, 1}, {bias, 3}, {y, 1, 3});
    CHECK(y[0] == 1.0f);
    begin_pass(2);
    RouterBf16<ScalarOps>::linear({x, 1, 1}, {zero_weights, 3, 1}, {bias, 3}, {y, 1, 3});
    CHECK(y[0] == 1.001f);
}
