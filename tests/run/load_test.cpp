#include "gptoss/run/load.hpp"

#include "catch.hpp"
#include "gptoss/run/synth_checkpoint.hpp"
#include "run/toy_checkpoint.hpp"

using namespace gptoss;

namespace {

std::uint64_t expected_hash() {
    static const std::uint64_t hash = hash_of(synthetic_weights(preset_tiny(), 1));
    return hash;
}

void write_tiny(const std::filesystem::path& dir, Layout layout, std::uint64_t shard_bytes = 0) {
    SyntheticOptions options;
    options.dir = dir;
    options.layout = layout;
    options.shard_bytes = shard_bytes;
    write_synthetic_checkpoint(preset_tiny(), options);
}

// The error of loading a folder, with the folder's own path written DIR.
std::string error_of(const std::filesystem::path& dir) {
    std::string message = "nothing thrown";
    try {
        load_weights(dir);
    } catch (const Error& error) {
        message = error.what();
    }
    const std::string path = dir.string();
    for (auto at = message.find(path); at != std::string::npos; at = message.find(path)) {
        message.replace(at, path.size(), "DIR");
    }
    return message;
}

std::string replaced(std::string text, const std::string& from, const std::string& to) {
    return text.replace(text.find(from), from.size(), to);
}

}  // namespace

TEST_CASE("load: matrices point into the mapped file, gains are widened", "[load]") {
    const TempFolder folder;
    write_tiny(folder / "m", Layout::hugging_face);
    const Weights weights = load_weights(folder / "m");
    CHECK(weights.config == preset_tiny());
    CHECK(weights.layers[0].attn.norm_gain.data[0] ==
          round_to_bf16(weights.layers[0].attn.norm_gain.data[0]));
    // 16,384 bytes of embedding and 128 of the first gain lie between the two matrices.
    CHECK(weights.layers[0].attn.q.bytes - weights.embedding.bytes == 128 * 64 * 2 + 64 * 2);
    CHECK(hash_of(weights) == expected_hash());
}

TEST_CASE("load: a hub folder with config.json in original/ only", "[load]") {
    const TempFolder folder;
    write_tiny(folder / "m" / "original", Layout::openai);
    CHECK(hash_of(load_weights(folder / "m")) == expected_hash());

    // With both, the upper one is taken.
    std::filesystem::create_directories(folder / "both");
    write_tiny(folder / "both", Layout::hugging_face);
    write_tiny(folder / "both" / "original", Layout::openai);
    CHECK(hash_of(load_weights(folder / "both")) == expected_hash());
}

TEST_CASE("load: the order of tensors in a file does not matter", "[load]") {
    const TempFolder folder;
    std::vector<ToyTensor> tensors = toy_tensors(preset_tiny(), Layout::hugging_face);
    std::reverse(tensors.begin(), tensors.end());
    write_toy_checkpoint(folder, preset_tiny(), tensors);
    CHECK(hash_of(load_weights(folder.path)) == expected_hash());
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
    CHECK(hash_of(load_weights(folder.path)) == expected_hash());
}

TEST_CASE("load: experts unpacked to BF16 decode to the same model", "[load]") {
    for (const char* name : {"tiny", "odd"}) {
        const TempFolder folder;
        const Config c = preset(name);
        write_toy_checkpoint(folder, c, toy_tensors(c, Layout::hugging_face_bf16));
        const Weights weights = load_weights(folder.path);
        CHECK(weights.layers[0].mlp.down.bf16_transposed != nullptr);
        CHECK(weights.layers[0].mlp.down.codes == nullptr);
        CHECK(hash_of(weights) == hash_of(synthetic_weights(c, 1)));
    }
}

TEST_CASE("load: weights outlive the files' names", "[load]") {
    Weights weights;
    {
        const TempFolder folder;
        write_tiny(folder / "m", Layout::openai);
        weights = load_weights(folder / "m");
    }
    CHECK(hash_of(weights) == expected_hash());
}

TEST_CASE("load: a folder that is no checkpoint is named", "[load][errors]") {
    const TempFolder folder;
    CHECK(error_of(folder / "missing") == "DIR: is not a directory, expected a gpt-oss checkpoint");
    CHECK_THAT(error_of(folder.path),
               StartsWith("DIR: holds neither config.json nor original/config.json (get one"));
    write_bytes(folder / "config.json", openai_config_text(preset_tiny()));
    CHECK(error_of(folder.path) == "DIR: holds no *.safetensors");
    write_bytes(folder / "model.safetensors", "");
    CHECK(error_of(folder.path) == "DIR/model.safetensors: is empty");
    write_bytes(folder / "config.json", "{");
    CHECK(error_of(folder.path) == "DIR/config.json: not valid JSON (at byte 2)");
}

