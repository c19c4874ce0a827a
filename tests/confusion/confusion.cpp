// Every mistake planted in dumps of several models and prompts, and what diagnose makes of them.
//
//     gptoss_confusion MODEL SEED PROMPT N_TOKENS float32|bf16 full|logits
//
// One line per mistake: planted, rank (0 is first), named (or none), confidence, verdict. MODEL is a
// preset, or square: tiny with hidden_size = intermediate_size. scripts/confusion_table.py runs it.
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "gptoss/ops/bf16.hpp"
#include "gptoss/run/diagnose.hpp"
#include "gptoss/run/synth.hpp"
#include "planted_dump.hpp"

using namespace gptoss;
using namespace gptoss::test;

namespace {

Config model_config(const std::string& name) {
    if (name != "square") return preset(name);
    Config config = preset_tiny();
    config.intermediate_size = config.hidden_size;
    config.head_dim = 32;
    return config;
}

// Any ids: a text says no more about a model of generated weights.
std::vector<std::int32_t> prompt(std::uint64_t number, int n_tokens, int vocab_size) {
    std::vector<std::int32_t> tokens;
    for (int t = 0; t < n_tokens; ++t) {
        const std::uint64_t word = generator_word(mix(number), std::uint64_t(t));
        tokens.push_back(std::int32_t(word % std::uint64_t(vocab_size)));
    }
    return tokens;
}

int rank_among(const std::vector<Suspect>& suspects, const char* name) {
    for (std::size_t i = 0; i < suspects.size(); ++i) {
        if (std::strcmp(suspects[i].facts.name, name) == 0) return int(i);
    }
    return -1;
}

void report(const char* planted, const Diagnosis& d) {
    const bool is_named = d.is_known && !d.suspects.empty();
    std::printf("%s %d %s %.3f %s\n", planted, rank_among(d.suspects, planted),
                is_named ? d.suspects[0].facts.name : "none",
                is_named ? d.suspects[0].confidence : 0.0, verdict_name(d.verdict));
    std::fflush(stdout);
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 7) return 2;
    const Config config = model_config(argv[1]);
    const Weights weights = synthetic_weights(config, std::strtoull(argv[2], nullptr, 10));
    const int n_tokens = std::atoi(argv[4]);
    const auto tokens = prompt(std::strtoull(argv[3], nullptr, 10), n_tokens, config.vocab_size);
    const bool in_bf16 = std::string(argv[5]) == "bf16";
    const bool logits_only = std::string(argv[6]) == "logits";
    const BugLab lab =
        in_bf16 ? bug_lab<Bf16Ops>(Policy::bf16) : bug_lab<ScalarOps>(Policy::float32);

    std::vector<Pitfall> planted = lab.pitfalls;
    planted.push_back(lab.right);
    for (const Pitfall& pitfall : planted) {
        if (!applies(pitfall, config)) continue;
        const bool in_chunks = std::strcmp(pitfall.facts.name, "positions_restart") == 0;
        Dump dump = planted_dump(pitfall, weights, tokens, in_chunks ? 2 * n_tokens / 5 : kOnePass);
        if (logits_only) keep_only(dump, {Site::logits});
        report(pitfall.facts.name, diagnose(weights, dump, lab));
    }
    return 0;
}
