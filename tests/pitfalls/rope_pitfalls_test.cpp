#include "gptoss/pitfalls/rope_pitfalls.hpp"

#include <cmath>

#include "catch.hpp"
#include "gptoss/core/presets.hpp"
#include "gptoss/ops/scalar.hpp"

using namespace gptoss;
using namespace gptoss::pitfalls;

namespace {

// cos and sin of one pass over two positions, by a table of the op in question.
template <class Op>
MadeMatrix table_of(Op op, const Config& config, std::int32_t first, std::int32_t second) {
    const std::int32_t positions[2] = {first, second};
    MadeMatrix table(2, config.head_dim);
    op(config, {positions, 2}, table.view());
    return table;
}

}  // namespace

TEST_CASE("rope pitfalls: rounded bounds are 8 and 18 in the real models", "[pitfalls]") {
    Config config = preset_20b();
    CHECK_THAT(yarn_bound(config, config.rope_ntk_beta), WithinAbs(8.0928, 1e-4));
    CHECK_THAT(yarn_bound(config, config.rope_ntk_alpha), WithinAbs(17.3980, 1e-4));
    YarnBoundsRounded::edit(config);
    CHECK_THAT(yarn_bound(config, config.rope_ntk_beta), WithinAbs(8, 1e-6));
    CHECK_THAT(yarn_bound(config, config.rope_ntk_alpha), WithinAbs(18, 1e-6));
    // 76.3 % more at pair 17, as other programs have it
    CHECK_THAT(rope_inv_freq(config, 17) / rope_inv_freq(preset_20b(), 17), WithinAbs(1.763, 1e-3));
}

TEST_CASE("rope pitfalls: plain, another base, and another context", "[pitfalls]") {
    Config plain = preset_20b(), theta = preset_20b(), context = preset_20b();
    PlainRope::edit(plain);
    CHECK(rope_concentration(plain) == 1);
    CHECK(rope_inv_freq(plain, 31) == 1.0f / float(std::pow(150000.0, 62.0 / 64.0)));
    ThetaDefault::edit(theta);
    CHECK_THAT(rope_inv_freq(theta, 1), WithinAbs(std::pow(10000.0, -2.0 / 64.0), 1e-6));
    YarnMaxPositions::edit(context);
    CHECK_THAT(yarn_bound(context, 32), WithinAbs(17.398, 1e-3));  // 32 * 4096: alpha's old bound
}

TEST_CASE("rope pitfalls: without the concentration cos 0 is 1", "[pitfalls]") {
    const Config config = preset_20b();
    const MadeMatrix table = table_of(&ConcentrationMissing<ScalarOps>::rope_table, config, 0, 1);
    CHECK_THAT(table.values[0], WithinAbs(1, 1e-6));
    CHECK_THAT(table.values[64], WithinAbs(std::cos(1.0), 1e-6));
}

TEST_CASE("rope pitfalls: the concentration is taken from keys, not from queries", "[pitfalls]") {
    const Config config = preset_odd();
    const MadeMatrix table = table_of(&Noting<ScalarOps>::rope_table, config, 0, 1);
    const ConstMatrixView first_row{table.values.data(), 1, config.head_dim};
    MadeMatrix q(1, config.q_size()), k(1, config.kv_size());
    q.values[0] = k.values[0] = 1;
    ConcentrationOnce<ScalarOps>::rope(q.view(), first_row, q.view());
    ConcentrationOnce<ScalarOps>::rope(k.view(), first_row, k.view());
    CHECK_THAT(q.values[0], WithinAbs(1.3465736, 1e-6));
    CHECK_THAT(k.values[0], WithinAbs(1, 1e-6));
}

TEST_CASE("rope pitfalls: neighbours are turned, worked by hand", "[pitfalls]") {
    // Angles 90 and 0 degrees: (1, 2) becomes (-2, 1), (3, 4) stays. Halves would pair 1 with 3.
    const float x[4] = {1, 2, 3, 4};
    const float table[4] = {0, 1, /**/ 1, 0};
    float y[4];
    RopeInterleaved<ScalarOps>::rope({x, 1, 4}, {table, 1, 4}, {y, 1, 4});
    CHECK(y[0] == -2);
    CHECK(y[1] == 1);
    CHECK(y[2] == 3);
    CHECK(y[3] == 4);
}

