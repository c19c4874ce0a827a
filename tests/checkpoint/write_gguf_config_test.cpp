#include "gptoss/checkpoint/write_gguf_config.hpp"

#include "catch.hpp"
#include "gptoss/core/presets.hpp"

using namespace gptoss;
using namespace gptoss::checkpoint;
using namespace gptoss::format;

TEST_CASE("gguf config: what a GGUF file cannot say is refused", "[convert][errors]") {
    GgufKeyList keys;
    Config c = preset_tiny();
    c.swiglu_limit = 5;
    CHECK_THROWS_WITH(add_gguf_config(keys, c), "config: a GGUF file cannot say a swiglu_limit");
    for (const auto& change : {+[](Config& other) { other.swiglu_alpha = 1; },
                               +[](Config& other) { other.rope_truncate = true; },
                               +[](Config& other) { other.rope_attention_factor = 1.0f; }}) {
        c = preset_tiny();
        change(c);
        CHECK_THROWS_WITH(add_gguf_config(keys, c),
                          "config: a GGUF file cannot say swiglu_alpha, rope_truncate or an "
                          "attention_factor");
    }
    c = preset_tiny();
    c.layer_kinds[0] = AttentionKind::full;
    CHECK_THROWS_WITH(add_gguf_config(keys, c),
                      "config: a GGUF file cannot say a layer order other than alternating");
}
