// Numbers without a pattern for the tests of the CUDA path, the same on every run.
#pragma once
#include <cstdint>
#include <vector>

#include "gptoss/core/bf16.hpp"

namespace gptoss::test {

struct RandomValues {
    std::uint32_t state = 1;

    std::uint32_t bits() {
        state = state * 1664525u + 1013904223u;
        return state >> 8;  // 24 of them
    }
    int below(int n) { return int(bits() % std::uint32_t(n)); }

    // Between -scale and scale.
    std::vector<float> floats(int count, float scale = 1) {
        std::vector<float> values{};
        for (int i = 0; i < count; ++i) {
            values.push_back(scale * (float(bits()) / float(1 << 23) - 1));
        }
        return values;
    }
    std::vector<float> rounded_floats(int count) {
        std::vector<float> values = floats(count);
        for (float& value : values) {
            value = round_to_bf16(value);
        }
        return values;
    }
    // BF16 between -1 and 1, as a file holds it.
    std::vector<std::uint8_t> bf16(int count) {
        std::vector<std::uint8_t> bytes{};
        for (const float value : floats(count)) {
            const std::uint16_t bf16 = float_to_bf16(value);
            bytes.push_back(std::uint8_t(bf16 & 255));
            bytes.push_back(std::uint8_t(bf16 >> 8));
        }
        return bytes;
    }
    std::vector<std::uint8_t> bytes(int count, int below_this = 256) {
        std::vector<std::uint8_t> bytes{};
        for (int i = 0; i < count; ++i) {
            bytes.push_back(std::uint8_t(below(below_this)));
        }
        return bytes;
    }
    std::vector<std::int32_t> ids(int count, int below_this) {
        std::vector<std::int32_t> ids{};
        for (int i = 0; i < count; ++i) {
            ids.push_back(below(below_this));
        }
        return ids;
    }
};

}  // namespace gptoss::test
