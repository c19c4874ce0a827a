// The bug lab: every known mistake as a model that can be run.
//
//     for (const Pitfall& pitfall : all_pitfalls<ScalarOps>()) {
//         run_pitfall(pitfall, weights, tokens, kOnePass, LogitRows::all, watch);
//     }
//
// A pitfall edits the config, edits a copy of the weights, or runs under a wrong table.
//
// Where    diagnosis, and the tests that show that no mistake passes them.
// Errors   those of Transformer::feed.
// Pitfalls A mistake may need more tokens than the prompt has, or another config, to show itself:
//          applies() leaves out what can change nothing. Each entry is a forward pass of its own to
//          compile; include this file in few places.
#pragma once
#include <string_view>
#include <vector>

#include "gptoss/ops/pitfalls.hpp"
#include "gptoss/pitfalls/passes.hpp"
#include "gptoss/run/weight_pitfalls.hpp"

namespace gptoss {

struct Pitfall {
    using Run = void (*)(const Weights&, ConstIdsView, int, LogitRows, pitfalls::PassWatch&);

    PitfallFacts facts;
    void (*edit_config)(Config&) = nullptr;
    void (*edit_weights)(Weights&) = nullptr;
    Run run = nullptr;
};

template <class Right>
Pitfall config_pitfall(const PitfallFacts& facts, void (*edit)(Config&)) {
    return {facts, edit, nullptr, &pitfalls::run_in_passes<Right>};
}

template <class Right>
Pitfall weight_pitfall(const PitfallFacts& facts, void (*edit)(Weights&)) {
    return {facts, nullptr, edit, &pitfalls::run_in_passes<Right>};
}

template <class Wrong>
Pitfall table_pitfall(const PitfallFacts& facts) {
    return {facts, nullptr, nullptr, &pitfalls::run_in_passes<Wrong>};
}

template <class Right>
void add_attention_pitfalls(std::vector<Pitfall>& list) {
    using namespace pitfalls;
    list.push_back(config_pitfall<Right>(kYarnBoundsRounded, &yarn_bounds_rounded));
    list.push_back(config_pitfall<Right>(kPlainRope, &plain_rope));
    list.push_back(config_pitfall<Right>(kThetaDefault, &theta_default));
    list.push_back(config_pitfall<Right>(kYarnMaxPositions, &yarn_max_positions));
    list.push_back(config_pitfall<Right>(kYarnBetasSwapped, &yarn_betas_swapped));
    list.push_back(table_pitfall<ConcentrationMissing<Right>>(kConcentrationMissing));
    list.push_back(table_pitfall<ConcentrationOnce<Right>>(kConcentrationOnce));
    list.push_back(table_pitfall<RopeInterleaved<Right>>(kRopeInterleaved));
    list.push_back(table_pitfall<RopeReversed<Right>>(kRopeReversed));
    list.push_back(table_pitfall<RopeTwice<Right>>(kRopeTwice));
    list.push_back(table_pitfall<PositionsRestart<Right>>(kPositionsRestart));
    list.push_back(table_pitfall<MaskMissing<Right>>(kMaskMissing));
    list.push_back(config_pitfall<Right>(kWindowShort, &window_short));
    list.push_back(config_pitfall<Right>(kWindowLong, &window_long));
    list.push_back(config_pitfall<Right>(kWindowOnOddLayers, &window_on_odd_layers));
    list.push_back(config_pitfall<Right>(kWindowMissing, &window_missing));
    list.push_back(config_pitfall<Right>(kWindowEverywhere, &window_everywhere));
    list.push_back(table_pitfall<RingOverwritten<Right>>(kRingOverwritten));
    list.push_back(table_pitfall<SinksMissing<Right>>(kSinksMissing));
    list.push_back(table_pitfall<SinksScaled<Right>>(kSinksScaled));
    list.push_back(table_pitfall<SinksWithValue<Right>>(kSinksWithValue));
    list.push_back(table_pitfall<SinksDenseOnly<Right>>(kSinksDenseOnly));
    list.push_back(table_pitfall<HeadsModulo<Right>>(kHeadsModulo));
    list.push_back(table_pitfall<ScaleSqrtHidden<Right>>(kScaleSqrtHidden));
    list.push_back(table_pitfall<ScaleMissing<Right>>(kScaleMissing));
    list.push_back(weight_pitfall<Right>(kAttentionBiasMissing, &attention_bias_missing));
}

template <class Right>
void add_norm_pitfalls(std::vector<Pitfall>& list) {
    using namespace pitfalls;
    list.push_back(weight_pitfall<Right>(kNormGainsSwapped, &norm_gains_swapped));
    list.push_back(weight_pitfall<Right>(kGainPlusOne, &gain_plus_one));
    list.push_back(table_pitfall<NormAfterSublayer<Right>>(kNormAfterSublayer));
    list.push_back(table_pitfall<ResidualNormed<Right>>(kResidualNormed));
    list.push_back(table_pitfall<EpsOutsideRoot<Right>>(kEpsOutsideRoot));
    list.push_back(config_pitfall<Right>(kEpsSmall, &eps_small));
    list.push_back(table_pitfall<MeanSubtracted<Right>>(kMeanSubtracted));
    list.push_back(table_pitfall<FinalNormMissing<Right>>(kFinalNormMissing));
}

template <class Right>
void add_expert_pitfalls(std::vector<Pitfall>& list) {
    using namespace pitfalls;
    list.push_back(table_pitfall<SoftmaxBeforeTopK<Right>>(kSoftmaxBeforeTopK));
    list.push_back(table_pitfall<RouterSigmoid<Right>>(kRouterSigmoid));
    list.push_back(weight_pitfall<Right>(kRouterBiasMissing, &router_bias_missing));
    list.push_back(table_pitfall<RouterBiasForSelection<Right>>(kRouterBiasForSelection));
    list.push_back(table_pitfall<RouterBf16<Right>>(kRouterBf16));
    list.push_back(table_pitfall<ExpertBiasMissing<Right>>(kExpertBiasMissing));
    list.push_back(table_pitfall<ExpertBiasUnweighted<Right>>(kExpertBiasUnweighted));
    list.push_back(table_pitfall<NibblesSwapped<Right>>(kNibblesSwapped));
    list.push_back(table_pitfall<NibblesSplit<Right>>(kNibblesSplit));
    list.push_back(table_pitfall<ScaleBias<Right>>(kScaleBias));
    list.push_back(table_pitfall<DownTransposed<Right>>(kDownTransposed));
    list.push_back(table_pitfall<SwigluPlain<Right>>(kSwigluPlain));
    list.push_back(table_pitfall<SwigluWithoutOne<Right>>(kSwigluWithoutOne));
    list.push_back(table_pitfall<SwigluWithoutClamp<Right>>(kSwigluWithoutClamp));
    list.push_back(table_pitfall<SwigluGateTwoSided<Right>>(kSwigluGateTwoSided));
    list.push_back(table_pitfall<SwigluAlphaOne<Right>>(kSwigluAlphaOne));
    list.push_back(table_pitfall<SwigluHalves<Right>>(kSwigluHalves));
    list.push_back(table_pitfall<SwigluExchanged<Right>>(kSwigluExchanged));
    list.push_back(config_pitfall<Right>(kSwigluLimitZero, &swiglu_limit_zero));
}

// In the order of the forward pass, attention first.
template <class Right>
std::vector<Pitfall> all_pitfalls() {
    using namespace pitfalls;
    std::vector<Pitfall> list;
    list.push_back(table_pitfall<EmbeddingScaled<Right>>(kEmbeddingScaled));
    add_norm_pitfalls<Right>(list);
    add_attention_pitfalls<Right>(list);
    add_expert_pitfalls<Right>(list);
    list.push_back(weight_pitfall<Right>(kUnembeddingTied, &unembedding_tied));
    return list;
}

// Can the mistake be made with a model of these extents?
inline bool applies(const Pitfall& pitfall, const Config& c) {
    const std::string_view name = pitfall.facts.name;
    if (name == "down_transposed") return c.hidden_size == c.intermediate_size;
    if (name == "heads_modulo") return c.n_kv_heads > 1 && c.n_heads > c.n_kv_heads;
    if (name == "scale_sqrt_hidden") return c.hidden_size != c.head_dim;
    return true;
}

inline void run_pitfall(const Pitfall& pitfall, const Weights& right, ConstIdsView tokens,
                        int tokens_per_pass, LogitRows logit_rows, pitfalls::PassWatch& watch) {
    Weights wrong = right;
    if (pitfall.edit_config != nullptr) pitfall.edit_config(wrong.config);
    if (pitfall.edit_weights != nullptr) pitfall.edit_weights(wrong);
    pitfall.run(wrong, tokens, tokens_per_pass, logit_rows, watch);
}

}  // namespace gptoss
