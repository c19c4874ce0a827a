// Kernels for 64-bit ARM: the bodies of fast/kernels/bodies.hpp, and MXFP4 by a table look-up of 16
// bytes.
//
// The table holds twice the values as bytes, and half the scale makes up for it; sums are added in
// the order of the plain body.
//
// Where    behind fast/kernels/kernels.hpp. Empty on other machines.
// Source   Arm C Language Extensions, Advanced SIMD: vqtbl1q_s8.
#pragma once
#include "gptoss/fast/kernels/table.hpp"

#if defined(__aarch64__)
#include <arm_neon.h>

namespace gptoss::fast::neon {

// Twice the 32 weights of a block, split.
inline void look_up(const std::uint8_t* codes, std::int8_t* twice) {
    const std::int8_t values[16] = {0, 1, 2, 3, 4, 6, 8, 12, 0, -1, -2, -3, -4, -6, -8, -12};
    const int8x16_t table = vld1q_s8(values);
    const uint8x16_t bytes = vld1q_u8(codes);
    vst1q_s8(twice, vqtbl1q_s8(table, vandq_u8(bytes, vdupq_n_u8(15))));
    vst1q_s8(twice + 16, vqtbl1q_s8(table, vshrq_n_u8(bytes, 4)));
}

inline float dot_mxfp4(Mxfp4Row w, Mxfp4Token token, int n_blocks) {
    float partial[16] = {};
    for (int block = 0; block < n_blocks; ++block) {
        const std::uint8_t* codes = w.codes_of(block);  // (16)
        __builtin_prefetch(codes + kPrefetchBytes);
        const float* x = token.split + block * kMxfp4BlockSize;  // (32)
        const float half_scale = 0.5f * kScaleValues[w.scale_of(block)];
        std::int8_t twice[32];
        look_up(codes, twice);
        for (int l = 0; l < 16; ++l) {
            const float pair =
                __builtin_fmaf(float(twice[16 + l]), x[16 + l], float(twice[l]) * x[l]);
            partial[l] = __builtin_fmaf(pair, half_scale, partial[l]);
        }
    }
    return sum_of<16>(partial);
}

inline void widen_mxfp4(Mxfp4Row w, int n_blocks, float* split) {
    for (int block = 0; block < n_blocks; ++block) {
        const float half_scale = 0.5f * kScaleValues[w.scale_of(block)];
        std::int8_t twice[32];
        look_up(w.codes_of(block), twice);
        for (int l = 0; l < kMxfp4BlockSize; ++l) {
            split[block * kMxfp4BlockSize + l] = float(twice[l]) * half_scale;
        }
    }
}

inline float dot_q8_0(const std::uint8_t* w, const float* x, int n) {
    return dot_q8_0_body<true>(w, x, n);
}

inline void unpack_mxfp4(Mxfp4Row w, int n_blocks, std::uint16_t* split) {
    unpack_mxfp4_body(w, n_blocks, split);
}

inline void multiply_add(StridedMatrix w, const float* x, int lanes, float* sums) {
    multiply_add_body<4, 16, true>(w, x, lanes, sums);
}

GPTOSS_KERNELS(InstructionSet::neon, , 16, 32, true, nullptr);

}  // namespace gptoss::fast::neon
#endif  // 64-bit ARM
