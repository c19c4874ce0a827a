#include "gptoss/checkpoint/load.hpp"

#include "catch.hpp"
#include "checkpoint/toy_checkpoint.hpp"
#include "gptoss/checkpoint/synth_checkpoint.hpp"
#include "gptoss/core/presets.hpp"

using namespace gptoss;
using namespace gptoss::checkpoint;
using namespace gptoss::format;

TEST_CASE("load: a folder of either layout gives its config and its weights", "[load]") {
    const TempFolder folder;
    write_tiny(folder / "openai", Layout::openai);
    write_tiny(folder / "hf", Layout::hugging_face);
    const Weights openai = load_weights(folder / "openai");
    const Weights hugging_face = load_weights(folder / "hf");
    CHECK(openai.config == preset_tiny());
    CHECK(hugging_face.config == preset_tiny());
    CHECK(openai.layers[2].attn.sinks.data[3] == hugging_face.layers[2].attn.sinks.data[3]);
    CHECK(hash_of(openai) == tiny_hash());
    CHECK(hash_of(hugging_face) == tiny_hash());
}

TEST_CASE("load: a copy in memory is whole when the file is cut short", "[load]") {
    const TempFolder folder;
    write_tiny(folder / "hf", Layout::hugging_face);
    const Weights copied = load_weights(folder / "hf", Scales::check, FileBytes::copied);
    std::filesystem::resize_file(folder / "hf/model.safetensors", 8);
    CHECK(hash_of(copied) == tiny_hash());
}

TEST_CASE("load: the order of tensors in a file does not matter", "[load]") {
    const TempFolder folder;
    std::vector<ToyTensor> tensors = toy_tensors(preset_tiny(), Layout::hugging_face);
    std::reverse(tensors.begin(), tensors.end());
    write_toy_checkpoint(folder, preset_tiny(), tensors);
    CHECK(hash_of(load_weights(folder.path)) == tiny_hash());
}

TEST_CASE("load: a block may be split over files, codes from scales", "[load]") {
    const TempFolder folder;
    std::vector<ToyTensor> tensors = toy_tensors(preset_tiny(), Layout::openai);
    std::vector<ToyTensor> even, odd;
    for (std::size_t i = 0; i < tensors.size(); ++i) {
        (i % 2 == 0 ? even : odd).push_back(tensors[i]);
    }
    write_bytes(folder / "config.json", openai_config_text(preset_tiny()));
    write_toy_file(folder / "b.safetensors", even);
    write_toy_file(folder / "a.safetensors", odd);
    CHECK(hash_of(load_weights(folder.path)) == tiny_hash());
}

TEST_CASE("load: experts unpacked to BF16 decode to the same model", "[load]") {
    for (const char* name : {"tiny", "odd"}) {
        const TempFolder folder;
        const Config c = preset(name);
        write_toy_checkpoint(folder, c, toy_tensors(c, Layout::hugging_face_bf16));
        const Weights weights = load_weights(folder.path);
        CHECK(weights.layers[0].mlp.down.transposed != nullptr);
        CHECK(weights.layers[0].mlp.down.codes == nullptr);
        CHECK(hash_of(weights) == hash_of(synthetic_weights(c, 1)));
    }
}

TEST_CASE("load: a square down_proj of the wrong kind is told by its name", "[load][errors]") {
    // 64 = 64: (in, out) and (out, in) have the same shape, so only the name can tell.
    Config c = preset_tiny();
    c.intermediate_size = c.hidden_size;
    const TempFolder folder;
    write_toy_checkpoint(folder, c, toy_tensors(c, Layout::hugging_face_bf16));
    CHECK(hash_of(load_weights(folder.path)) == hash_of(synthetic_weights(c, 1)));
}
