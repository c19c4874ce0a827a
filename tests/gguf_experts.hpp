// Packed experts for a test, put into the form of a GGUF file; gate and up as two tensors if asked.
#pragma once
#include <vector>

#include "gptoss/core/view.hpp"

namespace gptoss::test {

struct GgufForm {
    std::vector<std::uint8_t> tensors[2];
    ExpertStack stack;

    GgufForm(const ExpertStack& packed, int n_tensors) : stack(packed) {
        for (int e = 0; e < packed.n_experts; ++e) {
            for (int o = 0; o < packed.rows; ++o) {
                append_row(packed.mxfp4(e).row(o), packed.cols / 32, tensors[o % n_tensors]);
            }
        }
        stack.codes = nullptr;
        stack.scales = nullptr;
        stack.gguf = {{tensors[0].data(), tensors[1].data()}, n_tensors, true};
    }

    // Nibble by nibble, as the format is described: byte j is weight j and weight j + 16.
    static void append_row(Mxfp4Row row, int n_blocks, std::vector<std::uint8_t>& bytes) {
        for (int block = 0; block < n_blocks; ++block) {
            int nibbles[32];
            for (int i = 0; i < 32; ++i) {
                const int byte = row.codes[block * 16 + i / 2];
                nibbles[i] = i % 2 == 0 ? byte & 15 : byte >> 4;
            }
            bytes.push_back(row.scales[block]);
            for (int j = 0; j < 16; ++j) {
                bytes.push_back(std::uint8_t(nibbles[j] | (nibbles[j + 16] << 4)));
            }
        }
    }
};

}  // namespace gptoss::test
