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

PageArrays run_of(std::size_t n_large) {
    PageArrays arrays;
    const std::vector<float> large(n_large, 0.1f);
    const std::vector<float> small(10, 1.0f);
    arrays.add("block.0.mlp.gate_up", {1}, large.data(), large.size());
    arrays.add("block.1.mlp.gate_up", {1}, large.data(), large.size());
    arrays.add("block.0.attn.weights", {1}, small.data(), small.size());
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
    CHECK(std::string(shortened(run_of(100), 880).precision.dtype) == "F32");
    const Shortened three = shortened(run_of(100), 660);
    CHECK(std::string(three.precision.dtype) == "F24");
    CHECK(three.left_out == "");
    CHECK(three.arrays.bytes.size() == 660);
    CHECK(three.arrays.arrays[0].name == "lens.p");  // the order in which they are kept
}

TEST_CASE("shortened: what is left out is said, with the layers counted", "[shortened]") {
    const Shortened kept = shortened(run_of(100), 260);
    CHECK(kept.arrays.arrays.size() == 3);
    CHECK(kept.left_out == "Left out, to keep the page small: block.*.mlp.gate_up.");
    CHECK(shortened(run_of(100), 0).arrays.arrays.empty());
}
