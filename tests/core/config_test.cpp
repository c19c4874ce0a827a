#include "gptoss/core/config.hpp"

#include "catch.hpp"

using namespace gptoss;

TEST_CASE("config: derived sizes of 20b", "[config]") {
    const Config c = Config{};
    CHECK(c.q_size() == 4096);  // wider than hidden_size
    CHECK(c.kv_size() == 512);
    CHECK(c.queries_per_kv_head() == 8);
}

TEST_CASE("config: even layers slide, odd layers see everything", "[config]") {
    const Config c = Config{};
    CHECK(c.slides(0));
    CHECK_FALSE(c.slides(1));
    CHECK(c.slides(22));
    CHECK_FALSE(c.slides(23));
    CHECK(c.window(0) == 128);
    CHECK(c.window(1) == 0);
}
