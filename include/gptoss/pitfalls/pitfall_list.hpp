// The bug lab: every known mistake as a model that can be run.
//
//     for (const pitfalls::Pitfall& pitfall : pitfalls::all_pitfalls<ScalarOps>()) {
//         run_pitfall(pitfall, weights, tokens, pitfalls::kOnePass, LogitRows::all, watch);
//     }
//
// A pitfall edits a copy of the weights and their config, or runs under a wrong table.
//
// Where    diagnosis, and the tests that show that no mistake passes them.
// Errors   those of Transformer::feed.
// Pitfalls A mistake may need more tokens than the prompt has, or another config, to show itself:
//          applies() leaves out what can change nothing. Each entry is a forward pass of its own to
//          compile; include this file in few places.
#pragma once
#include <string_view>
#include <vector>

#include "gptoss/ops/same_signatures.hpp"
#include "gptoss/pitfalls/attention_pitfalls.hpp"
#include "gptoss/pitfalls/bias_pitfalls.hpp"
#include "gptoss/pitfalls/embedding_pitfalls.hpp"
#include "gptoss/pitfalls/expert_pitfalls.hpp"
#include "gptoss/pitfalls/mask_pitfalls.hpp"
#include "gptoss/pitfalls/norm_pitfalls.hpp"
#include "gptoss/pitfalls/passes.hpp"
#include "gptoss/pitfalls/rope_pitfalls.hpp"
#include "gptoss/pitfalls/router_pitfalls.hpp"
#include "gptoss/pitfalls/sink_pitfalls.hpp"
#include "gptoss/pitfalls/soft_cap_pitfalls.hpp"
#include "gptoss/pitfalls/swiglu_pitfalls.hpp"
#include "gptoss/pitfalls/weight_pitfalls.hpp"

namespace gptoss::pitfalls {

template <class... Mistakes>
struct MistakeList {};

// In the order of the forward pass, attention first. R is the right table.
template <class R>
using AllMistakes = MistakeList<
    EmbeddingScaled<R>, NormGainsSwapped, GainPlusOne, NormAfterSublayer<R>, ResidualNormed<R>,
    AttentionResidualNormed<R>, EpsOutsideRoot<R>, EpsSmall, MeanSubtracted<R>, FinalNormMissing<R>,
    YarnBoundsRounded, PlainRope, LinearRope<R>, RopeMissing<R>, PositionInterpolation,
    ThetaDefault, YarnMaxPositions, YarnBetasSwapped, ConcentrationMissing<R>, ConcentrationOnce<R>,
    RopeInterleaved<R>, RopeReversed<R>, RopeTwice<R>, PositionsBf16<R>, PositionsFromOne<R>,
    PositionsRestart<R>, MaskMissing<R>, CausalMissing<R>, WindowShort, WindowLong,
    WindowOnOddLayers, WindowOnFirstHalf, WindowMissing, WindowEverywhere, RingOverwritten<R>,
    SinksMissing<R>, SinksZero, SinksScaled<R>, SinksWithValue<R>, SinksWithFirstValue<R>,
    SinksDenseOnly<R>, HeadsModulo<R>, ScaleSqrtHidden<R>, ScaleHiddenOverHeads<R>, ScaleMissing<R>,
    ScoresCapped<R>, AttentionBiasMissing, QBiasMissing, KBiasMissing, VBiasMissing, OutBiasMissing,
    QkRowsInterleaved, SoftmaxBeforeTopK<R>, RouterSigmoid<R>, RouterBiasMissing,
    RouterBiasForSelection<R>, RouterBf16<R>, ExpertBiasMissing<R>, GateUpBiasMissing,
    DownBiasMissing, ExpertBiasUnweighted<R>, NibblesSwapped<R>, NibblesSplit<R>, ScaleBias<R>,
    ScaleBias128<R>, GateUpRowsExchanged<R>, GateUpRowsHalved<R>, DownTransposed<R>, SwigluPlain<R>,
    SwigluWithoutOne<R>, SwigluWithoutClamp<R>, SwigluGateTwoSided<R>, SwigluAlphaOne<R>,
    SwigluTanhGelu<R>, SwigluHalves<R>, SwigluExchanged<R>, SwigluLimitZero, UnembeddingTied,
    LogitsCapped<R>>;

struct Pitfall {
    using Run = void (*)(const Weights&, ConstIdsView, int, LogitRows, PassWatch&);

    Facts facts;
    void (*edit)(Weights&);  // nullptr if the mistake lies in an op
    Run run;
};

template <class Mistake, class Right>
Pitfall pitfall_of() {
    if constexpr (requires(Config& c) { Mistake::edit(c); }) {
        return {Mistake::facts, [](Weights& w) { Mistake::edit(w.config); }, &run_in_passes<Right>};
    } else if constexpr (requires(Weights& w) { Mistake::edit(w); }) {
        return {Mistake::facts, &Mistake::edit, &run_in_passes<Right>};
    } else {
        static_assert(has_same_signatures<Mistake, Right>());
        return {Mistake::facts, nullptr, &run_in_passes<Mistake>};
    }
}

template <class Right, class... Mistakes>
std::vector<Pitfall> pitfalls_of(MistakeList<Mistakes...>) {
    return {pitfall_of<Mistakes, Right>()...};
}

template <class Right>
std::vector<Pitfall> all_pitfalls() {
    return pitfalls_of<Right>(AllMistakes<Right>{});
}

// Can the mistake be made with a model of these extents?
inline bool applies(const Pitfall& pitfall, const Config& c) {
    const std::string_view name = pitfall.facts.name;
    if (name == "down_transposed") return c.hidden_size == c.intermediate_size;
    if (name == "heads_modulo") return c.n_kv_heads > 1 && c.n_heads > c.n_kv_heads;
    if (name == "scale_sqrt_hidden") return c.hidden_size != c.head_dim;
    if (name == "scale_hidden_over_heads") return c.hidden_size != c.head_dim * c.n_heads;
    if (name == "window_on_first_half") return c.n_layers > 2;
    return true;
}

inline void run_pitfall(const Pitfall& pitfall, const Weights& right, ConstIdsView tokens,
                        int tokens_per_pass, LogitRows logit_rows, PassWatch& watch) {
    Weights wrong = right;
    if (pitfall.edit != nullptr) pitfall.edit(wrong);
    pitfall.run(wrong, tokens, tokens_per_pass, logit_rows, watch);
}

}  // namespace gptoss::pitfalls