TEST_CASE("load: a truncated file is named", "[load][errors]") {
    const TempFolder folder;
    write_tiny(folder / "m", Layout::hugging_face);
    const std::filesystem::path path = folder / "m" / "model.safetensors";
    const std::uint64_t size = std::filesystem::file_size(path);
    std::filesystem::resize_file(path, size - 1);
    CHECK_THAT(error_of(folder / "m"),
               StartsWith("DIR/model.safetensors: \"lm_head.weight\": data_offsets are ["));
    std::filesystem::resize_file(path, 1000);
    CHECK_THAT(error_of(folder / "m"), ContainsSubstring("expected at most 992"));
    std::filesystem::resize_file(path, 5);
    CHECK(error_of(folder / "m") == "DIR/model.safetensors: has 5 bytes, expected >= 8");
}

TEST_CASE("load: one wrong tensor is one line", "[load][errors]") {
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

TEST_CASE("load: all problems are listed at once", "[load][errors]") {
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

TEST_CASE("load: a config that disagrees with the tensors is named by each of them",
          "[load][errors]") {
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

TEST_CASE("load: a tensor in two files is named with both", "[load][errors]") {
    const TempFolder folder;
    const std::vector<ToyTensor> tensors = toy_tensors(preset_tiny(), Layout::openai);
    write_toy_checkpoint(folder, preset_tiny(), tensors);
    write_toy_file(folder / "other.safetensors", {tensors[0]});
    CHECK(error_of(folder.path) ==
          "DIR/other.safetensors: \"embedding.weight\": is also in DIR/model.safetensors");
}

TEST_CASE("load: files of another model are told from a damaged one", "[load][errors]") {
    const TempFolder folder;
    write_toy_checkpoint(folder, preset_tiny(), {{"wte.weight", "U8", {1}, {1}}});
    CHECK(error_of(folder.path) == "DIR: no tensor has a name of gpt-oss");
}

TEST_CASE("load: a square down_proj of the wrong kind is told by its name", "[load][errors]") {
    // 64 = 64: (in, out) and (out, in) have the same shape, so only the name can tell.
    Config c = preset_tiny();
    c.intermediate_size = c.hidden_size;
    const TempFolder folder;
    write_toy_checkpoint(folder, c, toy_tensors(c, Layout::hugging_face_bf16));
    CHECK(hash_of(load_weights(folder.path)) == hash_of(synthetic_weights(c, 1)));
}

TEST_CASE("load: a scale byte of 255 is refused, unless scales are trusted", "[load][errors]") {
    const TempFolder folder;
    std::vector<ToyTensor> tensors = toy_tensors(preset_tiny(), Layout::openai);
    tensor_named(tensors, "block.1.mlp.mlp2_weight.scales").bytes[77] = 255;
    write_toy_checkpoint(folder, preset_tiny(), tensors);
    CHECK(error_of(folder.path) ==
          "DIR/model.safetensors: \"block.1.mlp.mlp2_weight.scales\": scale 77 is 255 (NaN), "
          "expected at most 254");
    CHECK_NOTHROW(load_weights(folder.path, Scales::trust));
}

TEST_CASE("load: what an index promises must be there", "[load][errors]") {
    const TempFolder folder;
    const std::filesystem::path dir = folder / "m";
    write_tiny(dir, Layout::hugging_face, 200'000);
    const std::filesystem::path index = dir / "model.safetensors.index.json";
    const std::string text = read_bytes(index);
    REQUIRE(hash_of(load_weights(dir)) == expected_hash());

    write_bytes(index, replaced(text, "\"model-00000-of-00002", "\"model-00001-of-00002"));
    CHECK(error_of(dir) ==
          "DIR/model-00001-of-00002.safetensors: \"model.embed_tokens.weight\": is missing, "
          "expected here by "
          "model.safetensors.index.json");
    write_bytes(index, replaced(text, "weight_map", "weights"));
    CHECK(error_of(dir) == "DIR/model.safetensors.index.json: has no weight_map");
    write_bytes(index, "[");
    CHECK(error_of(dir) == "DIR/model.safetensors.index.json: not valid JSON (at byte 2)");

    write_bytes(index, text);
    std::filesystem::remove(dir / "model-00001-of-00002.safetensors");
    CHECK_THAT(error_of(dir), StartsWith("DIR/model-00001-of-00002.safetensors: is missing, "
                                         "expected "));
}

TEST_CASE("load: a shard's name cannot lead out of the folder", "[load][errors]") {
    const TempFolder folder;
    write_tiny(folder / "m", Layout::hugging_face, 200'000);
    const std::filesystem::path index = folder / "m" / "model.safetensors.index.json";
    for (const char* name : {"../m/x.safetensors", "/etc/passwd", "a\\\\b", "..", ".", ""}) {
        write_bytes(index, std::string(R"({"weight_map": {"norm.scale": ")") + name + "\"}}");
        CHECK(error_of(folder / "m") ==
              std::string("DIR/model.safetensors.index.json: \"norm.scale\" is in \"") + name +
                  "\", expected a plain file name");
    }
    write_bytes(index, R"({"weight_map": {"norm.scale": 7}})");
    CHECK(error_of(folder / "m") ==
          "DIR/model.safetensors.index.json: \"norm.scale\" is in 7, expected a plain file name");
}
