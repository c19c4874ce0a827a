#include "gptoss/core/config_rules.hpp"

#include <limits>

#include "catch.hpp"
#include "gptoss/core/presets.hpp"

using namespace gptoss;

namespace {

Config tiny_with(int Config::* field, int value) {
    Config c = preset_tiny();
    c.*field = value;
    return c;
}

}  // namespace

TEST_CASE("config_rules: each rule is broken by name", "[config][errors]") {
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

TEST_CASE("config_rules: a RoPE that is scaled down is refused, 1 is plain RoPE",
          "[config][errors]") {
    Config c = preset_tiny();
    for (const float factor : {0.0f, -1.0f, 1e-30f, std::numeric_limits<float>::quiet_NaN()}) {
        c.rope_scaling_factor = factor;
        CHECK_THROWS_WITH(validate(c), "config: rope_scaling_factor is " + std::to_string(factor) +
                                           ", expected >= 1 (1 is plain RoPE)");
    }
    c.rope_scaling_factor = 1.0f;
    CHECK_NOTHROW(validate(c));
}
