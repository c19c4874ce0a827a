// The kernels of one instruction set as a table, and those of them that are plain C++.
//
//     dot           (n), (n)                        sum_i w[i] * x[i], w in a Storage (core/storage.hpp);
//                                                   x as Kernels::dot says
//     dots_mxfp4    (n_rows, n_blocks), a token     the same, of several rows; see Mxfp4Token
//     to_fixed_point (n_blocks * 32)                a token for dots_mxfp4 (fast/kernels/fixed_point.hpp)
//     widen         (n)                             weights in a Storage as floats
//     widen_mxfp4   (8, n_blocks)                   eight rows as floats, split and side by side
//     transpose     (8, n)                          rows of floats side by side: (n, 8 of lanes)
//     unpack_mxfp4  (n_blocks)                      weights as BF16, split
//     multiply_add  (rows, cols), (cols, lanes)     sums(rows, lanes) += w * x; lanes % 8 == 0
//     soften        (n_keys, lanes)                 a step of the running softmax
//     swiglu        (2 * n)                         a row of layers/swiglu.hpp
//
// A target attribute cannot be a template argument, so each set's namespace says the macro below
// once, behind its own kernels for MXFP4, Q8_0, transpose and multiply_add. It has no more in it than calls of
// the bodies.
//
// Where    behind fast/kernels/kernels.hpp.
#pragma once
#include "gptoss/fast/kernels/bodies.hpp"
#include "gptoss/fast/kernels/exponentials.hpp"
#include "gptoss/fast/kernels/fixed_point.hpp"
#include "gptoss/fast/kernels/instruction_set.hpp"
#include "gptoss/fast/kernels/tiles.hpp"

namespace gptoss::fast {

// A token as dots_mxfp4 reads it: where there is a to_fixed_point, what that gives, otherwise split.
struct Mxfp4Token {
    const float* split = nullptr;      // (n_blocks * 32)
    const FixedPair* fixed = nullptr;  // (n_blocks / 2, rounded up)
};

inline constexpr int kMostLanes = 32;

struct Kernels {
    InstructionSet set;
    int panel_lanes;  // weight rows side by side, for which multiply_add is fastest: 8 to kMostLanes in eights
    float (*dots[4])(const std::uint8_t* w, const float* x, int n);  // by Storage
    void (*widens[4])(const std::uint8_t* w, int n, float* weights);
    void (*dots_mxfp4)(const Mxfp4Row* w, int n_rows, Mxfp4Token x, int n_blocks, float* sums);
    void (*to_fixed_point)(const float* x_split, int n_blocks, FixedPair* fixed);  // or null
    void (*widen_mxfp4)(const Mxfp4Row* w, int first_block, int n_blocks, float* panel, int lanes);
    void (*transpose)(const float* rows, int n, float* panel, int lanes);
    void (*unpack_mxfp4)(Mxfp4Row w, int n_blocks, std::uint16_t* split);
    void (*multiply_add)(StridedMatrix w, const float* x, int lanes, float* sums);
    void (*soften)(MatrixView scores, float* maxima, float* denominators, float* rescale);
    void (*swiglu)(const float* h, float limit, float alpha, int n, float* y);

    // For BF16 the whole blocks of x are split (fast/kernels/bodies.hpp).
    float dot(Storage storage, const std::uint8_t* w, const float* x, int n) const {
        return dots[int(storage)](w, x, n);
    }
    void widen(Storage storage, const std::uint8_t* w, int n, float* weights) const {
        widens[int(storage)](w, n, weights);
    }
};

}  // namespace gptoss::fast

// TARGET: the attribute of the set; PANEL_LANES, TO_FIXED_POINT: entries of Kernels.
// clang-format off
#define GPTOSS_KERNELS(SET, TARGET, PANEL_LANES, FUSED, TO_FIXED_POINT)                           \
    template <Storage storage>                                                                    \
    TARGET inline float dot(const std::uint8_t* w, const float* x, int n) {                       \
        if constexpr (storage == Storage::q8_0) {                                                 \
            return dot_q8_0(w, x, n);                                                             \
        } else if constexpr (storage == Storage::bf16) {                                          \
            return dot_bf16_body<FUSED>(w, x, n);                                                 \
        } else {                                                                                  \
            return dot_body<storage, FUSED>(w, x, n);                                             \
        }                                                                                         \
    }                                                                                             \
    template <Storage storage>                                                                    \
    TARGET inline void widen(const std::uint8_t* w, int n, float* weights) {                      \
        widen_body<storage>(w, n, weights);                                                       \
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
        SET,                                                                                      \
        PANEL_LANES,                                                                              \
        {&dot<Storage::bf16>, &dot<Storage::f16>, &dot<Storage::f32>, &dot<Storage::q8_0>},       \
        {&widen<Storage::bf16>, &widen<Storage::f16>, &widen<Storage::f32>, &widen<Storage::q8_0>},\
        &dots_mxfp4,   TO_FIXED_POINT, &widen_mxfp4, &transpose,                                  \
        &unpack_mxfp4, &multiply_add,  &soften,      &swiglu}
// clang-format on
