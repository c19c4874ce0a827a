// Kernels for x86-64 with AVX2: the bodies of fast/kernels/bodies.hpp, MXFP4 by looking codes up, and
// the dot product of Q8_0, whose codes gcc 12 widens in halves of a register.
//
//     dot_mxfp4    pshufb looks up whole numbers, and bytes are multiplied by bytes, 32 at a time
//                  (fast/kernels/fixed_point.hpp): two thirds of the time that floats take
//
// Where    behind fast/kernels/kernels.hpp. Empty on other machines.
// Source   Intel Intrinsics Guide: _mm256_shuffle_epi8, _mm256_maddubs_epi16, _mm256_madd_epi16.
// Pitfalls Whatever is inlined here must be always_inline or carry a part of the target. Parallel loops
//          stay outside: clang does not pass the target on to the body of one.
#pragma once
#include "gptoss/fast/kernels/avx2_panels.hpp"

#if defined(__x86_64__)
#include <immintrin.h>

namespace gptoss::fast::avx2 {

GPTOSS_AVX2 inline void to_fixed_point(const float* x_split, int n_blocks, FixedPair* fixed) {
    to_fixed_point_body(x_split, n_blocks, fixed);
}

GPTOSS_AVX2 inline __m256i load(const void* bytes) {
    return _mm256_load_si256(static_cast<const __m256i*>(bytes));
}

// 2 * w + 12 of two blocks, one in each half of a register: numbers of fast/kernels/fixed_point.hpp.
struct BytePair {
    __m256i even, odd;
};

GPTOSS_AVX2 inline BytePair look_up_pair(__m256i codes) {
    const __m256i twice_and_12 = _mm256_broadcastsi128_si256(
        _mm_setr_epi8(12, 13, 14, 15, 16, 18, 20, 24, 12, 11, 10, 9, 8, 6, 4, 0));
    const __m256i low_nibbles = _mm256_set1_epi8(15);
    const __m256i odd_codes = _mm256_srli_epi16(codes, 4);
    return {_mm256_shuffle_epi8(twice_and_12, _mm256_and_si256(codes, low_nibbles)),
            _mm256_shuffle_epi8(twice_and_12, _mm256_and_si256(odd_codes, low_nibbles))};
}

// Products with one of the three bytes of each activation, sums of four in 16 bits.
GPTOSS_AVX2 inline __m256i four_products(BytePair w, const FixedPair& x, int digit) {
    return _mm256_add_epi16(_mm256_maddubs_epi16(w.even, load(x.even[digit])),
                            _mm256_maddubs_epi16(w.odd, load(x.odd[digit])));
}

GPTOSS_AVX2 inline __m256i sum_of_products(BytePair w, const FixedPair& x) {
    const __m256i ones = _mm256_set1_epi16(1), steps = _mm256_set1_epi16(0x100);
    const __m256i top = _mm256_slli_epi32(_mm256_madd_epi16(four_products(w, x, 0), ones), 16);
    const __m256i middle = _mm256_madd_epi16(four_products(w, x, 1), steps);
    const __m256i low = _mm256_madd_epi16(four_products(w, x, 2), ones);
    return _mm256_add_epi32(_mm256_add_epi32(low, load(x.offsets)), _mm256_add_epi32(middle, top));
}

GPTOSS_AVX2 inline __m256 add_pair(__m256i sum, const FixedPair& x, std::uint8_t first_scale,
                                   std::uint8_t second_scale, __m256 sums) {
    const __m256 in_x = _mm256_mul_ps(_mm256_cvtepi32_ps(sum), _mm256_load_ps(x.half_units));
    const __m256 scales = _mm256_blend_ps(_mm256_broadcast_ss(&kScaleValues[first_scale]),
                                          _mm256_broadcast_ss(&kScaleValues[second_scale]), 0xF0);
    return _mm256_fmadd_ps(in_x, scales, sums);
}

GPTOSS_AVX2 inline float sum_of_register(__m256 sums) {
    float partial[8];
    _mm256_storeu_ps(partial, sums);
    return sum_of<8>(partial);
}

GPTOSS_AVX2 inline BytePair look_up_two(Mxfp4Row w, int first, int second) {
    return look_up_pair(load_rows(w.codes_of(first), w.codes_of(second)));
}

GPTOSS_AVX2 inline __m256 multiply_and_add(BytePair bytes, const FixedPair& x, Mxfp4Row w,
                                           int first, int second, __m256 sums) {
    return add_pair(sum_of_products(bytes, x), x, w.scale_of(first), w.scale_of(second), sums);
}

// Codes are looked up a pair ahead: their products would fill the queue while they wait.
GPTOSS_AVX2 inline float dot_mxfp4(Mxfp4Row w, Mxfp4Token x, int n_blocks) {
    const FixedPair* pair = x.fixed;
    __m256 sums = _mm256_setzero_ps();
    BytePair bytes = look_up_two(w, 0, n_blocks > 1 ? 1 : 0);
    int block = 0;
    for (; block + 3 < n_blocks; block += 2, ++pair) {
        __builtin_prefetch(w.codes_of(block) + kPrefetchBytes);
        const BytePair next_bytes = look_up_two(w, block + 2, block + 3);
        sums = multiply_and_add(bytes, *pair, w, block, block + 1, sums);
        bytes = next_bytes;
    }
    sums = multiply_and_add(bytes, *pair, w, block, n_blocks > 1 ? block + 1 : block, sums);
    if (block + 3 == n_blocks) {  // an odd number: the last block alone
        bytes = look_up_two(w, block + 2, block + 2);
        sums = multiply_and_add(bytes, pair[1], w, block + 2, block + 2, sums);
    }
    return sum_of_register(sums);
}

GPTOSS_AVX2 inline void unpack_mxfp4(Mxfp4Row w, int n_blocks, std::uint16_t* split) {
    unpack_mxfp4_body(w, n_blocks, split);
}

GPTOSS_AVX2 inline __m256 load_eight(const std::uint8_t* codes) {
    const __m128i bytes = _mm_loadl_epi64(reinterpret_cast<const __m128i*>(codes));
    return _mm256_cvtepi32_ps(_mm256_cvtepi8_epi32(bytes));
}

GPTOSS_AVX2 inline float dot_q8_0(const std::uint8_t* w, const float* x, int n) {
    __m256 sums[2] = {_mm256_setzero_ps(), _mm256_setzero_ps()};
    for (const float* end = x + n; x < end; x += kQ8_0BlockSize, w += kQ8_0BlockBytes) {
        __builtin_prefetch(w + kPrefetchBytes);
        const __m256 scale = _mm256_set1_ps(_cvtsh_ss(load_fp16_bits(w)));
        const std::uint8_t* codes = w + kQ8_0ScaleBytes;  // (32)
        for (int half = 0; half < 2; ++half) {
            const int l = 8 * half;
            const __m256 first = _mm256_mul_ps(load_eight(codes + l), _mm256_loadu_ps(x + l));
            const __m256 pair =
                _mm256_fmadd_ps(load_eight(codes + 16 + l), _mm256_loadu_ps(x + 16 + l), first);
            sums[half] = _mm256_fmadd_ps(pair, scale, sums[half]);
        }
    }
    float partial[16];
    _mm256_storeu_ps(partial, sums[0]);
    _mm256_storeu_ps(partial + 8, sums[1]);
    return sum_of<16>(partial);
}

GPTOSS_KERNELS(InstructionSet::avx2, GPTOSS_AVX2, 24, true, &to_fixed_point);

}  // namespace gptoss::fast::avx2

#undef GPTOSS_AVX2
#endif  // x86-64
