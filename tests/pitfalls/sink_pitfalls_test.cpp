#include "gptoss/pitfalls/sink_pitfalls.hpp"

#include "catch.hpp"
#include "gptoss/ops/scalar.hpp"

using namespace gptoss;
using namespace gptoss::pitfalls;

namespace {

// Scores 0 and 0, values 1 and 3, sink 0: each of the three has a third.
template <class Op>
double mix_of(Op op, float sink = 0, int window = 0) {
    const float q[4] = {0, 0, 0, 0}, keys[8] = {0, 0, 0, 0, 0, 0, 0, 0};
    const float values[8] = {1, 1, 1, 1, 3, 3, 3, 3};
    const std::int32_t position = 1;
    float mix[4];
    op({q, 1, 4}, {keys, 2, 4}, {values, 2, 4}, {&sink, 1}, {&position, 1}, window, {},
       {mix, 1, 4});
    return double(mix[0]);
}

}  // namespace

TEST_CASE("sink pitfalls: the right op gives 4/3 on this example", "[pitfalls]") {
    CHECK_THAT(mix_of(&attend), WithinAbs(4.0 / 3, 1e-6));
}

TEST_CASE("sink pitfalls: without the sink the mix is the mean, 2", "[pitfalls]") {
    CHECK_THAT(mix_of(&SinksMissing<ScalarOps>::attend), WithinAbs(2, 1e-6));
}

TEST_CASE("sink pitfalls: a sink of 2 counts as 1 under a head_dim of 4", "[pitfalls]") {
    CHECK_THAT(mix_of(&SinksScaled<ScalarOps>::attend, 2), WithinAbs(mix_of(&attend, 1), 1e-6));
    CHECK(mix_of(&attend, 2) < mix_of(&attend, 1));
}

TEST_CASE("sink pitfalls: the sink's third goes to the oldest value: (1 + 3 + 1) / 3",
          "[pitfalls]") {
    CHECK_THAT(mix_of(&SinksWithValue<ScalarOps>::attend), WithinAbs(5.0 / 3, 1e-6));
    // Under a window of 1 position 1 sees only itself: (3 + 3) / 2
    CHECK_THAT(mix_of(&SinksWithValue<ScalarOps>::attend, 0, 1), WithinAbs(3, 1e-6));
}

TEST_CASE("sink pitfalls: only full layers have sinks", "[pitfalls]") {
    CHECK_THAT(mix_of(&SinksDenseOnly<ScalarOps>::attend, 0, 0), WithinAbs(4.0 / 3, 1e-6));
    CHECK_THAT(mix_of(&SinksDenseOnly<ScalarOps>::attend, 0, 2), WithinAbs(2, 1e-6));
}

TEST_CASE("sink pitfalls: the sink's share goes to the first value, also behind the window",
          "[pitfalls]") {
    CHECK_THAT(mix_of(&SinksWithFirstValue<ScalarOps>::attend), WithinAbs(5.0 / 3, 1e-6));
    // Under a window of 1 position 1 sees itself alone, and the first value: (3 + 1) / 2
    CHECK_THAT(mix_of(&SinksWithFirstValue<ScalarOps>::attend, 0, 1), WithinAbs(2, 1e-6));
}
