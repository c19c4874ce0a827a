#include "gptoss/checkpoint/check_tensors.hpp"

#include "catch.hpp"
#include "checkpoint/toy_checkpoint.hpp"
#include "gptoss/checkpoint/load.hpp"
#include "gptoss/checkpoint/synth_checkpoint.hpp"
#include "gptoss/core/presets.hpp"

using namespace gptoss;
using namespace gptoss::checkpoint;

TEST_CASE("check_tensors: one wrong tensor is one line", "[check_tensors][errors]") {
    const Config c = preset_tiny();
    const std::vector<ToyTensor> whole = toy_tensors(c, Layout::openai);
    const TempFolder folder;

    std::vector<ToyTensor> tensors = whole;
    erase_tensor(tensors, "block.2.attn.sinks");
    write_toy_checkpoint(folder, c, tensors);
    CHECK(error_of(folder.path) == "DIR: \"block.2.attn.sinks\": is missing, expected BF16 (4)");

    tensors = whole;
    tensor_named(tensors, "block.2.attn.sinks").dtype = "F16";
    write_toy_checkpoint(folder, c, tensors);
    CHECK(error_of(folder.path) ==
          "DIR/model.safetensors: \"block.2.attn.sinks\": is F16 (4), expected BF16 (4)");

    tensors = whole;
    tensor_named(tensors, "block.1.attn.out.weight").shape = {256, 64};
    write_toy_checkpoint(folder, c, tensors);
    CHECK(error_of(folder.path) ==
          "DIR/model.safetensors: \"block.1.attn.out.weight\": is BF16 (256, 64), expected BF16 "
          "(64, 256)");

    tensors = whole;
    tensors.push_back({"rotary.inv_freq", "U8", {1}, {1}});
    write_toy_checkpoint(folder, c, tensors);
    CHECK(error_of(folder.path) ==
          "DIR/model.safetensors: \"rotary.inv_freq\": is not a tensor of gpt-oss");
}

TEST_CASE("check_tensors: all problems are listed at once", "[check_tensors][errors]") {
    const Config c = preset_tiny();
    const TempFolder folder;
    std::vector<ToyTensor> tensors = toy_tensors(c, Layout::openai);
    erase_tensor(tensors, "norm.scale");
    tensor_named(tensors, "block.0.attn.sinks").shape = {2, 2};
    tensor_named(tensors, "block.3.mlp.gate.bias").name = "block.3.mlp.router.bias";
    write_toy_checkpoint(folder, c, tensors);
    CHECK(error_of(folder.path) ==
          "DIR: 4 problems\n"
          "  DIR/model.safetensors: \"block.0.attn.sinks\": is BF16 (2, 2), expected BF16 (4)\n"
          "  DIR: \"block.3.mlp.gate.bias\": is missing, expected BF16 (8)\n"
          "  DIR: \"norm.scale\": is missing, expected BF16 (64)\n"
          "  DIR/model.safetensors: \"block.3.mlp.router.bias\": is not a tensor of gpt-oss");
}

TEST_CASE("check_tensors: a config that disagrees with the tensors is named by each of them",
          "[check_tensors][errors]") {
    const TempFolder folder;
    Config c = preset_tiny();
    const std::vector<ToyTensor> tensors = toy_tensors(c, Layout::hugging_face);
    c.vocab_size = 256;
    write_toy_checkpoint(folder, c, tensors);
    CHECK(error_of(folder.path) ==
          "DIR: 2 problems\n"
          "  DIR/model.safetensors: \"model.embed_tokens.weight\": is BF16 (128, 64), expected "
          "BF16 (256, 64)\n"
          "  DIR/model.safetensors: \"lm_head.weight\": is BF16 (128, 64), expected BF16 (256, "
          "64)");
}

TEST_CASE("check_tensors: a tensor in two files is named with both", "[check_tensors][errors]") {
    const TempFolder folder;
    const std::vector<ToyTensor> tensors = toy_tensors(preset_tiny(), Layout::openai);
    write_toy_checkpoint(folder, preset_tiny(), tensors);
    write_toy_file(folder / "other.safetensors", {tensors[0]});
    CHECK(error_of(folder.path) ==
          "DIR/other.safetensors: \"embedding.weight\": is also in DIR/model.safetensors");
}

TEST_CASE("check_tensors: files of another model are told from a damaged one",
          "[check_tensors][errors]") {
    const TempFolder folder;
    write_toy_checkpoint(folder, preset_tiny(), {{"wte.weight", "U8", {1}, {1}}});
    CHECK(error_of(folder.path) == "DIR: no tensor has a name of gpt-oss");
}

TEST_CASE("check_tensors: a scale byte of 255 is refused, unless scales are trusted",
          "[check_tensors][errors]") {
    const TempFolder folder;
    std::vector<ToyTensor> tensors = toy_tensors(preset_tiny(), Layout::openai);
    tensor_named(tensors, "block.1.mlp.mlp2_weight.scales").bytes[77] = 255;
    write_toy_checkpoint(folder, preset_tiny(), tensors);
    CHECK(error_of(folder.path) ==
          "DIR/model.safetensors: \"block.1.mlp.mlp2_weight.scales\": scale 77 is 255 (NaN), "
          "expected at most 254");
    CHECK_NOTHROW(load_weights(folder.path, Scales::trust));
}
