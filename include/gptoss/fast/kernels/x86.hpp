// Kernels for x86-64: the bodies of fast/kernels/bodies.hpp compiled for AVX2 and for AVX-512, the
// MXFP4 kernels, where a table look-up per weight needs intrinsics, and the dot product of Q8_0, whose
// codes gcc 12 widens in halves of a register.
//
//     AVX-512  vpermps looks up 16 weights in a register that holds the 16 values; it reads the low
//              four bits of each lane only, so codes need no masking
//     AVX2     pshufb looks up bytes: the two upper ones that the float of a weight has; the lower
//              two are zero
//
// Both add in the order of the plain body, so all fused sets give the same bits.
//
// Where    behind fast/kernels/kernels.hpp. Empty on other machines.
// Source   Intel Intrinsics Guide: _mm512_permutexvar_ps, _mm256_shuffle_epi8.
// Pitfalls Whatever is inlined here must be always_inline or carry the same target. Parallel loops
//          stay outside: clang does not pass the target on to the body of one.
#pragma once
#include "gptoss/fast/kernels/table.hpp"

#if defined(__x86_64__)
#include <immintrin.h>

#define GPTOSS_AVX2 __attribute__((target("avx2,fma,f16c")))
#if defined(__clang__)
#define GPTOSS_AVX512 \
    __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,fma,f16c"), min_vector_width(512)))
#else  // gcc prefers registers of 256 bits otherwise
#define GPTOSS_AVX512 \
    __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,fma,f16c,prefer-vector-width=512")))
#endif

namespace gptoss::fast::avx2 {

// The weights of a block before its scale, split: even[0] holds the first eight of even index,
// even[1] the others. A weight is the upper half of a float, looked up as two bytes.
GPTOSS_AVX2 inline void look_up(const std::uint8_t* codes, __m256 even[2], __m256 odd[2]) {
    const __m256i upper_bytes = _mm256_broadcastsi128_si256(
        _mm_set_epi64x(std::int64_t(0xC0C0C0C0BFBFBF80), 0x404040403F3F3F00));
    const __m256i lower_bytes = _mm256_broadcastsi128_si256(
        _mm_set_epi64x(std::int64_t(0xC0804000C0800000), std::int64_t(0xC0804000C0800000)));
    // Unpacking works on halves of 16 bytes. Each gets eight codes, with a zero byte behind each.
    const __m256i order =
        _mm256_setr_epi32(int(0x80018000), int(0x80038002), int(0x80098008), int(0x800B800A),  //
                          int(0x80058004), int(0x80078006), int(0x800D800C), int(0x800F800E));

    const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(codes));
    const __m256i words = _mm256_shuffle_epi8(_mm256_broadcastsi128_si256(bytes), order);
    const __m256i nibbles = _mm256_and_si256(  // even code, odd code, even code ...
        _mm256_or_si256(words, _mm256_slli_epi16(words, 4)), _mm256_set1_epi8(15));
    const __m256i upper = _mm256_shuffle_epi8(upper_bytes, nibbles);
    const __m256i lower = _mm256_shuffle_epi8(lower_bytes, nibbles);
    const __m256i pairs[2] = {_mm256_unpacklo_epi8(lower, upper),
                              _mm256_unpackhi_epi8(lower, upper)};
    for (int half = 0; half < 2; ++half) {
        const __m256i upper_halves = _mm256_set1_epi32(int(0xFFFF0000));
        even[half] = _mm256_castsi256_ps(_mm256_slli_epi32(pairs[half], 16));
        odd[half] = _mm256_castsi256_ps(_mm256_and_si256(pairs[half], upper_halves));
    }
}

