#include "gptoss/pitfalls/expert_pitfalls.hpp"

#include <vector>

#include "catch.hpp"
#include "gptoss/ops/scalar.hpp"

using namespace gptoss;
using namespace gptoss::pitfalls;

namespace {

// One expert with a single row of 32 weights: 0.5 and 1 from byte 0x21, zeros behind them.
struct OneRow {
    std::uint8_t codes[16] = {0x21};
    std::uint8_t scale = 127;
    std::int32_t id = 0;
    float bias = 0;
    ExpertStack stack{codes, &scale, nullptr, 1, 1, 32};

    // The row's weight i, as the op reads it.
    template <class Op>
    float weight(Op op, int i) {
        std::vector<float> x(32);
        x[std::size_t(i)] = 1;
        float y = 0;
        op({x.data(), 1, 32}, XRows::per_token, {&id, 1, 1}, stack, {&bias, 1, 1}, {&y, 1, 1});
        return y;
    }
};

}  // namespace

TEST_CASE("expert pitfalls: byte 0x21 is 1, 0.5 with its nibbles swapped", "[pitfalls]") {
    OneRow row;
    CHECK(row.weight(&expert_linear, 0) == 0.5f);
    CHECK(row.weight(&NibblesSwapped<ScalarOps>::expert_linear, 0) == 1);
    CHECK(row.weight(&NibblesSwapped<ScalarOps>::expert_linear, 1) == 0.5f);
}

TEST_CASE("expert pitfalls: byte 0 is weights 0 and 16 with its nibbles split", "[pitfalls]") {
    OneRow row;
    CHECK(row.weight(&NibblesSplit<ScalarOps>::expert_linear, 0) == 0.5f);
    CHECK(row.weight(&NibblesSplit<ScalarOps>::expert_linear, 1) == 0);
    CHECK(row.weight(&NibblesSplit<ScalarOps>::expert_linear, 16) == 1);
    row.codes[15] = 0x70;
    CHECK(row.weight(&NibblesSplit<ScalarOps>::expert_linear, 31) == 6);
}

TEST_CASE("expert pitfalls: a bias of 126 doubles every weight", "[pitfalls]") {
    OneRow row;
    CHECK(row.weight(&ScaleBias<ScalarOps>::expert_linear, 0) == 1);
}

TEST_CASE("expert pitfalls: experts without a bias", "[pitfalls]") {
    OneRow row;
    row.bias = 10;
    CHECK(row.weight(&expert_linear, 0) == 10.5f);
    CHECK(row.weight(&ExpertBiasMissing<ScalarOps>::expert_linear, 0) == 0.5f);
}

TEST_CASE("expert pitfalls: the bias of two experts is added in full", "[pitfalls]") {
    // Weights are zero and biases 1 and 10; with shares of a half each, right is 5.5 and wrong 11.
    const std::uint8_t codes[32] = {}, scales[2] = {127, 127};
    const ExpertStack experts{codes, scales, nullptr, 2, 1, 32};
    const std::int32_t ids[2] = {0, 1};
    const float bias[2] = {1, 10}, shares[2] = {0.5f, 0.5f};
    const std::vector<float> x(64);
    float y[2], out = 0;
    ExpertBiasUnweighted<ScalarOps>::expert_linear({x.data(), 2, 32}, XRows::per_rank, {ids, 1, 2},
                                                   experts, {bias, 2, 1}, {y, 2, 1});
    CHECK(y[1] == 0);
    ExpertBiasUnweighted<ScalarOps>::combine({y, 2, 1}, {shares, 1, 2}, {&out, 1, 1});
    CHECK(out == 11);
}

TEST_CASE("expert pitfalls: the first matrix keeps its bias, of one expert per token too",
          "[pitfalls]") {
    const std::uint8_t codes[32] = {}, scales[2] = {127, 127};
    const ExpertStack experts{codes, scales, nullptr, 2, 1, 32};
    const std::int32_t ids[2] = {0, 1};
    const float bias[2] = {1, 10};
    const std::vector<float> x(2 * 32);
    for (const int top_k : {2, 1}) {
        float y[2];
        ExpertBiasUnweighted<ScalarOps>::expert_linear({x.data(), 2 / top_k, 32}, XRows::per_token,
                                                       {ids, 2 / top_k, top_k}, experts,
                                                       {bias, 2, 1}, {y, 2, 1});
        CHECK(y[1] == 10);
    }
}

TEST_CASE("expert pitfalls: a square down matrix is read with rows as columns", "[pitfalls]") {
    // 32 x 32, all zero but w[0, 1] = 1: output 0 listens to input 1.
    std::vector<std::uint8_t> codes(32 * 16), scales(32, 127);
    codes[0] = 0x20;
    const ExpertStack square{codes.data(), scales.data(), nullptr, 1, 32, 32};
    const std::int32_t id = 0;
    const std::vector<float> bias(32);
    std::vector<float> x(32), right(32), wrong(32);
    x[0] = 5;
    x[1] = 7;
    expert_linear({x.data(), 1, 32}, XRows::per_rank, {&id, 1, 1}, square, {bias.data(), 1, 32},
                  {right.data(), 1, 32});
    DownTransposed<ScalarOps>::expert_linear({x.data(), 1, 32}, XRows::per_rank, {&id, 1, 1},
                                             square, {bias.data(), 1, 32}, {wrong.data(), 1, 32});
    CHECK(right[0] == 7);
    CHECK(right[1] == 0);
    CHECK(wrong[0] == 0);
    CHECK(wrong[1] == 5);
}

TEST_CASE("expert pitfalls: a bias of 128 halves every weight", "[pitfalls]") {
    OneRow row;
    CHECK(row.weight(&ScaleBias128<ScalarOps>::expert_linear, 0) == 0.25f);
}

TEST_CASE("expert pitfalls: rows 0 to 3 as gate_up reads them, exchanged and cut in halves",
          "[pitfalls]") {
    // Weight 0 of the four rows is 0.5, 1, 1.5 and 2: codes 1 to 4.
    std::uint8_t codes[64] = {};
    for (int row = 0; row < 4; ++row) {
        codes[16 * row] = std::uint8_t(row + 1);
    }
    const std::uint8_t scales[4] = {127, 127, 127, 127};
    const ExpertStack stack{codes, scales, nullptr, 1, 4, 32};
    std::vector<float> x(32), bias(4);
    x[0] = 1;
    const std::int32_t id = 0;
    const auto rows_of = [&](auto op, XRows x_rows) {
        std::vector<float> y(4);
        op({x.data(), 1, 32}, x_rows, {&id, 1, 1}, stack, {bias.data(), 1, 4}, {y.data(), 1, 4});
        return y;
    };
    using Rows = std::vector<float>;
    CHECK(rows_of(&expert_linear, XRows::per_token) == Rows{0.5f, 1, 1.5f, 2});
    CHECK(rows_of(&GateUpRowsExchanged<ScalarOps>::expert_linear, XRows::per_token) ==
          Rows{1, 0.5f, 2, 1.5f});
    CHECK(rows_of(&GateUpRowsHalved<ScalarOps>::expert_linear, XRows::per_token) ==
          Rows{0.5f, 1.5f, 1, 2});
    CHECK(rows_of(&GateUpRowsHalved<ScalarOps>::expert_linear, XRows::per_rank) ==
          Rows{0.5f, 1, 1.5f, 2});  // down has no gates
}
