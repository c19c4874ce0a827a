// Token flips: tokens that are off, taken for flipped experts or not.
//
// A flipped expert moves the logits of its token by anything, and only more sites could show it. So
// what is judged is the geometric mean over tokens. In the numpy port's bf16 runs of tiny and odd (12
// seeds, 16 tokens) a right one was off by 0.011 at most, with one token beyond the tolerance. Of six
// mistakes that are in no list one moved as little, the others 0.18 and more.
//
// A mistake that begins somewhere, as at the second chunk, leaves the tokens before it alone; if many
// are off and right ones stand between them, nothing can be said.
//
// Where    diagnose/diagnose.hpp, for logits in bf16 that are judged token by token.
#pragma once
#include <algorithm>
#include <optional>
#include <vector>

#include "gptoss/diagnose/by_token.hpp"

namespace gptoss::diagnose {

// Of tokens that are off no more than this share are taken for flips; in the runs above it was one of
// 16.
inline constexpr double kMostFlippedTokens = 0.25;

struct TokenFlips {
    std::size_t n_off = 0;
    std::optional<int> first_token = {};  // many are off, all from this one on and none before it
    bool is_right = false;                // but for flips
    bool cannot_say = false;              // too many for flips, and no other sign of a mistake
};

// distances are those of token_distances; allowed is what a right one may be off by.
inline TokenFlips token_flips(const std::vector<double>& distances, double allowed) {
    const auto is_off = [&](double distance) { return distance > allowed; };
    const auto n_off = std::count_if(distances.begin(), distances.end(), is_off);
    const auto first_off = std::find_if(distances.begin(), distances.end(), is_off);
    const bool are_many = double(n_off) > kMostFlippedTokens * double(distances.size());
    const bool are_last = n_off == distances.end() - first_off;

    TokenFlips flips;
    flips.n_off = std::size_t(n_off);
    if (are_many && are_last && first_off != distances.begin()) {
        flips.first_token = int(first_off - distances.begin());
    }
    flips.is_right = geometric_mean(distances) <= allowed && !flips.first_token;
    flips.cannot_say = flips.is_right && are_many;
    return flips;
}

}  // namespace gptoss::diagnose
