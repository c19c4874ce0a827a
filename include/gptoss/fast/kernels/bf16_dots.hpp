// BF16 dot products: the AVX-512 instruction that multiplies 32 numbers in BF16 and adds pairs of
// products into 16 float sums, twice the work of a float multiply-add. Newer servers and desktops
// have it (Zen 4, Cooper Lake). Like the matrix unit it rounds activations to BF16.
//
//     multiply_by_bf16_dots: sums (32, 32) = w (32, in) * x (in, 32), as many columns of it as there
//                            are tokens, rounded up to a multiple of eight
//
//   w, x, sums   as in fast/kernels/amx.hpp
//
// Where    fast/kernels/bf16_unit.hpp chooses between the two.
// Source   Intel Intrinsics Guide: _mm512_dpbf16_ps.
// Pitfalls The instruction takes subnormals for zero, and rounds each of the two additions of a pair.
//          Eight or 16 rows are 16 registers of sums: enough that none waits for the one before it.
#pragma once
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "gptoss/fast/kernels/instruction_set.hpp"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace gptoss::fast {

#if defined(__x86_64__)

inline bool has_bf16_dots() {
    return can_run(InstructionSet::avx512) && __builtin_cpu_supports("avx512bf16");
}

#if defined(__clang__)
#define GPTOSS_UNROLL_16
#else
#define GPTOSS_UNROLL_16 _Pragma("GCC unroll 16")
#endif
#define GPTOSS_BF16_DOTS __attribute__((target("avx512f,avx512vl,avx512bf16")))

// n_lanes tokens: 16 to a register, the last eight in half a register.
template <int n_lanes>
GPTOSS_BF16_DOTS inline void multiply_lanes(const std::uint8_t* w, std::ptrdiff_t row_bytes,
                                            const std::uint16_t* x, int in_size, float* sums) {
    constexpr int n_rows = n_lanes > 16 ? 8 : 16;
    constexpr int n_full = n_lanes / 16;
    constexpr bool has_half = n_lanes % 16 != 0;
    for (int r = 0; r < 32; r += n_rows) {
        __m512 tile[n_rows][2];
        __m256 half_tile[n_rows];
        GPTOSS_UNROLL_16
        for (int a = 0; a < n_rows; ++a) {
            tile[a][0] = tile[a][1] = _mm512_setzero_ps();
            half_tile[a] = _mm256_setzero_ps();
        }
        const std::uint8_t* w_r = w + r * row_bytes;
        for (int i = 0; i < in_size; i += 2) {
            const std::uint16_t* x_i = x + 16 * i;  // 16 pairs
            GPTOSS_UNROLL_16
            for (int a = 0; a < n_rows; ++a) {
                int pair = 0;
                std::memcpy(&pair, w_r + a * row_bytes + 2 * i, sizeof pair);
                __m512i weights = _mm512_set1_epi32(pair);
                if constexpr (n_full > 0 && has_half) asm("" : "+v"(weights));  // one load for both
                for (int b = 0; b < n_full; ++b) {
                    const auto x_b = (__m512bh)_mm512_loadu_si512(x_i + b * 16 * in_size);
                    tile[a][b] = _mm512_dpbf16_ps(tile[a][b], (__m512bh)weights, x_b);
                }
                if constexpr (has_half) {
                    __m256bh half_weights;
                    std::memcpy(&half_weights, &weights, sizeof half_weights);
                    const void* last = x_i + n_full * 16 * in_size;  // 8 pairs
                    const auto x_b =
                        (__m256bh)_mm256_loadu_si256(static_cast<const __m256i*>(last));
                    half_tile[a] = _mm256_dpbf16_ps(half_tile[a], half_weights, x_b);
                }
            }
        }
        GPTOSS_UNROLL_16
        for (int a = 0; a < n_rows; ++a) {
            float* sums_a = sums + (r + a) * 32;
            for (int b = 0; b < n_full; ++b) {
                _mm512_storeu_ps(sums_a + 16 * b, tile[a][b]);
            }
            if constexpr (has_half) _mm256_storeu_ps(sums_a + 16 * n_full, half_tile[a]);
        }
    }
}

GPTOSS_BF16_DOTS inline void multiply_by_bf16_dots(const std::uint8_t* w, std::ptrdiff_t row_bytes,
                                                   const std::uint16_t* x, int in_size,
                                                   int n_tokens, float* sums) {
    if (n_tokens <= 8) return multiply_lanes<8>(w, row_bytes, x, in_size, sums);
    if (n_tokens <= 16) return multiply_lanes<16>(w, row_bytes, x, in_size, sums);
    if (n_tokens <= 24) return multiply_lanes<24>(w, row_bytes, x, in_size, sums);
    multiply_lanes<32>(w, row_bytes, x, in_size, sums);
}

#undef GPTOSS_BF16_DOTS
#undef GPTOSS_UNROLL_16

#else

inline bool has_bf16_dots() {
    return false;
}

#endif

}  // namespace gptoss::fast
