#include "gptoss/core/mxfp4.hpp"

#include <algorithm>
#include <cmath>
#include <random>
#include <vector>

#include "catch.hpp"
#include "gptoss/core/bf16.hpp"

using namespace gptoss;

namespace {

// A block whose first byte is given and whose scale is 1.
std::vector<float> decoded_with_first_byte(std::uint8_t byte) {
    std::uint8_t codes[kMxfp4BlockBytes] = {byte};
    std::vector<float> weights(kMxfp4BlockSize);
    mxfp4_decode_block(codes, 127, weights.data());
    return weights;
}

}  // namespace

TEST_CASE("mxfp4: bytes worked by hand, the low nibble first", "[mxfp4]") {
    CHECK(decoded_with_first_byte(0x21)[0] == 0.5f);
    CHECK(decoded_with_first_byte(0x21)[1] == 1.0f);
    CHECK(decoded_with_first_byte(0x7A)[0] == -1.0f);
    CHECK(decoded_with_first_byte(0x7A)[1] == 6.0f);
    CHECK(decoded_with_first_byte(0xF8)[0] == 0.0f);
    CHECK(std::signbit(decoded_with_first_byte(0xF8)[0]));  // code 8 is minus zero
    CHECK(decoded_with_first_byte(0xF8)[1] == -6.0f);
    CHECK(decoded_with_first_byte(0x9C)[0] == -2.0f);
    CHECK(decoded_with_first_byte(0x9C)[1] == -0.5f);
}

TEST_CASE("mxfp4: all 16 codes, from sign, exponent and mantissa", "[mxfp4]") {
    const float expected[16] = {0, 0.5, 1, 1.5, 2, 3, 4, 6, -0., -0.5, -1, -1.5, -2, -3, -4, -6};
    for (int code = 0; code < 16; ++code) {
        const float value = decoded_with_first_byte(std::uint8_t(code))[0];
        CHECK(value == expected[code]);
        CHECK(std::signbit(value) == (code >= 8));

        const int exponent = (code >> 1) & 3;
        const int mantissa = code & 1;
        const float magnitude = exponent == 0
                                    ? 0.5f * float(mantissa)
                                    : std::ldexp(1.0f + 0.5f * float(mantissa), exponent - 1);
        CHECK(std::fabs(value) == magnitude);
    }
}

TEST_CASE("mxfp4: scales are powers of two around 127", "[mxfp4]") {
    CHECK(mxfp4_scale(127) == 1.0f);
    CHECK(mxfp4_scale(120) == 0.0078125f);
    CHECK(mxfp4_scale(130) == 8.0f);
    CHECK(mxfp4_scale(1) == 0x1p-126f);
    CHECK(mxfp4_scale(254) == 0x1p127f);
}

TEST_CASE("mxfp4: scale 0 is the subnormal 2^-127, not zero", "[mxfp4]") {
    CHECK(mxfp4_scale(0) == 0x1p-127f);
    CHECK(mxfp4_scale(0) > 0.0f);
}

TEST_CASE("mxfp4: scale 255 makes the whole block NaN, zeros too", "[mxfp4]") {
    CHECK(std::isnan(mxfp4_scale(255)));
    std::uint8_t codes[kMxfp4BlockBytes] = {};
    float weights[kMxfp4BlockSize];
    mxfp4_decode_block(codes, 255, weights);
    for (const float weight : weights)
        CHECK(std::isnan(weight));
}

TEST_CASE("mxfp4: byte b of a block holds elements 2b and 2b + 1", "[mxfp4]") {
    for (int b = 0; b < kMxfp4BlockBytes; ++b) {
        std::uint8_t codes[kMxfp4BlockBytes] = {};
        codes[b] = 0x42;  // low nibble 1, high nibble 2
        float weights[kMxfp4BlockSize];
        mxfp4_decode_block(codes, 128, weights);
        for (int i = 0; i < kMxfp4BlockSize; ++i) {
            const float expected = i == 2 * b ? 2.0f : i == 2 * b + 1 ? 4.0f : 0.0f;
            CHECK(weights[i] == expected);
        }
    }
}

TEST_CASE("mxfp4: every weight under scales 0 to 252 is exact in BF16", "[mxfp4]") {
    for (int scale = 0; scale <= 252; ++scale) {
        for (const float value : kMxfp4Values) {
            const float weight = value * mxfp4_scale(std::uint8_t(scale));
            REQUIRE(std::isfinite(weight));
            REQUIRE(round_to_bf16(weight) == weight);
        }
    }
}

TEST_CASE("mxfp4: the nearest code, ties to the even mantissa", "[mxfp4]") {
    CHECK(mxfp4_nearest_code(0.24f) == 0);
    CHECK(mxfp4_nearest_code(0.25f) == 0);  // between 0 and 0.5 (code 1, odd)
    CHECK(mxfp4_nearest_code(0.75f) == 2);  // between 0.5 (odd) and 1 (code 2)
    CHECK(mxfp4_nearest_code(1.25f) == 2);
    CHECK(mxfp4_nearest_code(1.75f) == 4);
    CHECK(mxfp4_nearest_code(2.5f) == 4);
    CHECK(mxfp4_nearest_code(3.5f) == 6);
    CHECK(mxfp4_nearest_code(5.0f) == 6);
    CHECK(mxfp4_nearest_code(5.01f) == 7);
    CHECK(mxfp4_nearest_code(100.0f) == 7);
    CHECK(mxfp4_nearest_code(-5.01f) == 15);
    CHECK(mxfp4_nearest_code(-0.0f) == 8);
}

TEST_CASE("mxfp4: encoding what was decoded gives the same bytes", "[mxfp4]") {
    std::mt19937 random(1);
    for (const int scale : {0, 1, 120, 127, 252}) {
        std::uint8_t codes[kMxfp4BlockBytes];
        std::uint8_t again[kMxfp4BlockBytes];
        float weights[kMxfp4BlockSize];
        for (std::uint8_t& code : codes)
            code = std::uint8_t(random() % 256);
        mxfp4_decode_block(codes, std::uint8_t(scale), weights);
        mxfp4_encode_block(weights, std::uint8_t(scale), again);
        for (int b = 0; b < kMxfp4BlockBytes; ++b)
            CHECK(again[b] == codes[b]);
    }
}

TEST_CASE("mxfp4: a block of a GGUF file, worked by hand", "[mxfp4]") {
    // Byte 0 is 0x2A: weight 0 is code 10 (-1), weight 16 is code 2 (1). Scale 128 doubles.
    std::uint8_t codes[16] = {0x2A};
    float weights[32];
    mxfp4_decode_gguf_codes(codes, 128, weights);
    CHECK(weights[0] == -2.0f);
    CHECK(weights[16] == 2.0f);
    CHECK(weights[1] == 0.0f);
}

TEST_CASE("mxfp4: codes in the order of a GGUF file stand for the same weights", "[mxfp4]") {
    std::uint8_t codes[16], gguf_codes[16], back[16];
    for (int b = 0; b < 16; ++b) {
        codes[b] = std::uint8_t(b * 37 + 11);
    }
    mxfp4_codes_to_gguf(codes, gguf_codes);
    float expected[32], got[32];
    mxfp4_decode_block(codes, 120, expected);
    mxfp4_decode_gguf_codes(gguf_codes, 120, got);
    CHECK(std::equal(expected, expected + 32, got));
    mxfp4_codes_from_gguf(gguf_codes, back);
    CHECK(std::equal(codes, codes + 16, back));
}
