// Reading the goldens, compiled once for all tests.
#include "golden.hpp"

#include <cstring>

#include "gptoss/checkpoint/load.hpp"
#include "gptoss/checkpoint/synth.hpp"
#include "gptoss/core/presets.hpp"
#include "gptoss/format/safetensors.hpp"

namespace gptoss::test {

using namespace gptoss::checkpoint;
using namespace gptoss::format;

constexpr const char* kNano = GPTOSS_SOURCE_DIR "/examples/nano/model";

Golden::Golden(std::string golden_name, const Config& config)
    : Golden(std::move(golden_name), synthetic_weights(config, 1)) {}

Golden::Golden(std::string golden_name, Weights of_the_model)
    : name(std::move(golden_name)), weights(std::move(of_the_model)) {
    const Safetensors file =
        open_safetensors(std::string(GPTOSS_GOLDEN_DIR) + "/" + name + ".safetensors");
    const nlohmann::json ids = nlohmann::json::parse(file.metadata.at("tokens"));
    for (const nlohmann::json& id : ids) {
        tokens.push_back(id.get<std::int32_t>());
    }
    const auto row = file.metadata.find("first_row");
    if (row != file.metadata.end()) first_row = std::stoi(row->second);
    for (const auto& [site, tensor] : file.tensors) {
        RecordedSite& recorded = sites_[site];
        recorded.shape = tensor.shape;
        recorded.values.resize(std::size_t(tensor.n_bytes / 4));
        std::memcpy(recorded.values.data(), tensor.bytes, std::size_t(tensor.n_bytes));
    }
}

const Golden& golden_tiny() {
    static const Golden golden("tiny", preset_tiny());
    return golden;
}

const Golden& golden_odd() {
    static const Golden golden("odd", preset_odd());
    return golden;
}

// Vocabulary cut to 512 rows.
static Config config_20b(int n_layers) {
    Config config = with_layers(preset_20b(), n_layers);
    config.vocab_size = 512;
    config.pad_token_id = 510;
    config.eos_token_ids = {511};
    return config;
}

const Golden& golden_block20b() {
    static const Golden golden("block20b", config_20b(1));
    return golden;
}

const Golden& golden_layers20b() {
    static const Golden golden("layers20b", config_20b(2));
    return golden;
}

const Golden& golden_nano() {
    static const Golden golden("nano", load_weights(kNano));
    return golden;
}

const Golden& golden_nano_chat() {
    static const Golden golden("nano_chat", load_weights(kNano));
    return golden;
}

}  // namespace gptoss::test
