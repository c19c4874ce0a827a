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
    tensor_named(tensors, "block.2.attn.sinks").dtype = "I16";
    write_toy_checkpoint(folder, c, tensors);
    CHECK(error_of(folder.path) ==
          "DIR/model.safetensors: \"block.2.attn.sinks\": is I16 (4), expected BF16 (4)");

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
    std::filesystem::rename(folder / "model.safetensors", folder / "all.safetensors");
    write_toy_file(folder / "other.safetensors", {tensors[0]});
    CHECK(error_of(folder.path) ==
          "DIR/other.safetensors: \"embedding.weight\": is also in DIR/all.safetensors");
}

TEST_CASE("check_tensors: files of another model are told from a damaged one",
          "[check_tensors][errors]") {
    const TempFolder folder;
    write_toy_checkpoint(folder, preset_tiny(), {{"wte.weight", "U8", {1}, {1}}});
    CHECK(error_of(folder.path) == "DIR: no tensor has a name of gpt-oss");
}

TEST_CASE("check_tensors: many problems are a line for each kind, the general fact first",
          "[check_tensors][errors]") {
    const TempFolder folder;
    Config c = preset_tiny();
    std::vector<ToyTensor> tensors = toy_tensors(c, Layout::hugging_face_bf16);
    c = with_layers(c, 5);
    write_toy_checkpoint(folder, c, tensors);
    CHECK(
        error_of(folder.path) ==
        "DIR: 17 problems: config.json says 5 layers, the tensors are of 4\n"
        "  DIR: \"model.layers.4.input_layernorm.weight\": is missing, expected BF16 (64) (and 16 "
        "more like it)");

    c = preset_tiny();
    for (ToyTensor& tensor : tensors)
        tensor.dtype = "I16";
    write_toy_checkpoint(folder, c, tensors);
    CHECK_THAT(error_of(folder.path),
               StartsWith("DIR: 71 problems: all 71 tensors are I16, but weights are read as BF16, "
                          "F16 or F32\n  DIR/model.safetensors: \"model.embed_tokens.weight\": is "
                          "I16 (128, 64), expected BF16 (128, 64) (and 70 more like it)"));
}

TEST_CASE("check_tensors: a wrapper, an adapter and other quantizations are called by name",
          "[check_tensors][errors]") {
    const TempFolder folder;
    const Config c = preset_tiny();
    std::vector<ToyTensor> tensors = toy_tensors(c, Layout::hugging_face_bf16);
    for (ToyTensor& tensor : tensors)
        tensor.name = "base_model.model." + tensor.name;
    write_toy_checkpoint(folder, c, tensors);
    CHECK(error_of(folder.path) ==
          "DIR: no tensor has a name of gpt-oss: 71 names begin with \"base_model.model.\", as "
          "\"base_model.model.model.norm.weight\", expected \"model.norm.weight\": save the model "
          "without its wrapper");

    tensors = toy_tensors(c, Layout::hugging_face_bf16);
    for (ToyTensor& tensor : tensors)
        tensor.name += ".absmax";
    write_toy_checkpoint(folder, c, tensors);
    CHECK_THAT(error_of(folder.path),
               StartsWith("DIR: no tensor has a name of gpt-oss: is quantized with bitsandbytes, "
                          "which is not read: save it dequantized (it holds "));
}

TEST_CASE("check_tensors: biases that config.json leaves out are named",
          "[check_tensors][errors]") {
    const TempFolder folder;
    Config c = preset_tiny();
    const std::vector<ToyTensor> tensors = toy_tensors(c, Layout::hugging_face_bf16);
    c.attention_bias = false;
    write_toy_checkpoint(folder, c, tensors);
    CHECK_THAT(error_of(folder.path),
               StartsWith("DIR: 16 problems: config.json: attention_bias is false, but there is "
                          "\"model.layers.0.self_attn.q_proj.bias\"; expected true"));
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
