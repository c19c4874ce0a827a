// Fixed point: activations as whole numbers of 24 bits, for processors that multiply bytes in fewer
// instructions than they take to make floats of MXFP4's codes: AVX2 and AVX-512.
//
//     x[i] = q[i] * unit            unit a power of two for each block of 32, |q| < 2^23
//     q[i] = top * 2^16 + middle * 2^8 + low      three signed bytes
//     sum_i w[i] * x[i] = unit / 2 * (sum_i (2 * w[i] + 12) * q[i] - sum_i 12 * q[i])
//
// 2 * w + 12 is a whole number from 0 to 24, as the instruction wants it: bytes without a sign times
// bytes with one. All sums within a block are exact; what is lost is what a float32 of the size of the
// block's largest activation cannot hold either.
//
// Where    behind fast/kernels/kernels.hpp.
// Errors   none. A block with an infinity or NaN becomes NaN.
// Pitfalls The largest sum of a lane is 8 * 24 * 2^23, three quarters of what 32 bits hold, so q has
//          no more bits. With a unit per row a large activation would blur all others; as it is, one
//          that is 500 times as large as the rest of its block costs the block nine bits.
#pragma once
#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <limits>

#include "gptoss/core/mxfp4.hpp"

namespace gptoss::fast {

// Two blocks side by side, as the registers take them: 16 bytes of one, 16 of the other.
struct alignas(64) FixedPair {
    std::int8_t even[3][32];  // top, middle, low
    std::int8_t odd[3][32];   // the same
    std::int32_t offsets[8];  // -12 * q, summed over the eight activations of a lane
    float half_units[8];      // unit / 2, four times for each block
};

inline constexpr int kLargestFixed = 127 * 0x10000 + 127 * 0x100 + 127;

// The largest power of two by which this may be multiplied to stay a fixed-point number.
[[gnu::always_inline]] inline float steps_per_one(float largest) {
    const int exponent =
        int(std::bit_cast<std::uint32_t>(largest) >> 23) - 127;  // of its first bit
    const int shift = std::min(22 - exponent, 125);              // half a unit stays a normal float
    const float steps = std::bit_cast<float>(std::uint32_t(shift + 127) << 23);  // 2^shift
    return largest * steps > float(kLargestFixed) ? steps / 2 : steps;
}

// Block number half of the pair, from 32 floats in split order (fast/kernels/bodies.hpp).
[[gnu::always_inline]] inline void block_to_fixed_point(const float* x_split, int half,
                                                        FixedPair& pair) {
    std::uint32_t largest_bits = 0;  // without their signs, floats are in the order of their bits
    for (int i = 0; i < kMxfp4BlockSize; ++i) {
        largest_bits =
            std::max(largest_bits, std::bit_cast<std::uint32_t>(x_split[i]) & 0x7FFFFFFFu);
    }
    float* half_units = pair.half_units + 4 * half;
    if (largest_bits >= 0x7F800000u) {  // an infinity or NaN
        std::fill_n(half_units, 4, std::numeric_limits<float>::quiet_NaN());
        return;
    }
    const float steps = steps_per_one(std::bit_cast<float>(largest_bits));
    std::fill_n(half_units, 4, 0.5f / steps);
    std::int32_t q[kMxfp4BlockSize];
    std::int8_t digits[3][kMxfp4BlockSize];
    for (int i = 0; i < kMxfp4BlockSize; ++i) {
        const float exact = x_split[i] * steps;
        q[i] = std::int32_t(exact + (exact < 0 ? -0.5f : 0.5f));
        const std::int32_t above_low = (q[i] + 0x80) >> 8;
        digits[0][i] = std::int8_t((above_low + 0x80) >> 8);
        digits[1][i] = std::int8_t(above_low);
        digits[2][i] = std::int8_t(q[i]);
    }
    for (int digit = 0; digit < 3; ++digit) {
        std::copy_n(digits[digit], 16, pair.even[digit] + 16 * half);
        std::copy_n(digits[digit] + 16, 16, pair.odd[digit] + 16 * half);
    }
    for (int lane = 0; lane < 4; ++lane) {
        const std::int32_t* even = q + 4 * lane;  // (4)
        const std::int32_t* odd = even + 16;      // (4)
        const std::int32_t sum =
            even[0] + even[1] + even[2] + even[3] + odd[0] + odd[1] + odd[2] + odd[3];
        pair.offsets[4 * half + lane] = -12 * sum;
    }
}

// An odd number of blocks is filled up with zeros.
[[gnu::always_inline]] inline void to_fixed_point_body(const float* x_split, int n_blocks,
                                                       FixedPair* fixed) {
    for (int block = 0; block < n_blocks; ++block) {
        FixedPair& pair = fixed[block / 2];
        if (block % 2 == 0) pair = {};
        block_to_fixed_point(x_split + block * kMxfp4BlockSize, block % 2, pair);
    }
}

}  // namespace gptoss::fast
