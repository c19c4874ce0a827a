#include "gptoss/contrast/layernorm.hpp"

#include <vector>

#include "catch.hpp"
#include "gptoss/layers/rmsnorm.hpp"

using namespace gptoss;
using contrast::layernorm;

namespace {

std::vector<float> normed(std::vector<float> x, std::vector<float> gain, std::vector<float> bias) {
    const int n = int(x.size());
    layernorm({x.data(), 1, n}, {gain.data(), n}, {bias.data(), n}, 0.0f, {x.data(), 1, n});
    return x;
}

}  // namespace

// --- Worked by hand ---------------------------------------------------------------------------

TEST_CASE("layernorm: four channels worked by hand", "[layernorm]") {
    // mean 2.75, distances 0.25 -6.75 -2.75 9.25, variance (0.0625 + 45.5625 + 7.5625 + 85.5625) / 4
    const std::vector<float> y = normed({3, -4, 0, 12}, {1, 1, 1, 0.5f}, {0, 0, 10, 0});
    CHECK_THAT(y[0], WithinAbs(0.25 / 5.8896095, 1e-6));
    CHECK_THAT(y[1], WithinAbs(-6.75 / 5.8896095, 1e-6));
    CHECK_THAT(y[2], WithinAbs(10 - 2.75 / 5.8896095, 1e-6));
    CHECK_THAT(y[3], WithinAbs(0.5 * 9.25 / 5.8896095, 1e-6));
}

// --- What the top block claims ----------------------------------------------------------------

TEST_CASE("layernorm: a constant added to all channels changes nothing, unlike in rmsnorm",
          "[layernorm]") {
    const std::vector<float> ones(4, 1), zeros(4, 0);
    CHECK(normed({3, -4, 0, 12}, ones, zeros) == normed({11, 4, 8, 20}, ones, zeros));

    std::vector<float> x{3, -4, 0, 12}, shifted{11, 4, 8, 20};
    rmsnorm({x.data(), 1, 4}, {ones.data(), 4}, 0.0f, {x.data(), 1, 4});
    rmsnorm({shifted.data(), 1, 4}, {ones.data(), 4}, 0.0f, {shifted.data(), 1, 4});
    CHECK(x != shifted);
}

TEST_CASE("layernorm: of mean 0 and without bias it is rmsnorm", "[layernorm]") {
    const std::vector<float> gain{1, 2, 3, 4}, zeros(4, 0);
    std::vector<float> x{1, -3, 5, -3};
    const std::vector<float> y = normed(x, gain, zeros);
    rmsnorm({x.data(), 1, 4}, {gain.data(), 4}, 0.0f, {x.data(), 1, 4});
    CHECK(y == x);
}

// --- Errors -----------------------------------------------------------------------------------

TEST_CASE("layernorm: a bias of the wrong length is named in the error", "[layernorm][errors]") {
    std::vector<float> x(4), three(3);
    REQUIRE_THROWS_WITH(
        layernorm({x.data(), 1, 4}, {x.data(), 4}, {three.data(), 3}, 0.0f, {x.data(), 1, 4}),
        "layernorm: bias has 3 elements, expected 4 (x.cols)");
}
