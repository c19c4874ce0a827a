// Bodies with an exponential in them: the running softmax of attention, and SwiGLU.
//
//     exp(x) = 2^n * exp(r)     n = round(x / ln 2),  r = x - n * ln 2,  |r| <= ln 2 / 2
//     exp(r) ~ 1 + r + r^2/2 + ... + r^6/720, the Taylor sum: off by 1.2e-7 of itself at most
//
// std::exp is a call per number; this is a dozen operations that run on a register full of them.
//
// Where    behind fast/kernels/kernels.hpp, for attention.hpp and swiglu.hpp.
// Source   Cody and Waite 1980, Software Manual for the Elementary Functions, chapter 6.
// Pitfalls Below -87 the result is 0, also for the -inf of a hidden key; above 88 it is that of 88.
//          A NaN passes through all of it. ln 2 is subtracted in two parts, or r loses the bits
//          that n * ln 2 has in front.
#pragma once
#include <bit>

#include "gptoss/fast/kernels/bodies.hpp"

namespace gptoss::fast {

// One of two, chosen by bits: behind a branch, compilers compute one number at a time.
[[gnu::always_inline]] inline float select(bool condition, float yes, float no) {
    const std::uint32_t all_or_none = 0u - std::uint32_t(condition);
    return std::bit_cast<float>((std::bit_cast<std::uint32_t>(yes) & all_or_none) |
                                (std::bit_cast<std::uint32_t>(no) & ~all_or_none));
}

template <bool fused>
[[gnu::always_inline]] inline float exp_of(float x) {
    const float in_range = select(x > 88.0f, 88.0f, select(x < -87.0f, -87.0f, x));
    const float round_by_adding = 12582912.0f;  // 1.5 * 2^23: no room for a fraction behind it
    const float shifted = in_range * 1.44269504f + round_by_adding;
    const float n = shifted - round_by_adding;
    const float most_of_r = multiply_add<fused>(n, -0.693359375f, in_range);
    const float r = multiply_add<fused>(n, 2.12194440e-4f, most_of_r);
    float sum = 1.0f / 720;
    sum = multiply_add<fused>(sum, r, 1.0f / 120);
    sum = multiply_add<fused>(sum, r, 1.0f / 24);
    sum = multiply_add<fused>(sum, r, 1.0f / 6);
    sum = multiply_add<fused>(sum, r, 0.5f);
    sum = multiply_add<fused>(sum, r, 1.0f);
    sum = multiply_add<fused>(sum, r, 1.0f);
    const std::uint32_t exponent = std::bit_cast<std::uint32_t>(shifted) << 23;
    const float scaled = std::bit_cast<float>(std::bit_cast<std::uint32_t>(sum) + exponent);
    return select(x < -87.0f, 0.0f, scaled);
}

// For each lane: scores (n_keys) become exp(score - maximum), the maximum and the denominator move
// on, and rescale is what everything summed so far has to be multiplied by.
template <bool fused>
[[gnu::always_inline]] inline void soften_body(MatrixView scores, float* maxima,
                                               float* denominators, float* rescale) {
    const int lanes = scores.cols;
    for (int l = 0; l < lanes; ++l) {
        rescale[l] = maxima[l];
    }
    for (int s = 0; s < scores.rows; ++s) {
        const float* scores_s = scores.row(s);  // (lanes)
        for (int l = 0; l < lanes; ++l) {
            maxima[l] = scores_s[l] > maxima[l] ? scores_s[l] : maxima[l];
        }
    }
    for (int l = 0; l < lanes; ++l) {
        const bool has_grown = rescale[l] != maxima[l];  // both may be -inf: no difference then
        rescale[l] = exp_of<fused>(select(has_grown, rescale[l] - maxima[l], 0.0f));
        denominators[l] *= rescale[l];
    }
    for (int s = 0; s < scores.rows; ++s) {
        float* scores_s = scores.row(s);  // (lanes)
        for (int l = 0; l < lanes; ++l) {
            const bool is_hidden = scores_s[l] < -3e38f;
            scores_s[l] = select(is_hidden, 0.0f, exp_of<fused>(scores_s[l] - maxima[l]));
            denominators[l] += scores_s[l];
        }
    }
}

template <bool fused>
[[gnu::always_inline]] inline void swiglu_body(const float* h, float limit, float alpha, int n,
                                               float* y) {
    for (int i = 0; i < n; ++i) {
        const float gate = select(h[2 * i] > limit, limit, h[2 * i]);
        const float below = select(h[2 * i + 1] > limit, limit, h[2 * i + 1]);
        const float up = select(below < -limit, -limit, below);
        const float sigmoid = 1.0f / (1.0f + exp_of<fused>(-alpha * gate));
        y[i] = gate * sigmoid * (up + 1.0f);
    }
}

}  // namespace gptoss::fast
