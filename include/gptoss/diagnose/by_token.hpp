// By token: which mistake explains logits that were rounded in places of their own.
//
//     left = geometric mean over tokens of |theirs[t] - wrong[t]| / |theirs[t] - right[t]|
//
// right and wrong are runs in float32, so that they bring no roundings along. A port in bf16 that
// rounds elsewhere than the official model is off by more than many a mistake moves, and a token
// whose experts flipped is off by anything. But noise points nowhere, in the hundreds of directions
// that logits have: a model with a mistake is nearer to token after token only if the port makes it.
// The geometric mean keeps a few flipped tokens from deciding.
//
// Where    diagnose/diagnose.hpp, for dumps in bf16 that hold logits and not every site.
// Pitfalls One token may be nearer by chance, as after a flip: kLeastTokens of them are needed.
#pragma once
#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>

#include "gptoss/compare/site_pair.hpp"
#include "gptoss/diagnose/anchored_run.hpp"
#include "gptoss/diagnose/suspects.hpp"
#include "gptoss/diagnose/try_each.hpp"

namespace gptoss::diagnose {

// The most that the right mistake may leave. Over 18 models of other seeds than docs/diagnose.md's
// no mistake left less than 0.76 of what a right port was off by.
inline constexpr double kMostLeftByToken = 0.6;
inline constexpr int kLeastTokens = 4;

inline constexpr dump::SiteKey kLogitsKey{Site::logits, kNoLayer};

// |theirs[t] - ours[t]| / |theirs[t]| for every token that both have. Empty if shapes differ.
inline std::vector<double> token_distances(const dump::Activation& ours,
                                           const dump::Activation& theirs,
                                           const compare::RunExtents& run) {
    std::vector<double> distances;
    const compare::PairedShapes shapes =
        compare::pair_shapes(Site::logits, ours.shape, theirs.shape, run);
    if (!shapes.reference_mistake.empty() || !shapes.other_mistake.empty()) return distances;
    const compare::SitePair pair =
        compare::pair_sites(Site::logits, shapes, ours, theirs, run.n_tokens, nullptr);
    for (int row = 0; row < pair.in.rows; ++row) {
        double gaps = 0;
        double squares = 0;
        for (int c = 0; c < pair.in.cols; ++c) {
            const double value = pair.got_rows().row(row)[c];
            const double gap = value - double(pair.expected_rows().row(row)[c]);
            gaps += gap * gap;
            squares += value * value;
        }
        distances.push_back(std::sqrt(gaps / std::max(squares, 1e-30)));
    }
    return distances;
}

inline double log_of(double distance) {
    return std::log(std::max(distance, 1e-30));
}

inline double geometric_mean(const std::vector<double>& distances) {
    double logs = 0;
    for (const double distance : distances) {
        logs += log_of(distance);
    }
    return std::exp(logs / double(distances.size()));
}

// What a mistake leaves at the tokens that the right run is least far from: without the twentieth part,
// and one at least, where an expert may have flipped. wrong and right are distances per token.
inline double left_without_flips(const std::vector<double>& wrong,
                                 const std::vector<double>& right) {
    std::vector<std::size_t> tokens(right.size());
    std::iota(tokens.begin(), tokens.end(), std::size_t(0));
    std::sort(tokens.begin(), tokens.end(),
              [&right](std::size_t a, std::size_t b) { return right[a] < right[b]; });
    const std::size_t n_left_out = std::max<std::size_t>(1, tokens.size() / 20);
    double of_wrong = 0;
    double of_right = 0;
    for (std::size_t i = 0; i + n_left_out < tokens.size(); ++i) {
        of_wrong += wrong[tokens[i]] * wrong[tokens[i]];
        of_right += right[tokens[i]] * right[tokens[i]];
    }
    return std::sqrt(of_wrong / std::max(of_right, 1e-60));
}

inline Suspect suspect_by_token(const pitfalls::Facts& facts, const std::vector<double>& wrong,
                                const std::vector<double>& right) {
    Suspect s{facts};
    const double error = geometric_mean(right);
    s.left = std::clamp(geometric_mean(wrong) / error, 1e-4, 1e4);
    s.explains_first = s.left <= kMostLeftByToken;
    s.n_explained = s.explains_first ? 1 : 0;
    s.evidence.push_back({kLogitsKey, kMostLeftByToken * error, error, s.left * error});
    return s;
}

// Where a run that was right goes wrong: the token that parts small distances from large ones best.
// Mistakes that chunks bring about begin there.
inline int first_token_off(const std::vector<double>& distances) {
    double sum = 0;
    for (const double distance : distances) {
        sum += log_of(distance);
    }
    int best = 0;
    double best_contrast = 0;
    double sum_before = 0;
    for (std::size_t t = 1; t < distances.size(); ++t) {
        sum_before += log_of(distances[t - 1]);
        const double n_before = double(t);
        const double n_after = double(distances.size()) - n_before;
        const double rise = (sum - sum_before) / n_after - sum_before / n_before;
        const double contrast = rise * std::sqrt(n_before * n_after);
        if (contrast > best_contrast) {
            best = int(t);
            best_contrast = contrast;
        }
    }
    return best;
}

// How far a model's logits are from the dump's.
inline std::vector<double> logit_distances(const pitfalls::Pitfall& model, const Weights& weights,
                                           const dump::Dump& theirs, int tokens_per_pass) {
    const dump::Dump run = anchored_run(model, weights, theirs, tokens_per_pass);
    return token_distances(run.sites.at(kLogitsKey), theirs.sites.at(kLogitsKey),
                           {&weights.config, int(theirs.tokens->size()), 0, theirs.first_row});
}

struct ByToken {
    int tokens_per_pass = pitfalls::kOnePass;
    std::vector<double> right = {};      // |theirs[t] - right[t]| / |theirs[t]|
    std::vector<Suspect> suspects = {};  // the likeliest first; none if there is too little to see
};

// right and pitfalls in float32. The dump has tokens.
inline ByToken look_by_token(const Weights& weights, const dump::Dump& theirs,
                             const pitfalls::Pitfall& right,
                             const std::vector<pitfalls::Pitfall>& pitfalls,
                             const OnTried& on_tried = nullptr) {
    ByToken found;
    const auto logits = theirs.sites.find(kLogitsKey);
    if (logits == theirs.sites.end() || !all_finite(logits->second.values)) return found;
    const auto distances = logit_distances(right, weights, theirs, pitfalls::kOnePass);
    if (int(distances.size()) < kLeastTokens) return found;

    found.right = distances;
    const int first_off = first_token_off(distances);
    if (first_off > 0) found.tokens_per_pass = first_off;
    const auto tried = those_that_apply(pitfalls, weights.config, compare::Policy::bf16,
                                        int(theirs.tokens->size()));
    found.suspects.resize(tried.size());
    const int n_workers = workers_for(bytes_of(theirs), fast::n_threads());
    try_each(int(tried.size()), n_workers, on_tried, [&](int i) {
        const pitfalls::Pitfall& pitfall = *tried[std::size_t(i)];
        const auto wrong = logit_distances(pitfall, weights, theirs, found.tokens_per_pass);
        found.suspects[std::size_t(i)] = suspect_by_token(pitfall.facts, wrong, distances);
    });
    rank(found.suspects);
    return found;
}

}  // namespace gptoss::diagnose
