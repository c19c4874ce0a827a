#include "gptoss/bf16/rounded_sums.hpp"

#include <vector>

#include "bf16_weights.hpp"
#include "catch.hpp"

using namespace gptoss;
using namespace gptoss::test;

namespace {

// The same codes in every block: code 2 is 1.0, scale byte 127 is 2^0.
struct ExpertsOfOnes {
    std::vector<std::uint8_t> codes;
    std::vector<std::uint8_t> scales;
    ExpertStack stack;

    ExpertsOfOnes(int n_experts, int out, int in)
        : codes(std::size_t(n_experts * out * in / 2), 0x22),
          scales(std::size_t(n_experts * out * in / 32), 127),
          stack{codes.data(), scales.data(), nullptr, n_experts, out, in} {}
};

}  // namespace

// --- By hand ----------------------------------------------------------------------------------

TEST_CASE("rounded sums: linear adds its bias before the one rounding", "[bf16]") {
    // 256 + 1 would round to 256 and then, with the bias, to 257 -> 256; at once it is 258.
    std::vector<float> x{256, 1}, bias{1}, y(1);
    const Bf16Weights w(1, 2, {1, 1});
    bf16::linear({x.data(), 1, 2}, w.view(), {bias.data(), 1}, {y.data(), 1, 1});
    CHECK(y[0] == 258);
}

TEST_CASE("rounded sums: expert_linear rounds the sum, then the sum with its bias", "[bf16]") {
    // 32 inputs with the sum 257: rounded to 256, plus 1 to 257, rounded to 256. At once: 258.
    const ExpertsOfOnes experts(2, 1, 32);
    std::vector<float> x(32, 0.0f), bias{5, 1}, y(1);
    x[0] = 256;
    x[31] = 1;
    const std::vector<std::int32_t> ids{1};
    bf16::expert_linear({x.data(), 1, 32}, XRows::per_token, {ids.data(), 1, 1}, experts.stack,
                        {bias.data(), 2, 1}, {y.data(), 1, 1});
    CHECK(y[0] == 256);
}

TEST_CASE("rounded sums: expert_linear gives every rank the bias of its own expert", "[bf16]") {
    const ExpertsOfOnes experts(3, 2, 32);
    std::vector<float> x(2 * 32, 0.0f), bias{1, 2, 3, 4, 5, 6}, y(8);
    const std::vector<std::int32_t> ids{2, 0, 1, 2};
    bf16::expert_linear({x.data(), 2, 32}, XRows::per_token, {ids.data(), 2, 2}, experts.stack,
                        {bias.data(), 3, 2}, {y.data(), 4, 2});
    CHECK(y == std::vector<float>{5, 6, 1, 2, 3, 4, 5, 6});
}

TEST_CASE("rounded sums: rmsnorm of 3 and 4", "[bf16]") {
    // 1 / rms = 0.2828427; 3 of it is 0.84853 = 217.22 / 256 -> 217 / 256, 4 of it times the gain 2
    // is 2.26274 = 144.8 / 64 -> 145 / 64.
    std::vector<float> x{3, 4}, gain{1, 2}, y(2);
    bf16::rmsnorm({x.data(), 1, 2}, {gain.data(), 2}, 0.0f, {y.data(), 1, 2});
    CHECK(y == std::vector<float>{217.0f / 256, 145.0f / 64});
}

TEST_CASE("rounded sums: unembed rounds each logit once", "[bf16]") {
    std::vector<float> x{256, 1, 1}, logits(2);
    const Bf16Weights w(2, 3,
                        {1, 1, 0,  //
                         1, 1, 1});
    bf16::unembed({x.data(), 1, 3}, w.view(), {logits.data(), 1, 2});
    CHECK(logits == std::vector<float>{256, 258});
}

// --- Claims -----------------------------------------------------------------------------------

TEST_CASE("rounded sums: small terms are not lost behind a large one", "[bf16]") {
    // 2^24 + 1 is 2^24 in float32, however often 1 is added. BF16 has steps of 2^17 there, and
    // 100,000 ones are more than half of one.
    const int n = 100001;
    std::vector<float> x(std::size_t(n), 1.0f), bias{0}, y(1);
    x[0] = 16777216;  // 2^24
    const Bf16Weights ones(1, n, std::vector<float>(std::size_t(n), 1.0f));
    bf16::linear({x.data(), 1, n}, ones.view(), {bias.data(), 1}, {y.data(), 1, 1});
    CHECK(y[0] == 16777216.0f + 131072.0f);
}

// --- Errors -----------------------------------------------------------------------------------

TEST_CASE("rounded sums: a wrong extent is named as by the scalar op", "[bf16][errors]") {
    std::vector<float> x(32), y(4);
    const Bf16Weights w(2, 3, {1, 2, 3, 4, 5, 6});
    REQUIRE_THROWS_WITH(bf16::linear({x.data(), 1, 2}, w.view(), {x.data(), 2}, {y.data(), 1, 2}),
                        "linear: w.cols is 3, expected 2 (x.cols)");
    REQUIRE_THROWS_WITH(bf16::unembed({x.data(), 1, 3}, w.view(), {y.data(), 1, 1}),
                        "unembed: logits is (1, 1), expected (1, 2)");
    REQUIRE_THROWS_WITH(bf16::rmsnorm({x.data(), 1, 2}, {x.data(), 3}, 1e-5f, {y.data(), 1, 2}),
                        "rmsnorm: gain has 3 elements, expected 2 (x.cols)");
    const ExpertsOfOnes experts(2, 1, 32);
    const std::vector<std::int32_t> ids{0};
    REQUIRE_THROWS_WITH(bf16::expert_linear({x.data(), 1, 32}, XRows::per_token, {ids.data(), 1, 1},
                                            experts.stack, {x.data(), 1, 1}, {y.data(), 1, 1}),
                        "expert_linear: bias is (1, 1), expected (2, 1)");
}
