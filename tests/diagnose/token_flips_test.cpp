#include "gptoss/diagnose/token_flips.hpp"

#include "catch.hpp"

using namespace gptoss;
using namespace gptoss::diagnose;

namespace {

constexpr double kRight = 0.01, kOff = 0.5, kAllowed = 0.05;

}  // namespace

TEST_CASE("token flips: one of eight that is off is a flip", "[by_token]") {
    std::vector<double> distances(8, kRight);
    distances[5] = kOff;
    const TokenFlips flips = token_flips(distances, kAllowed);
    CHECK(flips.n_off == 1);
    CHECK(flips.is_right);
    CHECK(!flips.cannot_say);
}

TEST_CASE("token flips: all that are off are a mistake", "[by_token]") {
    const TokenFlips flips = token_flips(std::vector<double>(8, kOff), kAllowed);
    CHECK(flips.n_off == 8);
    CHECK(!flips.is_right);
    CHECK(!flips.first_token);
}

TEST_CASE("token flips: off from one token on is a mistake that begins there", "[by_token]") {
    const TokenFlips flips = token_flips({kRight, kRight, kRight, kOff, kOff}, kAllowed);
    CHECK(flips.first_token == 3);
    CHECK(!flips.is_right);
    CHECK(!flips.cannot_say);
}

TEST_CASE("token flips: many that are off among right ones say nothing", "[by_token]") {
    const double barely = 0.06;
    const TokenFlips flips =
        token_flips({barely, kRight, kRight, barely, kRight, barely}, kAllowed);
    CHECK(!flips.first_token);
    CHECK(flips.is_right);
    CHECK(flips.cannot_say);
}
