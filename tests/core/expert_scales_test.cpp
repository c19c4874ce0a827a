#include "gptoss/core/expert_scales.hpp"

#include <vector>

#include "catch.hpp"

using namespace gptoss;

namespace {

// Three experts of two rows of 64 weights: four scales each.
struct SomeExperts {
    std::vector<std::uint8_t> codes = std::vector<std::uint8_t>(3 * 2 * 32);
    std::vector<std::uint8_t> scales = std::vector<std::uint8_t>(3 * 4, 120);

    std::string mistake(Share own) const {
        ExpertStack stack;
        stack.codes = codes.data();
        stack.scales = scales.data();
        stack.n_experts = 3;
        stack.rows = 2;
        stack.cols = 64;
        return mistake_in_scales(stack, own, "layer 5, down");
    }
};

}  // namespace

TEST_CASE("expert scales: NaN is named, but not in an expert of another rank", "[expert_scales]") {
    SomeExperts experts;
    CHECK(experts.mistake({0, 3}) == "");
    experts.scales[7] = 255;
    CHECK(experts.mistake({0, 3}) == "layer 5, down, expert 1: a scale is 255, which means NaN");
    CHECK(experts.mistake({2, 3}) == "");
}

TEST_CASE("expert scales: an expert that was left out is named", "[expert_scales]") {
    SomeExperts experts;
    experts.scales[3] = 0;  // one 0 is a number like others
    CHECK(experts.mistake({0, 3}) == "");
    for (std::size_t i = 8; i < 12; ++i)
        experts.scales[i] = 0;
    CHECK(experts.mistake({0, 2}) == "");
    CHECK(experts.mistake({0, 3}) ==
          "layer 5, down, expert 2: all scales are 0, as in a file cut for another rank");
}
