// Tolerances: how far a float32 path may be from the float64 goldens, per site, and why.
//
//     error = max |got - expected| / rms(expected)     finite values of one site and layer
//
// alone    the op gets the golden's own input, rounded to float32: what one op adds (tiny and odd)
// in_pass  the whole forward pass: what has piled up since the embedding (tiny, odd and, trained,
//          nano: mostly closer than those, but its SwiGLU has few large values among many near 0)
// at_20b   the whole forward pass over one layer at the real widths (block20b)
//
// Each bound is about twice the largest error measured, so a change that doubles an error is seen;
// tests/model/golden_test.cpp prints what it measures. Errors at 20b widths are ten times larger
// because the scalar path adds 2880 products in a row, and in the first RMSNorm 2880 squares of
// generator weights, all odd multiples of 2^-16, which round the same way.
//
// The goldens have 60 tokens at most. A longer run may be off by more:
//
//     in proportion to its length   what turns with the position, since a rounded frequency is off by
//                                   so much per position; and shares of attention, of which a longer
//                                   row has more near 0 and so a smaller rms
//     like its square root          everything else
//
// Measured on nano by scripts/error_growth.py: right runs of 45 to 800 tokens, the plain path against
// the tuned one and the numpy port. Over that, 18 times as long, errors of weights, q_rope and k_rope
// grow 11 to 30 times, of sink_share 10, of all others 1.5 to 5.6. With this rule the largest, of
// gate_up, is at 0.86 of its bound.
//
// Where    the golden tests, and the comparer (compare/compare.hpp).
#pragma once
#include <algorithm>
#include <cmath>

#include "gptoss/trace/sites.hpp"

namespace gptoss::compare {

struct Tolerance {
    Site site;
    double alone;
    double in_pass;
    double at_20b;
    const char* reason;
};

inline constexpr Tolerance kTolerances[] = {
    {Site::embedding, 0, 0, 0, "BF16 widens exactly"},
    {Site::attn_norm, 2.3e-6, 3e-5, 8e-5, "1.1e-6: sequential float32 sum of 96 squares"},
    {Site::attn_q, 3e-6, 2e-5, 2e-4, "1.5e-6: sequential float32 sum of 96 products"},
    {Site::attn_k, 2.5e-6, 2e-5, 2e-4, "1.2e-6: sequential float32 sum of 96 products"},
    {Site::attn_v, 2.5e-6, 2e-5, 2e-4, "1.2e-6: sequential float32 sum of 96 products"},
    {Site::attn_q_rope, 1e-6, 2e-5, 2e-4, "4.6e-7: the last bit of cos and sin, two products"},
    {Site::attn_k_rope, 1e-6, 2e-5, 2e-4, "4.7e-7: the last bit of cos and sin, two products"},
    {Site::attn_scores, 2.8e-6, 3e-5, 3e-4, "1.4e-6: sequential float32 sum of head_dim products"},
    {Site::attn_weights, 1e-5, 1.8e-4, 2e-4,
     "4.9e-6, in a pass of nano 8.9e-5: exp passes on the scores' error; most weights, and so "
     "rms, are near 0"},
    {Site::attn_sink_share, 1.4e-6, 7e-6, 2e-4, "7.0e-7: exp and one division"},
    {Site::attn_mix, 2.6e-6, 3e-5, 4e-4, "1.3e-6: weights as above, sum of up to 60 products"},
    {Site::attn_out, 5.2e-6, 2e-5, 3e-4, "2.6e-6: sequential float32 sum of 256 products"},
    {Site::attn_residual, 7e-7, 2e-5, 2e-4, "3.6e-7: one addition of rounded inputs"},
    {Site::mlp_norm, 2e-6, 3e-5, 2e-4, "9.4e-7: sequential float32 sum of 96 squares"},
    {Site::mlp_router_logits, 2.6e-6, 2e-5, 9e-5, "1.3e-6: sequential float32 sum of 96 products"},
    {Site::mlp_expert_ids, 0, 0, 0, "integers; no near-tie in the goldens' routers"},
    {Site::mlp_expert_weights, 7e-7, 2e-5, 2e-4,
     "3.3e-7: exp of a rounded difference, a sum, a division"},
    {Site::mlp_gate_up, 6e-7, 5.3e-6, 4e-5, "3.1e-7: sequential float32 sum of 64 or 96 products"},
    {Site::mlp_swiglu, 1e-6, 2.6e-5, 6e-5, "5.5e-7: exp of up to 12 and five more roundings"},
    {Site::mlp_expert_out, 3e-6, 1.3e-5, 4e-5,
     "1.6e-6: sum of 32 or 64 products, x as large as 56"},
    {Site::mlp_out, 1.2e-6, 3e-5, 3e-4, "5.9e-7: sum of top_k products"},
    {Site::mlp_residual, 7e-7, 3e-5, 3e-4, "3.6e-7: one addition of rounded inputs"},
    {Site::final_norm, 1.5e-6, 3e-5, 4e-4, "7.2e-7: sequential float32 sum of 96 squares"},
    {Site::logits, 4e-6, 3e-5, 4e-4, "2.0e-6: sequential float32 sum of 96 products"},
};

inline const Tolerance& tolerance(Site site) {
    for (const Tolerance& entry : kTolerances) {
        if (entry.site == site) return entry;
    }
    throw Error("no tolerance for " + site_symbol(site));
}

inline constexpr int kGoldenTokens = 60;

// By how much the bounds of a run of n_tokens are larger than those of the goldens.
inline double growth(Site site, int n_tokens) {
    const double length = std::max(1.0, double(n_tokens) / kGoldenTokens);
    const bool is_turned = site == Site::attn_q_rope || site == Site::attn_k_rope;
    const bool is_share =
        site == Site::attn_scores || site == Site::attn_weights || site == Site::attn_sink_share;
    return is_turned || is_share ? length : std::sqrt(length);
}

}  // namespace gptoss::compare
