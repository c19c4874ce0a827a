#include "gptoss/checkpoint/synth_checkpoint.hpp"

#include <iomanip>
#include <nlohmann/json.hpp>
#include <sstream>

#include "catch.hpp"
#include "checkpoint/toy_checkpoint.hpp"
#include "gptoss/checkpoint/load.hpp"
#include "gptoss/core/model_size.hpp"
#include "gptoss/core/presets.hpp"
#include "gptoss/format/safetensors.hpp"
#include "small_disk.hpp"

using namespace gptoss;
using namespace gptoss::checkpoint;
using namespace gptoss::format;

namespace {

std::vector<std::string> names_in(const std::filesystem::path& folder) {
    std::vector<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator(folder)) {
        names.push_back(entry.path().filename().string());
    }
    std::sort(names.begin(), names.end());
    return names;
}

SyntheticOptions options_for(const std::filesystem::path& dir, Layout layout,
                             std::uint64_t shard_bytes = 0) {
    SyntheticOptions options;
    options.dir = dir;
    options.layout = layout;
    options.shard_bytes = shard_bytes;
    return options;
}

std::string hex(std::uint64_t value) {
    std::ostringstream text;
    text << std::hex << std::setw(16) << std::setfill('0') << value;
    return text.str();
}

}  // namespace

TEST_CASE("synth_checkpoint: one file and a config, as large as model_size says",
          "[synth_checkpoint]") {
    const TempFolder folder;
    const Config c = preset_tiny();
    for (const Layout layout : {Layout::openai, Layout::hugging_face}) {
        const std::filesystem::path dir = folder / std::to_string(int(layout));
        write_synthetic_checkpoint(c, options_for(dir, layout));
        CHECK(names_in(dir) == std::vector<std::string>{"config.json", "model.safetensors"});
        std::uint64_t data_bytes = 0;
        for (const auto& [name, view] : open_safetensors(dir / "model.safetensors").tensors) {
            data_bytes += view.n_bytes;
        }
        CHECK(std::int64_t(data_bytes) == model_size(c).payload_bytes);
    }
}

TEST_CASE("synth_checkpoint: the file's header, to the byte", "[synth_checkpoint]") {
    const TempFolder folder;
    write_synthetic_checkpoint(preset_tiny(), options_for(folder / "m", Layout::hugging_face));
    const std::string bytes = read_bytes(folder / "m" / "model.safetensors");
    CHECK(bytes.substr(8, 114) ==
          R"({"__metadata__":{"format":"pt"},"model.embed_tokens.weight":{"dtype":"BF16",)"
          R"("shape":[128,64],"data_offsets":[0,163)");
}

TEST_CASE("synth_checkpoint: the bytes are those of the independent generator of the goldens",
          "[synth_checkpoint]") {
    const std::string path = std::string(GPTOSS_SOURCE_DIR) + "/tests/golden/data/manifest.json";
    if (!std::filesystem::exists(path)) skip_test("no " + path);
    const nlohmann::json goldens = nlohmann::json::parse(read_bytes(path)).at("goldens");
    const TempFolder folder;
    for (const char* name : {"tiny", "odd"}) {
        write_synthetic_checkpoint(preset(name), options_for(folder / name, Layout::hugging_face));
        const std::string bytes = read_bytes(folder / name / "model.safetensors");
        CHECK(hex(fnv1a(bytes)) == goldens.at(name).at("checkpoint_fnv1a64").get<std::string>());
    }
}

