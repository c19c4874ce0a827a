// Bodies: the inner loops of the tuned path in plain C++, to be inlined into functions that
// are compiled for one instruction set each (fast/kernels/avx2.hpp).
//
//     dot_bf16_body      sum_i w[i] * x[i], in 32 partial sums; x in split order
//     dot_body           the same from F16 and F32
//     dot_q8_0_body      the same from Q8_0, in 16 partial sums
//     dot_mxfp4_body     the same from packed weights, in 16 partial sums
//     widen_body         weights as floats
//     widen_mxfp4_body   those of eight rows, side by side
//     unpack_mxfp4_body  weights as BF16
//     transpose_body     eight rows of floats side by side
//
// split    a block of 32 floats in the order in which they come out of the codes, low nibbles first,
//          then high ones: the 16 of even index, then the 16 of odd index. A GGUF file's blocks are
//          split as they lie.
// fused    whether a * b + c may be one instruction. Where the machine has none, __builtin_fmaf
//          would be a call per element.
//
// Where    behind fast/kernels/kernels.hpp.
// Pitfalls One sum would wait four cycles for each addition; 32 of them in an array keep the units
//          busy, and every compiler turns the array into registers. Prefetches are where they were
//          measured to help.
#pragma once
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <limits>

#include "gptoss/core/view.hpp"

#if defined(__clang__)
#define GPTOSS_UNROLL _Pragma("clang loop unroll(full)")
#else
#define GPTOSS_UNROLL _Pragma("GCC unroll 8")
#endif

