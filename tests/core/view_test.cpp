#include "gptoss/core/view.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

#include "catch.hpp"
#include "gguf_experts.hpp"
#include "stored_weights.hpp"

using namespace gptoss;

TEST_CASE("view: rows are contiguous, the last index fastest", "[view]") {
    float values[6] = {1, 2, 3, 4, 5, 6};
    const MatrixView m{values, 2, 3};
    CHECK(m.row(1)[0] == 4.0f);
    CHECK(rows_of(m, 1, 1).row(0)[2] == 6.0f);
    CHECK(rows_of(m, 1, 1).rows == 1);
    const ConstMatrixView read_only = m;
    CHECK(read_only.row(0) == values);
}

TEST_CASE("view: a BF16 matrix is read at any alignment", "[view]") {
    const std::uint8_t bytes[] = {0xFF, 0x80, 0x3F, 0x00, 0x40, 0x40, 0x40, 0x80, 0x40};
    const DenseMatrix m{bytes + 1, 2, 2};  // 1 2 / 3 4
    CHECK(m.row(0)[0] == 1.0f);
    CHECK(m.row(0)[1] == 2.0f);
    CHECK(m.row(1)[0] == 3.0f);
    CHECK(m.row(1)[1] == 4.0f);
}

TEST_CASE("view: an expert's block, packed and unpacked", "[view]") {
    // 2 experts of 3 rows and 64 columns: 2 blocks per row. Block number e * 6 + o * 2 + b holds
    // the scale 120 + number and, everywhere, code 2, which is 1.
    std::vector<std::uint8_t> codes(12 * kMxfp4BlockBytes, 0x22);
    std::vector<std::uint8_t> scales;
    for (int block = 0; block < 12; ++block)
        scales.push_back(std::uint8_t(120 + block));
    const ExpertStack packed{codes.data(), scales.data(), nullptr, 2, 3, 64};

    // The same, unpacked: [expert][in][out].
    std::vector<std::uint8_t> transposed;
    for (int e = 0; e < 2; ++e) {
        for (int in = 0; in < 64; ++in) {
            for (int out = 0; out < 3; ++out) {
                const float weight = mxfp4_scale(scales[std::size_t(e * 6 + out * 2 + in / 32)]);
                const std::uint16_t bits = float_to_bf16(weight);
                transposed.push_back(std::uint8_t(bits & 255));
                transposed.push_back(std::uint8_t(bits >> 8));
            }
        }
    }
    const ExpertStack unpacked{nullptr, nullptr, transposed.data(), 2, 3, 64};

    for (int e = 0; e < 2; ++e) {
        for (int o = 0; o < 3; ++o) {
            for (int b = 0; b < 2; ++b) {
                float from_packed[kMxfp4BlockSize];
                float from_unpacked[kMxfp4BlockSize];
                packed.decode_block(e, o, b, from_packed);
                unpacked.decode_block(e, o, b, from_unpacked);
                const float expected = mxfp4_scale(std::uint8_t(120 + e * 6 + o * 2 + b));
                for (int i = 0; i < kMxfp4BlockSize; ++i) {
                    CHECK(from_packed[i] == expected);
                    CHECK(from_unpacked[i] == expected);
                }
            }
        }
    }
}

TEST_CASE("view: an expert's block from a GGUF file, one tensor or gate and up apart", "[view]") {
    std::vector<std::uint8_t> codes(12 * kMxfp4BlockBytes), scales(12);
    for (std::size_t i = 0; i < codes.size(); ++i)
        codes[i] = std::uint8_t(i * 89 + i / 7);
    for (std::size_t i = 0; i < scales.size(); ++i)
        scales[i] = std::uint8_t(120 + i);
    const ExpertStack packed{codes.data(), scales.data(), nullptr, 3, 2, 64};
    for (const int n_tensors : {1, 2}) {
        const test::GgufForm gguf(packed, n_tensors);
        for (int block = 0; block < 12; ++block) {
            float expected[32], got[32];
            packed.decode_block(block / 4, block / 2 % 2, block % 2, expected);
            gguf.stack.decode_block(block / 4, block / 2 % 2, block % 2, got);
            CHECK(std::equal(expected, expected + 32, got));
        }
    }
}

TEST_CASE("view: experts of a GGUF file in the forms of dense matrices", "[view]") {
    std::vector<float> values(2 * 2 * 32);  // of gate; 2 experts, 2 rows
    values[32] = 127;
    values[32 + 5] = 3;                             // expert 0, row 1
    std::vector<float> other(values.size(), 1.0f);  // of up
    for (const Storage storage : {Storage::bf16, Storage::f16, Storage::f32, Storage::q8_0}) {
        const auto gate = test::stored(storage, values), up = test::stored(storage, other);
        ExpertStack stack{nullptr, nullptr, nullptr, 2, 4, 32};
        stack.gguf = {{gate.data(), up.data()}, 2, false, storage};
        float weights[32];
        stack.decode_block(0, 2, 0, weights);  // row 1 of gate
        CHECK(weights[0] == 127.0f);
        CHECK(weights[5] == 3.0f);
        stack.decode_block(1, 2, 0, weights);
        CHECK(weights[5] == 0.0f);
        stack.decode_block(1, 3, 0, weights);
        CHECK(std::fabs(weights[31] - 1.0f) < 1e-3f);
    }
}
