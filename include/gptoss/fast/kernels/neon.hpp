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

// Of four rows: their bytes side by side, then 16 floats at a time.
inline void widen_four(const Mxfp4Row* w, int block, float* panel, int lanes) {
    std::int8_t twice[4][32];
    float half_scales[4];
    for (int r = 0; r < 4; ++r) {
        look_up(w[r].codes_of(block), twice[r]);
        half_scales[r] = 0.5f * kScaleValues[w[r].scale_of(block)];
    }
    const float32x4_t scales = vld1q_f32(half_scales);
    for (int i = 0; i < kMxfp4BlockSize; i += 16) {
        std::int8_t columns[64];  // (16, 4)
        vst4q_s8(columns, {vld1q_s8(twice[0] + i), vld1q_s8(twice[1] + i), vld1q_s8(twice[2] + i),
                           vld1q_s8(twice[3] + i)});
        for (int c = 0; c < 16; c += 2) {
            const int16x8_t two = vmovl_s8(vld1_s8(columns + 4 * c));
            const float32x4_t first = vcvtq_f32_s32(vmovl_s16(vget_low_s16(two)));
            const float32x4_t second = vcvtq_f32_s32(vmovl_high_s16(two));
            vst1q_f32(panel + (i + c) * lanes, vmulq_f32(first, scales));
            vst1q_f32(panel + (i + c + 1) * lanes, vmulq_f32(second, scales));
        }
    }
}

inline void widen_mxfp4(const Mxfp4Row* w, int first_block, int n_blocks, float* panel, int lanes) {
    for (int block = first_block; block < first_block + n_blocks; ++block) {
        widen_four(w, block, panel, lanes);
        widen_four(w + 4, block, panel + 4, lanes);
        panel += kMxfp4BlockSize * lanes;
    }
}

inline void transpose(const float* rows, int n, float* panel, int lanes) {
    int i = 0;
    for (; i + 4 <= n; i += 4) {
        for (int r = 0; r < 8; r += 4) {
            float columns[16];  // (4, 4)
            const float* four = rows + r * n + i;
            vst4q_f32(columns, {vld1q_f32(four), vld1q_f32(four + n), vld1q_f32(four + 2 * n),
                                vld1q_f32(four + 3 * n)});
            for (int c = 0; c < 4; ++c) {
                vst1q_f32(panel + (i + c) * lanes + r, vld1q_f32(columns + 4 * c));
            }
        }
    }
    transpose_body(rows, i, n, panel, lanes);
}

inline float dot_q8_0(const std::uint8_t* w, const float* x, int n) {
    return dot_q8_0_body<true>(w, x, n);
}

inline void unpack_mxfp4(Mxfp4Row w, int n_blocks, std::uint16_t* split) {
    unpack_mxfp4_body(w, n_blocks, split);
}

inline void multiply_add(StridedMatrix w, const float* x, int lanes, float* sums) {
    multiply_add_body<Tile<true>, 4, 16>(w, x, lanes, sums);
}

GPTOSS_KERNELS(InstructionSet::neon, , 16, true, nullptr);

}  // namespace gptoss::fast::neon
#endif  // 64-bit ARM
