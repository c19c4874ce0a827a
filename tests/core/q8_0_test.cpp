#include "gptoss/core/q8_0.hpp"

#include <cmath>
#include <vector>

#include "catch.hpp"

using namespace gptoss;

TEST_CASE("q8_0: a block worked by hand", "[q8_0]") {
    // scale 2 (0x4000), codes -127, 5, 1, 0 ...
    std::uint8_t block[kQ8_0BlockBytes] = {0x00, 0x40, 0x81, 5, 1};
    CHECK(load_q8_0(block, 0) == -254.0f);
    CHECK(load_q8_0(block, 1) == 10.0f);
    CHECK(load_q8_0(block, 2) == 2.0f);
    CHECK(load_q8_0(block, 31) == 0.0f);
}

TEST_CASE("q8_0: weight 32 is the first of the second block", "[q8_0]") {
    std::vector<std::uint8_t> row(2 * kQ8_0BlockBytes);
    row[kQ8_0BlockBytes + 1] = 0x3C;  // scale 1
    row[kQ8_0BlockBytes + 2] = 0x80;  // -128, which no encoder makes
    CHECK(load_q8_0(row.data(), 31) == 0.0f);
    CHECK(load_q8_0(row.data(), 32) == -128.0f);
}

TEST_CASE("q8_0: encoding by hand, and a half goes away from zero", "[q8_0]") {
    // The largest is 254, so a code is worth 2: 3 and -3 lie between two codes.
    std::vector<float> weights(32, 0.0f);
    weights[0] = -254;
    weights[1] = 10;
    weights[2] = 3;
    weights[3] = -3;
    std::uint8_t block[kQ8_0BlockBytes];
    q8_0_encode_block(weights.data(), block);
    CHECK(load_fp16(block, 0) == 2);
    CHECK(std::int8_t(block[2]) == -127);
    CHECK(std::int8_t(block[3]) == 5);
    CHECK(std::int8_t(block[4]) == 2);
    CHECK(std::int8_t(block[5]) == -2);
    CHECK(block[6] == 0);
}

TEST_CASE("q8_0: blocks of zeros and of the smallest floats are zero", "[q8_0]") {
    for (const float weight : {0.0f, 0x1p-149f}) {
        const std::vector<float> weights(32, weight);
        std::uint8_t block[kQ8_0BlockBytes];
        q8_0_encode_block(weights.data(), block);
        CHECK(load_q8_0(block, 7) == 0);
    }
}

TEST_CASE("q8_0: no weight is off by more than half a scale and the scale's rounding", "[q8_0]") {
    std::vector<float> weights(32);
    for (std::size_t i = 0; i < 32; ++i) {
        weights[i] = 0.01f * float(int(i * i * 37 % 101) - 50);
    }
    std::uint8_t block[kQ8_0BlockBytes];
    q8_0_encode_block(weights.data(), block);
    const double scale = 0.5 / 127;
    for (std::size_t i = 0; i < 32; ++i) {
        CHECK(std::fabs(load_q8_0(block, i) - weights[i]) <= 0.5001 * scale + 0.5 / 2048);
    }
}
