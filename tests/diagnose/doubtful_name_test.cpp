#include "gptoss/diagnose/doubtful_name.hpp"

#include "catch.hpp"
#include "gptoss/checkpoint/synth.hpp"
#include "gptoss/core/presets.hpp"
#include "gptoss/diagnose/diagnose.hpp"
#include "pitfall_passes.hpp"
#include "planted_dump.hpp"

using namespace gptoss;
using namespace gptoss::diagnose;
using namespace gptoss::test;

namespace {

// 1.702 with two digits exchanged: nine tenths of the way to swiglu_alpha_one.
struct AlphaTypo : Bf16Ops {
    static void swiglu(ConstMatrixView h, float limit, double, MatrixView y) {
        Bf16Ops::swiglu(h, limit, 1.072, y);
    }
};

Suspect suspect_with(double confidence) {
    Suspect s;
    s.confidence = confidence;
    return s;
}

}  // namespace

TEST_CASE("doubtful name: names that are as likely are believed together", "[doubtful_name]") {
    const std::vector<Suspect> ranked{suspect_with(0.4), suspect_with(0.3), suspect_with(0.1)};
    CHECK(confidence_in_names(ranked, 1) == 0.4);
    CHECK(confidence_in_names(ranked, 2) == 0.7);
}

TEST_CASE("doubtful name: a share of 1 is whole, one of 0.9 if it is that uncertain",
          "[doubtful_name]") {
    const auto projection = [](double share, double error) {
        Projection p;
        p.share = share;
        p.error = error;
        return p;
    };
    CHECK(is_whole(projection(1, 0)));
    CHECK(is_whole(projection(0.96, 0)));
    CHECK(!is_whole(projection(0.9, 0.01)));
    CHECK(!is_whole(projection(1.1, 0.01)));
    CHECK(is_whole(projection(0.9, 0.02)));
}

TEST_CASE("doubtful name: in bf16 a mistake near a known one is none of the known",
          "[doubtful_name]") {
    const std::vector<std::int32_t> tokens{7, 90, 3, 15, 81, 42, 64, 9, 11};
    const Weights model = checkpoint::synthetic_weights(with_layers(preset_tiny(), 2), 5);
    const BugLab lab = bug_lab<Bf16Ops>(compare::Policy::bf16);
    const auto said = [&](const pitfalls::Pitfall& pitfall) {
        const dump::Dump dump =
            planted_dump(pitfall, model, tokens, pitfalls::kOnePass, dump::all_sites());
        return diagnose_dump(model, dump, lab);
    };
    const Diagnosis near = said(right_model<AlphaTypo>());
    INFO(near.reason);
    CHECK(near.verdict == compare::Verdict::diverged);
    CHECK(near.first->site == Site::mlp_swiglu);
    CHECK(!near.is_known);
    CHECK(near.suspects[0].facts.name == std::string("swiglu_alpha_one"));
    const Diagnosis known = said(pitfall_named(lab.pitfalls, "swiglu_alpha_one"));
    CHECK(known.is_known);
}
