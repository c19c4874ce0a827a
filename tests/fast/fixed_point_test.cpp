// Activations in fixed point, number by number. That sums of their products are right: kernels_test.cpp,
// and tests/ops/fast_test.cpp.
#include "gptoss/fast/kernels/fixed_point.hpp"

#include <cmath>
#include <limits>
#include <vector>

#include "catch.hpp"
#include "gptoss/core/generator.hpp"

using namespace gptoss;
using namespace gptoss::fast;

namespace {

// Number i of a block in split order, put together again.
double value_of(const FixedPair& pair, int half, int i) {
    const auto& bytes = i < 16 ? pair.even : pair.odd;
    const int place = 16 * half + i % 16;
    const int q = bytes[0][place] * 0x10000 + bytes[1][place] * 0x100 + bytes[2][place];
    return double(q) * 2 * double(pair.half_units[4 * half + i % 4]);
}

std::vector<float> numbers(int n, float scale) {
    std::vector<float> values;
    for (int i = 0; i < n; ++i) {
        const double uniform = double(mix(7 + std::uint64_t(i)) >> 11) * 0x1p-53 * 2 - 1;
        values.push_back(float(uniform) * scale);
    }
    return values;
}

}  // namespace

TEST_CASE("fixed point: a number is off by half a unit at most, and the largest fills three bytes",
          "[fast]") {
    for (const float scale : {1.0f, 1e-30f, 3e37f, 0.7f, 1.0e4f}) {
        const std::vector<float> x = numbers(3 * 32, scale);
        std::vector<FixedPair> fixed(2);
        to_fixed_point_body(x.data(), 3, fixed.data());
        for (int block = 0; block < 3; ++block) {
            const FixedPair& pair = fixed[std::size_t(block / 2)];
            double largest = 0;
            for (int i = 0; i < 32; ++i) {
                largest = std::max(largest, std::fabs(double(x[std::size_t(32 * block + i)])));
            }
            const double unit = 2 * double(pair.half_units[4 * (block % 2)]);
            CHECK(unit * kLargestFixed <= 2 * largest);
            for (int i = 0; i < 32; ++i) {
                const double exact = double(x[std::size_t(32 * block + i)]);
                CHECK(std::fabs(value_of(pair, block % 2, i) - exact) <= unit / 2);
            }
        }
    }
}

TEST_CASE("fixed point: numbers next to a power of two keep within three bytes", "[fast]") {
    for (const float largest :
         {1.0f, std::nextafter(2.0f, 0.0f), 1.9921875f, 1.992188f, 1.99215f}) {
        for (const float sign : {1.0f, -1.0f}) {
            std::vector<float> x(32, sign * largest);
            FixedPair pair;
            to_fixed_point_body(x.data(), 1, &pair);
            CHECK(std::fabs(value_of(pair, 0, 0) - double(x[0])) <= double(pair.half_units[0]));
            CHECK(std::fabs(double(pair.offsets[0])) <= 12.0 * 8 * kLargestFixed);
        }
    }
}

TEST_CASE("fixed point: the offset of a lane is -12 times what it sums", "[fast]") {
    const std::vector<float> x = numbers(64, 1);
    FixedPair pair;
    to_fixed_point_body(x.data(), 2, &pair);
    for (int lane = 0; lane < 8; ++lane) {
        double sum = 0;
        for (int i = 4 * (lane % 4); i < 4 * (lane % 4) + 4; ++i) {
            sum += value_of(pair, lane / 4, i) + value_of(pair, lane / 4, 16 + i);
        }
        CHECK(double(pair.offsets[lane]) * 2 * double(pair.half_units[lane]) == -12 * sum);
    }
}

TEST_CASE("fixed point: zeros stay zero, and what is not finite makes its block NaN", "[fast]") {
    std::vector<float> x(96, 0.0f);
    std::vector<FixedPair> fixed(2);
    for (const float wrong :
         {std::numeric_limits<float>::infinity(), -std::numeric_limits<float>::infinity(),
          std::numeric_limits<float>::quiet_NaN()}) {
        x[32 + 5] = wrong;
        to_fixed_point_body(x.data(), 3, fixed.data());
        CHECK(value_of(fixed[0], 0, 5) == 0);
        CHECK(std::isnan(value_of(fixed[0], 1, 5)));
        CHECK(value_of(fixed[1], 0, 5) == 0);
        CHECK(value_of(fixed[1], 1, 5) == 0);  // filled up
    }
}
