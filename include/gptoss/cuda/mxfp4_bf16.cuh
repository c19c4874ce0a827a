// Eight weights in MXFP4 as BF16: what the tiles of expert_linear store of codes.
//
// New: codes are decoded two at a time, as in cuda/mxfp4_dots.cuh, but to BF16, which has 8 exponent and
// 7 mantissa bits.
//
//     eight codes   7777 6666 5555 4444 3333 2222 1111 0000      4 bits each: s e e m
//     7 and 3       s000 000e em00 0000 s000 000e em00 0000      two BF16 in a register
//
//     BF16 = value * 2^-126       the biases are 127 and 1; subnormal codes are subnormal BF16
//
// Two products bring it to value * scale. One would not do: scale * 2^126 is infinite from a scale of 4.0 on.
//
// Units    exact: a value has two bits, and BF16 has a float's exponents.
// Source   PTX ISA, mul and fma of .bf16x2: subnormal numbers are supported.
// Pitfalls In the register the two are four codes apart; they are stored as neighbours.
#pragma once
#include <cuda_bf16.h>
#include <cuda_runtime.h>

#include <cstdint>

#include "gptoss/cuda/fragment.cuh"
#include "gptoss/cuda/mxfp4.cuh"

namespace gptoss::cuda {

// Of two BF16 in each.
__device__ inline std::uint32_t product_of_pairs(std::uint32_t a, std::uint32_t b) {
    const __nv_bfloat162 product = __hmul2(reinterpret_cast<const __nv_bfloat162&>(a),
                                           reinterpret_cast<const __nv_bfloat162&>(b));
    return reinterpret_cast<const std::uint32_t&>(product);
}

// Two codes: their signs are bits 15 and 31 of signs, their other three bits are 6 to 8 and 22 to 24 of
// values.
__device__ inline std::uint32_t two_weights(std::uint32_t signs, std::uint32_t values,
                                            std::uint32_t scales) {
    const std::uint32_t two_to_the_126 = 0x7E807E80u;
    const std::uint32_t pair = (signs & 0x80008000u) | (values & 0x01C001C0u);
    return product_of_pairs(product_of_pairs(pair, two_to_the_126), scales);
}

// One instruction each; as shifts and masks they would be two.
__device__ inline std::uint32_t low_halves(std::uint32_t first, std::uint32_t second) {
    return __byte_perm(first, second, 0x5410);
}
__device__ inline std::uint32_t high_halves(std::uint32_t first, std::uint32_t second) {
    return __byte_perm(first, second, 0x7632);
}

__device__ inline uint4 decoded_piece(std::uint32_t codes, std::uint8_t scale) {
    const float scale_value = mxfp4_scale_value(scale);
    const std::uint32_t scales = exact_pair(scale_value, scale_value);
    const std::uint32_t w_04 = two_weights(codes << 12, codes << 6, scales);
    const std::uint32_t w_15 = two_weights(codes << 8, codes << 2, scales);
    const std::uint32_t w_26 = two_weights(codes << 4, codes >> 2, scales);
    const std::uint32_t w_37 = two_weights(codes, codes >> 6, scales);
    return {low_halves(w_04, w_15), low_halves(w_26, w_37), high_halves(w_04, w_15),
            high_halves(w_26, w_37)};
}

}  // namespace gptoss::cuda
