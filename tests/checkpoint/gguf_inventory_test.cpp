#include "gptoss/checkpoint/gguf_inventory.hpp"

#include "catch.hpp"
#include "gptoss/core/presets.hpp"

using namespace gptoss;
using namespace gptoss::checkpoint;

TEST_CASE("gguf inventory: 20b has 459 tensors, as llama.cpp says", "[gguf]") {
    // 19 per layer and three outside.
    const std::vector<GgufSpec> specs = gguf_inventory(preset_20b());
    CHECK(specs.size() == 24 * 19 + 3);
    CHECK(specs[0].name == "token_embd.weight");
    CHECK(specs[14].name == "blk.0.ffn_gate_exps.weight");
    CHECK(specs[14].shape == format::Shape{32, 2880, 2880});
    CHECK(specs.back().name == "output.weight");
}
