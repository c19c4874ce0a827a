// Another rotation: a mistake that is near to the one that a port in bf16 makes, and is not it.
//
// In bf16 a tenth of an error may be left by roundings alone, so angles that are nearly those of the
// port explain its q_rope and k_rope. But pairs that turn fast show whether the port rounds where our
// run does: if, with the mistake in place, all of these are equal to the last bit and others are not,
// the difference is no rounding. The port's angles are other ones.
//
//   ours, theirs   q_rope or k_rope, bf16 numbers, any number of heads
//
// Where    diagnose/diagnose.hpp, for dumps in bf16 with every site.
// Errors   none: arrays of different extents show nothing.
// Source   kMostUnequal: the port of tests/blind_port makes the mistakes that are in the list with no
//          unequal value, or with unequal ones among the fast pairs too. Three that are not in it, whose
//          bounds of YaRN's ramp are near to yarn_max_positions', left 5 to 19 % unequal.
#pragma once
#include <cstddef>

#include "gptoss/dump/run_dump.hpp"

namespace gptoss::diagnose {

inline constexpr double kMostUnequal = 0.02;  // of the values of the pairs that are not fast

// Frequencies fall with the pair: the first quarter is fast. Pair i is channels i and i + head_dim / 2.
inline bool is_another_rotation(const dump::Activation& ours, const dump::Activation& theirs,
                                int head_dim) {
    if (ours.values.size() != theirs.values.size()) return false;
    const std::size_t n_pairs = std::size_t(head_dim) / 2;
    std::size_t n_unequal = 0;
    std::size_t n_slow = 0;
    for (std::size_t i = 0; i < ours.values.size(); ++i) {
        const bool is_fast = i % n_pairs < n_pairs / 4;
        const bool is_equal = ours.values[i] == theirs.values[i];
        if (is_fast && !is_equal) return false;  // it rounds elsewhere
        n_slow += !is_fast;
        n_unequal += !is_fast && !is_equal;
    }
    return double(n_unequal) > kMostUnequal * double(n_slow);
}

}  // namespace gptoss::diagnose
