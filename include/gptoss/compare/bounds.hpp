// Bounds: how far a right port may be off at each site, and why: the one rule of compare and diagnose.
//
//     max   bounds  max |got - expected| / rms(expected)      finds one wrong token
//     rms   bounds  rms(got - expected) / rms(expected)       finds a small mistake all over
//
//     float32   (kShortSums + kLongSums * hidden_size / 2880) * growth
//     bf16      kRoundings * growth_in_16_bits
//
// each of them first + per_layer * the layers behind a site, since every layer adds roundings of its
// own to those it is handed. A run that is anchored at every site has one op behind each: first alone.
//
// A right port may add up as it likes. In blocks, as PyTorch and BLAS do, a sum of 2,880 products is as
// exact as one of 64; product after product in one float32 it is off in proportion to its length, most
// of all the squares of a norm, which round the same way. So the bounds of float32 have a share that
// grows with the width. growth is that of runs of over 60 tokens:
//
//     in proportion to the length   what turns with the position, since a rounded frequency is off by
//                                   so much per position; and shares of attention, of which a longer
//                                   row has more near 0 and so a smaller rms
//     like its square root          everything else
//
// A port with products of bf16, or activations in it, is as far off as bf16 makes it, whatever its
// length, but for a weight of attention: it may be off by as much in a row of any length, while the rms
// of all of them falls like 1 / sqrt(length). One with TF32 or float16 is off by a share of that.
//
// Source   measured by scripts/right_ports.py --measure: ports of eleven arithmetics over tiny, odd (4
//          and 5 layers) and square, the trained nano on 5 to 800 tokens, and two layers at the widths
//          of 20b on 140. Each number is twice the largest measured, alone or in a pass; per_layer is
//          the steepest rise. Those of bf16 are also twice what OpenAI's and Hugging Face's models in
//          bf16 are off by against float64.
// Pitfalls Beyond five layers, two at the real widths, these lines are a rule, not a measurement. Expert
//          ids have no bound: compare/expert_match.hpp. The reference is far closer to the truth than
//          this: tests/tolerances.hpp.
#pragma once
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdio>
#include <optional>
#include <string>

#include "gptoss/compare/comparison.hpp"
#include "gptoss/core/config_rules.hpp"
#include "gptoss/trace/sites.hpp"

