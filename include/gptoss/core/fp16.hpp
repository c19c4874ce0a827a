// FP16: 1 sign, 5 exponent and 10 mantissa bits; read only, because other programs write it.
//
//     exponent 31      infinity, or NaN if a mantissa bit is set
//     exponent 0       mantissa * 2^-24                              zero and the subnormals
//     otherwise        (1 + mantissa / 1024) * 2^(exponent - 15)
//
// Example  0x3C00 is 1, 0xC000 is -2, 0x0001 is 2^-24, 0x7BFF is 65504, the largest.
// Source   IEEE 754-2019, binary16. Every value is a float32 too, so nothing is rounded.
#pragma once
#include <bit>
#include <cstdint>

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
