#include "gptoss/pitfalls/pitfall.hpp"

#include <thread>

#include "catch.hpp"
#include "gptoss/core/presets.hpp"
#include "gptoss/ops/scalar.hpp"

using namespace gptoss;
using namespace gptoss::pitfalls;

TEST_CASE("pitfall: the noting rope_table is the right one, and starts new notes", "[pitfalls]") {
    const Config config = preset_odd();
    const std::int32_t positions[2] = {0, 7};
    MadeMatrix right(2, config.head_dim), noting(2, config.head_dim);
    notes().n_norms = 5;
    rope_table(config, {positions, 2}, right.view());
    Noting<ScalarOps>::rope_table(config, {positions, 2}, noting.view());
    CHECK(noting.values == right.values);
    CHECK(notes().config == config);
    CHECK(notes().n_norms == 0);
}

TEST_CASE("pitfall: every thread has notes of its own", "[pitfalls]") {
    notes().n_norms = 3;
    int elsewhere = -1;
    std::thread([&elsewhere] { elsewhere = notes().n_norms; }).join();
    CHECK(elsewhere == 0);
    CHECK(notes().n_norms == 3);
}

TEST_CASE("pitfall: a made argument is a copy", "[pitfalls]") {
    const float x[4] = {1, 2, 3, 4};
    MadeMatrix copy = copy_of({x, 2, 2});
    multiply(copy.view(), 10);
    CHECK(copy.values == std::vector<float>{10, 20, 30, 40});
    CHECK(x[0] == 1);
}
