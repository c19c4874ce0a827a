#include "gptoss/pitfalls/swiglu_pitfalls.hpp"

#include <cmath>

#include "catch.hpp"
#include "gptoss/core/presets.hpp"
#include "gptoss/ops/scalar.hpp"

using namespace gptoss;
using namespace gptoss::pitfalls;

namespace {

template <class Op>
double unit(Op op, float gate, float up) {
    const float h[2] = {gate, up};
    float y = 0;
    op({h, 1, 2}, 7.0f, 1.702, {&y, 1, 1});
    return double(y);
}

double sigmoid(double z) {
    return 1 / (1 + std::exp(-z));
}

}  // namespace

TEST_CASE("swiglu pitfalls: the usual SwiGLU of 9 and 8 is 9 sigmoid(9) 8", "[pitfalls]") {
    CHECK_THAT(unit(&SwigluPlain<ScalarOps>::swiglu, 9, 8), WithinAbs(72 * sigmoid(9), 1e-4));
    CHECK_THAT(unit(&SwigluPlain<ScalarOps>::swiglu, 1, 1), WithinAbs(0.7310586, 1e-6));
}

TEST_CASE("swiglu pitfalls: without the one, up 0 stops the gate", "[pitfalls]") {
    CHECK_THAT(unit(&SwigluWithoutOne<ScalarOps>::swiglu, 1, 0), WithinAbs(0, 1e-7));
    CHECK_THAT(unit(&SwigluWithoutOne<ScalarOps>::swiglu, 3, 9),
               WithinAbs(21 * sigmoid(1.702 * 3), 1e-4));
}

TEST_CASE("swiglu pitfalls: without the clamp 10 and 10 give 110", "[pitfalls]") {
    CHECK_THAT(unit(&SwigluWithoutClamp<ScalarOps>::swiglu, 10, 10), WithinAbs(110, 1e-3));
    CHECK_THAT(unit(&swiglu, 10, 10), WithinAbs(56, 1e-3));
}

TEST_CASE("swiglu pitfalls: a gate of -8 is taken for -7", "[pitfalls]") {
    CHECK_THAT(unit(&SwigluGateTwoSided<ScalarOps>::swiglu, -8, 3), WithinAbs(-1.875e-4, 1e-6));
    CHECK_THAT(unit(&swiglu, -8, 3), WithinAbs(-3.9066e-5, 1e-8));
}

TEST_CASE("swiglu pitfalls: alpha 1 gives sigmoid(1), and the clamps stay", "[pitfalls]") {
    CHECK_THAT(unit(&SwigluAlphaOne<ScalarOps>::swiglu, 1, 0), WithinAbs(0.7310586, 1e-6));
    CHECK_THAT(unit(&SwigluAlphaOne<ScalarOps>::swiglu, 9, 9), WithinAbs(56 * sigmoid(7), 1e-4));
}

TEST_CASE("swiglu pitfalls: halves pair 1 with 0.5 and 1 with -0.25", "[pitfalls]") {
    const float h[4] = {1, 1, 0.5f, -0.25f};
    float y[2];
    SwigluHalves<ScalarOps>::swiglu({h, 1, 4}, 7.0f, 1.702, {y, 1, 2});
    CHECK_THAT(y[0], WithinAbs(1.268694, 1e-5));
    CHECK_THAT(y[1], WithinAbs(0.634347, 1e-5));
}

TEST_CASE("swiglu pitfalls: gate 2 and up -1 are taken for gate -1 and up 2", "[pitfalls]") {
    CHECK_THAT(unit(&SwigluExchanged<ScalarOps>::swiglu, 2, -1),
               WithinAbs(-3 * sigmoid(-1.702), 1e-6));
    CHECK_THAT(unit(&swiglu, 2, -1), WithinAbs(0, 1e-7));
}

TEST_CASE("swiglu pitfalls: a limit of 0 lets no positive gate through", "[pitfalls]") {
    Config config = preset_20b();
    SwigluLimitZero::edit(config);
    const float h[2] = {3, 3};
    float y = 1;
    swiglu({h, 1, 2}, config.swiglu_limit, config.swiglu_alpha, {&y, 1, 1});
    CHECK(y == 0);
}

TEST_CASE("swiglu pitfalls: GELU by tanh of 1 is 0.8412, not sigmoid(1.702) = 0.8458",
          "[pitfalls]") {
    CHECK_THAT(unit(&SwigluTanhGelu<ScalarOps>::swiglu, 1, 0), WithinAbs(0.8411920, 1e-6));
    CHECK_THAT(unit(&swiglu, 1, 0), WithinAbs(0.8457958, 1e-6));
    CHECK_THAT(unit(&SwigluTanhGelu<ScalarOps>::swiglu, 9, 9), WithinAbs(56, 1e-3));
}
