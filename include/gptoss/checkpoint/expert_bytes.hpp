// The experts of a Weights as another file wants them, a row at a time: MXFP4 in either order, or BF16.
//
// MXFP4 stays MXFP4 bit for bit. What is not MXFP4 is rounded to it, block by block, to the nearest code
// under the better of two scales: the largest for which the largest weight is at least 4 codes long,
// and the next one, under which none is beyond 6.
//
// Where    checkpoint/convert.hpp.
// Source   OCP Microscaling Formats (MX) Specification v1.0, 2023, section 6.3 (the first scale).
// Errors   none.
// Pitfalls The same weights may be written with several scales, so unpacking MXFP4 to BF16 and back
//          keeps the weights, and not always the bytes.
#pragma once
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

#include "gptoss/core/bf16.hpp"
#include "gptoss/core/mxfp4.hpp"
#include "gptoss/core/view.hpp"

namespace gptoss::checkpoint {

// How far weights moved.
struct RoundingError {
    double sum_of_squares = 0;
    double sum_of_squared_errors = 0;

    void add(float weight, float rounded) {
        const double error = double(rounded) - double(weight);
        sum_of_squares += double(weight) * double(weight);
        sum_of_squared_errors += error * error;
    }
    // Root mean square of the errors, in units of that of the weights.
    double relative() const {
        return sum_of_squares > 0 ? std::sqrt(sum_of_squared_errors / sum_of_squares) : 0;
    }
};

struct Mxfp4Block {
    std::uint8_t scale = 0;
    std::uint8_t codes[kMxfp4BlockBytes] = {};  // as released
};

inline double squared_error_of(const Mxfp4Block& block, const float* weights) {
    float decoded[kMxfp4BlockSize];
    mxfp4_decode_block(block.codes, block.scale, decoded);
    RoundingError error;
    for (int i = 0; i < kMxfp4BlockSize; ++i) {
        error.add(weights[i], decoded[i]);
    }
    return error.sum_of_squared_errors;
}

inline Mxfp4Block nearest_mxfp4(const float* weights) {
    float largest = 0;
    for (int i = 0; i < kMxfp4BlockSize; ++i) {
        largest = std::max(largest, std::fabs(weights[i]));
    }
    const int exponent = largest > 0 ? std::ilogb(largest) - 2 : -127;  // 4 codes is code 2^2
    Mxfp4Block nearest, next;
    nearest.scale = std::uint8_t(std::clamp(exponent + 127, 0, 254));
    next.scale = std::uint8_t(std::min(nearest.scale + 1, 254));
    mxfp4_encode_block(weights, nearest.scale, nearest.codes);
    mxfp4_encode_block(weights, next.scale, next.codes);
    const bool next_is_nearer =
        squared_error_of(next, weights) < squared_error_of(nearest, weights);
    return next_is_nearer ? next : nearest;
}

// One block, as it is stored or rounded.
inline Mxfp4Block mxfp4_block(const ExpertStack& s, int e, int o, int block, RoundingError& error) {
    Mxfp4Block result;
    if (s.is_mxfp4()) {
        const Mxfp4Row row = s.mxfp4_row(e, o);
        result.scale = row.scale_of(block);
        if (row.layout.is_gguf) {
            mxfp4_codes_from_gguf(row.codes_of(block), result.codes);
        } else {
            std::copy_n(row.codes_of(block), kMxfp4BlockBytes, result.codes);
        }
        return result;
    }
    float weights[kMxfp4BlockSize], rounded[kMxfp4BlockSize];
    s.decode_block(e, o, block, weights);
    result = nearest_mxfp4(weights);
    mxfp4_decode_block(result.codes, result.scale, rounded);
    for (int i = 0; i < kMxfp4BlockSize; ++i) {
        error.add(weights[i], rounded[i]);
    }
    return result;
}

// --- Rows -------------------------------------------------------------------------------------

enum class ExpertPart { codes, scales, gguf_blocks };

inline std::vector<std::uint8_t> mxfp4_row_bytes(const ExpertStack& s, int e, int o,
                                                 ExpertPart part, RoundingError& error) {
    std::vector<std::uint8_t> bytes;
    for (int block = 0; block < s.cols / kMxfp4BlockSize; ++block) {
        const Mxfp4Block b = mxfp4_block(s, e, o, block, error);
        std::uint8_t gguf_codes[kMxfp4BlockBytes];
        mxfp4_codes_to_gguf(b.codes, gguf_codes);
        if (part != ExpertPart::codes) bytes.push_back(b.scale);
        if (part == ExpertPart::codes) bytes.insert(bytes.end(), b.codes, b.codes + 16);
        if (part == ExpertPart::gguf_blocks) {
            bytes.insert(bytes.end(), gguf_codes, gguf_codes + kMxfp4BlockBytes);
        }
    }
    return bytes;
}

inline void append_bf16(std::vector<std::uint8_t>& bytes, float value) {
    const std::uint16_t bits = float_to_bf16(value);
    bytes.push_back(std::uint8_t(bits & 255));
    bytes.push_back(std::uint8_t(bits >> 8));
}

inline std::vector<float> expert_row(const ExpertStack& s, int e, int o) {
    std::vector<float> weights(std::size_t(s.cols));
    for (int block = 0; block < s.cols / kMxfp4BlockSize; ++block) {
        s.decode_block(e, o, block, &weights[std::size_t(block * kMxfp4BlockSize)]);
    }
    return weights;
}

// Expert e as [in][out], which is how Hugging Face unpacks it.
inline std::vector<std::uint8_t> transposed_bf16(const ExpertStack& s, int e,
                                                 RoundingError& error) {
    std::vector<std::uint8_t> bytes(2 * std::size_t(s.rows) * std::size_t(s.cols));
    for (int o = 0; o < s.rows; ++o) {
        const std::vector<float> weights = expert_row(s, e, o);
        for (int i = 0; i < s.cols; ++i) {
            const float weight = weights[std::size_t(i)];
            const std::uint16_t bits = float_to_bf16(weight);
            error.add(weight, bf16_to_float(bits));
            const std::size_t place = 2 * (std::size_t(i) * std::size_t(s.rows) + std::size_t(o));
            bytes[place] = std::uint8_t(bits & 255);
            bytes[place + 1] = std::uint8_t(bits >> 8);
        }
    }
    return bytes;
}

inline std::vector<std::uint8_t> bf16_row_bytes(const ExpertStack& s, int e, int o,
                                                RoundingError& error) {
    std::vector<std::uint8_t> bytes;
    for (const float weight : expert_row(s, e, o)) {
        append_bf16(bytes, weight);
        error.add(weight, round_to_bf16(weight));
    }
    return bytes;
}

}  // namespace gptoss::checkpoint
