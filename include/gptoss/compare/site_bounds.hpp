// Site bounds: the tolerance of every row of a comparison, by policy.
//
//     float32   compare/tolerances.hpp: in_pass for narrow models, at_20b for wide ones, both times
//               the number of layers over those they were measured on (5 and 1), and times the growth
//               of runs longer than the goldens
//     bf16      compare/bf16_tolerances.hpp
//     custom    one number for every site
//
// Where    compare/compare.hpp.
// Pitfalls That rounding adds up in proportion to depth is a rule, not a measurement, beyond the
//          layers that were measured. Expert ids have no tolerance: compare/expert_match.hpp.
#pragma once
#include <algorithm>
#include <cstdio>
#include <string>

#include "gptoss/compare/bf16_tolerances.hpp"
#include "gptoss/compare/comparison.hpp"
#include "gptoss/compare/tolerances.hpp"

namespace gptoss::compare {

struct SiteBounds {
    CompareOptions options;
    bool is_wide = false;
    int n_layers = 0;
    int n_tokens = 0;
    std::string text;  // which ones, in words

    // How many layers of rounding a site has behind it.
    int depth(const dump::SiteKey& key) const {
        return key.stage() < 0 ? 0 : std::min(key.stage(), n_layers);
    }
    // Bounds Metrics::error.
    double at(const dump::SiteKey& key) const {
        if (key.site == Site::mlp_expert_ids) return 0;
        if (options.tolerance) return *options.tolerance;
        if (options.policy == Policy::bf16) {
            const Bf16Tolerance& bf16 = bf16_tolerance(key.site);
            return bf16.max_first + bf16.max_per_layer * depth(key);
        }
        const Tolerance& float32 = tolerance(key.site);
        const double n_passed = std::min(depth(key) + 1, n_layers);
        const double in_depth =
            is_wide ? float32.at_20b * n_passed : float32.in_pass * std::max(1.0, n_passed / 5);
        return in_depth * growth(key.site, n_tokens);
    }
    // Bounds Metrics::relative, which the largest error bounds already except in bf16.
    double relative_at(const dump::SiteKey& key) const {
        if (options.tolerance || options.policy != Policy::bf16) return at(key);
        const Bf16Tolerance& bf16 = bf16_tolerance(key.site);
        return bf16.rms_first + bf16.rms_per_layer * depth(key);
    }
};

// Wide as the released models, or as narrow as the goldens tiny and odd; by the config or, without
// one, by the reference's residual stream and vocabulary.
inline bool is_wide(const dump::Dump& reference, const Config* config) {
    const int wide = 1024;
    if (config != nullptr) return config->hidden_size >= wide;
    for (const auto& [key, activation] : reference.sites) {
        if (activation.shape.empty()) continue;
        const std::int64_t cols = activation.shape.back();
        if (site_info(key.site).dims[1] == Dim::hidden && cols >= wide) return true;
        if (key.site == Site::logits && cols >= 100000) return true;
    }
    return false;
}

inline SiteBounds site_bounds(const dump::Dump& reference, const Config* config, int n_tokens,
                              const CompareOptions& options) {
    SiteBounds bounds{options, is_wide(reference, config), dump::n_layers_of(reference), n_tokens,
                      ""};
    if (config != nullptr) bounds.n_layers = config->n_layers;
    bounds.n_layers = std::max(bounds.n_layers, 1);
    if (options.tolerance) {
        char text[48];
        std::snprintf(text, sizeof text, "%.3g for every site", *options.tolerance);
        bounds.text = text;
    } else if (options.policy == Policy::bf16) {
        bounds.text = "bf16: a correct run in bf16, measured";
    } else {
        bounds.text = bounds.is_wide ? "float32 at the released widths, measured"
                                     : "float32 at small widths, measured";
    }
    return bounds;
}

}  // namespace gptoss::compare