namespace gptoss::compare {

// --- The numbers --------------------------------------------------------------------------------

struct Rise {
    double first;
    double per_layer;
    double at(int depth) const { return first + per_layer * depth; }
};

struct SiteRise {
    Site site;
    Rise max;
    Rise rms;
    const char* reason = "";  // what its rounding comes from, or is widened by
};

// float32, sums in blocks; or one after the other, and short.
inline constexpr SiteRise kShortSums[] = {
    {Site::embedding, {0, 0}, {0, 0}, "BF16 widens exactly"},
    {Site::attn_norm, {1.8e-6, 9e-6}, {2.1e-7, 9.8e-7}, "hidden_size squares, a root"},
    {Site::attn_q, {4.5e-6, 9.8e-6}, {3.8e-7, 8.2e-7}, "hidden_size products"},
    {Site::attn_k, {2.5e-6, 8.2e-6}, {3.9e-7, 7.3e-7}, "the same"},
    {Site::attn_v, {3.2e-6, 7.7e-6}, {3.8e-7, 6.3e-7}, "the same"},
    {Site::attn_q_rope, {5e-6, 1.1e-5}, {4.2e-7, 7.9e-7}, "a frequency's last bit, turned"},
    {Site::attn_k_rope, {5.8e-6, 6.6e-6}, {4.1e-7, 7.3e-7}, "the same"},
    {Site::attn_scores, {3.3e-6, 6.6e-6}, {6e-7, 1.2e-6}, "head_dim products of both"},
    {Site::attn_weights, {8.4e-5, 6.5e-5}, {6.1e-7, 6.6e-7}, "exp of scores; most are near 0"},
    {Site::attn_sink_share, {3.8e-6, 2.1e-6}, {3.4e-7, 5e-7}, "exp, a sum, a division"},
    {Site::attn_mix, {2.5e-5, 8.6e-6}, {7.3e-7, 5.1e-7}, "weights as above"},
    {Site::attn_out, {7.7e-6, 3.6e-6}, {8.5e-7, 4.8e-7}, "products of all heads cancel"},
    {Site::attn_residual, {5.2e-6, 4.8e-6}, {6.7e-7, 4e-7}, "one addition; what came in"},
    {Site::mlp_norm, {4.5e-6, 6.9e-6}, {6.1e-7, 5.5e-7}, "as attn.norm"},
    {Site::mlp_router_logits, {2.8e-6, 7.4e-6}, {6.5e-7, 1.6e-6}, "hidden_size products"},
    {Site::mlp_expert_ids, {0, 0}, {0, 0}, "integers: compared as such"},
    {Site::mlp_expert_weights, {3.6e-6, 1.2e-5}, {9.5e-7, 1.3e-6}, "exp, a sum, a division"},
    {Site::mlp_gate_up, {4.5e-6, 1.3e-6}, {5.7e-7, 1.7e-7}, "products, under large biases"},
    {Site::mlp_swiglu, {2.3e-5, 2.3e-6}, {7.8e-7, 2.7e-7}, "exp; few values are large"},
    {Site::mlp_expert_out, {9.1e-6, 1.4e-6}, {7e-7, 2.7e-7}, "intermediate_size products"},
    {Site::mlp_out, {7.7e-6, 2.2e-5}, {1e-6, 9.6e-7}, "a weighted sum: terms cancel"},
    {Site::mlp_residual, {7.7e-6, 7.1e-6}, {1.1e-6, 4.7e-7}, "one addition; what came in"},
    {Site::final_norm, {1.8e-6, 8e-6}, {2.7e-7, 5.5e-7}, "as attn.norm"},
    {Site::logits, {3.8e-6, 9e-6}, {3.5e-7, 5.7e-7}, "hidden_size products"},
};

// What one long sum of 2,880 adds to that.
inline constexpr SiteRise kLongSums[] = {
    {Site::embedding, {0, 0}, {0, 0}},
    {Site::attn_norm, {7.4e-5, 5.5e-4}, {3.4e-5, 9e-6}},
    {Site::attn_q, {1.4e-4, 3.6e-4}, {3.3e-5, 8.7e-6}},
    {Site::attn_k, {1.2e-4, 4.2e-4}, {3.3e-5, 8.6e-6}},
    {Site::attn_v, {1.1e-4, 3.2e-4}, {3.3e-5, 8.5e-6}},
    {Site::attn_q_rope, {1.4e-4, 2e-4}, {3.3e-5, 0}},
    {Site::attn_k_rope, {1.2e-4, 2.4e-4}, {3.3e-5, 0}},
    {Site::attn_scores, {2.3e-4, 2e-4}, {6.4e-5, 0}},
    {Site::attn_weights, {9.4e-4, 2.6e-3}, {3.2e-5, 1.7e-5}},
    {Site::attn_sink_share, {2.3e-4, 6.9e-4}, {3.3e-5, 0}},
    {Site::attn_mix, {4.1e-4, 7.2e-4}, {5.4e-5, 1.5e-6}},
    {Site::attn_out, {3e-4, 2.5e-4}, {5.3e-5, 1.1e-6}},
    {Site::attn_residual, {1.7e-4, 2.1e-4}, {2.9e-5, 1.1e-5}},
    {Site::mlp_norm, {1.2e-4, 5.4e-4}, {2.6e-5, 1.7e-5}},
    {Site::mlp_router_logits, {9e-5, 3.4e-4}, {2.8e-5, 1.7e-5}},
    {Site::mlp_expert_ids, {0, 0}, {0, 0}},
    {Site::mlp_expert_weights, {1.7e-4, 5e-4}, {5.1e-5, 4.3e-5}},
    {Site::mlp_gate_up, {3.2e-5, 9.3e-5}, {5.3e-6, 3.5e-6}},
    {Site::mlp_swiglu, {6.2e-5, 1.8e-4}, {7.3e-6, 4.8e-6}},
    {Site::mlp_expert_out, {3.6e-5, 1.3e-4}, {7.5e-6, 4.6e-6}},
    {Site::mlp_out, {3.8e-4, 1.4e-3}, {5.2e-5, 4.3e-5}},
    {Site::mlp_residual, {3.8e-4, 8.9e-4}, {5.2e-5, 2.1e-5}},
    {Site::final_norm, {6.2e-6, 9.6e-4}, {8.3e-7, 5.7e-5}},
    {Site::logits, {1.3e-5, 7.6e-4}, {1.9e-6, 5.6e-5}},
};
inline constexpr double kLongSum = 2880;

// Products of TF32 or bf16, activations in float16 or bf16.
inline constexpr SiteRise kRoundings[] = {
    {Site::embedding, {0, 0}, {0, 0}},
    {Site::attn_norm, {0.036, 0.16}, {0.0038, 0.013}},
    {Site::attn_q, {0.046, 0.14}, {0.0046, 0.011}},
    {Site::attn_k, {0.03, 0.13}, {0.0047, 0.012}},
    {Site::attn_v, {0.032, 0.13}, {0.0048, 0.011}},
    {Site::attn_q_rope, {0.15, 0.11}, {0.0075, 0.0094}},
    {Site::attn_k_rope, {0.082, 0.11}, {0.0078, 0.0095}},
    {Site::attn_scores, {0.098, 0.12}, {0.013, 0.015}},
    {Site::attn_weights, {2.3, 1.4}, {0.012, 0.018}},
    {Site::attn_sink_share, {0.11, 0.078}, {0.0073, 0.023}},
    {Site::attn_mix, {0.33, 0.085}, {0.011, 0.011}},
    {Site::attn_out, {0.075, 0.053}, {0.011, 0.0099}},
    {Site::attn_residual, {0.059, 0.13}, {0.0072, 0.012}},
    {Site::mlp_norm, {0.073, 0.18}, {0.0079, 0.013}},
    {Site::mlp_router_logits, {0.032, 0.15}, {0.0091, 0.012}},
    {Site::mlp_expert_ids, {0, 0}, {0, 0}},
    {Site::mlp_expert_weights, {0.062, 0.16}, {0.022, 0.018}},
    {Site::mlp_gate_up, {0.057, 0.022}, {0.0076, 0.0022}},
    {Site::mlp_swiglu, {0.51, 0.041}, {0.011, 0.0046}},
    {Site::mlp_expert_out, {0.18, 0.015}, {0.011, 0.004}},
    {Site::mlp_out, {0.18, 0.25}, {0.024, 0.016}},
    {Site::mlp_residual, {0.18, 0.15}, {0.024, 0.0099}},
    {Site::final_norm, {0.15, 0.077}, {0.016, 0.0094}},
    {Site::logits, {0.15, 0.14}, {0.016, 0.0095}},
};

// Of 11 bits, in float16 or TF32, is an eighth of the rounding of 8; measured, 0.095 of those bounds.
inline constexpr double kShareOf11Bits = 0.2;

inline constexpr int kMeasuredTokens = 60;

// By how much the bounds of a run of n_tokens are larger than those of a short one.
inline double growth(Site site, int n_tokens) {
    const double length = std::max(1.0, double(n_tokens) / kMeasuredTokens);
    const bool is_turned = site == Site::attn_q_rope || site == Site::attn_k_rope;
    const bool is_share =
        site == Site::attn_scores || site == Site::attn_weights || site == Site::attn_sink_share;
    return is_turned || is_share ? length : std::sqrt(length);
}

// The same of max in bf16, float16 and TF32.
inline double growth_in_16_bits(Site site, int n_tokens) {
    const double length = std::max(1.0, double(n_tokens) / kMeasuredTokens);
    return site == Site::attn_weights ? std::sqrt(length) : 1;
}

// --- The rule -----------------------------------------------------------------------------------

// Does the op behind a site read other tokens than its own?
inline bool attends(Site site) {
    return site >= Site::attn_scores && site <= Site::attn_mix;
}

struct Bounds {
    Policy policy = Policy::float32;
    int hidden_size = 0;
    int n_layers = 1;
    int n_tokens = 0;
    bool is_anchored = false;           // at every site: one op behind each
    bool is_partial = false;            // but of the last tokens only
    std::optional<double> of_all = {};  // one number for every site, instead

