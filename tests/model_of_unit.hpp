// A model of the matrix unit in plain C++, for machines that have none:
//
//     multiply_tiles_with<ModelOfUnit>      in place of multiply_by_amx (gptoss/fast/kernels/amx.hpp)
#pragma once
#include <cstddef>
#include <cstdint>

#include "gptoss/core/bf16.hpp"

namespace gptoss::test {

// TDPBF16PS as the manual defines it: tiles of 16 rows; row m of the sums gets pairs of row m of
// the weights times pairs of row k of the tokens.
struct ModelOfUnit {
    float sums[32][32];
    void begin() {
        for (auto& row : sums) {
            for (float& sum : row) {
                sum = 0;
            }
        }
    }
    void step(const std::uint8_t* upper_w, const std::uint8_t* lower_w, std::ptrdiff_t row_bytes,
              const std::uint16_t* first_half, const std::uint16_t* second_half) {
        for (int m = 0; m < 32; ++m) {
            const std::uint8_t* w = (m < 16 ? upper_w : lower_w) + m % 16 * row_bytes;
            for (int n = 0; n < 32; ++n) {
                const std::uint16_t* x = n < 16 ? first_half : second_half;
                for (int k = 0; k < 16; ++k) {
                    for (int pair = 0; pair < 2; ++pair) {
                        const float token = bf16_to_float(x[k * 32 + n % 16 * 2 + pair]);
                        sums[m][n] += load_bf16(w, std::size_t(2 * k + pair)) * token;
                    }
                }
            }
        }
    }
    void end(float* out) const {
        for (int m = 0; m < 32; ++m) {
            for (int n = 0; n < 32; ++n) {
                out[m * 32 + n] = sums[m][n];
            }
        }
    }
};

}  // namespace gptoss::test
