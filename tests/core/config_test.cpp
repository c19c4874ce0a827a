#include "gptoss/core/config.hpp"

#include <limits>

#include "catch.hpp"

using namespace gptoss;

namespace {

Config tiny_with(int Config::* field, int value) {
    Config c = preset_tiny();
    c.*field = value;
    return c;
}

}  // namespace

TEST_CASE("config: derived sizes of 20b", "[config]") {
    const Config c = preset_20b();
    CHECK(c.q_size() == 4096);  // wider than hidden_size
    CHECK(c.kv_size() == 512);
    CHECK(c.queries_per_kv_head() == 8);
}

TEST_CASE("config: even layers slide, odd layers see everything", "[config]") {
    const Config c = preset_20b();
    CHECK(c.slides(0));
    CHECK_FALSE(c.slides(1));
    CHECK(c.slides(22));
    CHECK_FALSE(c.slides(23));
    CHECK(c.window(0) == 128);
    CHECK(c.window(1) == 0);
}

TEST_CASE("config: the bounds of YaRN's ramp are real numbers", "[config]") {
    const Config c = preset_20b();
    CHECK_THAT(yarn_bound(c, c.rope_ntk_beta), WithinAbs(8.092779115512402, 1e-12));
    CHECK_THAT(yarn_bound(c, c.rope_ntk_alpha), WithinAbs(17.39802450158856, 1e-12));
}

TEST_CASE("config: the presets are valid, and as published", "[config]") {
    for (const char* name : {"tiny", "odd", "nano", "20b", "120b"})
        CHECK_NOTHROW(validate(preset(name)));
    CHECK(preset("20b").n_layers == 24);
    CHECK(preset("20b").n_experts == 32);
    CHECK(preset("120b").n_layers == 36);
    CHECK(preset("120b").n_experts == 128);
    CHECK(preset("120b").layer_kinds.size() == 36);
}

TEST_CASE("config: the ids of the small presets are inside their vocabularies", "[config]") {
    for (const char* name : {"tiny", "odd", "nano"}) {
        const Config c = preset(name);
        CHECK(c.pad_token_id < c.vocab_size);
        CHECK(c.eos_token_id < c.vocab_size);
    }
}

TEST_CASE("config: with_layers keeps the alternation", "[config]") {
    const Config c = with_layers(preset_120b(), 3);
    CHECK(c.n_layers == 3);
    CHECK(c.layer_kinds == alternating_layers(3));
    CHECK(c.n_experts == 128);
    CHECK_NOTHROW(validate(c));
}

TEST_CASE("config: with_layers keeps the kinds of the layers that stay", "[config]") {
    const auto full = AttentionKind::full, sliding = AttentionKind::sliding;
    Config c = with_layers(preset_tiny(), 3);
    c.layer_kinds = {full, full, full};
    CHECK(with_layers(c, 2).layer_kinds == std::vector{full, full});
    CHECK(with_layers(c, 5).layer_kinds == std::vector{full, full, full, full, sliding});
}

TEST_CASE("config: each rule is broken by name", "[config][errors]") {
    CHECK_THROWS_WITH(validate(tiny_with(&Config::n_layers, 0)),
                      StartsWith("config: n_layers is 0"));
    CHECK_NOTHROW(validate(with_layers(preset_tiny(), 1024)));
    CHECK_THROWS_WITH(validate(with_layers(preset_tiny(), 1025)),
                      "config: n_layers is 1025, expected at most 1024");
    CHECK_THROWS_WITH(validate(tiny_with(&Config::head_dim, 63)),
                      "config: head_dim is 63, expected an even number");
    CHECK_THROWS_WITH(validate(tiny_with(&Config::n_kv_heads, 3)),
                      "config: n_heads is 4, expected a multiple of n_kv_heads = 3");
    CHECK_THROWS_WITH(validate(tiny_with(&Config::hidden_size, 48)),
                      "config: hidden_size is 48, expected a multiple of 32 (MXFP4 blocks)");
    CHECK_THROWS_WITH(validate(tiny_with(&Config::intermediate_size, 16)),
                      "config: intermediate_size is 16, expected a multiple of 32 (MXFP4 blocks)");
    CHECK_THROWS_WITH(validate(tiny_with(&Config::top_k, 9)),
                      "config: top_k is 9, expected at most n_experts = 8");
    CHECK_THROWS_WITH(validate(tiny_with(&Config::n_layers, 5)),
                      "config: layer_types has 4 entries, expected n_layers = 5");
    CHECK_THROWS_WITH(validate(tiny_with(&Config::top_k, -1)),
                      "config: top_k is -1, expected 1 to 16777216");
    CHECK_THROWS_WITH(validate(tiny_with(&Config::head_dim, 1 << 24)),
                      "config: n_heads * head_dim is 67108864, expected 1 to 16777216");
    CHECK_THROWS_WITH(validate(tiny_with(&Config::sliding_window, 0)),
                      StartsWith("config: sliding_window is 0"));

    Config c = preset_tiny();
    c.eps = 0;
    CHECK_THROWS_WITH(validate(c), StartsWith("config: eps is 0"));
    c = preset_tiny();
    c.swiglu_limit = std::numeric_limits<float>::quiet_NaN();
    CHECK_THROWS_WITH(validate(c), StartsWith("config: swiglu_limit is "));
}

TEST_CASE("config: a RoPE that is scaled down is refused, 1 is plain RoPE", "[config][errors]") {
    Config c = preset_tiny();
    for (const float factor : {0.0f, -1.0f, 1e-30f, std::numeric_limits<float>::quiet_NaN()}) {
        c.rope_scaling_factor = factor;
        CHECK_THROWS_WITH(validate(c), "config: rope_scaling_factor is " + std::to_string(factor) +
                                           ", expected >= 1 (1 is plain RoPE)");
    }
    c.rope_scaling_factor = 1.0f;
    CHECK_NOTHROW(validate(c));
}

TEST_CASE("config: YaRN bounds in the wrong order are refused, without scaling they do not matter",
          "[config][errors]") {
    Config c = preset_tiny();
    std::swap(c.rope_ntk_alpha, c.rope_ntk_beta);
    CHECK_THROWS_WITH(validate(c), StartsWith("config: YaRN bounds are low = 17.398"));
    c.rope_scaling_factor = 1.0f;
    CHECK_NOTHROW(validate(c));
}

TEST_CASE("config: an unknown preset is named with the known ones", "[config][errors]") {
    CHECK_THROWS_WITH(preset("7b"),
                      "preset: '7b' is unknown, expected tiny, odd, nano, 20b or 120b");
}
