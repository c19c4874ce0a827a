// BF16 tolerances: how far a correct run in bf16 may be from a float32 or float64 reference.
//
//     error     max |got - expected| / rms(expected)   <=  max_first + max_per_layer * layer
//     relative  rms(got - expected) / rms(expected)    <=  rms_first + rms_per_layer * layer
//
// Every store rounds to 8 bits of mantissa, and every layer adds roundings of its own to those it
// is handed, so the bounds grow with depth; final_norm and logits count as the layer behind the
// last. Both bounds are needed: the first finds one wrong token, the second a small mistake all
// over, which the largest of many roundings would cover.
//
// Source   measured, tokens before any expert flip: Hugging Face's GptOssForCausalLM and OpenAI's
//          own PyTorch model in bf16 against the float64 goldens tiny and odd (4 and 5 layers), and
//          the bf16 path against the scalar one on synthetic tiny, odd and nano, two seeds and two
//          prompts of 60 random tokens each. Each number is twice the largest measured one: _first
//          that of layer 0, _per_layer the steepest rise from there to a later layer.
// Pitfalls Beyond the layers that were measured the line is a rule, not a measurement.
#pragma once
#include "gptoss/trace/sites.hpp"

namespace gptoss::compare {

struct Bf16Tolerance {
    Site site;
    double max_first;
    double max_per_layer;
    double rms_first;
    double rms_per_layer;
};

inline constexpr Bf16Tolerance kBf16Tolerances[] = {
    {Site::embedding, 0, 0, 0, 0},
    {Site::attn_norm, 0.016, 0.16, 0.0033, 0.013},
    {Site::attn_q, 0.028, 0.14, 0.0045, 0.011},
    {Site::attn_k, 0.03, 0.13, 0.0046, 0.012},
    {Site::attn_v, 0.025, 0.13, 0.0045, 0.011},
    {Site::attn_q_rope, 0.06, 0.11, 0.0074, 0.0094},
    {Site::attn_k_rope, 0.055, 0.11, 0.0077, 0.0095},
    {Site::attn_scores, 0.098, 0.12, 0.013, 0.015},
    {Site::attn_weights, 0.39, 0.61, 0.012, 0.018},
    {Site::attn_sink_share, 0.11, 0.078, 0.0073, 0.023},
    {Site::attn_mix, 0.094, 0.085, 0.0096, 0.011},
    {Site::attn_out, 0.049, 0.053, 0.011, 0.0099},
    {Site::attn_residual, 0.038, 0.13, 0.0071, 0.012},
    {Site::mlp_norm, 0.045, 0.18, 0.0078, 0.013},
    {Site::mlp_router_logits, 0.03, 0.15, 0.0091, 0.012},
    {Site::mlp_expert_ids, 0, 0, 0, 0},
    {Site::mlp_expert_weights, 0.058, 0.16, 0.013, 0.018},
    {Site::mlp_gate_up, 0.019, 0.022, 0.0036, 0.0014},
    {Site::mlp_swiglu, 0.044, 0.041, 0.0057, 0.0016},
    {Site::mlp_expert_out, 0.057, 0.015, 0.0074, 0.0015},
    {Site::mlp_out, 0.16, 0.25, 0.016, 0.016},
    {Site::mlp_residual, 0.15, 0.15, 0.016, 0.0099},
    {Site::final_norm, 0.15, 0.077, 0.016, 0.0094},
    {Site::logits, 0.15, 0.14, 0.016, 0.0095},
};

inline const Bf16Tolerance& bf16_tolerance(Site site) {
    return kBf16Tolerances[std::size_t(site)];
}

}  // namespace gptoss::compare
