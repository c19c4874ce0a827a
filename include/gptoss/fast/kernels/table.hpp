// The kernels of one instruction set as a table, and those of them that are plain C++.
//
//     dot_bf16      (n), (n)                        sum_i w[i] * x[i]
//     dot_int8      (n_blocks), (n_blocks * 32)     the same from 8-bit weights (core/int8.hpp)
//     dot_mxfp4     (n_blocks), (n_blocks * 32)     the same, x split (see bodies.hpp)
//     widen_bf16    (n)                             weights as floats
//     widen_int8    (n_blocks)                      weights as floats
//     widen_mxfp4   (n_blocks)                      weights as floats, split
//     unpack_mxfp4  (n_blocks)                      weights as BF16, split
//     multiply_add  (rows, cols), (cols, lanes)     sums(rows, lanes) += w * x; lanes % 16 == 0
//     soften        (n_keys, lanes)                 a step of the running softmax
//     swiglu        (2 * n)                         a row of layers/swiglu.hpp
//
// A target attribute cannot be a template argument, so each set's namespace says the macro below
// once, behind its own kernels for MXFP4. It has no more in it than calls of the bodies.
//
// Where    behind fast/kernels/kernels.hpp.
#pragma once
#include "gptoss/fast/kernels/bodies.hpp"
#include "gptoss/fast/kernels/exponentials.hpp"
#include "gptoss/fast/kernels/instruction_set.hpp"

namespace gptoss::fast {

struct Kernels {
    InstructionSet set;
    float (*dot_bf16)(const std::uint8_t* w, const float* x, int n);
    float (*dot_int8)(const std::uint8_t* w, const float* x, int n_blocks);
    float (*dot_mxfp4)(Mxfp4Row w, const float* x_split, int n_blocks);
    void (*widen_bf16)(const std::uint8_t* w, int n, float* weights);
    void (*widen_int8)(const std::uint8_t* w, int n_blocks, float* weights);
    void (*widen_mxfp4)(Mxfp4Row w, int n_blocks, float* split);
    void (*unpack_mxfp4)(Mxfp4Row w, int n_blocks, std::uint16_t* split);
    void (*multiply_add)(StridedMatrix w, const float* x, int lanes, float* sums);
    void (*soften)(MatrixView scores, float* maxima, float* denominators, float* rescale);
    void (*swiglu)(const float* h, float limit, int n, float* y);
};

}  // namespace gptoss::fast

// TARGET: the attribute of the set; N_ROWS, N_LANES: the tile that its registers hold.
// clang-format off
#define GPTOSS_KERNELS(SET, TARGET, N_ROWS, N_LANES, FUSED)                                        \
    TARGET inline float dot_bf16(const std::uint8_t* w, const float* x, int n) {                  \
        return dot_bf16_body<FUSED>(w, x, n);                                                     \
    }                                                                                             \
    TARGET inline float dot_int8(const std::uint8_t* w, const float* x, int n_blocks) {           \
        return dot_int8_body<FUSED>(w, x, n_blocks);                                              \
    }                                                                                             \
    TARGET inline void widen_bf16(const std::uint8_t* w, int n, float* weights) {                 \
        widen_bf16_body(w, n, weights);                                                           \
    }                                                                                             \
    TARGET inline void widen_int8(const std::uint8_t* w, int n_blocks, float* weights) {          \
        widen_int8_body(w, n_blocks, weights);                                                    \
    }                                                                                             \
    TARGET inline void multiply_add(StridedMatrix w, const float* x, int lanes, float* sums) {    \
        multiply_add_body<N_ROWS, N_LANES, FUSED>(w, x, lanes, sums);                             \
    }                                                                                             \
    TARGET inline void soften(MatrixView scores, float* maxima, float* denominators,              \
                              float* rescale) {                                                   \
        soften_body<FUSED>(scores, maxima, denominators, rescale);                                \
    }                                                                                             \
    TARGET inline void swiglu(const float* h, float limit, int n, float* y) {                     \
        swiglu_body<FUSED>(h, limit, n, y);                                                       \
    }                                                                                             \
    inline constexpr Kernels kKernels = {SET,         &dot_bf16,     &dot_int8, &dot_mxfp4,        \
                                        &widen_bf16, &widen_int8,   &widen_mxfp4,                 \
                                        &unpack_mxfp4, &multiply_add, &soften, &swiglu}
// clang-format on
