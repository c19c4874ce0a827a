// Adapters of lesson 8: a block with its activations as a struct of views of their own.
#pragma once
#include "arguments.hpp"
#include "gptoss/model/attention_block.hpp"
#include "gptoss/model/expert_block.hpp"

namespace gptoss::course {

struct AttentionSites {
    MatrixView norm, q, k, v, q_rope, k_rope, scores, weights, sink_share, mix, out, residual;
};

struct ExpertSites {
    MatrixView norm, router_logits;
    IdsView expert_ids;
    MatrixView expert_weights, gate_up, swiglu, expert_out, out, residual;
};

// clang-format off
template <> struct Argument<AttentionWeights>
    : MembersArgument<AttentionWeights, &AttentionWeights::norm_gain,
                      &AttentionWeights::q, &AttentionWeights::q_bias,
                      &AttentionWeights::k, &AttentionWeights::k_bias,
                      &AttentionWeights::v, &AttentionWeights::v_bias, &AttentionWeights::sinks,
                      &AttentionWeights::out, &AttentionWeights::out_bias> {};
template <> struct Argument<ExpertWeights>
    : MembersArgument<ExpertWeights, &ExpertWeights::norm_gain,
                      &ExpertWeights::router, &ExpertWeights::router_bias,
                      &ExpertWeights::gate_up, &ExpertWeights::gate_up_bias,
                      &ExpertWeights::down, &ExpertWeights::down_bias> {};
template <> struct Argument<AttentionSites>
    : MembersArgument<AttentionSites, &AttentionSites::norm, &AttentionSites::q, &AttentionSites::k,
                      &AttentionSites::v, &AttentionSites::q_rope, &AttentionSites::k_rope,
                      &AttentionSites::scores, &AttentionSites::weights,
                      &AttentionSites::sink_share, &AttentionSites::mix, &AttentionSites::out,
                      &AttentionSites::residual> {};
template <> struct Argument<ExpertSites>
    : MembersArgument<ExpertSites, &ExpertSites::norm, &ExpertSites::router_logits,
                      &ExpertSites::expert_ids, &ExpertSites::expert_weights,
                      &ExpertSites::gate_up, &ExpertSites::swiglu, &ExpertSites::expert_out,
                      &ExpertSites::out, &ExpertSites::residual> {};
// clang-format on

// So that attend records its scores.
struct WatchAll : Watch {
    bool wants(Site /*site*/, int /*layer*/) override { return true; }
    void show(Site /*site*/, int /*layer*/, ConstMatrixView /*values*/) override {}
};

// The first pass of a run, so the cache is as long as the tokens.
inline void attention_block_of(const Config& config, AttentionWeights w, int layer,
                               ConstMatrixView residual_in, AttentionSites sites) {
    const int n_tokens = residual_in.rows;
    KvCache cache;
    reserve<HostMemory>(cache, config, n_tokens);
    Activations a;
    shape_activations<HostMemory>(a, config, n_tokens, 1);
    for (int t = 0; t < n_tokens; ++t) {
        a.positions.data[t] = t;
    }
    rope_table(config, a.positions, a.rope_table);
    std::copy_n(residual_in.data, std::size_t(n_tokens) * std::size_t(residual_in.cols),
                a.embedding.data);
    a.residual_in = a.embedding;
    a.attn_norm = sites.norm;
    a.attn_q = sites.q;
    a.attn_k = sites.k;
    a.attn_v = sites.v;
    a.attn_q_rope = sites.q_rope;
    a.attn_k_rope = sites.k_rope;
    a.attn_scores = sites.scores;
    a.attn_weights = sites.weights;
    a.attn_sink_share = sites.sink_share;
    a.attn_mix = sites.mix;
    a.attn_out = sites.out;
    a.attn_residual = sites.residual;
    WatchAll watch;
    attention_block<ScalarOps>(w, config, layer, cache.layers[std::size_t(layer)], a, &watch);
}

inline void expert_block_of(const Config& config, ExpertWeights w, ConstMatrixView attn_residual,
                            ExpertSites sites) {
    Activations a;
    shape_activations<HostMemory>(a, config, attn_residual.rows, 1);
    std::copy_n(attn_residual.data,
                std::size_t(attn_residual.rows) * std::size_t(attn_residual.cols),
                a.attn_residual.data);
    a.mlp_norm = sites.norm;
    a.mlp_router_logits = sites.router_logits;
    a.mlp_expert_ids = sites.expert_ids;
    a.mlp_expert_weights = sites.expert_weights;
    a.mlp_gate_up = sites.gate_up;
    a.mlp_swiglu = sites.swiglu;
    a.mlp_expert_out = sites.expert_out;
    a.mlp_out = sites.out;
    a.mlp_residual = sites.residual;
    expert_block<ScalarOps>(w, config, 0, a);
}

}  // namespace gptoss::course
