#include "models.hpp"

#include <filesystem>
#include <system_error>
#include <utility>

#include "gptoss/checkpoint/generation_config.hpp"
#include "gptoss/checkpoint/load.hpp"
#include "gptoss/run/model.hpp"
#include "gptoss/tokenizer/load_tokenizer.hpp"
#include "gptoss/tokenizer/special_tokens.hpp"

namespace gptoss::tool {
namespace {

// Installed, data lies in share/gptoss beside bin; in a build it is still in the sources.
std::filesystem::path shipped(const char* name, const char* in_sources) {
    std::error_code problem;
    const std::filesystem::path program = std::filesystem::read_symlink("/proc/self/exe", problem);
    const auto installed = program.parent_path().parent_path() / "share" / "gptoss" / name;
    if (!problem && std::filesystem::exists(installed)) return installed;
    return in_sources;
}

// The model's own tokenizer.json, or the published one if the vocabulary has its size.
std::optional<tokenizer::Tokenizer> tokenizer_of_model(const std::filesystem::path& dir,
                                                       const Config& config) {
    if (format::find_gguf(dir)) return tokenizer::load_tokenizer(dir);
    const std::filesystem::path path = tokenizer::tokenizer_file(dir);
    if (std::filesystem::exists(path)) return tokenizer::load_tokenizer(path);
    const bool fits_o200k = config.vocab_size > tokenizer::kO200kEndOfPrompt;
    if (fits_o200k) return shipped_tokenizer();
    return std::nullopt;
}

}  // namespace

std::string model_dir(const Globals& globals) {
    if (!globals.model.empty()) return globals.model;
    return shipped("nano", GPTOSS_SOURCE_DIR "/examples/nano/model").string();
}

bool samples_by_default(const std::string& model_dir) {
    return checkpoint::read_generation_config(model_dir).do_sample;
}

Weights open_weights(const Globals& globals) {
    const bool is_shared = globals.path == "mpi";
    return checkpoint::load_weights(
        model_dir(globals), is_shared ? checkpoint::Scales::trust : checkpoint::Scales::check);
}

OpenedModel open_model(const Globals& globals) {
    OpenedModel model;
    model.dir = model_dir(globals);
    model.weights = open_weights(globals);
    model.tokenizer = tokenizer_of_model(model.dir, model.weights.config);
    return model;
}

std::vector<std::int32_t> stop_ids_of(const OpenedModel& model) {
    std::vector<std::int32_t> ids = checkpoint::read_generation_config(model.dir).eos_token_ids;
    const Config& config = model.weights.config;
    const std::vector<std::int32_t> of_model =
        model.tokenizer ? stop_ids(config, model.tokenizer->vocabulary) : config.eos_token_ids;
    ids.insert(ids.end(), of_model.begin(), of_model.end());
    return ids;
}

tokenizer::Tokenizer shipped_tokenizer() {
    return tokenizer::load_tokenizer(
        shipped("o200k_base.tiktoken", GPTOSS_DATA_DIR "/o200k_base.tiktoken"));
}

tokenizer::Tokenizer open_tokenizer(const Globals& globals) {
    if (globals.model.empty()) return shipped_tokenizer();
    const std::filesystem::path path = globals.model;
    if (std::filesystem::is_regular_file(path)) return tokenizer::load_tokenizer(path);
    const bool has_its_own =
        std::filesystem::exists(path / "tokenizer.json") || format::find_gguf(path);
    if (has_its_own) return tokenizer::load_tokenizer(path);

    const Config config = format::read_config(checkpoint::checkpoint_folder(path) / "config.json");
    std::optional<tokenizer::Tokenizer> tokenizer = tokenizer_of_model(path, config);
    if (!tokenizer) throw Error(globals.model + ": has no tokenizer.json");
    return std::move(*tokenizer);
}

}  // namespace gptoss::tool
