#include "../../examples/live/shortened.hpp"

#include <cmath>
#include <limits>
#include <vector>

#include "catch.hpp"

using namespace gptoss;
using namespace gptoss::live;

namespace {

float read_back(float value, int n_bytes) {
    std::vector<std::uint8_t> bytes;
    append_shortened(bytes, value, n_bytes);
    std::uint32_t bits = 0;
    for (int b = 0; b < n_bytes; ++b) {
        bits |= std::uint32_t(bytes[std::size_t(b)]) << (8 * (4 - n_bytes + b));
    }
    return std::bit_cast<float>(bits);
}

const Extent kOne{4, {0}};  // a head and four tokens: ten weights

PageArrays run_of(std::size_t n_large) {
    PageArrays arrays;
    const std::vector<float> large(n_large, 0.1f);
    const std::vector<float> small(10, 1.0f);
    arrays.add("block.0.mlp.gate_up", {1}, large.data(), large.size());
    arrays.add("block.1.mlp.gate_up", {1}, large.data(), large.size());
    arrays.add("block.0.attn.weights", {1, 10}, small.data(), small.size());
    arrays.add("lens.p", {1}, small.data(), small.size());
    return arrays;
}

}  // namespace

TEST_CASE("shortened: a float is rounded to its upper bytes", "[shortened]") {
    CHECK(read_back(0.1f, 4) == 0.1f);
    CHECK(std::fabs(read_back(0.1f, 3) / 0.1f - 1) < 1.0f / (1 << 16));
    CHECK(std::fabs(read_back(-0.1f, 2) / -0.1f - 1) < 1.0f / (1 << 8));
    CHECK(read_back(1.00390625f, 2) == 1.0078125f);  // half a step: away from zero
    CHECK(std::isinf(read_back(-std::numeric_limits<float>::infinity(), 2)));
    CHECK(std::isnan(read_back(std::numeric_limits<float>::quiet_NaN(), 2)));
}

TEST_CASE("shortened: lower bytes go before arrays do", "[shortened]") {
    CHECK(std::string(shortened(run_of(100), kOne, 880).precision.dtype) == "F32");
    const Shortened three = shortened(run_of(100), kOne, 660);
    CHECK(std::string(three.precision.dtype) == "F24");
    CHECK(three.left_out == "");
    CHECK(three.arrays.bytes.size() == 660);
    CHECK(three.arrays.arrays[0].name == "lens.p");  // the order in which they are kept
}

TEST_CASE("shortened: what is left out is said, with the layers counted", "[shortened]") {
    const Shortened kept = shortened(run_of(100), kOne, 260);
    CHECK(kept.arrays.arrays.size() == 3);
    CHECK(kept.left_out == "Left out, to keep the page small: block.*.mlp.gate_up.");
    CHECK(shortened(run_of(100), kOne, 0).arrays.arrays.empty());
    CHECK_THAT(
        shortened(run_of(100), kOne, 0).left_out,
        StartsWith("Of attention no weights are kept. Left out, to keep the page small: lens.p"));
}

TEST_CASE("shortened: of attention the largest weights are kept where not all fit", "[shortened]") {
    const Extent extent{100, {0, 0}};  // 100 * 101 / 2 weights, as two bytes each 10100 a layer
    const std::vector<float> weights(5050, 0.01f);
    PageArrays run;
    run.add("block.0.attn.weights", {1, 5050}, weights.data(), weights.size());
    run.add("block.1.attn.weights", {1, 5050}, weights.data(), weights.size());
    CHECK(shortened(run, extent, 20'200).left_out == "");

    // 16 a row: 120 + 16 * 85 weights of 4 bytes, 100 sums of 2, in 2 layers
    const Shortened of_all = shortened(run, extent, 2 * (1480 * 4 + 200));
    CHECK(of_all.left_out ==
          "Of attention the 16 largest weights of each head and token are kept, "
          "and the sum of the others.");
    CHECK(of_all.n_largest == 16);
    CHECK(of_all.arrays.bytes.size() == 12'240);
    CHECK(of_all.arrays.arrays[1].name == "block.0.attn.weights.at");

    const Shortened of_one = shortened(run, extent, 28 * 4 + 8 * 93 * 4 + 200);
    CHECK(of_one.left_out ==
          "Of attention the 8 largest weights of each head and token are kept, "
          "and the sum of the others, in 1 of 2 layers (1).");
}
