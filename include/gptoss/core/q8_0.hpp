// Q8_0: a block of 32 weights in 34 bytes, a scale in FP16 and 32 signed codes.
//
//     weight[i] = code[i] * scale
//
//   block   (34 bytes)   scale, little-endian, then the codes; a row is a whole number of blocks
//   weights (32 floats)  exact: 8 bits times 11 have at most 19
//
// Where    the dense matrices of most GGUF files, and of --dense q8_0 (model/dense_q8_0.hpp).
// Source   ggml: block_q8_0, dequantize_row_q8_0, quantize_row_q8_0_ref.
// Units    8.5 bits per weight. Encoding is off by half a scale at most, and by the rounding of the
//          scale: 1/254 and 1/2048 of the largest of the block.
// Errors   none.
// Pitfalls Codes are made with the scale before it is rounded to FP16. A file never has the code
//          -128, but it means -128. Blocks begin at any address, so scales are read through bytes.
#pragma once
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "gptoss/core/fp16.hpp"

namespace gptoss {

inline constexpr int kQ8_0BlockSize = 32;  // weights per block
inline constexpr int kQ8_0ScaleBytes = 2;
inline constexpr int kQ8_0BlockBytes = kQ8_0ScaleBytes + kQ8_0BlockSize;

// Weight i of a row of blocks.
inline float load_q8_0(const std::uint8_t* row, std::size_t i) {
    const std::uint8_t* block = row + i / kQ8_0BlockSize * kQ8_0BlockBytes;
    const float scale = load_fp16(block, 0);
    const auto code = std::int8_t(block[kQ8_0ScaleBytes + i % kQ8_0BlockSize]);
    return float(code) * scale;
}

inline void q8_0_encode_block(const float* weights, std::uint8_t* block) {
    float largest = 0;
    for (int i = 0; i < kQ8_0BlockSize; ++i) {
        largest = std::max(largest, std::fabs(weights[i]));
    }
    const float scale = largest / 127;
    const float inverse = 1 / scale;
    const float codes_per_weight = std::isfinite(inverse) ? inverse : 0;
    const std::uint16_t scale_bits = float_to_fp16(scale);
    std::memcpy(block, &scale_bits, sizeof scale_bits);
    for (int i = 0; i < kQ8_0BlockSize; ++i) {
        const float code = weights[i] * codes_per_weight;
        const int rounded = int(double(code) + (code < 0 ? -0.5 : 0.5));  // away from 0
        block[kQ8_0ScaleBytes + i] = std::uint8_t(std::int8_t(rounded));
    }
}

}  // namespace gptoss
