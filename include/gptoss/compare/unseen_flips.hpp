// Unseen flips: tokens that may be off because an expert flipped where the dump has no expert_ids.
//
// A dump of residuals or of logits alone does not say which experts its port chose. Where the
// reference's router was nearly undecided about a token (compare/expert_match.hpp), a right port may
// have chosen otherwise, and the token is off by what that moved. So a site that is beyond its
// tolerance is explained by flips if
//
//     each token far off     was near a tie in a layer before, or sees a token that was
//     no token               is off by more than kMostMovedByFlip
//     the median token       is within the tolerance: flips are the exception
//
// The tokens in question are left out, and what they moved is allowed behind them as after a flip
// that was seen (compare/flip_allowance.hpp).
//
// Source   kMostMovedByFlip: right ports in bf16 over nano, 500 tokens of each of three pages: at most
//          2.2 times the rms at residuals and 3.8 at logits; twice that. Logits of another token are
//          as far off, so it is the median that tells mistakes from flips.
// Where    compare/compare.hpp.
// Pitfalls A mistake that shows at few tokens, all of them near a tie, is taken for flips: dump
//          expert_ids, or more tokens.
#pragma once
#include <algorithm>
#include <functional>
#include <vector>

#include "gptoss/compare/compare_site.hpp"

namespace gptoss::compare {

inline constexpr double kMostMovedByFlip = 8;
inline constexpr double kTokenOverSite = 3;  // a token may be so many times as far off as all are

// Are the last chosen expert and the first one left out no further apart than allowed?
inline bool is_near_tie(const float* logits_t, int n_experts, int top_k, double allowed) {
    if (top_k < 1 || top_k >= n_experts) return false;
    std::vector<float> logits(logits_t, logits_t + n_experts);
    std::nth_element(logits.begin(), logits.begin() + top_k, logits.end(), std::greater<float>());
    const float first_left_out = logits[std::size_t(top_k)];
    const float last_chosen = *std::min_element(logits.begin(), logits.begin() + top_k);
    return double(last_chosen) - double(first_left_out) <= allowed;
}

// rms of a token's error over rms of the site; the worst row's if it has several.
inline double token_rms_error(const SitePair& pair, int token, double rms) {
    double largest = 0;
    for (int k = 0; k < pair.in.rows_per_token(); ++k) {
        const int row = pair.in.row(token - pair.first_token, k);
        if (!pair.has_partner[std::size_t(row)]) continue;
        MetricSums sums{rms};
        for (int i = 0; i < pair.in.cols; ++i) {
            sums.add(row, i, pair.got_rows().row(row)[i], pair.expected_rows().row(row)[i]);
        }
        largest = std::max(largest, sums.result().relative);
    }
    return largest;
}

// first_near_tie: the first token of the run that was near a tie in a layer before this site. The
// allowance is that of the pair's tokens. Empty if flips do not explain it.
inline std::vector<int> tokens_flips_explain(const SitePair& pair, const Allowance& allowance,
                                             int first_near_tie, const Limit& limit) {
    const double rms = rms_of(pair.expected_rows());
    std::vector<int> off;
    std::vector<double> errors;
    for (int t = pair.first_token; t < pair.first_token + pair.in.n_tokens; ++t) {
        const double allowed = allowance[std::size_t(t - pair.first_token)];
        if (allowed >= kLeftOut) continue;
        const double error = token_error(pair, t, rms);
        const double relative = token_rms_error(pair, t, rms);
        errors.push_back(relative);
        const bool is_far =
            error > limit.max + allowed || relative > kTokenOverSite * limit.rms + allowed;
        const bool can_be_flip = first_near_tie <= t && error <= limit.max + kMostMovedByFlip;
        if (is_far && !can_be_flip) return {};
        const bool is_off = is_far || relative > limit.rms + allowed;
        if (is_off && can_be_flip) off.push_back(t);
    }
    if (errors.empty()) return {};
    std::nth_element(errors.begin(), errors.begin() + std::ptrdiff_t(errors.size() / 2),
                     errors.end());
    return errors[errors.size() / 2] <= limit.rms ? off : std::vector<int>{};
}

}  // namespace gptoss::compare
