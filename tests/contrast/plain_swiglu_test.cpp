#include "gptoss/contrast/plain_swiglu.hpp"

#include <vector>

#include "catch.hpp"

using namespace gptoss;
using contrast::plain_swiglu;

TEST_CASE("plain_swiglu: three units worked by hand", "[plain_swiglu]") {
    // sigmoid(1) = 0.7310586, sigmoid(-1) = 0.2689414; nothing is clamped
    std::vector<float> gate{1, -1, 100}, up{1, 2, 100}, y(3);
    plain_swiglu({gate.data(), 1, 3}, {up.data(), 1, 3}, {y.data(), 1, 3});
    CHECK_THAT(y[0], WithinAbs(0.7310586, 1e-6));
    CHECK_THAT(y[1], WithinAbs(-0.5378828, 1e-6));
    CHECK(y[2] == 10000.0f);
}

TEST_CASE("plain_swiglu: y may be gate", "[plain_swiglu]") {
    std::vector<float> gate{1, -1}, up{1, 2}, y(2);
    plain_swiglu({gate.data(), 1, 2}, {up.data(), 1, 2}, {y.data(), 1, 2});
    plain_swiglu({gate.data(), 1, 2}, {up.data(), 1, 2}, {gate.data(), 1, 2});
    CHECK(gate == y);
}

TEST_CASE("plain_swiglu: an up of another shape is named in the error", "[plain_swiglu][errors]") {
    std::vector<float> gate(4), up(2);
    REQUIRE_THROWS_WITH(plain_swiglu({gate.data(), 1, 4}, {up.data(), 1, 2}, {gate.data(), 1, 4}),
                        "plain_swiglu: up is (1, 2), expected (1, 4)");
}
