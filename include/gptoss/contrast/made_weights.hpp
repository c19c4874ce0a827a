// Made weights: tensors from a seed, with the formula of core/generator.hpp, and the memory of them.
//
// A tensor's elements follow each other as in Hugging Face's layout, (out, in), and are exact in
// BF16. Its name is part of the formula, so every tensor needs one of its own.
#pragma once
#include <cstdint>
#include <deque>
#include <string>
#include <vector>

#include "gptoss/core/generator.hpp"
#include "gptoss/core/view.hpp"

namespace gptoss::contrast {

// Zeroed float32 memory and its extents.
struct Matrix {
    Matrix(int rows, int cols)
        : memory(std::size_t(rows) * std::size_t(cols), 0.0f), rows(rows), cols(cols) {}
    MatrixView view() { return {memory.data(), rows, cols}; }

    std::vector<float> memory;
    int rows;
    int cols;
};

// For a matrix with so many inputs: sums of about the size of what goes in.
constexpr int exponent_for(int fan_in) {
    return 1 - half_log2(std::uint64_t(fan_in));
}

class MadeWeights {
public:
    explicit MadeWeights(std::uint64_t seed) : seed_(seed) {}

    DenseMatrix matrix(const std::string& name, int rows, int cols, int exponent) {
        const std::vector<std::uint8_t> bytes = stream(name, rows * cols);
        std::vector<std::uint8_t>& stored = stored_.emplace_back();
        for (const std::uint8_t byte : bytes) {
            append_bf16(uniform_value(byte, exponent), stored);
        }
        return {stored.data(), rows, cols};
    }

    ConstVectorView vector(const std::string& name, int size, int exponent) {
        std::vector<float>& values = widened_.emplace_back();
        for (const std::uint8_t byte : stream(name, size)) {
            values.push_back(uniform_value(byte, exponent));
        }
        return {values.data(), size};
    }

    ConstVectorView gain(const std::string& name, int size) {
        std::vector<float>& values = widened_.emplace_back();
        for (const std::uint8_t byte : stream(name, size)) {
            values.push_back(norm_gain_value(byte));
        }
        return {values.data(), size};
    }

    ConstVectorView constant(float value, int size) {
        std::vector<float>& values = widened_.emplace_back(std::size_t(size), value);
        return {values.data(), size};
    }

    // Names are (expert, out, in); an unpacked ExpertStack holds (expert, in, out).
    ExpertStack experts(const std::string& name, int n_experts, int rows, int cols) {
        const std::vector<std::uint8_t> bytes = stream(name, n_experts * rows * cols);
        std::vector<std::uint8_t>& stored = stored_.emplace_back();
        for (int e = 0; e < n_experts; ++e) {
            for (int in = 0; in < cols; ++in) {
                for (int out = 0; out < rows; ++out) {
                    const std::size_t at = std::size_t((e * rows + out) * cols + in);
                    append_bf16(uniform_value(bytes[at], exponent_for(cols)), stored);
                }
            }
        }
        ExpertStack stack;
        stack.transposed = stored.data();
        stack.n_experts = n_experts;
        stack.rows = rows;
        stack.cols = cols;
        return stack;
    }

private:
    std::vector<std::uint8_t> stream(const std::string& name, int count) const {
        std::vector<std::uint8_t> bytes(std::size_t(count), 0);
        generate_bytes(generator_key(seed_, name), 0, std::uint64_t(count), bytes.data());
        return bytes;
    }

    static void append_bf16(float value, std::vector<std::uint8_t>& stored) {
        const std::uint16_t bits = float_to_bf16(value);
        stored.push_back(std::uint8_t(bits & 255));
        stored.push_back(std::uint8_t(bits >> 8));
    }

    std::uint64_t seed_;
    std::deque<std::vector<std::uint8_t>> stored_;  // a deque: what it holds stays where it is
    std::deque<std::vector<float>> widened_;
};

}  // namespace gptoss::contrast
