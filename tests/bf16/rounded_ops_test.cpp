#include "gptoss/bf16/rounded_ops.hpp"

#include <cmath>
#include <vector>

#include "catch.hpp"
#include "gptoss/core/presets.hpp"

using namespace gptoss;

namespace {

bool is_bf16(float value) {
    return round_to_bf16(value) == value;
}

bool all_bf16(const std::vector<float>& values) {
    for (const float value : values) {
        if (!is_bf16(value)) return false;
    }
    return true;
}

}  // namespace

// --- By hand ----------------------------------------------------------------------------------

TEST_CASE("rounded ops: a sum of residuals keeps eight bits", "[bf16]") {
    // Between 256 and 512 BF16 has even numbers only; 257 lies halfway and 256 is the even one.
    std::vector<float> x{256, 256, 256}, y{1, 3, 2}, out(3);
    bf16::add_residual({x.data(), 1, 3}, {y.data(), 1, 3}, {out.data(), 1, 3});
    CHECK(out == std::vector<float>{256, 260, 258});
}

TEST_CASE("rounded ops: rope rounds both products before it subtracts", "[bf16]") {
    // cos = 0.7265625, sin = 1.1328125: the first pair at position 1, as BF16 has them.
    // 3 * cos = 2.1796875 -> 2.1875, 5 * sin = 5.6640625 -> 5.65625; the difference -3.46875.
    // In one go: 2.1796875 - 5.6640625 = -3.484375.
    std::vector<float> x{3, 5}, table{0.7265625f, 1.1328125f}, y(2);
    bf16::rope({x.data(), 1, 2}, {table.data(), 1, 2}, {y.data(), 1, 2});
    CHECK(y[0] == -3.46875f);
    // 5 * cos = 3.6328125 -> 3.625, 3 * sin = 3.3984375 -> 3.40625: ties, the even ones.
    CHECK(y[1] == 7.03125f);
}

TEST_CASE("rounded ops: the rope table at position 1, to the bit", "[bf16]") {
    const std::vector<std::int32_t> positions{1};
    std::vector<float> table(64);
    bf16::rope_table(preset_20b(), {positions.data(), 1}, {table.data(), 1, 64});
    CHECK(table[0] == 0.7265625f);         // cos of pair 0
    CHECK(table[32] == 1.1328125f);        // sin of pair 0
    CHECK(table[8] == 1.34375f);           // cos of pair 8
    CHECK(table[32 + 8] == 0.068359375f);  // sin of pair 8
}

TEST_CASE("rounded ops: swiglu keeps 1.702 in float32", "[bf16]") {
    // gate 1.9140625: 1.702 * gate = 3.2577 -> 3.25, sigmoid 0.96267 -> 0.9609375, times gate
    // 1.83929 -> 1.8359375, times up + 1 = 2. With 1.703125 it would be 3.265625 and 1.84375.
    std::vector<float> h{1.9140625f, 1}, y(1);
    bf16::swiglu({h.data(), 1, 2}, 7.0f, 1.702, {y.data(), 1, 1});
    CHECK(y[0] == 3.671875f);
    // With alpha 1: sigmoid 0.87146 -> 0.87109375, times gate 1.66733 -> 1.6640625, times 2.
    bf16::swiglu({h.data(), 1, 2}, 7.0f, 1.0, {y.data(), 1, 1});
    CHECK(y[0] == 3.328125f);
}

TEST_CASE("rounded ops: swiglu clamps as the scalar op does", "[bf16]") {
    std::vector<float> h{100, 100, -100, -100}, y(2);
    bf16::swiglu({h.data(), 1, 4}, 7.0f, 1.702, {y.data(), 1, 2});
    CHECK(y[0] == 56.0f);
    CHECK(std::abs(y[1]) < 1e-30f);
}

TEST_CASE("rounded ops: the lower id wins where rounding made two logits equal", "[bf16]") {
    std::vector<float> logits{1, 2, 2, 0}, weights(2);
    std::vector<std::int32_t> ids(2);
    bf16::route({logits.data(), 1, 4}, {ids.data(), 1, 2}, {weights.data(), 1, 2});
    CHECK(ids == std::vector<std::int32_t>{1, 2});
    CHECK(weights == std::vector<float>{0.5f, 0.5f});
}

// --- Claims -----------------------------------------------------------------------------------

TEST_CASE("rounded ops: combine leaves BF16 values only", "[bf16]") {
    std::vector<float> x{1.5f, -2.25f, 0.3125f, 7}, shares{0.337f, 0.663f}, out(2);
    bf16::combine({x.data(), 2, 2}, {shares.data(), 1, 2}, {out.data(), 1, 2});
    CHECK(all_bf16(out));
}

// --- Errors -----------------------------------------------------------------------------------

TEST_CASE("rounded ops: a wrong extent is named as by the scalar op", "[bf16][errors]") {
    std::vector<float> x(4), y(4), table(2);
    REQUIRE_THROWS_WITH(bf16::rope({x.data(), 2, 2}, {table.data(), 1, 2}, {y.data(), 2, 2}),
                        "rope: table.rows is 1, expected 2 (x.rows)");
    REQUIRE_THROWS_WITH(bf16::swiglu({x.data(), 1, 4}, 7.0f, 1.702, {y.data(), 1, 4}),
                        "swiglu: y is (1, 4), expected (1, 2)");
}
