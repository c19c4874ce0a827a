#include "gptoss/core/dim.hpp"

#include "catch.hpp"

using namespace gptoss;

TEST_CASE("dim: the extents of the 20b model", "[dim]") {
    const Config c = preset_20b();
    CHECK(extent_of(Dim::vocab, c) == 201088);
    CHECK(extent_of(Dim::hidden, c) == 2880);
    CHECK(extent_of(Dim::q, c) == 4096);
    CHECK(extent_of(Dim::kv, c) == 512);
    CHECK(extent_of(Dim::heads, c) == 64);
    CHECK(extent_of(Dim::experts, c) == 32);
    CHECK(extent_of(Dim::top_k, c) == 4);
    CHECK(extent_of(Dim::gate_up, c) == 5760);
    CHECK(extent_of(Dim::intermediate, c) == 2880);
    CHECK(extent_of(Dim::hidden_blocks, c) == 90);
    CHECK(extent_of(Dim::intermediate_blocks, c) == 90);
    CHECK(extent_of(Dim::block_bytes, c) == 16);
}

TEST_CASE("dim: what is not there counts once, and a pass has its own numbers", "[dim]") {
    CHECK(extent_of(Dim::none, preset_20b()) == 1);
    CHECK(extent_of(Dim::tokens, preset_20b()) == 0);
    CHECK(extent_of(Dim::positions, preset_20b()) == 0);
}

TEST_CASE("dim: in the words of config.hpp", "[dim]") {
    CHECK(dim_words(Dim::kv) == "n_kv_heads * head_dim");
    CHECK(dim_words(Dim::intermediate_blocks) == "intermediate_size / 32");
}
