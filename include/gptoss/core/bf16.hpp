// BF16: the upper 16 bits of a float32. 1 sign, 8 exponent and 7 stored mantissa bits.
//
//     to float    bits << 16                                       exact
//     from float  round to nearest, ties to even, then drop the lower 16 bits
//
// Example  1.0 + 2^-8 = 1.00390625 lies halfway between 1.0 (0x3F80) and 1.0078125 (0x3F81); the
//          even one, 0x3F80, wins. NaN stays NaN: its quiet bit is set before the cut.
// Source   the format is float32's (IEEE 754-2019, binary32), cut in half.
#pragma once
#include <bit>
#include <cstdint>
#include <cstring>

namespace gptoss {

constexpr float bf16_to_float(std::uint16_t bits) {
    return std::bit_cast<float>(std::uint32_t(bits) << 16);
}

constexpr std::uint16_t float_to_bf16(float value) {
    const std::uint32_t bits = std::bit_cast<std::uint32_t>(value);
    const bool is_nan = (bits & 0x7FFFFFFFu) > 0x7F800000u;
    if (is_nan) return std::uint16_t((bits >> 16) | 0x0040u);
    const std::uint32_t lowest_kept_bit = (bits >> 16) & 1u;
    const std::uint32_t rounded = bits + 0x7FFFu + lowest_kept_bit;
    return std::uint16_t(rounded >> 16);
}

// The float that a BF16 store and load would leave.
constexpr float round_to_bf16(float value) {
    return bf16_to_float(float_to_bf16(value));
}

// Reads element i of a BF16 array at any address: nothing aligns the tensors of a safetensors file.
inline float load_bf16(const std::uint8_t* bytes, std::size_t i) {
    std::uint16_t bits;
    std::memcpy(&bits, bytes + 2 * i, sizeof bits);
    return bf16_to_float(bits);
}

}  // namespace gptoss