    // How many layers of rounding a site has behind it. What attends to earlier tokens has theirs.
    int depth(const dump::SiteKey& key) const {
        const bool is_one_op = is_anchored && !(is_partial && attends(key.site));
        return is_one_op ? 0 : std::clamp(key.stage(), 0, n_layers);
    }
    Limit at(const dump::SiteKey& key) const {
        if (key.site == Site::mlp_expert_ids) return {};
        if (of_all) return {*of_all, *of_all};
        if (policy != Policy::float32) {
            const Limit in_bf16 = limit(kRoundings, key);
            const double share = policy == Policy::float16 ? kShareOf11Bits : 1;
            const double longer = growth_in_16_bits(key.site, n_tokens);
            return {share * longer * in_bf16.max, share * in_bf16.rms};
        }
        const Limit blocks = in_blocks(key);
        const Limit more = limit(kLongSums, key);
        const double share = hidden_size / kLongSum * growth(key.site, n_tokens);
        return {blocks.max + share * more.max, blocks.rms + share * more.rms};
    }
    // Of float32 that adds up in blocks: as exact as a port gets.
    Limit in_blocks(const dump::SiteKey& key) const {
        const Limit blocks = limit(kShortSums, key);
        const double longer = growth(key.site, n_tokens);
        return {longer * blocks.max, longer * blocks.rms};
    }

private:
    Limit limit(const SiteRise (&rises)[kSites.size()], const dump::SiteKey& key) const {
        const SiteRise& rise = rises[std::size_t(key.site)];
        return {rise.max.at(depth(key)), rise.rms.at(depth(key))};
    }
};

// The width of the model: of the config or, without one, of the reference's residual stream. Where
// only logits tell, a vocabulary of the released size says that the width is too.
inline int hidden_size_of(const dump::Dump& reference, const Config* config) {
    if (config != nullptr) return config->hidden_size;
    int hidden_size = 0;
    for (const auto& [key, activation] : reference.sites) {
        if (activation.shape.empty()) continue;
        const std::int64_t cols = activation.shape.back();
        const bool is_stream = site_info(key.site).dims[1] == Dim::hidden && cols <= kLargestExtent;
        if (is_stream) hidden_size = int(cols);
        if (key.site == Site::logits && cols >= 100000 && hidden_size == 0)
            hidden_size = int(kLongSum);
    }
    return hidden_size;
}

inline Bounds bounds_of(const dump::Dump& reference, const Config* config, int n_tokens,
                        const CompareOptions& options) {
    Bounds bounds{options.policy, hidden_size_of(reference, config)};
    bounds.n_layers =
        std::max(config != nullptr ? config->n_layers : dump::n_layers_of(reference), 1);
    bounds.n_tokens = n_tokens;
    bounds.is_anchored = options.is_anchored;
    bounds.of_all = options.tolerance;
    return bounds;
}

// Which ones, in words.
inline std::string bounds_text(const Bounds& bounds) {
    if (bounds.of_all) {
        char text[48];
        std::snprintf(text, sizeof text, "%.3g for every site", *bounds.of_all);
        return text;
    }
    if (bounds.policy == Policy::bf16) return "bf16: right ports that round to 8 bits, measured";
    if (bounds.policy == Policy::float16) {
        return "float16: right ports that round to 11 bits, as TF32 does too; measured";
    }
    return "float32: right ports of any order of sums, measured";
}

}  // namespace gptoss::compare
