#include "gptoss/pitfalls/attention_pitfalls.hpp"

#include <vector>

#include "catch.hpp"
#include "gptoss/core/presets.hpp"
#include "gptoss/ops/scalar.hpp"

using namespace gptoss;
using namespace gptoss::pitfalls;

TEST_CASE("attention pitfalls: windows, in the config", "[pitfalls]") {
    Config one_short = preset_20b(), one_long = preset_20b(), odd = preset_20b();
    WindowShort::edit(one_short);
    WindowLong::edit(one_long);
    WindowOnOddLayers::edit(odd);
    CHECK(one_short.window(0) == 127);
    CHECK(one_long.window(0) == 129);
    CHECK(odd.window(0) == 0);
    CHECK(odd.window(1) == 128);

    Config nowhere = preset_20b(), everywhere = preset_20b();
    WindowMissing::edit(nowhere);
    WindowEverywhere::edit(everywhere);
    CHECK(nowhere.window(0) + nowhere.window(1) == 0);
    CHECK(everywhere.window(0) + everywhere.window(1) == 256);
}

TEST_CASE("attention pitfalls: heads 0, 1, 2, 3 read kv heads 0, 1, 0, 1", "[pitfalls]") {
    // One key, so the only weight is 1 (the sinks are far below) and mix is the value of the head.
    const float q[4] = {1, 1, 1, 1}, keys[2] = {1, 1}, values[2] = {10, 20};
    const float sinks[4] = {-90, -90, -90, -90};
    const std::int32_t position = 0;
    float mix[4];
    HeadsModulo<ScalarOps>::attend({q, 1, 4}, {keys, 1, 2}, {values, 1, 2}, {sinks, 4},
                                   {&position, 1}, 0, {}, {mix, 1, 4});
    CHECK(mix[0] == 10);
    CHECK(mix[1] == 20);
    CHECK(mix[2] == 10);
    CHECK(mix[3] == 20);
}

TEST_CASE("attention pitfalls: scores are divided by the root of 96, not of 32", "[pitfalls]") {
    const Config config = preset_odd();
    const std::int32_t position = 0;
    MadeMatrix table(1, config.head_dim);
    Noting<ScalarOps>::rope_table(config, {&position, 1}, table.view());
    MadeMatrix q(1, 32), mix(1, 32);
    q.values[0] = 1;
    const float sink = 0;
    float score = 0;
    AttentionRecord record;
    record.scores = {&score, 1, 1};
    ScaleSqrtHidden<ScalarOps>::attend(q.view(), q.view(), q.view(), {&sink, 1}, {&position, 1}, 0,
                                       record, mix.view());
    CHECK_THAT(score, WithinAbs(0.1020621, 1e-6));  // 1 / sqrt(96)
}

TEST_CASE("attention pitfalls: scores are not divided at all", "[pitfalls]") {
    MadeMatrix q(1, 16), mix(1, 16);
    q.values[0] = 1;
    const std::int32_t position = 0;
    const float sink = 0;
    float score = 0;
    AttentionRecord record;
    record.scores = {&score, 1, 1};
    ScaleMissing<ScalarOps>::attend(q.view(), q.view(), q.view(), {&sink, 1}, {&position, 1}, 0,
                                    record, mix.view());
    CHECK(score == 1);  // right: 1 / 4
}

TEST_CASE("attention pitfalls: in a ring of 4, positions 0 to 5 leave 4, 5, 2, 3", "[pitfalls]") {
    CHECK(overwritten_by(0, 5, 4) == 4);
    CHECK(overwritten_by(1, 5, 4) == 5);
    CHECK(overwritten_by(2, 5, 4) == 2);
    CHECK(overwritten_by(5, 5, 4) == 5);
}

TEST_CASE("attention pitfalls: an early query reads what was written later", "[pitfalls]") {
    // Window 2, three tokens in a pass. Token 0 sees only itself, but its row holds position 2.
    const float q[3] = {0, 0, 0}, keys[3] = {0, 0, 0}, values[3] = {1, 2, 3}, sink = -90;
    const std::int32_t positions[3] = {0, 1, 2};
    float mix[3];
    RingOverwritten<ScalarOps>::attend({q, 3, 1}, {keys, 3, 1}, {values, 3, 1}, {&sink, 1},
                                       {positions, 3}, 2, {}, {mix, 3, 1});
    CHECK(mix[0] == 3);                        // right: 1
    CHECK_THAT(mix[1], WithinAbs(2.5, 1e-6));  // right: 1.5
    CHECK_THAT(mix[2], WithinAbs(2.5, 1e-6));  // right
    RingOverwritten<ScalarOps>::attend({q, 3, 1}, {keys, 3, 1}, {values, 3, 1}, {&sink, 1},
                                       {positions, 3}, 0, {}, {mix, 3, 1});
    CHECK(mix[0] == 1);  // a full layer has no ring
}

TEST_CASE("attention pitfalls: a window on the first half of the layers", "[pitfalls]") {
    Config config = preset_20b();
    WindowOnFirstHalf::edit(config);
    CHECK(config.window(0) == 128);
    CHECK(config.window(11) == 128);
    CHECK(config.window(12) == 0);
}

TEST_CASE("attention pitfalls: scores are divided by the root of 96 / 6", "[pitfalls]") {
    const Config config = preset_odd();
    const std::int32_t position = 0;
    MadeMatrix table(1, config.head_dim);
    Noting<ScalarOps>::rope_table(config, {&position, 1}, table.view());
    MadeMatrix q(1, 32), mix(1, 32);
    q.values[0] = 1;
    const float sink = 0;
    float score = 0;
    AttentionRecord record;
    record.scores = {&score, 1, 1};
    ScaleHiddenOverHeads<ScalarOps>::attend(q.view(), q.view(), q.view(), {&sink, 1},
                                            {&position, 1}, 0, record, mix.view());
    CHECK_THAT(score, WithinAbs(0.25, 1e-6));
}
