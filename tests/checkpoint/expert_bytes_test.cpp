#include "gptoss/checkpoint/expert_bytes.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

#include "catch.hpp"
#include "gptoss/core/generator.hpp"

using namespace gptoss;
using namespace gptoss::checkpoint;

TEST_CASE("expert bytes: a block rounded by hand", "[convert]") {
    // The largest is 6 = 4 * 1.5, so the scale is 2^0: 1.2 goes to 1, 5.1 to 6, 2.5 to the even 2.
    std::vector<float> weights(32, 0.0f);
    weights[0] = -6;
    weights[1] = 1.2f;
    weights[2] = 5.1f;
    weights[3] = 2.5f;
    const Mxfp4Block block = nearest_mxfp4(weights.data());
    float decoded[32];
    mxfp4_decode_block(block.codes, block.scale, decoded);
    CHECK(block.scale == 127);
    CHECK(decoded[0] == -6);
    CHECK(decoded[1] == 1);
    CHECK(decoded[2] == 6);
    CHECK(decoded[3] == 2);
}

TEST_CASE("expert bytes: where 6 codes are too few, the next scale is taken", "[convert]") {
    const std::vector<float> weights(32, 7.9f);  // 6 under the first scale, 8 under the next
    const Mxfp4Block block = nearest_mxfp4(weights.data());
    CHECK(block.scale == 128);
    CHECK(block.codes[0] == 0x66);
}

TEST_CASE("expert bytes: every block of MXFP4 is its own nearest", "[convert]") {
    for (int seed = 0; seed < 200; ++seed) {
        std::uint8_t codes[16];
        generate_bytes(std::uint64_t(seed), 0, 16, codes);
        float weights[32], again[32];
        mxfp4_decode_block(codes, std::uint8_t(100 + seed % 50), weights);
        const Mxfp4Block block = nearest_mxfp4(weights);
        mxfp4_decode_block(block.codes, block.scale, again);
        CHECK(std::equal(weights, weights + 32, again));
    }
    const std::vector<float> zeros(32, 0.0f);
    CHECK(nearest_mxfp4(zeros.data()).codes[5] == 0);
}

TEST_CASE("expert bytes: no scale leaves a smaller error", "[convert]") {
    for (int seed = 0; seed < 50; ++seed) {
        std::vector<float> weights;
        for (int i = 0; i < 32; ++i) {
            weights.push_back(float(int(mix(std::uint64_t(100 * seed + i)) % 2001) - 1000) / 1000);
        }
        const Mxfp4Block nearest = nearest_mxfp4(weights.data());
        const double error = squared_error_of(nearest, weights.data());
        for (int scale = 115; scale < 135; ++scale) {
            Mxfp4Block other;
            other.scale = std::uint8_t(scale);
            mxfp4_encode_block(weights.data(), other.scale, other.codes);
            CHECK(error <= squared_error_of(other, weights.data()) * (1 + 1e-12));
        }
    }
}
