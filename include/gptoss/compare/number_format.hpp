// Number format: in which numbers a run kept its activations, as their values tell.
//
//     bf16       8 significant bits: the lower half of the float32 is zero
//     float16    11 significant bits, and no larger than 65504
//
// Both are stored as whatever in a dump: files of NumPy know no bf16. A run in 16 bits is off by its
// rounding, so it is held against the bounds of the policy of its name.
//
// Where    compare, to say so; diagnose, which takes the policy.
// Pitfalls The embedding has bf16 numbers in every run and says nothing. One value in a hundred may be
//          another: some ports keep a few of them in float32.
#pragma once
#include <algorithm>
#include <cmath>
#include <vector>

#include "gptoss/compare/comparison.hpp"
#include "gptoss/core/bf16.hpp"
#include "gptoss/core/fp16.hpp"
#include "gptoss/dump/dump.hpp"

namespace gptoss::compare {

enum class NumberFormat { float32, bf16, float16 };

inline const char* number_format_name(NumberFormat format) {
    if (format == NumberFormat::bf16) return "bf16";
    if (format == NumberFormat::float16) return "float16";
    return "float32";
}

inline Policy policy_for(NumberFormat format) {
    if (format == NumberFormat::bf16) return Policy::bf16;
    return format == NumberFormat::float16 ? Policy::float16 : Policy::float32;
}

inline NumberFormat number_format(const std::vector<float>& values) {
    std::size_t n_bf16 = 0, n_float16 = 0;
    for (const float value : values) {
        n_bf16 += value == round_to_bf16(value) || std::isnan(value);
        n_float16 += is_fp16(value);
    }
    const double most = 0.99 * double(values.size());
    if (double(n_bf16) > most) return NumberFormat::bf16;
    if (double(n_float16) > most) return NumberFormat::float16;
    return NumberFormat::float32;
}

// That of most of its arrays.
inline NumberFormat number_format_of(const dump::Dump& dump) {
    int n_bf16 = 0, n_float16 = 0, n_float32 = 0;
    for (const auto& [key, activation] : dump.sites) {
        if (key.site == Site::embedding || activation.values.empty()) continue;
        const NumberFormat format = number_format(activation.values);
        n_bf16 += format == NumberFormat::bf16;
        n_float16 += format == NumberFormat::float16;
        n_float32 += format == NumberFormat::float32;
    }
    if (n_float32 >= std::max(n_bf16, n_float16)) return NumberFormat::float32;
    return n_float16 > n_bf16 ? NumberFormat::float16 : NumberFormat::bf16;
}

}  // namespace gptoss::compare
