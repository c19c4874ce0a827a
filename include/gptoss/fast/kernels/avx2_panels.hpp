// Kernels for panels on x86-64 with AVX2: rows of weights side by side, eight in a register, and the
// tiles that multiply them.
//
//     widen_mxfp4   bytes of eight rows are interleaved; pshufb then looks up the upper two bytes of each
//                   weight's float, whose lower two are zero
//     transpose     floats of eight rows
//     multiply_add  4 rows of 16 or 24 lanes, or 8 of 8: of 16 registers, 8 or 12 hold sums
//
// Where    behind fast/kernels/kernels.hpp. Empty on other machines.
// Source   Intel Intrinsics Guide: _mm256_shuffle_epi8, _mm256_unpacklo_epi8.
// Pitfalls as in fast/kernels/avx2.hpp.
#pragma once
#include "gptoss/fast/kernels/table.hpp"

#if defined(__x86_64__)
#include <immintrin.h>

#define GPTOSS_AVX2 __attribute__((target("avx2,fma,f16c")))

namespace gptoss::fast::avx2 {

// 16 bytes of each of two rows.
GPTOSS_AVX2 inline __m256i load_rows(const std::uint8_t* first, const std::uint8_t* second) {
    return _mm256_loadu2_m128i(reinterpret_cast<const __m128i*>(second),
                               reinterpret_cast<const __m128i*>(first));
}

// The weights of 32 codes before their scale, eight in a register: a weight is the upper half of a
// float, looked up as two bytes. The first register has those of the first four codes of each half.
GPTOSS_AVX2 inline void look_up(__m256i codes, __m256 weights[4]) {
    const __m256i upper_bytes = _mm256_broadcastsi128_si256(
        _mm_set_epi64x(std::int64_t(0xC0C0C0C0BFBFBF80), 0x404040403F3F3F00));
    const __m256i lower_bytes = _mm256_broadcastsi128_si256(
        _mm_set_epi64x(std::int64_t(0xC0804000C0800000), std::int64_t(0xC0804000C0800000)));
    const __m256i zero = _mm256_setzero_si256();
    const __m256i upper = _mm256_shuffle_epi8(upper_bytes, codes);
    const __m256i lower = _mm256_shuffle_epi8(lower_bytes, codes);
    const __m256i halves[2] = {_mm256_unpacklo_epi8(lower, upper),
                               _mm256_unpackhi_epi8(lower, upper)};
    for (int i = 0; i < 2; ++i) {
        weights[2 * i] = _mm256_castsi256_ps(_mm256_unpacklo_epi16(zero, halves[i]));
        weights[2 * i + 1] = _mm256_castsi256_ps(_mm256_unpackhi_epi16(zero, halves[i]));
    }
}

// Bytes of eight rows are put side by side first, then looked up. quarters[q] holds bytes 4 * q to
// 4 * q + 3 of each row: four rows in one half of the register, four in the other.
GPTOSS_AVX2 inline void widen_mxfp4(const Mxfp4Row* w, int first_block, int n_blocks, float* panel,
                                    int lanes) {
    const __m256i low_nibbles = _mm256_set1_epi8(15);
    const std::uint8_t *codes[8], *scales[8];
    for (int r = 0; r < 8; ++r) {
        codes[r] = w[r].codes_of(first_block);
        scales[r] = w[r].scales + first_block * w[0].layout.bytes_to_next_scale;
    }
    for (int block = 0; block < n_blocks; ++block) {
        const std::ptrdiff_t c = block * w[0].layout.bytes_to_next_codes;
        const std::ptrdiff_t s = block * w[0].layout.bytes_to_next_scale;
        __m256i pairs[4];  // rows r and r + 4
        float scale[8];
        for (int r = 0; r < 4; ++r) {
            pairs[r] = load_rows(codes[r] + c, codes[r + 4] + c);
        }
        for (int r = 0; r < 8; ++r) {
            scale[r] = kScaleValues[scales[r][s]];
        }
        const __m256i lower[2] = {_mm256_unpacklo_epi8(pairs[0], pairs[1]),
                                  _mm256_unpacklo_epi8(pairs[2], pairs[3])};
        const __m256i upper[2] = {_mm256_unpackhi_epi8(pairs[0], pairs[1]),
                                  _mm256_unpackhi_epi8(pairs[2], pairs[3])};
        const __m256i quarters[4] = {
            _mm256_unpacklo_epi16(lower[0], lower[1]), _mm256_unpackhi_epi16(lower[0], lower[1]),
            _mm256_unpacklo_epi16(upper[0], upper[1]), _mm256_unpackhi_epi16(upper[0], upper[1])};
        GPTOSS_UNROLL
        for (int q = 0; q < 4; ++q) {
            const __m256i odd_codes = _mm256_srli_epi16(quarters[q], 4);
            __m256 even[4], odd[4];
            look_up(_mm256_and_si256(quarters[q], low_nibbles), even);
            look_up(_mm256_and_si256(odd_codes, low_nibbles), odd);
            float* at = panel + 4 * q * lanes;  // (4, 8 of lanes)
            GPTOSS_UNROLL
            for (int i = 0; i < 4; ++i) {
                _mm256_storeu_ps(at + i * lanes, _mm256_mul_ps(even[i], _mm256_loadu_ps(scale)));
                _mm256_storeu_ps(at + (16 + i) * lanes,
                                 _mm256_mul_ps(odd[i], _mm256_loadu_ps(scale)));
            }
        }
        panel += kMxfp4BlockSize * lanes;
    }
}

GPTOSS_AVX2 inline void transpose(const float* rows, int n, float* panel, int lanes) {
    int i = 0;
    for (; i + 4 <= n; i += 4) {
        __m256 pairs[4];  // four columns of rows r and r + 4
        for (int r = 0; r < 4; ++r) {
            pairs[r] = _mm256_loadu2_m128(rows + (r + 4) * n + i, rows + r * n + i);
        }
        const __m256d lower[2] = {_mm256_castps_pd(_mm256_unpacklo_ps(pairs[0], pairs[1])),
                                  _mm256_castps_pd(_mm256_unpacklo_ps(pairs[2], pairs[3]))};
        const __m256d upper[2] = {_mm256_castps_pd(_mm256_unpackhi_ps(pairs[0], pairs[1])),
                                  _mm256_castps_pd(_mm256_unpackhi_ps(pairs[2], pairs[3]))};
        const __m256d columns[4] = {
            _mm256_unpacklo_pd(lower[0], lower[1]), _mm256_unpackhi_pd(lower[0], lower[1]),
            _mm256_unpacklo_pd(upper[0], upper[1]), _mm256_unpackhi_pd(upper[0], upper[1])};
        for (int c = 0; c < 4; ++c) {
            _mm256_storeu_ps(panel + (i + c) * lanes, _mm256_castpd_ps(columns[c]));
        }
    }
    transpose_body(rows, i, n, panel, lanes);
}

// The lines of asm hold a number in its register: gcc -march=native would load lanes once for each row,
// clang 19 move twelve sums around.
struct Tile {
    template <int n_rows, int n_lanes>
    GPTOSS_AVX2 static void multiply_add(StridedMatrix w, int r, const float* x, int lanes, int l,
                                         float* sums) {
        constexpr int n_registers = n_lanes / 8;
        __m256 tile[n_rows][n_registers];
        GPTOSS_UNROLL
        for (int a = 0; a < n_rows; ++a) {
            GPTOSS_UNROLL
            for (int b = 0; b < n_registers; ++b) {
                tile[a][b] = _mm256_setzero_ps();
            }
        }
        for (int k = 0; k < w.cols; ++k) {
            const float* x_k = x + std::ptrdiff_t(k) * lanes + l;         // (8 * n_registers)
            const float* w_k = w.data + w.row_step * r + w.col_step * k;  // (n_rows), strided
            __m256 lanes_k[n_registers];
            GPTOSS_UNROLL
            for (int b = 0; b < n_registers; ++b) {
                lanes_k[b] = _mm256_loadu_ps(x_k + 8 * b);
                asm("" : "+x"(lanes_k[b]));
            }
            GPTOSS_UNROLL
            for (int a = 0; a < n_rows; ++a) {
                const __m256 w_ak = _mm256_broadcast_ss(w_k + w.row_step * a);
                GPTOSS_UNROLL
                for (int b = 0; b < n_registers; ++b) {
                    tile[a][b] = _mm256_fmadd_ps(w_ak, lanes_k[b], tile[a][b]);
                    if constexpr (n_registers == 3) asm("" : "+x"(tile[a][b]));
                }
            }
        }
        GPTOSS_UNROLL
        for (int a = 0; a < n_rows; ++a) {
            GPTOSS_UNROLL
            for (int b = 0; b < n_registers; ++b) {
                float* sum = sums + (r + a) * lanes + l + 8 * b;
                _mm256_storeu_ps(sum, _mm256_add_ps(_mm256_loadu_ps(sum), tile[a][b]));
            }
        }
    }
};

// As multiply_add_body, but 24 lanes at once: with 8 alone, loads would take longer than the sums.
GPTOSS_AVX2 inline void multiply_add(StridedMatrix w, const float* x, int lanes, float* sums) {
    int l = 0;
    for (; lanes - l >= 16 && lanes - l != 24; l += 16) {
        multiply_add_lanes<Tile, 4, 16>(w, x, lanes, l, sums);
    }
    if (lanes - l == 24) multiply_add_lanes<Tile, 4, 24>(w, x, lanes, l, sums);
    if (lanes - l == 8) multiply_add_lanes<Tile, 8, 8>(w, x, lanes, l, sums);
}

}  // namespace gptoss::fast::avx2

#endif  // x86-64
