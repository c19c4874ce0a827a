// Kernels for x86-64 with AVX-512: the bodies of fast/kernels/bodies.hpp, tiles, and MXFP4 as BF16. The
// rest is AVX2's (fast/kernels/avx2.hpp), which a Zen 4 runs as fast.
//
//     dots_mxfp4_by_vnni   with VNNI (Cascade Lake, Zen 4 and later): the sums of avx2::dot_mxfp4 in fewer
//                          instructions
//
// Where    behind fast/kernels/kernels.hpp. Empty on other machines.
// Source   Intel Intrinsics Guide: _mm256_dpbusd_epi32, _mm512_permutexvar_epi16.
// Pitfalls as in fast/kernels/avx2.hpp.
#pragma once
#include "gptoss/fast/kernels/avx2.hpp"

#if defined(__x86_64__)
#include <immintrin.h>

#if defined(__clang__)
#define GPTOSS_AVX512 \
    __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,fma,f16c"), min_vector_width(512)))
#else  // gcc prefers registers of 256 bits otherwise
#define GPTOSS_AVX512 \
    __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,fma,f16c,prefer-vector-width=512")))
#endif

namespace gptoss::fast::avx512 {

inline constexpr __mmask16 kAll = 0xFFFF;  // the masked forms keep gcc 12 from warning falsely

#define GPTOSS_VNNI __attribute__((target("avx2,fma,f16c,avx512f,avx512vl,avx512vnni")))

// dpbusd multiplies bytes by bytes and adds four products to a sum of 32 bits.
GPTOSS_VNNI inline __m256i add_products(__m256i sum, avx2::BytePair w, const FixedPair& x,
                                        int digit) {
    const __m256i with_even = _mm256_dpbusd_epi32(sum, w.even, avx2::load(x.even[digit]));
    return _mm256_dpbusd_epi32(with_even, w.odd, avx2::load(x.odd[digit]));
}

// Each digit has a sum of its own: one chain of all six products would wait.
GPTOSS_VNNI inline float dot_mxfp4_by_vnni(Mxfp4Row w, const FixedPair* x, int n_blocks) {
    __m256 sums = _mm256_setzero_ps();
    for (int block = 0; block < n_blocks; block += 2, ++x) {
        // An odd last block is paired with itself; the activations of its second half are zeros.
        const bool is_alone = block + 1 == n_blocks;
        const std::ptrdiff_t to_next_codes = is_alone ? 0 : w.layout.bytes_to_next_codes;
        const std::ptrdiff_t to_next_scale = is_alone ? 0 : w.layout.bytes_to_next_scale;
        // Into the second cache: free where hardware follows the stream, twice as fast where it does
        // not (Zen 4).
        __builtin_prefetch(w.codes + 4 * kPrefetchBytes, 0, 2);
        const avx2::BytePair bytes =
            avx2::look_up_pair(avx2::load_rows(w.codes, w.codes + to_next_codes));
        const __m256i top = add_products(_mm256_setzero_si256(), bytes, *x, 0);
        const __m256i middle = add_products(_mm256_setzero_si256(), bytes, *x, 1);
        const __m256i low = add_products(avx2::load(x->offsets), bytes, *x, 2);
        const __m256i upper = _mm256_add_epi32(_mm256_slli_epi32(top, 8), middle);
        const __m256i sum = _mm256_add_epi32(_mm256_slli_epi32(upper, 8), low);
        sums = avx2::add_pair(sum, *x, w.scales[0], w.scales[to_next_scale], sums);
        w.codes += 2 * to_next_codes;
        w.scales += 2 * to_next_scale;
    }
    return avx2::sum_of_register(sums);
}

GPTOSS_VNNI inline void dots_mxfp4_by_vnni(const Mxfp4Row* w, int n_rows, Mxfp4Token x,
                                           int n_blocks, float* sums) {
    for (int r = 0; r < n_rows; ++r) {
        sums[r] = dot_mxfp4_by_vnni(w[r], x.fixed, n_blocks);
    }
}

#undef GPTOSS_VNNI

using avx2::dot_mxfp4;  // without VNNI
using avx2::dot_q8_0;
using avx2::transpose;  // eight rows side by side fill a register of AVX2
using avx2::widen_mxfp4;

// vpermw looks up 32 weights at once. It reads five bits of each lane, of which the fifth is the
// neighbour's: the 16 values are there twice.
GPTOSS_AVX512 inline void unpack_mxfp4(Mxfp4Row w, int n_blocks, std::uint16_t* split) {
    const __m512i shifts = _mm512_maskz_set1_epi16(0xFFFF0000u, 4);  // of the odd ones
    for (int block = 0; block < n_blocks; ++block) {
        const std::uint8_t* codes = w.codes_of(block);  // (16)
        __builtin_prefetch(codes + kPrefetchBytes);
        const std::uint16_t* row = kMxfp4Bf16Values[w.scale_of(block)].data();  // (16)
        const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(codes));
        const __m512i words = _mm512_cvtepu8_epi16(_mm256_broadcastsi128_si256(bytes));
        const __m512i values = _mm512_maskz_broadcast_i64x4(
            __mmask8(kAll), _mm256_loadu_si256(reinterpret_cast<const __m256i*>(row)));
        const __m512i weights = _mm512_permutexvar_epi16(_mm512_srlv_epi16(words, shifts), values);
        _mm512_storeu_si512(split + block * kMxfp4BlockSize, weights);
    }
}

