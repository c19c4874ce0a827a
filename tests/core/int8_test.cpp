#include "gptoss/core/int8.hpp"

#include <vector>

#include "catch.hpp"

using namespace gptoss;

TEST_CASE("int8: a block worked by hand", "[int8]") {
    // The largest is 254, so a code is worth 2: 3 lies between codes 1 and 2 and goes to the even.
    std::vector<float> weights(32, 0.0f);
    weights[0] = -254;
    weights[1] = 10;
    weights[2] = 3;
    std::uint8_t block[kInt8BlockBytes];
    int8_encode_block(weights.data(), block);
    CHECK(int8_scale(block) == 2);
    CHECK(std::int8_t(block[4]) == -127);
    CHECK(std::int8_t(block[5]) == 5);
    CHECK(std::int8_t(block[6]) == 2);
    CHECK(std::int8_t(block[7]) == 0);
}

TEST_CASE("int8: a block of zeros stays zero", "[int8]") {
    const std::vector<float> weights(32, 0.0f);
    std::uint8_t block[kInt8BlockBytes];
    int8_encode_block(weights.data(), block);
    CHECK(int8_scale(block) == 0);
    CHECK(block[4] == 0);
}

TEST_CASE("int8: no weight is off by more than half a scale", "[int8]") {
    std::vector<float> weights(32);
    for (std::size_t i = 0; i < 32; ++i) {
        weights[i] = 0.01f * float(int(i * i * 37 % 101) - 50);
    }
    std::uint8_t block[kInt8BlockBytes];
    int8_encode_block(weights.data(), block);
    const float scale = int8_scale(block);
    for (std::size_t i = 0; i < 32; ++i) {
        const float decoded = float(std::int8_t(block[4 + i])) * scale;
        CHECK(std::fabs(decoded - weights[i]) <= 0.5001f * scale);
    }
}
