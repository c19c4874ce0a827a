// A BF16 matrix for a test, written down as the floats it holds.
//
//     const Bf16Weights w(2, 3, {1, 0, -1,
//                                2, 1, 0.5f});
//     linear(x, w.view(), bias, y);
//
// Its bytes begin at an odd address, as a tensor in a file may.
#pragma once
#include <cstring>
#include <vector>

#include "gptoss/core/view.hpp"

namespace gptoss::test {

struct Bf16Weights {
    Bf16Weights(int n_rows, int n_cols, const std::vector<float>& values)
        : bytes(1 + 2 * values.size()), rows(n_rows), cols(n_cols) {
        for (std::size_t i = 0; i < values.size(); ++i) {
            const std::uint16_t bits = float_to_bf16(values[i]);
            std::memcpy(bytes.data() + 1 + 2 * i, &bits, sizeof bits);
        }
    }

    DenseMatrix view() const { return {bytes.data() + 1, rows, cols}; }

    std::vector<std::uint8_t> bytes;
    int rows;
    int cols;
};

}  // namespace gptoss::test
