#include "gptoss/core/bf16.hpp"

#include <cmath>
#include <limits>

#include "catch.hpp"

using namespace gptoss;

TEST_CASE("bf16: bits and values", "[bf16]") {
    CHECK(bf16_to_float(0x3F80) == 1.0f);
    CHECK(bf16_to_float(0xC000) == -2.0f);
    CHECK(bf16_to_float(0x3FC0) == 1.5f);
    CHECK(float_to_bf16(1.0f) == 0x3F80);
    CHECK(float_to_bf16(-2.0f) == 0xC000);
    CHECK(std::signbit(bf16_to_float(0x8000)));
}

TEST_CASE("bf16: halves go to the even neighbour", "[bf16]") {
    // Neighbours of 1 are 2^-7 apart, so 2^-8 is half-way.
    CHECK(float_to_bf16(1.0f + 0x1p-8f) == 0x3F80);             // between 80 and 81: even is 80
    CHECK(float_to_bf16(1.0f + 0x1p-7f + 0x1p-8f) == 0x3F82);   // between 81 and 82: even is 82
    CHECK(float_to_bf16(1.0f + 0x1p-8f + 0x1p-23f) == 0x3F81);  // just above half-way
    CHECK(float_to_bf16(1.0f + 0x1p-8f - 0x1p-23f) == 0x3F80);  // just below
    CHECK(float_to_bf16(-1.0f - 0x1p-8f) == 0xBF80);
}

TEST_CASE("bf16: YaRN's concentration rounds to 1.34375", "[bf16]") {
    CHECK(round_to_bf16(1.3465736f) == 1.34375f);
}

TEST_CASE("bf16: all 65,536 values survive the way to float and back", "[bf16]") {
    int n_changed = 0;
    for (int bits = 0; bits < 65536; ++bits) {
        const float value = bf16_to_float(std::uint16_t(bits));
        if (!std::isnan(value) && float_to_bf16(value) != bits) ++n_changed;
        if (std::isnan(value) && !std::isnan(round_to_bf16(value))) ++n_changed;
    }
    CHECK(n_changed == 0);
}

TEST_CASE("bf16: infinity, NaN and overflow", "[bf16]") {
    const float infinity = std::numeric_limits<float>::infinity();
    CHECK(round_to_bf16(infinity) == infinity);
    CHECK(round_to_bf16(std::numeric_limits<float>::max()) == infinity);
    CHECK(round_to_bf16(3.38e38f) < infinity);
    // A NaN whose set bits are all in the dropped half must not become infinity.
    const float low_nan = std::bit_cast<float>(std::uint32_t(0x7F800001));
    CHECK(std::isnan(round_to_bf16(low_nan)));
}

TEST_CASE("bf16: subnormals are kept and rounded like others", "[bf16]") {
    CHECK(float_to_bf16(0x1p-127f) == 0x0040);
    CHECK(float_to_bf16(0x1p-133f) == 0x0001);  // the smallest
    CHECK(float_to_bf16(0x1p-134f) == 0x0000);  // half of it: even is 0
}

TEST_CASE("bf16: elements are read at odd addresses, low byte first", "[bf16]") {
    const std::uint8_t bytes[] = {0xAA, 0x80, 0x3F, 0x00, 0xC0};
    CHECK(load_bf16(bytes + 1, 0) == 1.0f);
    CHECK(load_bf16(bytes + 1, 1) == -2.0f);
}
