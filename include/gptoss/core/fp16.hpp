// FP16: 1 sign, 5 exponent and 10 mantissa bits. Other programs write it; ours only as a scale.
//
//     exponent 31      infinity, or NaN if a mantissa bit is set
//     exponent 0       mantissa * 2^-24                              zero and the subnormals
//     otherwise        (1 + mantissa / 1024) * 2^(exponent - 15)
//
// Example  0x3C00 is 1, 0xC000 is -2, 0x0001 is 2^-24, 0x7BFF is 65504, the largest.
// Source   IEEE 754-2019, binary16. Every value is a float32 too, so reading rounds nothing; writing
//          rounds to nearest, ties to even, and beyond 65520 to infinity.
#pragma once
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>

namespace gptoss {

constexpr float fp16_to_float(std::uint16_t bits) {
    const std::uint32_t sign = std::uint32_t(bits & 0x8000u) << 16;
    const std::uint32_t exponent = (bits >> 10) & 0x1Fu;
    const std::uint32_t mantissa = bits & 0x3FFu;
    if (exponent == 0) {
        const float magnitude = float(mantissa) * 0x1p-24f;
        return sign != 0 ? -magnitude : magnitude;
    }
    const std::uint32_t float_exponent = exponent == 31 ? 255 : exponent + 112;  // 127 - 15
    return std::bit_cast<float>(sign | (float_exponent << 23) | (mantissa << 13));
}

// Reads element i of an FP16 array at any address.
inline float load_fp16(const std::uint8_t* bytes, std::size_t i) {
    std::uint16_t bits;
    std::memcpy(&bits, bytes + 2 * i, sizeof bits);
    return fp16_to_float(bits);
}

constexpr std::uint16_t float_to_fp16(float value) {
    const std::uint32_t bits = std::bit_cast<std::uint32_t>(value);
    const std::uint32_t sign = (bits >> 16) & 0x8000u;
    const std::uint32_t magnitude = bits & 0x7FFFFFFFu;
    if (magnitude > 0x7F800000u) return std::uint16_t(sign | 0x7E00u);  // NaN
    const bool overflows = magnitude >= 0x477FF000u;                    // 65520
    if (overflows) return std::uint16_t(sign | 0x7C00u);
    const bool is_normal = magnitude >= 0x38800000u;  // 2^-14
    if (!is_normal) {
        // Adding 0.5 leaves the steps of 2^-24 as the lowest bits, rounded by the addition itself.
        const float steps = std::bit_cast<float>(magnitude) + 0.5f;
        return std::uint16_t(sign | (std::bit_cast<std::uint32_t>(steps) - 0x3F000000u));
    }
    const std::uint32_t lowest_kept_bit = (magnitude >> 13) & 1u;
    const std::uint32_t rounded = magnitude + 0xFFFu + lowest_kept_bit;
    return std::uint16_t(sign | ((rounded - 0x38000000u) >> 13));  // the exponent is 112 less
}

// Is it such a number? Infinities and NaN are.
constexpr bool is_fp16(float value) {
    const std::uint32_t bits = std::bit_cast<std::uint32_t>(value);
    const std::uint32_t exponent = (bits >> 23) & 0xFFu;
    if (exponent == 255) return true;
    if (exponent > 127 + 15) return false;
    if (exponent >= 127 - 14) return (bits & 0x1FFFu) == 0;  // 13 of 23 mantissa bits
    const float steps = value * 0x1p24f;                     // of the subnormals, exactly
    return steps == float(std::int32_t(steps));
}

}  // namespace gptoss
