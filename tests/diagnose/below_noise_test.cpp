#include "gptoss/diagnose/below_noise.hpp"

#include "catch.hpp"

using namespace gptoss;
using namespace gptoss::diagnose;

namespace {

// A mistake that is there, with much to spare.
Projection sure() {
    Projection p;
    p.share = 0.98;
    p.error = 0.01;
    p.n_tokens = 8;
    p.gain = 1000;
    p.all = 4000;
    p.moved = 900;
    p.n_values = 100;
    p.n_other = 90;
    return p;
}

pitfalls::Facts named(const char* name) {
    return {name, "", "", "", "", Site::attn_q};
}

}  // namespace

TEST_CASE("below noise: a share of 1 on which the tokens agree", "[below_noise]") {
    CHECK(is_there(sure()));
    Projection p = sure();
    p.share = 0.75;
    CHECK(!is_there(p));
    p.share = 1.3;
    CHECK(!is_there(p));
    p = sure();
    p.error = 0.2;
    CHECK(!is_there(p));
    p = sure();
    p.gain = 5;
    CHECK(!is_there(p));
    p = sure();
    p.common = 0.5 * p.moved;
    CHECK(!is_there(p));
}

TEST_CASE("below noise: one token has to be off by much more than roundings are", "[below_noise]") {
    Projection p = sure();
    p.n_tokens = 1;
    CHECK(is_there(p));
    p.share = 0.9;
    CHECK(!is_there(p));
    p = sure();
    p.n_tokens = 1;
    p.gain = 500;
    CHECK(!is_there(p));
}

TEST_CASE("below noise: a port that rounds as we do is off by its mistake and nothing else",
          "[below_noise]") {
    Projection p = sure();
    CHECK(!is_all_of_it(p));
    p.gain = 0.99 * p.all;
    CHECK(is_all_of_it(p));
    p.n_tokens = 1;  // one expert that flipped, say
    CHECK(!is_all_of_it(p));
    p = sure();
    p.gain = p.all;
    p.n_other = 0.4;  // fewer roundings than right ports part by
    CHECK(!is_all_of_it(p));
}

TEST_CASE("below noise: the one that takes most away leaves least", "[below_noise]") {
    Projection some = sure(), most = sure(), none = sure();
    most.gain = 1500;
    none.share = 0;
    const auto suspects = suspects_below_noise({named("some"), named("most"), named("none")},
                                               {some, most, none}, is_there);
    REQUIRE(suspects.size() == 2);
    CHECK(suspects[0].left > 10 * suspects[1].left);
    CHECK(suspects[1].left < 0.05);
}

TEST_CASE("below noise: the sites that say so", "[below_noise]") {
    Projection p = sure();
    const dump::SiteKey q{Site::attn_q, 0}, k{Site::attn_k, 0};
    p.at = {{q, 990}, {k, 10}};
    CHECK(sites_of(p) == std::vector<dump::SiteKey>{q});
}
