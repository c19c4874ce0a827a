#include "gptoss/checkpoint/checkpoint_files.hpp"

#include "catch.hpp"
#include "checkpoint/toy_checkpoint.hpp"
#include "gptoss/checkpoint/load.hpp"
#include "gptoss/checkpoint/synth_checkpoint.hpp"
#include "gptoss/core/presets.hpp"

using namespace gptoss;
using namespace gptoss::checkpoint;
using namespace gptoss::format;

namespace {

std::string replaced(std::string text, const std::string& from, const std::string& to) {
    return text.replace(text.find(from), from.size(), to);
}

}  // namespace

TEST_CASE("checkpoint_files: a folder that is no checkpoint is named",
          "[checkpoint_files][errors]") {
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

TEST_CASE("checkpoint_files: a hub folder with config.json in original/ only",
          "[checkpoint_files]") {
    const TempFolder folder;
    write_tiny(folder / "m" / "original", Layout::openai);
    CHECK(hash_of(load_weights(folder / "m")) == tiny_hash());

    // With both, the upper one is taken.
    std::filesystem::create_directories(folder / "both");
    write_tiny(folder / "both", Layout::hugging_face);
    write_tiny(folder / "both" / "original", Layout::openai);
    CHECK(hash_of(load_weights(folder / "both")) == tiny_hash());
}

TEST_CASE("checkpoint_files: model.safetensors is taken alone", "[checkpoint_files]") {
    const TempFolder folder;
    const std::filesystem::path dir = folder / "m";
    write_tiny(dir, Layout::hugging_face);
    write_toy_file(dir / "adapter.safetensors", {{"lm_head.weight", "U8", {1}, {1}}});
    CHECK(hash_of(load_weights(dir)) == tiny_hash());
    // An index that does not know of it is left from before.
    write_bytes(dir / "model.safetensors.index.json",
                R"({"weight_map": {"lm_head.weight": "gone.safetensors"}})");
    CHECK(hash_of(load_weights(dir)) == tiny_hash());
}

TEST_CASE("checkpoint_files: a recorded run beside shards without an index does no harm",
          "[checkpoint_files]") {
    const TempFolder folder;
    const std::filesystem::path dir = folder / "m";
    write_tiny(dir, Layout::hugging_face, 200'000);
    std::filesystem::remove(dir / "model.safetensors.index.json");
    const TensorView view{"U8", {1}, reinterpret_cast<const std::uint8_t*>("x"), 1};
    write_safetensors(dir / "run.safetensors", {{"logits", view}}, {{"format", "gptoss-dump-1"}});
    CHECK(hash_of(load_weights(dir)) == tiny_hash());
}

TEST_CASE("checkpoint_files: shard names that begin with ./", "[checkpoint_files]") {
    const TempFolder folder;
    const std::filesystem::path dir = folder / "m";
    write_tiny(dir, Layout::hugging_face, 200'000);
    nlohmann::json index = read_json_file(dir / "model.safetensors.index.json");
    for (auto& [tensor, shard] : index["weight_map"].items())
        shard = "./" + shard.get<std::string>();
    write_bytes(dir / "model.safetensors.index.json", index.dump());
    CHECK(hash_of(load_weights(dir)) == tiny_hash());
}

TEST_CASE("checkpoint_files: files of other kinds are named, with what to do",
          "[checkpoint_files][errors]") {
    const TempFolder folder;
    write_bytes(folder / "config.json", openai_config_text(preset_tiny()));
    write_bytes(folder / "pytorch_model.bin", "PK");
    CHECK(error_of(folder.path) ==
          "DIR: holds no *.safetensors, but pytorch_model.bin, which is not read: save the model "
          "as safetensors, with save_pretrained(safe_serialization=True)");
    const std::string pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:00\n";
    write_bytes(folder / "model.safetensors", pointer);
    CHECK(error_of(folder.path) ==
          "DIR/model.safetensors: is no safetensors file: it is a Git LFS pointer, not the file: "
          "fetch it with 'git lfs pull' or 'hf download'");
    write_bytes(folder / "config.json", pointer);
    CHECK(error_of(folder.path) ==
          "DIR/config.json: is a Git LFS pointer, not the file: fetch it with 'git lfs pull' or "
          "'hf download'");
    write_bytes(folder / "config.json", "<!DOCTYPE html><html></html>");
    CHECK(error_of(folder.path) ==
          "DIR/config.json: is a web page, not the file: the download needed a login or another "
          "address");
    std::filesystem::remove(folder / "config.json");
    write_bytes(folder / "adapter_config.json", "{}");
    CHECK(error_of(folder.path) ==
          "DIR: holds a LoRA adapter and no model: merge it into its model (peft: "
          "merge_and_unload) and save that");
}

TEST_CASE("checkpoint_files: a file in place of its folder is named",
          "[checkpoint_files][errors]") {
    const TempFolder folder;
    write_tiny(folder / "m", Layout::hugging_face);
    CHECK(error_of(folder / "m" / "model.safetensors") ==
          "DIR: is a safetensors file: give its folder as --model");
    CHECK(error_of(folder / "m" / "config.json") ==
          "DIR: is a file, expected a checkpoint's folder or a GGUF file");
}

TEST_CASE("checkpoint_files: a truncated file is named", "[checkpoint_files][errors]") {
    const TempFolder folder;
    write_tiny(folder / "m", Layout::hugging_face);
    const std::filesystem::path path = folder / "m" / "model.safetensors";
    const std::uint64_t size = std::filesystem::file_size(path);
    std::filesystem::resize_file(path, size - 1);
    CHECK_THAT(error_of(folder / "m"),
               StartsWith("DIR/model.safetensors: \"lm_head.weight\": data_offsets are ["));
    std::filesystem::resize_file(path, 1000);
    CHECK_THAT(error_of(folder / "m"),
               EndsWith("but the file holds 992 bytes behind it; is it cut short?"));
    std::filesystem::resize_file(path, 5);
    CHECK(error_of(folder / "m") ==
          "DIR/model.safetensors: is no safetensors file: it has 5 bytes, expected at least 8");
}

TEST_CASE("checkpoint_files: what an index promises must be there", "[checkpoint_files][errors]") {
    const TempFolder folder;
    const std::filesystem::path dir = folder / "m";
    write_tiny(dir, Layout::hugging_face, 200'000);
    const std::filesystem::path index = dir / "model.safetensors.index.json";
    const std::string text = read_bytes(index);
    REQUIRE(hash_of(load_weights(dir)) == tiny_hash());

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

TEST_CASE("checkpoint_files: a shard's name cannot lead out of the folder",
          "[checkpoint_files][errors]") {
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
