// Among all mistakes, and not in a small lab: those that are near to another one.
#include "catch.hpp"
#include "gptoss/checkpoint/synth.hpp"
#include "gptoss/core/presets.hpp"
#include "gptoss/diagnose/diagnose.hpp"
#include "pitfall_passes.hpp"
#include "planted_dump.hpp"

using namespace gptoss;
using namespace gptoss::checkpoint;
using namespace gptoss::diagnose;
using namespace gptoss::dump;
using namespace gptoss::test;

namespace {

const std::vector<std::int32_t> kPrompt{7, 90, 3, 15, 81, 42, 64, 9};

void check_named(const char* name, const Weights& weights) {
    static const BugLab lab = bug_lab<ScalarOps>(compare::Policy::float32);
    const pitfalls::Pitfall& pitfall = pitfall_named(lab.pitfalls, name);
    const Dump dump = planted_dump(pitfall, weights, kPrompt, kOnePass, all_sites());
    const Diagnosis d = diagnose_dump(weights, dump, lab);
    INFO(name << ": " << d.reason);
    REQUIRE(d.is_known);
    CHECK(std::string(d.suspects[0].facts.name) == name);
    CHECK(d.n_as_likely == 1);
    CHECK(d.first->site == pitfall.facts.first_site);
    CHECK(d.unexplained == "");
}

}  // namespace

TEST_CASE("diagnose: mistakes that are near to another are named among all", "[diagnose]") {
#ifndef __OPTIMIZE__
    skip_test("takes a minute without optimization; the release build runs it");
#endif
    const Weights tiny = synthetic_weights(with_layers(preset_tiny(), 2), 11);
    const Weights odd = synthetic_weights(with_layers(preset_odd(), 2), 12);
    for (const char* name : {"sinks_missing", "sinks_zero", "sinks_scaled", "plain_rope",
                             "linear_rope", "rope_missing", "position_interpolation",
                             "concentration_missing", "rope_interleaved", "qk_rows_interleaved",
                             "mask_missing", "causal_missing", "scores_capped", "logits_capped"}) {
        check_named(name, tiny);
        check_named(name, odd);
    }
}
