// The kernels of one instruction set as a table, and those of them that are plain C++.
//
//     dot_bf16      (n), (n)                        sum_i w[i] * x[i]
//     dot_f16, dot_f32, dot_q8_0                    the same from weights stored so (core/storage.hpp)
//     dots_mxfp4    (n_rows, n_blocks), a token     the same, of several rows; see Mxfp4Token
//     to_fixed_point (n_blocks * 32)                a token for dots_mxfp4 (fast/kernels/fixed_point.hpp)
//     widen_bf16    (n)                             weights as floats
//     widen_f16, widen_f32, widen_q8_0              the same
//     widen_mxfp4   (n_blocks)                      weights as floats, split
//     unpack_mxfp4  (n_blocks)                      weights as BF16, split
//     multiply_add  (rows, cols), (cols, lanes)     sums(rows, lanes) += w * x; lanes % 8 == 0
//     soften        (n_keys, lanes)                 a step of the running softmax
//     swiglu        (2 * n)                         a row of layers/swiglu.hpp
//
// A target attribute cannot be a template argument, so each set's namespace says the macro below
// once, behind its own kernels for MXFP4, Q8_0 and multiply_add. It has no more in it than calls of
// the bodies.
//
// Where    behind fast/kernels/kernels.hpp.
#pragma once
#include "gptoss/fast/kernels/bodies.hpp"
#include "gptoss/fast/kernels/exponentials.hpp"
#include "gptoss/fast/kernels/fixed_point.hpp"
#include "gptoss/fast/kernels/instruction_set.hpp"

namespace gptoss::fast {

// A token as dots_mxfp4 reads it: where there is a to_fixed_point, what that gives, otherwise split.
struct Mxfp4Token {
    const float* split = nullptr;      // (n_blocks * 32)
    const FixedPair* fixed = nullptr;  // (n_blocks / 2, rounded up)
};

inline constexpr int kMostLanes = 32;

struct Kernels {
    InstructionSet set;
    int fewest_lanes;  // what a block of tokens is rounded up to: fewer take as long
    int most_lanes;    // of a block, at most kMostLanes
    float (*dot_bf16)(const std::uint8_t* w, const float* x, int n);
    float (*dot_f16)(const std::uint8_t* w, const float* x, int n);
    float (*dot_f32)(const std::uint8_t* w, const float* x, int n);
    float (*dot_q8_0)(const std::uint8_t* w, const float* x, int n);
    void (*dots_mxfp4)(const Mxfp4Row* w, int n_rows, Mxfp4Token x, int n_blocks, float* sums);
    void (*to_fixed_point)(const float* x_split, int n_blocks, FixedPair* fixed);  // or null
    void (*widen_bf16)(const std::uint8_t* w, int n, float* weights);
    void (*widen_f16)(const std::uint8_t* w, int n, float* weights);
    void (*widen_f32)(const std::uint8_t* w, int n, float* weights);
    void (*widen_q8_0)(const std::uint8_t* w, int n, float* weights);
    void (*widen_mxfp4)(Mxfp4Row w, int n_blocks, float* split);
    void (*unpack_mxfp4)(Mxfp4Row w, int n_blocks, std::uint16_t* split);
    void (*multiply_add)(StridedMatrix w, const float* x, int lanes, float* sums);
    void (*soften)(MatrixView scores, float* maxima, float* denominators, float* rescale);
    void (*swiglu)(const float* h, float limit, float alpha, int n, float* y);
};

}  // namespace gptoss::fast

// TARGET: the attribute of the set; FEWEST_LANES, MOST_LANES, TO_FIXED_POINT: entries of Kernels.
// clang-format off
#define GPTOSS_KERNELS(SET, TARGET, FEWEST_LANES, MOST_LANES, FUSED, TO_FIXED_POINT)              \
    TARGET inline float dot_bf16(const std::uint8_t* w, const float* x, int n) {                  \
        return dot_body<Storage::bf16, FUSED>(w, x, n);                                           \
    }                                                                                             \
    TARGET inline void widen_bf16(const std::uint8_t* w, int n, float* weights) {                 \
        widen_body<Storage::bf16>(w, n, weights);                                                 \
    }                                                                                             \
    TARGET inline float dot_f16(const std::uint8_t* w, const float* x, int n) {                   \
        return dot_body<Storage::f16, FUSED>(w, x, n);                                            \
    }                                                                                             \
    TARGET inline void widen_f16(const std::uint8_t* w, int n, float* weights) {                  \
        widen_body<Storage::f16>(w, n, weights);                                                  \
    }                                                                                             \
    TARGET inline float dot_f32(const std::uint8_t* w, const float* x, int n) {                   \
        return dot_body<Storage::f32, FUSED>(w, x, n);                                            \
    }                                                                                             \
    TARGET inline void widen_f32(const std::uint8_t* w, int n, float* weights) {                  \
        widen_body<Storage::f32>(w, n, weights);                                                  \
    }                                                                                             \
    TARGET inline void widen_q8_0(const std::uint8_t* w, int n, float* weights) {                 \
        widen_q8_0_body(w, n, weights);                                                           \
    }                                                                                             \
    TARGET inline void dots_mxfp4(const Mxfp4Row* w, int n_rows, Mxfp4Token x, int n_blocks,      \
                                  float* sums) {                                                  \
        for (int r = 0; r < n_rows; ++r) {                                                        \
            sums[r] = dot_mxfp4(w[r], x, n_blocks);                                               \
        }                                                                                         \
    }                                                                                             \
    TARGET inline void soften(MatrixView scores, float* maxima, float* denominators,              \
                              float* rescale) {                                                   \
        soften_body<FUSED>(scores, maxima, denominators, rescale);                                \
    }                                                                                             \
    TARGET inline void swiglu(const float* h, float limit, float alpha, int n, float* y) {        \
        swiglu_body<FUSED>(h, limit, alpha, n, y);                                                \
    }                                                                                             \
    inline constexpr Kernels kKernels = {                                                         \
        SET,          FEWEST_LANES, MOST_LANES,                                                   \
        &dot_bf16,    &dot_f16,    &dot_f32,   &dot_q8_0,   &dots_mxfp4, TO_FIXED_POINT,          \
        &widen_bf16,  &widen_f16,  &widen_f32, &widen_q8_0, &widen_mxfp4, &unpack_mxfp4,          \
        &multiply_add, &soften, &swiglu}
// clang-format on
