#include "gptoss/pitfalls/mask_pitfalls.hpp"

#include <vector>

#include "catch.hpp"
#include "gptoss/ops/scalar.hpp"

using namespace gptoss;
using namespace gptoss::pitfalls;

TEST_CASE("mask pitfalls: without a mask all tokens of a pass see the same", "[pitfalls]") {
    // Scores are 0, so mix is the mean of the visible values; the right window is 2.
    const float q[3] = {0, 0, 0}, keys[3] = {0, 0, 0}, values[3] = {1, 2, 6}, sink = -90;
    const std::int32_t positions[3] = {0, 1, 2};
    float mix[3];
    MaskMissing<ScalarOps>::attend({q, 3, 1}, {keys, 3, 1}, {values, 3, 1}, {&sink, 1},
                                   {positions, 3}, 2, {}, {mix, 3, 1});
    for (const float m : mix) {
        CHECK_THAT(m, WithinAbs(3, 1e-6));
    }
    // A cache of two rows has forgotten position 0.
    const float ring[2] = {6, 2};
    MaskMissing<ScalarOps>::attend({q + 2, 1, 1}, {keys, 2, 1}, {ring, 2, 1}, {&sink, 1},
                                   {positions + 2, 1}, 2, {}, {mix + 2, 1, 1});
    CHECK_THAT(mix[2], WithinAbs(4, 1e-6));
}

TEST_CASE("mask pitfalls: without a causal mask a window of 2 still hides what is behind it",
          "[pitfalls]") {
    // Scores are 0, so mix is the mean of the visible values.
    const float q[3] = {0, 0, 0}, keys[3] = {0, 0, 0}, values[3] = {1, 2, 6}, sink = -90;
    const std::int32_t positions[3] = {0, 1, 2};
    float mix[3];
    const auto attend = [&](int window) {
        CausalMissing<ScalarOps>::attend({q, 3, 1}, {keys, 3, 1}, {values, 3, 1}, {&sink, 1},
                                         {positions, 3}, window, {}, {mix, 3, 1});
    };
    attend(2);
    CHECK_THAT(mix[0], WithinAbs(3, 1e-6));  // all three
    CHECK_THAT(mix[1], WithinAbs(3, 1e-6));
    CHECK_THAT(mix[2], WithinAbs(4, 1e-6));  // 2 and 6
    attend(0);
    CHECK_THAT(mix[2], WithinAbs(3, 1e-6));
}
