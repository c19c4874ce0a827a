#include "gptoss/diagnose/by_token.hpp"

#include "catch.hpp"
#include "gptoss/core/presets.hpp"

using namespace gptoss;
using namespace gptoss::diagnose;
using namespace gptoss::dump;

namespace {

const pitfalls::Facts kFacts{"a", "", "", "", "", Site::attn_q};

Suspect suspect_of(const std::vector<double>& wrong, const std::vector<double>& right) {
    return suspect_by_token(kFacts, wrong, right);
}

}  // namespace

TEST_CASE("by token: distances are shares of what the dump has", "[by_token]") {
    const Activation ours{{2, 2}, {3, 4, 1, 1}, {}};
    const Activation theirs{{2, 2}, {3, 4, 1, 3}, {}};
    Config config = preset_tiny();
    config.vocab_size = 2;
    const auto distances = token_distances(ours, theirs, {&config, 2});
    REQUIRE(distances.size() == 2);
    CHECK(distances[0] == 0);
    CHECK_THAT(distances[1], WithinAbs(2 / std::sqrt(10.0), 1e-12));
}

TEST_CASE("by token: other shapes have no distances", "[by_token]") {
    const Activation ours{{2, 2}, {3, 4, 1, 1}, {}};
    const Activation theirs{{2, 3}, {3, 4, 1, 3, 0, 0}, {}};
    Config config = preset_tiny();
    config.vocab_size = 2;
    CHECK(token_distances(ours, theirs, {&config, 2}).empty());
}

TEST_CASE("by token: nearer at every token but a flipped one is an explanation", "[by_token]") {
    const Suspect s = suspect_of({0.001, 0.001, 0.001, 2}, {0.01, 0.01, 0.01, 2});
    CHECK_THAT(s.left, WithinAbs(std::pow(0.1, 0.75), 1e-9));
    CHECK(s.explains_first);
}

TEST_CASE("by token: nearer at the one flipped token is none", "[by_token]") {
    // What the largest error, or the sum of all, would take for an explanation.
    const Suspect s = suspect_of({0.011, 0.011, 0.011, 0.3}, {0.01, 0.01, 0.01, 2});
    CHECK(s.left > kMostLeftByToken);
    CHECK(!s.explains_first);
}

TEST_CASE("by token: what a flipped token hides is seen without it", "[by_token]") {
    // A mistake that flips the same expert: the error of all falls to a sixth, that of the others not.
    CHECK_THAT(left_without_flips({0.01, 0.3, 0.01}, {0.01, 2, 0.01}), WithinAbs(1, 1e-12));
    // The mistake that the port makes, with a flip of its own.
    CHECK_THAT(left_without_flips({0.001, 2, 0.001}, {0.01, 2, 0.01}), WithinAbs(0.1, 1e-12));
    CHECK(left_without_flips({0.5}, {0.5}) == 0);
}

TEST_CASE("by token: equal values leave nothing, and nothing is divided by 0", "[by_token]") {
    CHECK(suspect_of({0, 0}, {0.1, 0.1}).left == 1e-4);
    CHECK(suspect_of({0, 0}, {0, 0}).left == 1);
}

TEST_CASE("by token: a second chunk begins where distances rise", "[by_token]") {
    CHECK(first_token_off({0.01, 0.012, 0.009, 0.5, 0.4, 0.011}) == 3);
    CHECK(first_token_off({0.5, 0.4, 0.01}) == 0);
    CHECK(first_token_off({0.1}) == 0);
}
