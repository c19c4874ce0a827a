// BF16 dot products: the AVX-512 instruction that multiplies 32 numbers in BF16 and adds pairs of
// products into 16 float sums, twice the work of a float multiply-add. Newer servers and desktops
// have it (Zen 4, Cooper Lake). Like the matrix unit it rounds activations to BF16.
//
//     multiply_by_bf16_dots: sums (32, 32) = w (32, in) * x (in, 32)
//
//   w, x, sums   as in fast/kernels/amx.hpp
//
// Where    fast/kernels/bf16_unit.hpp chooses between the two.
// Source   Intel Intrinsics Guide: _mm512_dpbf16_ps.
// Pitfalls The instruction takes subnormals for zero, and rounds each of the two additions of a pair.
//          Eight rows times two halves of the tokens are 16 sums in registers: enough that none waits
//          for the one before it.
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

__attribute__((target("avx512f,avx512bf16"))) inline void multiply_by_bf16_dots(
    const std::uint8_t* w, std::ptrdiff_t row_bytes, const std::uint16_t* x, int in_size,
    float* sums) {
    constexpr int n_rows = 8;
    for (int r = 0; r < 32; r += n_rows) {
        __m512 tile[n_rows][2];
        for (int a = 0; a < n_rows; ++a) {
            tile[a][0] = tile[a][1] = _mm512_setzero_ps();
        }
        const std::uint8_t* w_r = w + r * row_bytes;
        const std::uint16_t* second_half = x + std::ptrdiff_t(in_size) * 16;
        for (int i = 0; i < in_size; i += 2) {
            const auto x_0 = (__m512bh)_mm512_loadu_si512(x + 16 * i);            // 16 pairs
            const auto x_1 = (__m512bh)_mm512_loadu_si512(second_half + 16 * i);  // 16 pairs
            for (int a = 0; a < n_rows; ++a) {
                int pair = 0;
                std::memcpy(&pair, w_r + a * row_bytes + 2 * i, sizeof pair);
                const auto weights = (__m512bh)_mm512_set1_epi32(pair);
                tile[a][0] = _mm512_dpbf16_ps(tile[a][0], weights, x_0);
                tile[a][1] = _mm512_dpbf16_ps(tile[a][1], weights, x_1);
            }
        }
        for (int a = 0; a < n_rows; ++a) {
            _mm512_storeu_ps(sums + (r + a) * 32, tile[a][0]);
            _mm512_storeu_ps(sums + (r + a) * 32 + 16, tile[a][1]);
        }
    }
}

#else

inline bool has_bf16_dots() {
    return false;
}

#endif

}  // namespace gptoss::fast
