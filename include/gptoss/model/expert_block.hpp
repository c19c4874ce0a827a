// The mixture-of-experts half of a layer: norm, router, the chosen experts, weighted sum, residual.
//
//     mlp_residual = attn_residual + sum_j weight_j * ( down_e( swiglu( gate_up_e(x) ) ) )
//     x = the normed attn_residual,  e = the j-th expert that the router chose for the token
//
// Every layer is one of these: there is no dense layer and no shared expert.
// Source   official model: class MLPBlock.
#pragma once
#include "gptoss/model/activations.hpp"
#include "gptoss/model/weights.hpp"
#include "gptoss/ops/scalar.hpp"
#include "gptoss/trace/watch.hpp"

namespace gptoss {

template <class Ops = ScalarOps>
void expert_block(const ExpertWeights& w, const Config& config, int layer, Activations& a,
                  Watch* watch = nullptr) {
    Ops::rmsnorm(a.attn_residual, w.norm_gain, config.eps, a.mlp_norm);  // (T, hidden_size)
    see<Ops>(watch, Site::mlp_norm, layer, a.mlp_norm);

    Ops::linear(a.mlp_norm, w.router, w.router_bias, a.mlp_router_logits);  // (T, n_experts)
    see<Ops>(watch, Site::mlp_router_logits, layer, a.mlp_router_logits);
    Ops::route(a.mlp_router_logits, a.mlp_expert_ids, a.mlp_expert_weights);  // (T, top_k) twice
    see<Ops>(watch, Site::mlp_expert_ids, layer, a.mlp_expert_ids, config.n_experts);
    see<Ops>(watch, Site::mlp_expert_weights, layer, a.mlp_expert_weights);

    Ops::expert_linear(a.mlp_norm, XRows::per_token, a.mlp_expert_ids, w.gate_up, w.gate_up_bias,
                       a.mlp_gate_up);  // (T * top_k, 2 * intermediate_size)
    see<Ops>(watch, Site::mlp_gate_up, layer, a.mlp_gate_up);
    Ops::swiglu(a.mlp_gate_up, config.swiglu_limit, config.swiglu_alpha,
                a.mlp_swiglu);  // (T * top_k, intermediate_size)
    see<Ops>(watch, Site::mlp_swiglu, layer, a.mlp_swiglu);
    Ops::expert_linear(a.mlp_swiglu, XRows::per_rank, a.mlp_expert_ids, w.down, w.down_bias,
                       a.mlp_expert_out);  // (T * top_k, hidden_size)
    see<Ops>(watch, Site::mlp_expert_out, layer, a.mlp_expert_out);

    Ops::combine(a.mlp_expert_out, a.mlp_expert_weights, a.mlp_out);  // (T, hidden_size)
    see<Ops>(watch, Site::mlp_out, layer, a.mlp_out);
    Ops::add_residual(a.attn_residual, a.mlp_out, a.mlp_residual);  // (T, hidden_size)
    see<Ops>(watch, Site::mlp_residual, layer, a.mlp_residual);
}

}  // namespace gptoss
