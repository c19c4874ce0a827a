#include "gptoss/core/fp16.hpp"

#include <cmath>
#include <limits>

#include "catch.hpp"

using namespace gptoss;

TEST_CASE("fp16: values of IEEE 754 by hand", "[fp16]") {
    CHECK(fp16_to_float(0x3C00) == 1.0f);
    CHECK(fp16_to_float(0xC000) == -2.0f);
    CHECK(fp16_to_float(0x3555) == 0.333251953125f);  // 1/3, rounded to 11 bits
    CHECK(fp16_to_float(0x7BFF) == 65504.0f);
    CHECK(fp16_to_float(0x0400) == 0x1p-14f);  // the smallest that is not subnormal
}

TEST_CASE("fp16: subnormals and both zeros", "[fp16]") {
    CHECK(fp16_to_float(0x0001) == 0x1p-24f);
    CHECK(fp16_to_float(0x83FF) == -1023 * 0x1p-24f);
    CHECK(fp16_to_float(0x0000) == 0.0f);
    CHECK(std::signbit(fp16_to_float(0x8000)));
}

TEST_CASE("fp16: infinities and NaN", "[fp16]") {
    CHECK(fp16_to_float(0x7C00) == std::numeric_limits<float>::infinity());
    CHECK(fp16_to_float(0xFC00) == -std::numeric_limits<float>::infinity());
    CHECK(std::isnan(fp16_to_float(0x7E00)));
    CHECK(std::isnan(fp16_to_float(0xFC01)));
}

TEST_CASE("fp16: every finite number is larger than the one before", "[fp16]") {
    for (std::uint16_t bits = 1; bits <= 0x7C00; ++bits) {
        if (!(fp16_to_float(bits) > fp16_to_float(std::uint16_t(bits - 1)))) FAIL(bits);
    }
}

TEST_CASE("fp16: every number is one, and what lies between two is none", "[fp16]") {
    for (std::uint32_t bits = 0; bits <= 0xFFFF; ++bits) {
        const float value = fp16_to_float(std::uint16_t(bits));
        if (!is_fp16(value)) FAIL(bits);
        const float between = std::nextafter(value, 0.0f);
        if (std::isfinite(value) && value != 0 && is_fp16(between)) FAIL(bits);
    }
    CHECK(!is_fp16(65536.0f));
    CHECK(!is_fp16(0x1p-25f));
    CHECK(!is_fp16(0x1p-140f));
}

TEST_CASE("fp16: every number is written as it was read", "[fp16]") {
    for (std::uint32_t bits = 0; bits <= 0xFFFF; ++bits) {
        const float value = fp16_to_float(std::uint16_t(bits));
        const std::uint16_t written = float_to_fp16(value);
        const bool is_same =
            std::isnan(value) ? std::isnan(fp16_to_float(written)) : written == std::uint16_t(bits);
        if (!is_same) FAIL(bits);
    }
}

TEST_CASE("fp16: halfway between two numbers goes to the even one", "[fp16]") {
    for (std::uint16_t bits = 0; bits < 0x7BFF; ++bits) {
        const float below = fp16_to_float(bits);
        const float above = fp16_to_float(std::uint16_t(bits + 1));
        const float halfway = (below + above) / 2;
        const auto even = std::uint16_t(bits + bits % 2);
        const bool is_right = float_to_fp16(halfway) == even &&
                              float_to_fp16(std::nextafter(halfway, below)) == bits &&
                              float_to_fp16(std::nextafter(halfway, above)) == bits + 1;
        if (!is_right) FAIL(bits);
    }
    CHECK(float_to_fp16(65519.996f) == 0x7BFF);
    CHECK(float_to_fp16(65520.0f) == 0x7C00);
    CHECK(float_to_fp16(-1e30f) == 0xFC00);
    CHECK(float_to_fp16(0x1p-25f) == 0);
}
