// MXFP4: a block of 32 weights in 17 bytes: 16 bytes of 4-bit codes and one shared exponent.
//
//     weight[2b]     = value[codes[b] & 15] * 2^(scale - 127)      the low nibble comes first
//     weight[2b + 1] = value[codes[b] >> 4] * 2^(scale - 127)
//
//   codes   (16 bytes)   E2M1: 1 sign, 2 exponent (bias 1), 1 mantissa bit; no Inf, no NaN
//   scale   (1 byte)     E8M0: a power of two; 255 means NaN and is refused when a file is opened
//   weights (32 floats)  exact for scales 0..252: a code has two significant bits
//
// Where    both matrices of every expert; 91 % (20b) and 98 % (120b) of all parameters.
// Source   OCP Microscaling Formats (MX) Specification v1.0, 2023, sections 5.3 and 5.4;
//          official model: class Checkpoint, _get_mxfp4_tensor.
// Pitfalls Neighbours share a byte here. A GGUF block is 17 bytes, the scale and then the codes, and
//          pairs weight j with weight j + 16 (Source: ggml, block_mxfp4, dequantize_row_mxfp4). The exponent bias is 127. Scale 0 is 2^-127, a subnormal: building the float as
//          scale << 23 gives 0 for it.
#pragma once
#include <bit>
#include <cmath>
#include <cstdint>

namespace gptoss {

inline constexpr int kMxfp4BlockSize = 32;   // weights per block
inline constexpr int kMxfp4BlockBytes = 16;  // bytes of codes per block
inline constexpr int kMxfp4NanScale = 255;

// The value of each of the 16 codes. Code 8 is minus zero.
inline constexpr float kMxfp4Values[16] = {0.0f,  0.5f,  1.0f,  1.5f,  2.0f,  3.0f,  4.0f,  6.0f,
                                           -0.0f, -0.5f, -1.0f, -1.5f, -2.0f, -3.0f, -4.0f, -6.0f};

// 2^(scale - 127); NaN for 255.
constexpr float mxfp4_scale(std::uint8_t scale) {
    const std::uint32_t two_to_the_minus_127 = 0x00400000u;
    const std::uint32_t quiet_nan = 0x7FC00000u;
    if (scale == 0) return std::bit_cast<float>(two_to_the_minus_127);
    if (scale == kMxfp4NanScale) return std::bit_cast<float>(quiet_nan);
    return std::bit_cast<float>(std::uint32_t(scale) << 23);
}

inline void mxfp4_decode_block(const std::uint8_t* codes, std::uint8_t scale, float* weights) {
    const float scale_value = mxfp4_scale(scale);
    for (int b = 0; b < kMxfp4BlockBytes; ++b) {
        const int low_nibble = codes[b] & 15;
        const int high_nibble = codes[b] >> 4;
        weights[2 * b] = kMxfp4Values[low_nibble] * scale_value;
        weights[2 * b + 1] = kMxfp4Values[high_nibble] * scale_value;
    }
}

// A block of a GGUF file: 17 bytes.
inline constexpr int kGgufMxfp4BlockBytes = 1 + kMxfp4BlockBytes;

inline void mxfp4_decode_gguf_codes(const std::uint8_t* codes, std::uint8_t scale, float* weights) {
    const float scale_value = mxfp4_scale(scale);
    for (int b = 0; b < kMxfp4BlockBytes; ++b) {
        const int low_nibble = codes[b] & 15;
        const int high_nibble = codes[b] >> 4;
        weights[b] = kMxfp4Values[low_nibble] * scale_value;
        weights[b + kMxfp4BlockBytes] = kMxfp4Values[high_nibble] * scale_value;
    }
}

// The same 32 codes in the order of a GGUF file, and back; the two arrays must not overlap.
inline void mxfp4_codes_to_gguf(const std::uint8_t* codes, std::uint8_t* gguf_codes) {
    for (int b = 0; b < kMxfp4BlockBytes; ++b) {
        const int first = codes[b / 2] >> (b % 2 * 4) & 15;       // of weight b
        const int second = codes[8 + b / 2] >> (b % 2 * 4) & 15;  // of weight b + 16
        gguf_codes[b] = std::uint8_t(first | (second << 4));
    }
}

inline void mxfp4_codes_from_gguf(const std::uint8_t* gguf_codes, std::uint8_t* codes) {
    for (int b = 0; b < kMxfp4BlockBytes / 2; ++b) {
        const std::uint8_t* pair = gguf_codes + 2 * b;  // weights 2b and 2b + 1, and those 16 on
        codes[b] = std::uint8_t((pair[0] & 15) | (pair[1] << 4));
        codes[b + 8] = std::uint8_t((pair[0] >> 4) | (pair[1] & 0xF0));
    }
}

// The code nearest to value; on a tie the one with the even mantissa bit. Beyond 6 it saturates.
inline std::uint8_t mxfp4_nearest_code(float value) {
    const float magnitude = std::fabs(value);
    int nearest = 0;
    for (int code = 1; code < 8; ++code) {
        const float midpoint = 0.5f * (kMxfp4Values[code - 1] + kMxfp4Values[code]);
        const bool code_is_even = code % 2 == 0;
        if (magnitude > midpoint || (magnitude == midpoint && code_is_even)) nearest = code;
    }
    const int sign_bit = std::signbit(value) ? 8 : 0;
    return std::uint8_t(sign_bit | nearest);
}

// The exporter's direction, for one block under a given scale. Decoding what it wrote gives the
// nearest representable weights; encoding that again gives the same bytes.
inline void mxfp4_encode_block(const float* weights, std::uint8_t scale, std::uint8_t* codes) {
    const float scale_value = mxfp4_scale(scale);
    for (int b = 0; b < kMxfp4BlockBytes; ++b) {
        const int low_nibble = mxfp4_nearest_code(weights[2 * b] / scale_value);
        const int high_nibble = mxfp4_nearest_code(weights[2 * b + 1] / scale_value);
        codes[b] = std::uint8_t(low_nibble | (high_nibble << 4));
    }
}

}  // namespace gptoss
