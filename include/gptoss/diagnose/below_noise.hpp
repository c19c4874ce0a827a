// Below the noise: which mistake is in a dump whose every site is within its tolerance.
//
// Each mistake is projected on what little the dump differs by (diagnose/projection.hpp), in runs that
// do not round, for a rounding of ours would be in both d and m. It is there if its share is 1 and the
// tokens agree on that. Of several, as of a bias left out and a bias weighted wrongly, the one that
// takes most away is named. Nor may it leave one vector at every row, as a wrong bias in place of none.
//
//     left = sqrt(1 - gain / largest gain) + |1 - share| + error
//
// This takes a dump anchored at every site, or in float32: elsewhere the noise is experts that flipped
// too, which any small change flips alike.
//
// A port that rounds to bf16 where the official model does differs from our run that does so in nothing
// but its mistake. Then a mistake is there if it takes all of the difference away.
//
// Where    diagnose/diagnose.hpp.
// Source   measured with the right ports of scripts/right_ports.py.
#pragma once
#include <cmath>
#include <vector>

#include "gptoss/diagnose/diagnosis.hpp"
#include "gptoss/diagnose/projection.hpp"

namespace gptoss::diagnose {

inline constexpr double kMostOffShare = 0.2;  // |1 - share|
inline constexpr double kLeastSigma = 10;     // share / error
inline constexpr double kLeastCarrying = 3;   // tokens; of fewer, error says nothing
inline constexpr double kLeastGain = 20;      // by chance it is a few
inline constexpr double kMostCommon = 0.25;   // of m^2: a second mistake, or another one

inline bool is_there(const Projection& p) {
    const double by_chance = 6 * std::sqrt(2 * p.n_channels);
    if (p.common > kMostCommon * p.moved + by_chance) return false;
    const double off = std::abs(1 - p.share);
    // One clipped value of one token, far from anything that roundings do.
    if (p.n_tokens < kLeastCarrying) return off <= 0.05 && p.gain >= 1000;
    return p.gain >= kLeastGain && off <= kMostOffShare && p.share >= kLeastSigma * p.error;
}

inline constexpr double kAllOfIt = 0.98;          // of the squares of the difference
inline constexpr double kRightRoundings = 0.005;  // of values may be rounded otherwise

inline bool is_all_of_it(const Projection& p) {
    const bool differs = p.n_other >= kRightRoundings * p.n_values;
    return differs && p.n_tokens >= kLeastCarrying && p.gain >= kAllOfIt * p.all;
}

// projections[i] is of tried[i]; those that are there.
inline std::vector<Suspect> suspects_below_noise(const std::vector<pitfalls::Facts>& tried,
                                                 const std::vector<Projection>& projections,
                                                 bool (*is_it)(const Projection&)) {
    double largest = 0;
    for (const Projection& p : projections) {
        if (is_it(p)) largest = std::max(largest, p.gain);
    }
    std::vector<Suspect> suspects;
    for (std::size_t i = 0; i < projections.size(); ++i) {
        const Projection& p = projections[i];
        if (!is_it(p)) continue;
        Suspect s{tried[i]};
        const double worse = std::sqrt(1 - p.gain / largest);
        s.left = std::max(1e-4, worse + std::abs(1 - p.share) + p.error);
        s.explains_first = true;
        suspects.push_back(s);
    }
    return suspects;
}

// The sites that say so: a twentieth of the gain or more.
inline std::vector<dump::SiteKey> sites_of(const Projection& p) {
    std::vector<dump::SiteKey> keys;
    for (const auto& [key, gain] : p.at) {
        if (gain >= p.gain / 20) keys.push_back(key);
    }
    return keys;
}

}  // namespace gptoss::diagnose
