// Adapters of lesson 3 (a bare pointer cannot cross the wire: course/arguments.hpp).
#pragma once
#include <cstdint>
#include <vector>

#include "gptoss/core/bf16.hpp"
#include "gptoss/core/mxfp4.hpp"
#include "gptoss/core/view.hpp"

namespace gptoss::course {

inline std::uint16_t float_to_bf16_of(float value) {
    return float_to_bf16(value);
}

inline void mxfp4_decode_block_of(const std::vector<std::uint8_t>& codes, std::uint8_t scale,
                                  VectorView weights) {
    mxfp4_decode_block(codes.data(), scale, weights.data);
}

}  // namespace gptoss::course
