// Weights in 8 bits: a block of 32 is a float scale and 32 signed codes, 36 bytes in a row.
//
//     weight[i] ~ code[i] * scale      scale = max_i |weight[i]| / 127,  code = round(weight / scale)
//
// Where    a second, smaller copy of dense matrices that --dense int8 asks for; no file holds it.
// Units    9 bits per weight; off by half a scale at most, 1/254 of the largest of the block.
// Errors   none; a row is a multiple of 32 long (model/dense_int8.hpp).
// Pitfalls Blocks begin at any address, so scales are read through bytes.
#pragma once
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>

namespace gptoss {

inline constexpr int kInt8BlockSize = 32;
inline constexpr int kInt8ScaleBytes = 4;
inline constexpr int kInt8BlockBytes = kInt8ScaleBytes + kInt8BlockSize;

inline float int8_scale(const std::uint8_t* block) {
    float scale = 0;
    std::memcpy(&scale, block, sizeof scale);
    return scale;
}

inline void int8_encode_block(const float* weights, std::uint8_t* block) {
    float largest = 0;
    for (int i = 0; i < kInt8BlockSize; ++i) {
        largest = std::max(largest, std::fabs(weights[i]));
    }
    const float scale = largest / 127;
    const float codes_per_weight = largest > 0 ? 127 / largest : 0;
    std::memcpy(block, &scale, sizeof scale);
    for (int i = 0; i < kInt8BlockSize; ++i) {
        const float code = std::nearbyint(weights[i] * codes_per_weight);
        block[kInt8ScaleBytes + i] = std::uint8_t(std::int8_t(code));
    }
}

}  // namespace gptoss