// As avx2::Tile, since gcc 12 makes vectors of the plain one only sometimes. Eight lanes are left to that.
struct Tile {
    template <int n_rows, int n_lanes>
    GPTOSS_AVX512 static void multiply_add(StridedMatrix w, int r, const float* x, int lanes, int l,
                                           float* sums) {
        if constexpr (n_lanes == 8) {
            avx2::Tile::multiply_add<n_rows, n_lanes>(w, r, x, lanes, l, sums);
            return;
        }
        constexpr int n_registers = (n_lanes + 15) / 16;
        __m512 tile[n_rows][n_registers];
        GPTOSS_UNROLL
        for (int a = 0; a < n_rows; ++a) {
            GPTOSS_UNROLL
            for (int b = 0; b < n_registers; ++b) {
                tile[a][b] = _mm512_setzero_ps();
            }
        }
        for (int k = 0; k < w.cols; ++k) {
            const float* x_k = x + std::ptrdiff_t(k) * lanes + l;         // (n_lanes)
            const float* w_k = w.data + w.row_step * r + w.col_step * k;  // (n_rows), strided
            GPTOSS_UNROLL
            for (int a = 0; a < n_rows; ++a) {
                const __m512 w_ak = _mm512_set1_ps(w_k[w.row_step * a]);
                GPTOSS_UNROLL
                for (int b = 0; b < n_registers; ++b) {
                    const __m512 lanes_k = _mm512_loadu_ps(x_k + 16 * b);
                    tile[a][b] = _mm512_fmadd_ps(w_ak, lanes_k, tile[a][b]);
                }
            }
        }
        GPTOSS_UNROLL
        for (int a = 0; a < n_rows; ++a) {
            GPTOSS_UNROLL
            for (int b = 0; b < n_registers; ++b) {
                float* sum = sums + (r + a) * lanes + l + 16 * b;
                _mm512_storeu_ps(sum, _mm512_add_ps(_mm512_loadu_ps(sum), tile[a][b]));
            }
        }
    }
};

GPTOSS_AVX512 inline void multiply_add(StridedMatrix w, const float* x, int lanes, float* sums) {
    multiply_add_body<Tile, 8, 32>(w, x, lanes, sums);
}

GPTOSS_KERNELS(InstructionSet::avx512, GPTOSS_AVX512, 32, true, &avx2::to_fixed_point);

}  // namespace gptoss::fast::avx512

#undef GPTOSS_AVX512
#endif  // x86-64
