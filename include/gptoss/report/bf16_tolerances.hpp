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
// Source   measured: Hugging Face's GptOssForCausalLM in bf16 against the float64 goldens tiny and
//          odd (4 and 5 layers), tokens before any expert flip. Each number is twice the measured
//          one: _first that of layer 0, _per_layer the steepest rise from there to a later layer.
// Pitfalls Beyond the layers that were measured the line is a rule, not a measurement.
#pragma once
#include "gptoss/trace/sites.hpp"

namespace gptoss {

struct Bf16Tolerance {
    Site site;
    double max_first;
    double max_per_layer;
    double rms_first;
    double rms_per_layer;
};

inline constexpr Bf16Tolerance kBf16Tolerances[] = {
    {Site::embedding, 0, 0, 0, 0},
    {Site::attn_norm, 0.015, 0.083, 0.0032, 0.013},
    {Site::attn_q, 0.022, 0.073, 0.0044, 0.011},
    {Site::attn_k, 0.026, 0.072, 0.0044, 0.012},
    {Site::attn_v, 0.02, 0.072, 0.0044, 0.011},
    {Site::attn_q_rope, 0.049, 0.06, 0.0072, 0.0088},
    {Site::attn_k_rope, 0.045, 0.056, 0.0074, 0.0096},
    {Site::attn_scores, 0.063, 0.045, 0.012, 0.014},
    {Site::attn_weights, 0.25, 0.13, 0.0092, 0.0096},
    {Site::attn_sink_share, 0.025, 0.09, 0.0062, 0.0062},
    {Site::attn_mix, 0.068, 0.031, 0.0094, 0.0076},
    {Site::attn_out, 0.045, 0.018, 0.0096, 0.0052},
    {Site::attn_residual, 0.037, 0.08, 0.007, 0.0086},
    {Site::mlp_norm, 0.039, 0.11, 0.0076, 0.0086},
    {Site::mlp_router_logits, 0.025, 0.043, 0.008, 0.0096},
    {Site::mlp_expert_ids, 0, 0, 0, 0},
    {Site::mlp_expert_weights, 0.036, 0.048, 0.011, 0.014},
    {Site::mlp_gate_up, 0.018, 0.0048, 0.0036, 0.0004},
    {Site::mlp_swiglu, 0.044, 0.015, 0.0056, 0.0006},
    {Site::mlp_expert_out, 0.053, 0.0041, 0.0074, 0.0004},
    {Site::mlp_out, 0.082, 0.19, 0.015, 0.013},
    {Site::mlp_residual, 0.088, 0.11, 0.016, 0.0076},
    {Site::final_norm, 0.088, 0.055, 0.016, 0.0062},
    {Site::logits, 0.088, 0.039, 0.016, 0.0057},
};

inline const Bf16Tolerance& bf16_tolerance(Site site) {
    return kBf16Tolerances[std::size_t(site)];
}

}  // namespace gptoss
