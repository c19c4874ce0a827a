// Kernels for x86-64 with AVX-512: the bodies of fast/kernels/bodies.hpp, MXFP4 by looking codes up,
// and the dot product of Q8_0, whose codes gcc 12 widens in halves of a register.
//
// vpermps looks up 16 weights in a register that holds the 16 values; it reads the low four bits of
// each lane only, so codes need no masking. Sums are added in the order of the plain body.
//
// Where    behind fast/kernels/kernels.hpp. Empty on other machines.
// Source   Intel Intrinsics Guide: _mm512_permutexvar_ps.
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

GPTOSS_AVX512 inline __m512i load_codes(const std::uint8_t* codes) {
    return _mm512_maskz_cvtepu8_epi32(kAll,
                                      _mm_loadu_si128(reinterpret_cast<const __m128i*>(codes)));
}

GPTOSS_AVX512 inline float dot_mxfp4(Mxfp4Row w, Mxfp4Token token, int n_blocks) {
    const __m512 values = _mm512_loadu_ps(kMxfp4Values);
    __m512 sums = _mm512_setzero_ps();
    for (int block = 0; block < n_blocks; ++block) {
        __builtin_prefetch(w.codes_of(block) + kPrefetchBytes);
        const float* x = token.split + block * kMxfp4BlockSize;  // (32)
        const __m512 scale = _mm512_set1_ps(kScaleValues[w.scale_of(block)]);
        const __m512i codes = load_codes(w.codes_of(block));
        const __m512i odd_codes = _mm512_maskz_srli_epi32(kAll, codes, 4);
        const __m512 even = _mm512_maskz_permutexvar_ps(kAll, codes, values);
        const __m512 odd = _mm512_maskz_permutexvar_ps(kAll, odd_codes, values);
        const __m512 first = _mm512_mul_ps(even, _mm512_loadu_ps(x));
        const __m512 pair = _mm512_fmadd_ps(odd, _mm512_loadu_ps(x + 16), first);
        sums = _mm512_fmadd_ps(pair, scale, sums);
    }
    float partial[16];
    _mm512_storeu_ps(partial, sums);
    return sum_of<16>(partial);
}

// Eight rows side by side fill a register of AVX2, whose kernels serve here.
using avx2::transpose;
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

GPTOSS_AVX512 inline __m512 load_sixteen(const std::uint8_t* codes) {
    const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(codes));
    return _mm512_maskz_cvtepi32_ps(kAll, _mm512_maskz_cvtepi8_epi32(kAll, bytes));
}

GPTOSS_AVX512 inline float dot_q8_0(const std::uint8_t* w, const float* x, int n) {
    __m512 sums = _mm512_setzero_ps();
    for (const float* end = x + n; x < end; x += kQ8_0BlockSize, w += kQ8_0BlockBytes) {
        __builtin_prefetch(w + kPrefetchBytes);
        const __m512 scale = _mm512_set1_ps(_cvtsh_ss(load_fp16_bits(w)));
        const std::uint8_t* codes = w + kQ8_0ScaleBytes;  // (32)
        const __m512 first = _mm512_mul_ps(load_sixteen(codes), _mm512_loadu_ps(x));
        const __m512 pair =
            _mm512_fmadd_ps(load_sixteen(codes + 16), _mm512_loadu_ps(x + 16), first);
        sums = _mm512_fmadd_ps(pair, scale, sums);
    }
    float partial[16];
    _mm512_storeu_ps(partial, sums);
    return sum_of<16>(partial);
}

GPTOSS_AVX512 inline void multiply_add(StridedMatrix w, const float* x, int lanes, float* sums) {
    multiply_add_body<Tile<true>, 8, 32>(w, x, lanes, sums);
}

GPTOSS_KERNELS(InstructionSet::avx512, GPTOSS_AVX512, 32, true, nullptr);

}  // namespace gptoss::fast::avx512

#undef GPTOSS_AVX512
#endif  // x86-64
