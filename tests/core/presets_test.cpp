#include "gptoss/core/presets.hpp"

#include "catch.hpp"
#include "gptoss/core/config_rules.hpp"

using namespace gptoss;

TEST_CASE("presets: the presets are valid, and as published", "[presets]") {
    for (const char* name : {"tiny", "odd", "nano", "20b", "120b"})
        CHECK_NOTHROW(validate(preset(name)));
    CHECK(preset("20b").n_layers == 24);
    CHECK(preset("20b").n_experts == 32);
    CHECK(preset("120b").n_layers == 36);
    CHECK(preset("120b").n_experts == 128);
    CHECK(preset("120b").layer_kinds.size() == 36);
}

TEST_CASE("presets: the ids of the small presets are inside their vocabularies", "[presets]") {
    for (const char* name : {"tiny", "odd", "nano"}) {
        const Config c = preset(name);
        CHECK(c.pad_token_id < c.vocab_size);
        CHECK(c.eos_token_ids[0] < c.vocab_size);
    }
}

TEST_CASE("presets: with_layers keeps the alternation", "[presets]") {
    const Config c = with_layers(preset_120b(), 3);
    CHECK(c.n_layers == 3);
    CHECK(c.layer_kinds == alternating_layers(3));
    CHECK(c.n_experts == 128);
    CHECK_NOTHROW(validate(c));
}

TEST_CASE("presets: with_layers keeps the kinds of the layers that stay", "[presets]") {
    const auto full = AttentionKind::full, sliding = AttentionKind::sliding;
    Config c = with_layers(preset_tiny(), 3);
    c.layer_kinds = {full, full, full};
    CHECK(with_layers(c, 2).layer_kinds == std::vector{full, full});
    CHECK(with_layers(c, 5).layer_kinds == std::vector{full, full, full, full, sliding});
}

TEST_CASE("presets: an unknown preset is named with the known ones", "[presets][errors]") {
    CHECK_THROWS_WITH(preset("7b"),
                      "preset: '7b' is unknown, expected tiny, odd, nano, 20b or 120b");
}
