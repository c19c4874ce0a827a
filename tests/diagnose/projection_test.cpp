#include "gptoss/diagnose/projection.hpp"

#include <random>

#include "catch.hpp"
#include "gptoss/core/presets.hpp"

using namespace gptoss;
using namespace gptoss::diagnose;
using Catch::Matchers::WithinAbs;

namespace {

constexpr int kTokens = 12;
constexpr dump::SiteKey kKey{Site::mlp_residual, 0};

// Three runs of one site: right, wrong by small changes, and a dump with roundings of its own.
struct Runs {
    Config config = preset_tiny();
    dump::Activation right, wrong, theirs;

    // The dump has share of the mistake, whose values are of the size moved; roundings are of size 1.
    Runs(double share, double moved) {
        std::mt19937 random(7);
        std::normal_distribution<double> normal;
        const std::size_t n = std::size_t(kTokens) * std::size_t(config.hidden_size);
        right.shape = {kTokens, config.hidden_size};
        wrong.shape = theirs.shape = right.shape;
        for (std::size_t i = 0; i < n; ++i) {
            const double value = 1000 * normal(random);
            const double change = moved * normal(random);
            right.values.push_back(float(value));
            wrong.values.push_back(float(value + change));
            theirs.values.push_back(float(value + share * change + normal(random)));
        }
    }

    Projection projection() const {
        Projector projector({&config, kTokens, 0, 0});
        projector.add(kKey, right, wrong, theirs);
        return projector.result();
    }
};

}  // namespace

TEST_CASE("projection: a mistake half as large as the roundings is there, all of it",
          "[projection]") {
    const Projection p = Runs(1, 0.5).projection();
    CHECK_THAT(p.share, WithinAbs(1, 0.3));
    CHECK(p.share > 6 * p.error);
    CHECK(p.n_tokens > kTokens / 2);
    CHECK(p.gain > 20);
    CHECK(p.at.at(kKey) == p.gain);
}

TEST_CASE("projection: roundings alone hold nothing of it", "[projection]") {
    const Projection p = Runs(0, 0.5).projection();
    CHECK_THAT(p.share, WithinAbs(0, 0.3));
    CHECK(p.share < 3 * p.error);
    CHECK(p.gain < 0);
}

TEST_CASE("projection: what every row has beside the mistake is said", "[projection]") {
    Runs runs(1, 0.5);
    const Projection alone = runs.projection();
    CHECK(alone.common < 0.1 * alone.moved);
    for (std::size_t i = 0; i < runs.theirs.values.size(); ++i) {
        const std::size_t channel = i % std::size_t(runs.config.hidden_size);
        runs.theirs.values[i] += channel % 2 == 0 ? 0.5f : -0.5f;
    }
    const Projection with_bias = runs.projection();
    CHECK(with_bias.common > 0.5 * with_bias.moved);
    CHECK(with_bias.common < 1.5 * with_bias.moved);
}

TEST_CASE("projection: error is what the tokens' shares part by", "[projection]") {
    const Projection small = Runs(1, 0.5).projection(), large = Runs(1, 5).projection();
    CHECK(large.error < small.error / 5);
    CHECK_THAT(large.share, WithinAbs(1, 0.02));
}

TEST_CASE("projection: what one token carries is said to", "[projection]") {
    Runs runs(1, 0);
    runs.wrong.values[3] += 500;
    runs.theirs.values[3] += 500;
    const Projection p = runs.projection();
    CHECK(p.n_tokens == 1);
    CHECK_THAT(p.share, WithinAbs(1, 0.02));
}

TEST_CASE("projection: without a difference nothing is found; a NaN is passed over",
          "[projection]") {
    Runs runs(1, 0);
    CHECK(runs.projection().share == 0);
    runs.wrong.values[5] = std::numeric_limits<float>::quiet_NaN();
    CHECK(runs.projection().share == 0);
}
