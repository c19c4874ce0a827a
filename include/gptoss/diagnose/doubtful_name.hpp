// A doubtful name: the likeliest mistake of a dump that holds every site, and yet not likely.
//
// Such a dump has the mistake's own op from the port's own inputs, so that no more than roundings may be
// left when the mistake is in place. In bf16 they hide other mistakes of that op, near to the known one
// or as small as a rounding. So a name counts as none of the known
//
//     if its confidence is below 1/2          that of all names that are as likely, together
//     or below 9/10, and the mistake's share in what is off is not 1
//                                             (diagnose/projection.hpp, in runs that do not round)
//
// Where    diagnose/diagnose.hpp.
// Source   the blind port: an alpha of 1.072 is swiglu_alpha_one to 0.9, with a confidence of 0.66; biases of
//          the wrong expert are down_bias_missing with one of 0.3.
#pragma once
#include <cmath>
#include <vector>

#include "gptoss/diagnose/projection.hpp"
#include "gptoss/diagnose/suspects.hpp"

namespace gptoss::diagnose {

inline constexpr double kLeastConfidence = 0.5;
inline constexpr double kSureConfidence = 0.9;
inline constexpr double kMostOffWhole = 0.05;  // |1 - share|, beside three errors of it

// Of the first of the ranked and those that are as likely.
inline double confidence_in_names(const std::vector<Suspect>& ranked, int n_as_likely) {
    double sum = 0;
    for (int i = 0; i < n_as_likely; ++i) {
        sum += ranked[std::size_t(i)].confidence;
    }
    return sum;
}

inline bool is_whole(const Projection& p) {
    return std::abs(1 - p.share) <= kMostOffWhole + 3 * p.error;
}

}  // namespace gptoss::diagnose
