// Reading the goldens, compiled once for all tests.
#include "golden.hpp"

#include <cstring>

#include "gptoss/format/safetensors.hpp"
#include "gptoss/run/synth.hpp"

namespace gptoss::test {

Golden::Golden(std::string golden_name, const Config& config)
    : name(std::move(golden_name)), weights(synthetic_weights(config, 1)) {
    const Safetensors file =
        open_safetensors(std::string(GPTOSS_GOLDEN_DIR) + "/" + name + ".safetensors");
    const nlohmann::json ids = nlohmann::json::parse(file.metadata.at("tokens"));
    for (const nlohmann::json& id : ids) {
        tokens.push_back(id.get<std::int32_t>());
    }
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

const Golden& golden_block20b() {
    static const Golden golden = [] {
        Config config = with_layers(preset_20b(), 1);
        config.vocab_size = 512;
        config.pad_token_id = 510;
        config.eos_token_id = 511;
        return Golden("block20b", config);
    }();
    return golden;
}

}  // namespace gptoss::test