TEST_CASE("synth_checkpoint: both layouts, sharded or not, load as the same model",
          "[synth_checkpoint]") {
    for (const char* preset_name : {"tiny", "odd"}) {
        const Config c = preset(preset_name);
        const std::uint64_t expected = hash_of(synthetic_weights(c, 1));
        for (const Layout layout : {Layout::openai, Layout::hugging_face}) {
            for (const std::uint64_t shard_bytes : {0u, 100'000u, 1u}) {
                INFO(preset_name << ", layout " << int(layout) << ", " << shard_bytes);
                const TempFolder folder;
                write_synthetic_checkpoint(c, options_for(folder / "m", layout, shard_bytes));
                const Weights weights = load_weights(folder / "m");
                CHECK(weights.config == c);
                CHECK(hash_of(weights) == expected);
            }
        }
    }
}

TEST_CASE("synth_checkpoint: shards are named and indexed as the released ones",
          "[synth_checkpoint]") {
    const TempFolder folder;
    const Config c = preset_tiny();
    write_synthetic_checkpoint(c, options_for(folder / "openai", Layout::openai, 250'000));
    CHECK(names_in(folder / "openai") ==
          std::vector<std::string>{"config.json", "model--00001-of-00003.safetensors",
                                   "model--00002-of-00003.safetensors",
                                   "model--00003-of-00003.safetensors"});

    write_synthetic_checkpoint(c, options_for(folder / "hf", Layout::hugging_face, 200'000));
    CHECK(names_in(folder / "hf") ==
          std::vector<std::string>{
              "config.json", "model-00000-of-00002.safetensors", "model-00001-of-00002.safetensors",
              "model-00002-of-00002.safetensors", "model.safetensors.index.json"});
    const nlohmann::json index =
        nlohmann::json::parse(read_bytes(folder / "hf" / "model.safetensors.index.json"));
    CHECK(index["metadata"]["total_size"] == model_size(c).payload_bytes);
    CHECK(index["weight_map"].size() == tensor_inventory(c, Layout::hugging_face).size());
    CHECK(index["weight_map"]["lm_head.weight"] == "model-00002-of-00002.safetensors");
}

TEST_CASE("synth_checkpoint: progress ends at the whole", "[synth_checkpoint]") {
    const TempFolder folder;
    std::uint64_t last = 0;
    std::uint64_t in_all = 0;
    write_synthetic_checkpoint(preset_tiny(), options_for(folder / "m", Layout::openai),
                               [&](std::uint64_t bytes_written, std::uint64_t bytes_in_all) {
                                   CHECK(bytes_written > last);
                                   last = bytes_written;
                                   in_all = bytes_in_all;
                               });
    CHECK(last == in_all);
    CHECK(std::int64_t(in_all) == model_size(preset_tiny()).payload_bytes);
}

TEST_CASE("synth_checkpoint: a folder that holds a file of a checkpoint is left alone",
          "[synth_checkpoint][errors]") {
    for (const std::string name :
         {"config.json", "old.safetensors", "tokenizer.json", "model.safetensors.index.json"}) {
        const TempFolder folder;
        write_bytes(folder / "README.md", "is no reason to refuse");
        write_bytes(folder / name, "older");
        CHECK_THROWS_WITH(
            write_synthetic_checkpoint(preset_tiny(), options_for(folder.path, Layout::openai)),
            folder.path.string() + ": holds " + name + ", expected a folder without a checkpoint");
        CHECK(names_in(folder.path) == std::vector<std::string>{"README.md", name});
        CHECK(read_bytes(folder / name) == "older");
    }
}

TEST_CASE("synth_checkpoint: a tokenizer.json comes with the rest, or nothing does",
          "[synth_checkpoint]") {
    const TempFolder folder;
    SyntheticOptions options = options_for(folder / "m", Layout::openai);
    options.tokenizer_json = "{}";
    write_synthetic_checkpoint(preset_tiny(), options);
    CHECK(read_bytes(folder / "m/tokenizer.json") == "{}");

    options.dir = folder / "n";
    options.tokenizer_json = std::string(1 << 20, ' ');
    const SmallDisk small_disk(600'000);  // enough for the weights
    CHECK_THROWS_WITH(write_synthetic_checkpoint(preset_tiny(), options),
                      (folder / "n/checkpoint.partial/tokenizer.json").string() +
                          ": cannot be written: File too large");
    CHECK_FALSE(std::filesystem::exists(folder / "n"));
}

TEST_CASE("synth_checkpoint: two at once into one folder never touch each other's files",
          "[synth_checkpoint][errors]") {
    const TempFolder folder;
    const std::string dir = (folder / "m").string();
    const SyntheticOptions first = options_for(folder / "m", Layout::hugging_face, 200'000);
    const SyntheticOptions second = options_for(folder / "m", Layout::openai);
    bool has_tried = false;
    write_synthetic_checkpoint(preset_tiny(), first, [&](std::uint64_t, std::uint64_t) {
        if (has_tried) return;
        has_tried = true;
        CHECK_THROWS_WITH(write_synthetic_checkpoint(preset_tiny(), second),
                          StartsWith(dir + "/checkpoint.partial: is there: another program"));
    });
    REQUIRE(has_tried);
    const std::vector<std::string> names = names_in(folder / "m");
    CHECK(names.size() > 3);
    for (const std::string& name : names) {
        CHECK(name != "model.safetensors");
        CHECK(name != "checkpoint.partial");
    }
}

TEST_CASE("synth_checkpoint: a checkpoint that appears meanwhile stays, and nothing is mixed in",
          "[synth_checkpoint][errors]") {
    const TempFolder folder;
    const SyntheticOptions options = options_for(folder.path, Layout::openai);
    CHECK_THROWS_WITH(
        write_synthetic_checkpoint(preset_tiny(), options,
                                   [&](std::uint64_t, std::uint64_t) {
                                       write_bytes(folder / "config.json", "of another");
                                   }),
        folder.path.string() + ": holds config.json, expected a folder without a checkpoint");
    CHECK(names_in(folder.path) == std::vector<std::string>{"config.json"});
    CHECK(read_bytes(folder / "config.json") == "of another");
}

TEST_CASE("synth_checkpoint: a folder that cannot be made is named", "[synth_checkpoint][errors]") {
    CHECK_THROWS_WITH(
        write_synthetic_checkpoint(preset_tiny(), options_for("/dev/null/m", Layout::openai)),
        "/dev/null/m: cannot be made: Not a directory");
}

TEST_CASE("synth_checkpoint: stopping half-way, or a full disk, leaves nothing behind",
          "[synth_checkpoint][errors]") {
    const TempFolder folder;
    const Progress stop_in_the_third_shard = [](std::uint64_t bytes_written, std::uint64_t) {
        if (bytes_written > 450'000) throw Error("stopped");
    };
    const SyntheticOptions options = options_for(folder / "m", Layout::hugging_face, 200'000);
    CHECK_THROWS_WITH(write_synthetic_checkpoint(preset_tiny(), options, stop_in_the_third_shard),
                      "stopped");
    CHECK_FALSE(std::filesystem::exists(folder / "m"));

    const SmallDisk small_disk(100'000);  // a shard is larger
    CHECK_THROWS_WITH(write_synthetic_checkpoint(preset_tiny(), options),
                      ContainsSubstring(": cannot be written: File too large"));
    CHECK_FALSE(std::filesystem::exists(folder / "m"));
}
