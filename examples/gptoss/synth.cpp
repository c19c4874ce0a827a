// gptoss synth: writes a checkpoint whose weights are a formula of seed, name and index.
#include <memory>
#include <optional>
#include <string>

#include "gptoss/checkpoint/synth_checkpoint.hpp"
#include "gptoss/core/config.hpp"
#include "gptoss/core/config_rules.hpp"
#include "gptoss/core/presets.hpp"
#include "gptoss/format/config_json.hpp"
#include "gptoss/tokenizer/special_tokens.hpp"
#include "gptoss/tokenizer/write_tokenizer_json.hpp"
#include "models.hpp"
#include "signals.hpp"
#include "terminal.hpp"
#include "tool.hpp"

namespace gptoss::tool {
namespace {

constexpr const char* kSynthExamples =
    "  gptoss synth --preset nano --out nano\n"
    "  gptoss synth --preset 20b --out gpt-oss-20b-synthetic       13 GB\n"
    "  gptoss synth --preset 120b --layers 2 --layout openai --shard-bytes 2000000000 --out DIR\n"
    "  gptoss synth --config gpt-oss-20b/config.json --layers 1 --out DIR\n";

struct SynthFlags {
    std::string preset;
    std::string config;
    std::string layout = "hf";
    int layers = 0;  // as the config says
    std::uint64_t shard_bytes = 0;
    std::uint64_t seed = 1;
    std::string out;
};

Config config_of(const SynthFlags& flags) {
    if (flags.preset.empty() == flags.config.empty()) {
        throw Error("synth: expected --preset NAME or --config FILE");
    }
    Config config = flags.preset.empty() ? format::read_config(flags.config) : preset(flags.preset);
    if (flags.layers < 0 || flags.layers > kMostLayers) {
        throw Error("--layers is " + std::to_string(flags.layers) + ", expected 1 to " +
                    std::to_string(kMostLayers));
    }
    return flags.layers == 0 ? config : with_layers(config, flags.layers);
}

checkpoint::Layout layout_of(const SynthFlags& flags) {
    if (flags.layout == "hf") return checkpoint::Layout::hugging_face;
    if (flags.layout == "openai") return checkpoint::Layout::openai;
    throw Error("--layout is '" + flags.layout + "', expected hf or openai");
}

// A small vocabulary gets a tokenizer of its own: the first ranks and the ten named special tokens
// behind them. The published size needs none, and below 256 ranks some bytes would have no token.
std::optional<tokenizer::Vocabulary> vocabulary_for(const Config& config) {
    const int n_special = int(tokenizer::named_special_tokens().size());
    const int n_ranks = config.vocab_size - n_special;
    if (n_ranks < 256 || n_ranks > tokenizer::kO200kRanks) return std::nullopt;
    return tokenizer::truncated_vocabulary(shipped_tokenizer().vocabulary, n_ranks,
                                           tokenizer::named_special_tokens_from(n_ranks));
}

std::string tokenizer_note(const Config& config, bool has_tokenizer_json) {
    if (has_tokenizer_json) return "tokenizer.json";
    if (config.vocab_size > tokenizer::kO200kEndOfPrompt) return "o200k_harmony, as published";
    return "none, the vocabulary is too small for text";
}

int run_synth(const SynthFlags& flags, const Globals& globals) {
    const Config config = config_of(flags);
    checkpoint::SyntheticOptions options;
    options.dir = flags.out;
    options.layout = layout_of(flags);
    options.seed = flags.seed;
    options.shard_bytes = flags.shard_bytes;
    const std::optional<tokenizer::Vocabulary> vocabulary = vocabulary_for(config);
    if (vocabulary) options.tokenizer_json = tokenizer::tokenizer_json_text(*vocabulary);

    const StopOnSignal stop_on_signal;
    std::uint64_t n_bytes = 0;
    {
        ProgressBar bar;
        checkpoint::write_synthetic_checkpoint(
            config, options, [&](std::uint64_t bytes_written, std::uint64_t bytes_in_all) {
                throw_if_stopped();
                n_bytes = bytes_in_all;
                bar.show(bytes_written, bytes_in_all, readable_bytes(std::int64_t(bytes_written)));
            });
    }
    const std::size_t n_files = checkpoint::plan_shards(config, options).size();
    const std::string tokenizer = tokenizer_note(config, vocabulary.has_value());
    if (globals.json) {
        print_json({{"out", flags.out},
                    {"bytes", n_bytes},
                    {"files", n_files},
                    {"seed", flags.seed},
                    {"tokenizer", tokenizer}});
        return 0;
    }
    print("wrote " + flags.out + ": " + readable_bytes(std::int64_t(n_bytes)) + " of weights in " +
          std::to_string(n_files) + (n_files == 1 ? " file" : " files") + ", seed " +
          std::to_string(flags.seed) + "; tokenizer: " + tokenizer + "\n");
    return 0;
}

}  // namespace

void add_synth(CLI::App& app, Tool& tool) {
    const auto flags = std::make_shared<SynthFlags>();
    CLI::App* synth = add_subcommand(
        app, "synth", "Write a synthetic checkpoint: the same bytes for the same seed",
        kSynthExamples);
    synth->add_option("--preset", flags->preset, "tiny, odd, nano, 20b or 120b")->type_name("NAME");
    synth->add_option("--config", flags->config, "A config.json of either layout, instead")
        ->type_name("FILE");
    synth->add_option("--layout", flags->layout, "hf or openai: names of tensors and files [hf]")
        ->type_name("NAME");
    synth->add_option("--layers", flags->layers, "This many layers instead of the config's")
        ->type_name("N");
    synth->add_option("--shard-bytes", flags->shard_bytes, "Most bytes per file [one file]")
        ->type_name("N")
        ->check(count_mistake);
    synth->add_option("--seed", flags->seed, "Names the model [1]")
        ->type_name("N")
        ->check(count_mistake);
    synth->add_option("--out", flags->out, "The directory to write; may not hold a checkpoint")
        ->required()
        ->type_name("DIR");
    when_chosen(synth, tool, [flags, &tool] { return run_synth(*flags, tool.globals); });
}

}  // namespace gptoss::tool
