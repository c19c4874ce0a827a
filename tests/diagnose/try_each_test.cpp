#include "gptoss/diagnose/try_each.hpp"

#include <cstring>
#include <string>

#include "catch.hpp"
#include "gptoss/core/presets.hpp"
#include "pitfall_passes.hpp"

using namespace gptoss;
using namespace gptoss::diagnose;
using namespace gptoss::pitfalls;
using namespace gptoss::dump;

constexpr compare::Policy kFloat32 = compare::Policy::float32;

// What applies points into the list of pitfalls.
template <class List>
concept CanBeTried =
    requires(List&& list) { those_that_apply(std::forward<List>(list), Config{}, kFloat32); };
static_assert(CanBeTried<const std::vector<Pitfall>&>);
static_assert(!CanBeTried<std::vector<Pitfall>>);

TEST_CASE("try each: every run once, for any number of workers", "[diagnose]") {
    for (const int n_workers : {1, 2, 3, 100}) {
        INFO(n_workers << " workers");
        std::vector<int> n_runs(55);
        std::vector<int> heard;
        const auto on_tried = [&](int n_tried, int n_in_all) {
            heard.push_back(n_tried);
            CHECK(n_in_all == 55);
        };
        try_each(55, n_workers, on_tried, [&](int i) { n_runs[std::size_t(i)] += 1; });
        CHECK(n_runs == std::vector<int>(55, 1));
        REQUIRE(heard.size() == 55);
        for (int n = 0; n < 55; ++n) {
            CHECK(heard[std::size_t(n)] == n + 1);
        }
    }
}

TEST_CASE("try each: what a run throws comes out, and the others have run", "[diagnose]") {
    std::vector<int> n_runs(9);
    const auto run = [&](int i) {
        n_runs[std::size_t(i)] += 1;
        if (i == 4) throw Error("the fifth");
    };
    CHECK_THROWS_WITH(try_each(9, 2, nullptr, run), "the fifth");
    CHECK(n_runs == std::vector<int>(9, 1));
}

TEST_CASE("try each: mistakes that a model cannot make are left out", "[diagnose]") {
    const std::vector<Pitfall> all = all_pitfalls<test::LabOps>();
    CHECK(those_that_apply(all, preset_20b(), kFloat32).size() == all.size());
    const auto in_nano = those_that_apply(all, preset_nano(), kFloat32);
    CHECK(in_nano.size() == all.size() - 1);
    for (const Pitfall* pitfall : in_nano) {
        CHECK(std::strcmp(pitfall->facts.name, "down_transposed") != 0);
    }
}

TEST_CASE("try each: up to the window's length a missing causal mask is mask_missing",
          "[diagnose]") {
    const std::vector<Pitfall> all = all_pitfalls<test::LabOps>();
    const auto tried = [&](int n_tokens) {
        return those_that_apply(all, preset_20b(), kFloat32, n_tokens);
    };
    CHECK(tried(129).size() == all.size());
    const auto at_window = tried(128);
    CHECK(at_window.size() == all.size() - 1);
    for (const Pitfall* pitfall : at_window) {
        CHECK(std::strcmp(pitfall->facts.name, "causal_missing") != 0);
    }
}

TEST_CASE("try each: what a port in bf16 does rightly is no mistake there", "[diagnose]") {
    const std::vector<Pitfall> all = all_pitfalls<test::LabOps>();
    const auto in_bf16 = those_that_apply(all, preset_20b(), compare::Policy::bf16);
    CHECK(in_bf16.size() == all.size() - 1);
    for (const Pitfall* pitfall : in_bf16) {
        CHECK(std::strcmp(pitfall->facts.name, "router_bf16") != 0);
    }
}

TEST_CASE("try each: runs of a large dump do not fill the memory", "[diagnose]") {
    CHECK(workers_for(0, 8) == 8);
    CHECK(workers_for(1e6, 8) == 8);
    CHECK(workers_for(1e9, 8) == 4);
    CHECK(workers_for(6e9, 8) == 1);
    Dump dump;
    dump.sites[{Site::logits, kNoLayer}] = {{2, 5}, std::vector<float>(10), {}};
    CHECK(bytes_of(dump) == 40);
}
