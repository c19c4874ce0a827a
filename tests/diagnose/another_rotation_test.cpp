#include "gptoss/diagnose/another_rotation.hpp"

#include <string>

#include "catch.hpp"
#include "gptoss/checkpoint/synth.hpp"
#include "gptoss/core/presets.hpp"
#include "gptoss/diagnose/diagnose.hpp"
#include "pitfall_passes.hpp"
#include "planted_dump.hpp"

using namespace gptoss;
using namespace gptoss::diagnose;

namespace {

constexpr int kHeadDim = 16;  // pairs 0 and 1 of 8 are fast
constexpr int kRows = 10;

dump::Activation ones() {
    dump::Activation values;
    values.shape = {kRows, kHeadDim};
    values.values.assign(kRows * kHeadDim, 1.0f);
    return values;
}

// With one channel of so many rows off.
dump::Activation ones_but(int channel, int n_rows) {
    dump::Activation values = ones();
    for (int row = 0; row < n_rows; ++row) {
        values.values[std::size_t(row * kHeadDim + channel)] = 2;
    }
    return values;
}

}  // namespace

TEST_CASE("another rotation: slow pairs are off where all fast ones are equal",
          "[another_rotation]") {
    CHECK(is_another_rotation(ones(), ones_but(5, kRows), kHeadDim));
    CHECK(is_another_rotation(ones(), ones_but(13, kRows), kHeadDim));  // the pair's other half
    CHECK(!is_another_rotation(ones(), ones(), kHeadDim));
    CHECK(!is_another_rotation(ones(), ones_but(5, 2), kHeadDim));  // 2 of 120 values
}

TEST_CASE("another rotation: where fast pairs are off, the port rounds elsewhere",
          "[another_rotation]") {
    for (const int fast : {0, 1, 8, 9}) {
        dump::Activation theirs = ones_but(5, kRows);
        theirs.values[std::size_t(fast)] = 3;
        CHECK(!is_another_rotation(ones(), theirs, kHeadDim));
    }
    CHECK(!is_another_rotation(ones(), dump::Activation{}, kHeadDim));
}

// All frequencies plain, but for the concentration: on eight tokens next to yarn_max_positions.
TEST_CASE("another rotation: angles near a known mistake's are none of the known, in bf16 too",
          "[another_rotation]") {
    const std::vector<std::int32_t> tokens{7, 90, 3, 15, 81, 42, 64, 9, 11};
    const Weights model = checkpoint::synthetic_weights(with_layers(preset_tiny(), 2), 5);
    const BugLab lab = bug_lab<Bf16Ops>(compare::Policy::bf16);
    pitfalls::Pitfall near = lab.right;
    near.edit = [](Weights& w) { w.config.initial_context_length = 1 << 30; };
    const auto said = [&](const pitfalls::Pitfall& pitfall) {
        const dump::Dump dump =
            test::planted_dump(pitfall, model, tokens, pitfalls::kOnePass, dump::all_sites());
        return diagnose_dump(model, dump, lab);
    };
    const Diagnosis d = said(near);
    INFO(d.reason);
    CHECK(d.verdict == compare::Verdict::diverged);
    CHECK(!d.is_known);
    const Diagnosis known = said(test::pitfall_named(lab.pitfalls, "yarn_max_positions"));
    REQUIRE(known.is_known);
    CHECK(known.suspects[0].facts.name == std::string("yarn_max_positions"));
}
