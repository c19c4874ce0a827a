// Flip allowance: how far each token may be off because of expert flips before it.
//
// A flip (compare/expert_match.hpp) moves the token's residual by a known amount: the error e that
// is measured at mlp.residual of that token and layer. From then on the token may be off by
//
//     allowance = growth * e          on top of the tolerance
//
// and so may every later token that attends to it, from the scores of the next layer on, as far as
// the window of that layer reaches. A token whose allowance would be so large that nothing could be
// told is left out instead.
//
//     kFlipGrowth      how much an error at the residual grows until it is worst, at any site
//     kMostAllowance   errors are in units of the site's rms; beyond this no mistake would show
//     kAttendedShare   how much of it comes through attention; scores and weights, which have a
//                      column of their own for the flipped token, get all of it
//     kMostInRouter    how much of it counts when a later choice of experts is judged
//
// Source   measured: Hugging Face's bf16 run of the golden odd flips at four tokens; their errors
//          grow to 3.6 times the error at the residual, those of later tokens to 0.9 times, in
//          scores to 3.9 times; ports with TF32 and bf16 products over 800 tokens of nano, 5 times at
//          swiglu, which has a few large values and so a small rms. Weights of such tokens are not
//          judged at all: most are near 0, and so is their rms, while one that moves may move by 1.
//
// Where    compare/compare.hpp, which begins each layer, then spreads, then adds the flips.
#pragma once
#include <algorithm>
#include <cstddef>
#include <deque>
#include <limits>
#include <vector>

namespace gptoss::compare {

inline constexpr double kFlipGrowth = 6;
inline constexpr double kMostAllowance = 4;
inline constexpr double kAttendedShare = 0.5;
inline constexpr double kMostInRouter = 0.5;
inline constexpr double kLeftOut = std::numeric_limits<double>::infinity();

// Per token: 0 strict, above it lenient, kLeftOut not compared.
using Allowance = std::vector<double>;

inline bool allows_any(const Allowance& own) {
    return std::any_of(own.begin(), own.end(), [](double allowed) { return allowed > 0; });
}

// What tokens are allowed once they have attended to each other: their own, or a share of the most
// of those they see. window counts the visible keys, the own one included; 0 means all earlier.
// A token left out leaves no other out.
inline Allowance spread(const Allowance& own, int window, double share) {
    Allowance seen = own;
    if (!allows_any(own)) return seen;
    // Earlier tokens in sight that no later one exceeds, so falling: the first is the most of all.
    std::deque<std::size_t> falling;
    for (std::size_t t = 1; t < own.size(); ++t) {
        while (!falling.empty() && own[falling.back()] <= own[t - 1]) {
            falling.pop_back();
        }
        falling.push_back(t - 1);
        const bool is_out_of_sight = window > 0 && falling.front() + std::size_t(window) <= t;
        if (is_out_of_sight) falling.pop_front();
        const double most = falling.empty() ? 0 : std::min(own[falling.front()], kMostAllowance);
        seen[t] = std::max(own[t], share * most);
    }
    return seen;
}

inline double allowance_of_flip(double error_at_residual) {
    const double allowance = kFlipGrowth * error_at_residual;
    return allowance <= kMostAllowance ? allowance : kLeftOut;
}

}  // namespace gptoss::compare
