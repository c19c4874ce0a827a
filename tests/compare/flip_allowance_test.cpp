#include "gptoss/compare/flip_allowance.hpp"

#include "catch.hpp"

using namespace gptoss;
using namespace gptoss::compare;

TEST_CASE("flip allowance: later tokens get a share, as far as the window reaches",
          "[flip_allowance]") {
    const Allowance own = {0, 0.8, 0, 0, 0};
    CHECK(spread(own, 0, 0.5) == Allowance{0, 0.8, 0.4, 0.4, 0.4});
    CHECK(spread(own, 2, 0.5) == Allowance{0, 0.8, 0.4, 0, 0});  // the own key and one before
    CHECK(spread(own, 1, 0.5) == own);
    CHECK(spread(own, 100, 1) == Allowance{0, 0.8, 0.8, 0.8, 0.8});
}

TEST_CASE("flip allowance: a token keeps what is more", "[flip_allowance]") {
    CHECK(spread({0.2, 0.3, 0.01}, 0, 0.5) == Allowance{0.2, 0.3, 0.15});
}

TEST_CASE("flip allowance: nothing spreads from nothing", "[flip_allowance]") {
    CHECK(spread({0, 0, 0}, 0, 1) == Allowance{0, 0, 0});
    CHECK(spread({}, 0, 1).empty());
}

TEST_CASE("flip allowance: a flip is worth six times what it moved, or too much to tell",
          "[flip_allowance]") {
    CHECK(allowance_of_flip(0.25) == 1.5);
    CHECK(allowance_of_flip(0.7) == kLeftOut);
}

TEST_CASE("flip allowance: a token left out leaves no other out", "[flip_allowance]") {
    CHECK(spread({kLeftOut, 0, 0}, 2, 0.5) == Allowance{kLeftOut, 2, 0});
    CHECK(spread({kLeftOut, 0}, 0, 0.5) == Allowance{kLeftOut, 2});
}