namespace gptoss::fast {

inline constexpr int kPrefetchBytes = 2048;

// 2^(scale - 127) for every scale byte, looked up instead of branched for.
inline constexpr auto kScaleValues = [] {
    std::array<float, 256> values{};
    for (std::size_t scale = 0; scale < values.size(); ++scale) {
        values[scale] = mxfp4_scale(std::uint8_t(scale));
    }
    return values;
}();

// A code under a scale as BF16: the upper half of the float, whose lower half is zero.
constexpr std::uint16_t mxfp4_as_bf16(std::uint8_t scale, int code) {
    if (scale == kMxfp4NanScale) return 0x7FC0;
    const double value = double(kMxfp4Values[code]) * double(mxfp4_scale(scale));
    const double infinity = std::numeric_limits<double>::infinity();
    const double largest = double(std::numeric_limits<float>::max());
    const double in_range = value > largest ? infinity : value < -largest ? -infinity : value;
    return std::uint16_t(std::bit_cast<std::uint32_t>(float(in_range)) >> 16);
}

// All of them, a row of 32 bytes for each scale.
inline constexpr auto kMxfp4Bf16Values = [] {
    std::array<std::array<std::uint16_t, 16>, 256> values{};
    for (std::size_t scale = 0; scale < values.size(); ++scale) {
        for (std::size_t code = 0; code < 16; ++code) {
            values[scale][code] = mxfp4_as_bf16(std::uint8_t(scale), int(code));
        }
    }
    return values;
}();

template <bool fused>
[[gnu::always_inline]] inline float multiply_add(float a, float b, float c) {
    if constexpr (fused) return __builtin_fmaf(a, b, c);
    return a * b + c;
}

// By halves, in place: the same order whatever the width of the registers. Each half is a function of
// its own, so that its length is known and the sums stay in registers.
template <int n>
[[gnu::always_inline]] inline float sum_of(float* partial) {
    for (int l = 0; l < n / 2; ++l) {
        partial[l] += partial[l + n / 2];
    }
    if constexpr (n > 2) return sum_of<n / 2>(partial);
    return partial[0];
}

[[gnu::always_inline]] inline std::uint16_t load_fp16_bits(const std::uint8_t* w) {
    std::uint16_t bits;
    std::memcpy(&bits, w, sizeof bits);
    return bits;
}

// fp16_to_float without a branch, so that compilers find vectors: a float's exponent has a bias that
// is larger by 112, and infinities and NaN have every bit of it.
[[gnu::always_inline]] inline float fp16_to_float_in_lane(std::uint16_t bits) {
    const std::uint32_t sign = std::uint32_t(bits & 0x8000u) << 16;
    const std::uint32_t exponent_and_mantissa = std::uint32_t(bits & 0x7FFFu) << 13;
    const std::uint32_t not_finite = (bits & 0x7C00u) == 0x7C00u ? 0x7F800000u : 0u;
    const float magnitude = std::bit_cast<float>(exponent_and_mantissa) * 0x1p112f;
    return std::bit_cast<float>(std::bit_cast<std::uint32_t>(magnitude) | not_finite | sign);
}

template <Storage storage>
[[gnu::always_inline]] inline float load_in_lane(const std::uint8_t* w, int i) {
    if constexpr (storage == Storage::bf16) return load_bf16(w, std::size_t(i));
    if constexpr (storage == Storage::f32) return load_f32(w, std::size_t(i));
    if constexpr (storage == Storage::f16) {
        return fp16_to_float_in_lane(load_fp16_bits(w + 2 * std::size_t(i)));
    }
}

// A word of 32 bits holds two weights: shifted by 16 it is the first as a float, with its lower half
// cleared the second. Hence x is split; behind the last whole block it keeps its order.
template <bool fused>
[[gnu::always_inline]] inline float dot_bf16_body(const std::uint8_t* w, const float* x_split,
                                                  int n) {
    float partial[32] = {};
    int i = 0;
    for (; i + 32 <= n; i += 32) {
        for (int l = 0; l < 16; ++l) {
            std::uint32_t pair = 0;
            std::memcpy(&pair, w + 2 * i + 4 * l, sizeof pair);
            const float first = std::bit_cast<float>(pair << 16);
            const float second = std::bit_cast<float>(pair & 0xFFFF0000u);
            partial[l] = multiply_add<fused>(first, x_split[i + l], partial[l]);
            partial[16 + l] = multiply_add<fused>(second, x_split[i + 16 + l], partial[16 + l]);
        }
    }
    for (int l = 0; i + l < n; ++l) {
        partial[l] =
            multiply_add<fused>(load_bf16(w, std::size_t(i + l)), x_split[i + l], partial[l]);
    }
    return sum_of<32>(partial);
}

template <Storage storage, bool fused>
[[gnu::always_inline]] inline float dot_body(const std::uint8_t* w, const float* x, int n) {
    float partial[32] = {};
    int i = 0;
    for (; i + 32 <= n; i += 32) {
        __builtin_prefetch(w + storage_bytes(storage, std::size_t(i)) + kPrefetchBytes);
        for (int l = 0; l < 32; ++l) {
            const float weight = load_in_lane<storage>(w, i + l);
            partial[l] = multiply_add<fused>(weight, x[i + l], partial[l]);
        }
    }
    for (int l = 0; i + l < n; ++l) {
        partial[l] = multiply_add<fused>(load_in_lane<storage>(w, i + l), x[i + l], partial[l]);
    }
    return sum_of<32>(partial);
}

// n is a multiple of 32. The scale is multiplied in once for two products.
template <bool fused>
[[gnu::always_inline]] inline float dot_q8_0_body(const std::uint8_t* w, const float* x, int n) {
    float partial[16] = {};
    for (int i = 0; i < n; i += kQ8_0BlockSize) {
        __builtin_prefetch(w + kPrefetchBytes);
        const float scale = load_in_lane<Storage::f16>(w, 0);
        const std::uint8_t* codes = w + kQ8_0ScaleBytes;  // (32)
        for (int l = 0; l < 16; ++l) {
            const float first = float(std::int8_t(codes[l])) * x[i + l];
            const float weight = float(std::int8_t(codes[16 + l]));
            const float pair = multiply_add<fused>(weight, x[i + 16 + l], first);
            partial[l] = multiply_add<fused>(pair, scale, partial[l]);
        }
        w += kQ8_0BlockBytes;
    }
    return sum_of<16>(partial);
}

[[gnu::always_inline]] inline void widen_q8_0_body(const std::uint8_t* w, int n, float* weights) {
    for (int i = 0; i < n; i += kQ8_0BlockSize) {
        const float scale = load_fp16(w, 0);
        const std::uint8_t* codes = w + kQ8_0ScaleBytes;  // (32)
        for (int l = 0; l < kQ8_0BlockSize; ++l) {
            weights[i + l] = float(std::int8_t(codes[l])) * scale;
        }
        w += kQ8_0BlockBytes;
    }
}

template <Storage storage>
[[gnu::always_inline]] inline void widen_body(const std::uint8_t* w, int n, float* weights) {
    if constexpr (storage == Storage::q8_0) {
        widen_q8_0_body(w, n, weights);
    } else {
        for (int i = 0; i < n; ++i) {
            weights[i] = load_in_lane<storage>(w, i);
        }
    }
}

template <bool fused>
[[gnu::always_inline]] inline float dot_mxfp4_body(Mxfp4Row w, const float* x_split, int n_blocks) {
    float partial[16] = {};
    for (int block = 0; block < n_blocks; ++block) {
        const std::uint8_t* codes = w.codes_of(block);          // (16)
        const float* even = x_split + block * kMxfp4BlockSize;  // (16)
        const float* odd = even + 16;                           // (16)
        const float scale = kScaleValues[w.scale_of(block)];
        for (int l = 0; l < 16; ++l) {
            const float first = kMxfp4Values[codes[l] & 15] * even[l];
            const float pair = multiply_add<fused>(kMxfp4Values[codes[l] >> 4], odd[l], first);
            partial[l] = multiply_add<fused>(pair, scale, partial[l]);
        }
    }
    return sum_of<16>(partial);
}

// w (8, n_blocks) from first_block on, to panel (n_blocks * 32, 8 of lanes), split.
[[gnu::always_inline]] inline void widen_mxfp4_body(const Mxfp4Row* w, int first_block,
                                                    int n_blocks, float* panel, int lanes) {
    for (int block = first_block; block < first_block + n_blocks; ++block) {
        for (int r = 0; r < 8; ++r) {
            const float scale = kScaleValues[w[r].scale_of(block)];
            for (int l = 0; l < 16; ++l) {
                const int code = w[r].codes_of(block)[l];
                panel[l * lanes + r] = kMxfp4Values[code & 15] * scale;
                panel[(16 + l) * lanes + r] = kMxfp4Values[code >> 4] * scale;
            }
        }
        panel += kMxfp4BlockSize * lanes;
    }
}

// rows (8, n) to panel (n, 8 of lanes), from column i on
[[gnu::always_inline]] inline void transpose_body(const float* rows, int i, int n, float* panel,
                                                  int lanes) {
    for (; i < n; ++i) {
        for (int r = 0; r < 8; ++r) {
            panel[i * lanes + r] = rows[r * n + i];
        }
    }
}

[[gnu::always_inline]] inline void unpack_mxfp4_body(Mxfp4Row w, int n_blocks,
                                                     std::uint16_t* split) {
    for (int block = 0; block < n_blocks; ++block) {
        const std::uint16_t* values = kMxfp4Bf16Values[w.scale_of(block)].data();  // (16)
        for (int l = 0; l < 16; ++l) {
            const int code = w.codes_of(block)[l];
            split[block * kMxfp4BlockSize + l] = values[code & 15];
            split[block * kMxfp4BlockSize + 16 + l] = values[code >> 4];
        }
    }
}

}  // namespace gptoss::fast