GPTOSS_AVX2 inline float dot_mxfp4(Mxfp4Row w, const float* x_split, int n_blocks) {
    __m256 sums[2] = {_mm256_setzero_ps(), _mm256_setzero_ps()};
    for (int block = 0; block < n_blocks; ++block) {
        const std::uint8_t* codes = w.codes_of(block);
        __builtin_prefetch(codes + kPrefetchBytes);
        const float* x = x_split + block * kMxfp4BlockSize;  // (32)
        const __m256 scale = _mm256_set1_ps(kScaleValues[w.scale_of(block)]);
        __m256 even[2], odd[2];
        look_up(codes, even, odd);
        for (int half = 0; half < 2; ++half) {
            const __m256 first = _mm256_mul_ps(even[half], _mm256_loadu_ps(x + 8 * half));
            const __m256 pair =
                _mm256_fmadd_ps(odd[half], _mm256_loadu_ps(x + 16 + 8 * half), first);
            sums[half] = _mm256_fmadd_ps(pair, scale, sums[half]);
        }
    }
    float partial[16];
    _mm256_storeu_ps(partial, sums[0]);
    _mm256_storeu_ps(partial + 8, sums[1]);
    return sum_of<16>(partial);
}

GPTOSS_AVX2 inline void widen_mxfp4(Mxfp4Row w, int n_blocks, float* split) {
    for (int block = 0; block < n_blocks; ++block) {
        const __m256 scale = _mm256_set1_ps(kScaleValues[w.scale_of(block)]);
        __m256 even[2], odd[2];
        look_up(w.codes_of(block), even, odd);
        float* weights = split + block * kMxfp4BlockSize;  // (32)
        for (int half = 0; half < 2; ++half) {
            _mm256_storeu_ps(weights + 8 * half, _mm256_mul_ps(even[half], scale));
            _mm256_storeu_ps(weights + 16 + 8 * half, _mm256_mul_ps(odd[half], scale));
        }
    }
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

GPTOSS_KERNELS(InstructionSet::avx2, GPTOSS_AVX2, 4, 16, 8, true);

}  // namespace gptoss::fast::avx2

namespace gptoss::fast::avx512 {

inline constexpr __mmask16 kAll = 0xFFFF;  // the masked forms keep gcc 12 from warning falsely

GPTOSS_AVX512 inline __m512i load_codes(const std::uint8_t* codes) {
    return _mm512_maskz_cvtepu8_epi32(kAll,
                                      _mm_loadu_si128(reinterpret_cast<const __m128i*>(codes)));
}

GPTOSS_AVX512 inline float dot_mxfp4(Mxfp4Row w, const float* x_split, int n_blocks) {
    const __m512 values = _mm512_loadu_ps(kMxfp4Values);
    __m512 sums = _mm512_setzero_ps();
    for (int block = 0; block < n_blocks; ++block) {
        __builtin_prefetch(w.codes_of(block) + kPrefetchBytes);
        const float* x = x_split + block * kMxfp4BlockSize;  // (32)
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

GPTOSS_AVX512 inline void widen_mxfp4(Mxfp4Row w, int n_blocks, float* split) {
    const __m512 values = _mm512_loadu_ps(kMxfp4Values);
    for (int block = 0; block < n_blocks; ++block) {
        const __m512 scale = _mm512_set1_ps(kScaleValues[w.scale_of(block)]);
        const __m512i codes = load_codes(w.codes_of(block));
        const __m512i odd_codes = _mm512_maskz_srli_epi32(kAll, codes, 4);
        const __m512 even = _mm512_maskz_permutexvar_ps(kAll, codes, values);
        const __m512 odd = _mm512_maskz_permutexvar_ps(kAll, odd_codes, values);
        _mm512_storeu_ps(split + block * kMxfp4BlockSize, _mm512_mul_ps(even, scale));
        _mm512_storeu_ps(split + block * kMxfp4BlockSize + 16, _mm512_mul_ps(odd, scale));
    }
}

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

GPTOSS_KERNELS(InstructionSet::avx512, GPTOSS_AVX512, 8, 32, 16, true);

}  // namespace gptoss::fast::avx512

#undef GPTOSS_AVX2
#undef GPTOSS_AVX512
#endif  // x86-64
