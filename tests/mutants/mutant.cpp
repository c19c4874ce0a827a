// The mutants: every pitfall, to be put in the place of the right model under all other tests.
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <nlohmann/json.hpp>
#include <string>

#include "catch.hpp"
#include "gptoss/run/pitfall_list.hpp"
#include "mutant_ops.hpp"

namespace gptoss {
namespace {

template <class Ops>
OpPointers pointers_of() {
    return {Ops::embed,       Ops::rmsnorm, Ops::linear,       Ops::rope_table, Ops::rope,
            Ops::cache_store, Ops::attend,  Ops::add_residual, Ops::route,      Ops::expert_linear,
            Ops::swiglu,      Ops::combine, Ops::unembed};
}

using Right = ScalarOps;
using namespace pitfalls;

const std::map<std::string, OpPointers>& wrong_tables() {
    static const std::map<std::string, OpPointers> tables = {
        {kConcentrationMissing.name, pointers_of<ConcentrationMissing<Right>>()},
        {kConcentrationOnce.name, pointers_of<ConcentrationOnce<Right>>()},
        {kRopeInterleaved.name, pointers_of<RopeInterleaved<Right>>()},
        {kRopeReversed.name, pointers_of<RopeReversed<Right>>()},
        {kRopeTwice.name, pointers_of<RopeTwice<Right>>()},
        {kPositionsRestart.name, pointers_of<PositionsRestart<Right>>()},
        {kHeadsModulo.name, pointers_of<HeadsModulo<Right>>()},
        {kScaleSqrtHidden.name, pointers_of<ScaleSqrtHidden<Right>>()},
        {kScaleMissing.name, pointers_of<ScaleMissing<Right>>()},
        {kMaskMissing.name, pointers_of<MaskMissing<Right>>()},
        {kRingOverwritten.name, pointers_of<RingOverwritten<Right>>()},
        {kSinksMissing.name, pointers_of<SinksMissing<Right>>()},
        {kSinksScaled.name, pointers_of<SinksScaled<Right>>()},
        {kSinksWithValue.name, pointers_of<SinksWithValue<Right>>()},
        {kSinksDenseOnly.name, pointers_of<SinksDenseOnly<Right>>()},
        {kEpsOutsideRoot.name, pointers_of<EpsOutsideRoot<Right>>()},
        {kMeanSubtracted.name, pointers_of<MeanSubtracted<Right>>()},
        {kNormAfterSublayer.name, pointers_of<NormAfterSublayer<Right>>()},
        {kFinalNormMissing.name, pointers_of<FinalNormMissing<Right>>()},
        {kResidualNormed.name, pointers_of<ResidualNormed<Right>>()},
        {kSoftmaxBeforeTopK.name, pointers_of<SoftmaxBeforeTopK<Right>>()},
        {kRouterSigmoid.name, pointers_of<RouterSigmoid<Right>>()},
        {kRouterBiasForSelection.name, pointers_of<RouterBiasForSelection<Right>>()},
        {kRouterBf16.name, pointers_of<RouterBf16<Right>>()},
        {kExpertBiasMissing.name, pointers_of<ExpertBiasMissing<Right>>()},
        {kExpertBiasUnweighted.name, pointers_of<ExpertBiasUnweighted<Right>>()},
        {kNibblesSwapped.name, pointers_of<NibblesSwapped<Right>>()},
        {kNibblesSplit.name, pointers_of<NibblesSplit<Right>>()},
        {kScaleBias.name, pointers_of<ScaleBias<Right>>()},
        {kDownTransposed.name, pointers_of<DownTransposed<Right>>()},
        {kSwigluPlain.name, pointers_of<SwigluPlain<Right>>()},
        {kSwigluWithoutOne.name, pointers_of<SwigluWithoutOne<Right>>()},
        {kSwigluWithoutClamp.name, pointers_of<SwigluWithoutClamp<Right>>()},
        {kSwigluGateTwoSided.name, pointers_of<SwigluGateTwoSided<Right>>()},
        {kSwigluAlphaOne.name, pointers_of<SwigluAlphaOne<Right>>()},
        {kSwigluHalves.name, pointers_of<SwigluHalves<Right>>()},
        {kSwigluExchanged.name, pointers_of<SwigluExchanged<Right>>()},
        {kEmbeddingScaled.name, pointers_of<EmbeddingScaled<Right>>()},
    };
    return tables;
}

// Of the mutant that the environment names; without a name, a pitfall that changes nothing.
Pitfall chosen_pitfall() {
    const char* name = std::getenv("GPTOSS_MUTANT");
    if (name == nullptr) return {};
    for (const Pitfall& pitfall : all_pitfalls<ScalarOps>()) {
        if (std::strcmp(pitfall.facts.name, name) == 0) return pitfall;
    }
    std::fprintf(stderr, "GPTOSS_MUTANT: '%s' is no pitfall\n", name);
    std::exit(2);
}

}  // namespace

const OpPointers& ops_of_mutant() {
    static const OpPointers ops = [] {
        const Pitfall pitfall = chosen_pitfall();
        const bool is_right = pitfall.facts.name == nullptr;
        const bool is_edit = pitfall.edit_config != nullptr || pitfall.edit_weights != nullptr;
        return is_right || is_edit ? pointers_of<Right>() : wrong_tables().at(pitfall.facts.name);
    }();
    return ops;
}

Weights synthetic_weights_of_mutant(const Config& config, std::uint64_t seed) {
    const Pitfall pitfall = chosen_pitfall();
    Weights weights = checkpoint::synthetic_weights(config, seed);
    if (pitfall.edit_config != nullptr) pitfall.edit_config(weights.config);
    if (pitfall.edit_weights != nullptr) pitfall.edit_weights(weights);
    return weights;
}

// scripts/mutation_score.py asks for these.
TEST_CASE("mutants: what is known of each, one line of JSON per pitfall", "[.facts]") {
    for (const Pitfall& pitfall : all_pitfalls<ScalarOps>()) {
        const PitfallFacts& facts = pitfall.facts;
        const nlohmann::ordered_json line = {{"name", facts.name},
                                             {"mistake", facts.mistake},
                                             {"who", facts.who},
                                             {"symptom", facts.symptom},
                                             {"visible_from", facts.visible_from},
                                             {"first_site", site_symbol(facts.first_site)}};
        std::printf("%s\n", line.dump().c_str());
        const bool is_edit = pitfall.edit_config != nullptr || pitfall.edit_weights != nullptr;
        CHECK(is_edit != wrong_tables().contains(facts.name));
    }
}

}  // namespace gptoss
