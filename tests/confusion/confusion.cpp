// Every mistake planted in dumps of several models and prompts, and what diagnose makes of them.
//
//     gptoss_confusion MODEL SEED IDS float32|bf16 full|logits
//
// One line per mistake: planted, rank (0 is first), named (or none), confidence, verdict, and how many
// are named as likely. One of several that are is planted and named. MODEL is a
// folder, whose weights have no seed, or a preset, or square: tiny with intermediate_size =
// hidden_size and heads of 32. IDS is 1,2,3. scripts/confusion_table.py runs it.
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <sstream>
#include <string>
#include <vector>

#include "gptoss/checkpoint/load.hpp"
#include "gptoss/checkpoint/synth.hpp"
#include "gptoss/core/presets.hpp"
#include "gptoss/diagnose/diagnose.hpp"
#include "gptoss/ops/bf16.hpp"
#include "planted_dump.hpp"

using namespace gptoss;
using namespace gptoss::test;

namespace {

Weights model(const std::string& name, std::uint64_t seed) {
    if (std::filesystem::is_directory(name)) return checkpoint::load_weights(name);
    if (name != "square") return checkpoint::synthetic_weights(preset(name), seed);
    Config config = preset_tiny();
    config.intermediate_size = config.hidden_size;
    config.head_dim = 32;
    return checkpoint::synthetic_weights(config, seed);
}

std::vector<std::int32_t> ids_of(const std::string& text) {
    std::vector<std::int32_t> ids;
    std::istringstream words(text);
    for (std::string word; std::getline(words, word, ',');)
        ids.push_back(std::stoi(word));
    return ids;
}

int rank_among(const std::vector<diagnose::Suspect>& suspects, const char* name) {
    for (std::size_t i = 0; i < suspects.size(); ++i) {
        if (std::strcmp(suspects[i].facts.name, name) == 0) return int(i);
    }
    return -1;
}

void report(const char* planted, const diagnose::Diagnosis& d) {
    const bool is_named = d.is_known && !d.suspects.empty();
    int rank = rank_among(d.suspects, planted);
    const bool is_in_tie = is_named && rank >= 0 && rank < d.n_as_likely;
    if (is_in_tie) rank = 0;
    const char* first = is_named ? d.suspects[0].facts.name : "none";
    std::printf("%s %d %s %.3f %s %d\n", planted, rank, is_in_tie ? planted : first,
                is_named ? d.suspects[0].confidence : 0.0, compare::verdict_name(d.verdict),
                d.n_as_likely);
    std::fflush(stdout);
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 6) return 2;
    const Weights weights = model(argv[1], std::strtoull(argv[2], nullptr, 10));
    const std::vector<std::int32_t> tokens = ids_of(argv[3]);
    const int n_tokens = int(tokens.size());
    const bool in_bf16 = std::string(argv[4]) == "bf16";
    const bool logits_only = std::string(argv[5]) == "logits";
    const diagnose::BugLab lab = in_bf16 ? diagnose::bug_lab<Bf16Ops>(compare::Policy::bf16)
                                         : diagnose::bug_lab<ScalarOps>(compare::Policy::float32);

    std::vector<pitfalls::Pitfall> planted = lab.pitfalls;
    planted.push_back(lab.right);
    for (const pitfalls::Pitfall& pitfall : planted) {
        if (!applies(pitfall, weights.config)) continue;
        const bool in_chunks = std::strcmp(pitfall.facts.name, "positions_restart") == 0;
        dump::Dump dump = planted_dump(pitfall, weights, tokens,
                                       in_chunks ? 2 * n_tokens / 5 : pitfalls::kOnePass);
        if (logits_only) keep_only(dump, {Site::logits});
        report(pitfall.facts.name, diagnose::diagnose_dump(weights, dump, lab));
    }
    return 0;
}