TEST_CASE("rope pitfalls: a quarter turn the other way", "[pitfalls]") {
    const float x[2] = {1, 2};
    const float table[2] = {0, 1};
    float y[2];
    RopeReversed<ScalarOps>::rope({x, 1, 2}, {table, 1, 2}, {y, 1, 2});
    CHECK(y[0] == 2);  // right: -2
    CHECK(y[1] == -1);
}

TEST_CASE("rope pitfalls: with exchanged betas the first pair is slowed and the last is not",
          "[pitfalls]") {
    Config config = preset_20b();
    YarnBetasSwapped::edit(config);
    const int last = config.head_dim / 2 - 1;
    CHECK(yarn_ramp(preset_20b(), 0) == 0);
    CHECK(yarn_ramp(preset_20b(), last) == 1);
    CHECK(yarn_ramp(config, 0) == 1);
    CHECK(yarn_ramp(config, last) == 0);
}

TEST_CASE("rope pitfalls: turned twice by 90 degrees is turned around", "[pitfalls]") {
    const float x[2] = {1, 2};
    const float table[2] = {0, 1};
    float y[2];
    RopeTwice<ScalarOps>::rope({x, 1, 2}, {table, 1, 2}, {y, 1, 2});
    CHECK(y[0] == -1);
    CHECK(y[1] == -2);
}

TEST_CASE("rope pitfalls: positions 5 and 6 count as 0 and 1", "[pitfalls]") {
    const Config config = preset_20b();
    CHECK(table_of(&PositionsRestart<ScalarOps>::rope_table, config, 5, 6).values ==
          table_of(&rope_table, config, 0, 1).values);
    CHECK(table_of(&rope_table, config, 5, 6).values != table_of(&rope_table, config, 0, 1).values);
}

TEST_CASE("rope pitfalls: position interpolation slows every pair by the factor", "[pitfalls]") {
    Config linear = preset_20b();
    PositionInterpolation::edit(linear);
    CHECK_THAT(rope_inv_freq(linear, 0), WithinAbs(1.0 / 32, 1e-8));  // the fastest pair, turned 1
    CHECK_THAT(rope_inv_freq(linear, 31) / rope_inv_freq(preset_20b(), 31), WithinAbs(1, 1e-6));
    CHECK(rope_concentration(linear) == rope_concentration(preset_20b()));
}

TEST_CASE("rope pitfalls: in bf16 position 257 is 256, and 256 is itself", "[pitfalls]") {
    const Config config = preset_20b();
    const auto right = [&](std::int32_t p) { return table_of(&rope_table, config, p, p).values; };
    const MadeMatrix table = table_of(&PositionsBf16<ScalarOps>::rope_table, config, 256, 257);
    const std::vector<float> first(table.values.begin(), table.values.begin() + 64);
    const std::vector<float> second(table.values.begin() + 64, table.values.end());
    const std::vector<float> at_256 = right(256);
    CHECK(first == std::vector<float>(at_256.begin(), at_256.begin() + 64));
    CHECK(second == first);
}

TEST_CASE("rope pitfalls: positions that begin at 1 have the next one's angles", "[pitfalls]") {
    const Config config = preset_20b();
    CHECK(table_of(&PositionsFromOne<ScalarOps>::rope_table, config, 0, 6).values ==
          table_of(&rope_table, config, 1, 7).values);
}

TEST_CASE("rope pitfalls: linear rope turns position 32 by 1, and no concentration is in it",
          "[pitfalls]") {
    const Config config = preset_20b();
    REQUIRE(config.rope_scaling_factor == 32);
    const MadeMatrix table = table_of(&LinearRope<ScalarOps>::rope_table, config, 0, 32);
    CHECK_THAT(table.values[0], WithinAbs(1, 1e-6));               // cos 0
    CHECK_THAT(table.values[64], WithinAbs(std::cos(1.0), 1e-6));  // the fastest pair
    CHECK_THAT(table.values[64 + 32], WithinAbs(std::sin(1.0), 1e-6));
}
