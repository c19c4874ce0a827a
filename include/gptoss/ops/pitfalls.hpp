// The wrong tables: one per mistake that lies in an op. Everything else is the right table's.
//
//     Transformer<pitfalls::SinksMissing<ScalarOps>> wrong(weights);
//
// Right is the table the mistake is made in: ScalarOps, or another policy of the same ops. A wrong
// op calls the right one as Right::name (pitfalls/), so a mistake is as precise as its table.
#pragma once
#include "gptoss/pitfalls/attention_pitfalls.hpp"
#include "gptoss/pitfalls/embedding_pitfalls.hpp"
#include "gptoss/pitfalls/expert_pitfalls.hpp"
#include "gptoss/pitfalls/norm_pitfalls.hpp"
#include "gptoss/pitfalls/rope_pitfalls.hpp"
#include "gptoss/pitfalls/router_pitfalls.hpp"
#include "gptoss/pitfalls/sink_pitfalls.hpp"
#include "gptoss/pitfalls/swiglu_pitfalls.hpp"

namespace gptoss::pitfalls {

// --- RoPE ----------------------------------------------------------------------------------------

template <class Right>
struct ConcentrationMissing : Right {
    static constexpr auto rope_table = &rope_table_without_concentration<Right>;
};

template <class Right>
struct ConcentrationOnce : Right {
    static constexpr auto rope_table = &rope_table_noting<Right>;
    static constexpr auto rope = &rope_keys_without_concentration<Right>;
};

template <class Right>
struct RopeInterleaved : Right {
    static constexpr auto rope = &rope_interleaved<Right>;
};

template <class Right>
struct RopeReversed : Right {
    static constexpr auto rope = &rope_reversed<Right>;
};

template <class Right>
struct RopeTwice : Right {
    static constexpr auto rope = &rope_twice<Right>;
};

template <class Right>
struct PositionsRestart : Right {
    static constexpr auto rope_table = &rope_table_restarting<Right>;
};

// --- Attention and sinks -------------------------------------------------------------------------

template <class Right>
struct HeadsModulo : Right {
    static constexpr auto attend = &attend_heads_modulo<Right>;
};

template <class Right>
struct ScaleSqrtHidden : Right {
    static constexpr auto rope_table = &rope_table_noting<Right>;
    static constexpr auto attend = &attend_scaled_by_hidden<Right>;
};

template <class Right>
struct ScaleMissing : Right {
    static constexpr auto attend = &attend_unscaled<Right>;
};

template <class Right>
struct MaskMissing : Right {
    static constexpr auto attend = &attend_without_mask<Right>;
};

template <class Right>
struct RingOverwritten : Right {
    static constexpr auto attend = &attend_overwritten_ring<Right>;
};

template <class Right>
struct SinksMissing : Right {
    static constexpr auto attend = &attend_without_sinks<Right>;
};

template <class Right>
struct SinksScaled : Right {
    static constexpr auto attend = &attend_scaled_sinks<Right>;
};

template <class Right>
struct SinksWithValue : Right {
    static constexpr auto attend = &attend_sinks_with_value<Right>;
};

template <class Right>
struct SinksDenseOnly : Right {
    static constexpr auto attend = &attend_sinks_dense_only<Right>;
};

// --- Norms ---------------------------------------------------------------------------------------

template <class Right>
struct EpsOutsideRoot : Right {
    static constexpr auto rmsnorm = &rmsnorm_eps_outside_root<Right>;
};

template <class Right>
struct MeanSubtracted : Right {
    static constexpr auto rmsnorm = &rmsnorm_mean_subtracted<Right>;
};

template <class Right>
struct NormAfterSublayer : Right {
    static constexpr auto rope_table = &rope_table_noting<Right>;
    static constexpr auto rmsnorm = &rmsnorm_left_for_later<Right>;
    static constexpr auto add_residual = &add_residual_normed<Right>;
};

template <class Right>
struct ResidualNormed : Right {
    static constexpr auto rmsnorm = &rmsnorm_noting<Right>;
    static constexpr auto add_residual = &add_residual_from_normed<Right>;
};

template <class Right>
struct FinalNormMissing : Right {
    static constexpr auto rope_table = &rope_table_noting<Right>;
    static constexpr auto rmsnorm = &rmsnorm_without_final<Right>;
};

// --- Router --------------------------------------------------------------------------------------

template <class Right>
struct SoftmaxBeforeTopK : Right {
    static constexpr auto route = &route_softmax_first<Right>;
};

template <class Right>
struct RouterSigmoid : Right {
    static constexpr auto route = &route_by_sigmoid<Right>;
};

template <class Right>
struct RouterBiasForSelection : Right {
    static constexpr auto rope_table = &rope_table_noting<Right>;
    static constexpr auto linear = &linear_noting_router_bias<Right>;
    static constexpr auto route = &route_without_bias_in_weights<Right>;
};

template <class Right>
struct RouterBf16 : Right {
    static constexpr auto rope_table = &rope_table_noting<Right>;
    static constexpr auto linear = &linear_router_in_bf16<Right>;
};

// --- Experts -------------------------------------------------------------------------------------

template <class Right>
struct ExpertBiasMissing : Right {
    static constexpr auto expert_linear = &expert_linear_without_bias<Right>;
};

template <class Right>
struct ExpertBiasUnweighted : Right {
    static constexpr auto expert_linear = &expert_linear_bias_for_later<Right>;
    static constexpr auto combine = &combine_adding_bias<Right>;
};

template <class Right>
struct NibblesSwapped : Right {
    static constexpr auto expert_linear = &expert_linear_nibbles_swapped<Right>;
};

template <class Right>
struct NibblesSplit : Right {
    static constexpr auto expert_linear = &expert_linear_nibbles_split<Right>;
};

template <class Right>
struct ScaleBias : Right {
    static constexpr auto expert_linear = &expert_linear_scale_bias<Right>;
};

template <class Right>
struct DownTransposed : Right {
    static constexpr auto expert_linear = &expert_linear_down_transposed<Right>;
};

// --- SwiGLU --------------------------------------------------------------------------------------

template <class Right>
struct SwigluPlain : Right {
    static constexpr auto swiglu = &swiglu_plain<Right>;
};

template <class Right>
struct SwigluWithoutOne : Right {
    static constexpr auto swiglu = &swiglu_without_one<Right>;
};

template <class Right>
struct SwigluWithoutClamp : Right {
    static constexpr auto swiglu = &swiglu_without_clamp<Right>;
};

template <class Right>
struct SwigluGateTwoSided : Right {
    static constexpr auto swiglu = &swiglu_gate_two_sided<Right>;
};

template <class Right>
struct SwigluAlphaOne : Right {
    static constexpr auto swiglu = &swiglu_alpha_one<Right>;
};

template <class Right>
struct SwigluHalves : Right {
    static constexpr auto swiglu = &swiglu_halves<Right>;
};

template <class Right>
struct SwigluExchanged : Right {
    static constexpr auto swiglu = &swiglu_exchanged<Right>;
};

// --- Embedding -----------------------------------------------------------------------------------

template <class Right>
struct EmbeddingScaled : Right {
    static constexpr auto embed = &embed_scaled<Right>;
};

}  // namespace gptoss::pitfalls
