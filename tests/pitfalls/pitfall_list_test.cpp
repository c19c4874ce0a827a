#include "gptoss/pitfalls/pitfall_list.hpp"

#include <cstring>
#include <fstream>
#include <iterator>
#include <set>
#include <string>
#include <vector>

#include "catch.hpp"
#include "gptoss/checkpoint/synth.hpp"
#include "gptoss/core/presets.hpp"
#include "pitfall_passes.hpp"
#include "recorded_run.hpp"

using namespace gptoss;
using namespace gptoss::checkpoint;
using namespace gptoss::pitfalls;
using namespace gptoss::test;

namespace {

const std::vector<std::int32_t> kTokens{1, 2, 3, 5, 8, 13, 21, 34, 55, 89, 17, 42};
const ConstIdsView kPrompt{kTokens.data(), 12};

const Pitfall& pitfall_named(const char* name) {
    static const std::vector<Pitfall> list = all_pitfalls<LabOps>();
    for (const Pitfall& pitfall : list) {
        if (std::strcmp(pitfall.facts.name, name) == 0) return pitfall;
    }
    throw Error(std::string("no pitfall ") + name);
}

// Tiny with hidden_size = intermediate_size, as in the released models, and not = head_dim.
Config square_tiny() {
    Config config = preset_tiny();
    config.intermediate_size = config.hidden_size;
    config.head_dim = 32;
    return config;
}

// In bf16 the first position that is rounded is 257.
std::vector<std::int32_t> tokens_for(const Pitfall& pitfall) {
    if (pitfall.facts.name != std::string("positions_bf16")) return kTokens;
    return std::vector<std::int32_t>(260, 7);
}

// Positions can only restart where there is a second chunk.
int chunk_for(const Pitfall& pitfall) {
    const bool needs_two = pitfall.facts.name == std::string("positions_restart");
    return needs_two ? 5 : kOnePass;
}

}  // namespace

TEST_CASE("pitfall list: at least thirty mistakes, each with a name and facts", "[pitfalls]") {
    const std::vector<Pitfall> list = all_pitfalls<LabOps>();
    CHECK(list.size() >= 30);
    std::set<std::string> names;
    for (const Pitfall& pitfall : list) {
        INFO(pitfall.facts.name);
        CHECK(names.insert(pitfall.facts.name).second);
        CHECK(std::string(pitfall.facts.mistake) != "");
        CHECK(std::string(pitfall.facts.who) != "");
        CHECK(std::string(pitfall.facts.symptom) != "");
        CHECK(std::string(pitfall.facts.visible_from) != "");
        CHECK(pitfall.run != nullptr);
    }
}

TEST_CASE("pitfall list: every mistake changes the site that it names, and none before it",
          "[pitfalls]") {
    const Weights tiny = synthetic_weights(preset_tiny(), 1);
    const Weights square = synthetic_weights(square_tiny(), 1);
    for (const Pitfall& pitfall : all_pitfalls<LabOps>()) {
        const Weights& weights = applies(pitfall, tiny.config) ? tiny : square;
        REQUIRE(applies(pitfall, weights.config));
        const int chunk = chunk_for(pitfall);
        const std::vector<std::int32_t> tokens = tokens_for(pitfall);
        const ConstIdsView prompt{tokens.data(), int(tokens.size())};
        const RecordedRun right = recorded_right(weights, prompt, chunk);
        const RecordedRun wrong = recorded_pitfall(pitfall, weights, prompt, chunk);
        const FirstDifference d = first_difference(wrong, right);
        INFO(pitfall.facts.name << ": error / rms " << d.error);
        CHECK(d.site == site_symbol(pitfall.facts.first_site));
        CHECK(d.error > 1e-6);
    }
}

TEST_CASE("pitfall list: some mistakes need a model whose extents are alike, or are not",
          "[pitfalls]") {
    const auto names_that_need_another = [](const Config& config) {
        std::set<std::string> names;
        for (const Pitfall& pitfall : all_pitfalls<LabOps>()) {
            if (!applies(pitfall, config)) names.insert(pitfall.facts.name);
        }
        return names;
    };
    CHECK(names_that_need_another(preset_20b()).empty());
    CHECK(names_that_need_another(preset_nano()) == std::set<std::string>{"down_transposed"});
    CHECK(names_that_need_another(preset_tiny()) ==
          std::set<std::string>{"down_transposed", "scale_sqrt_hidden"});
    CHECK(names_that_need_another(with_layers(preset_tiny(), 2)).contains("window_on_first_half"));
}

TEST_CASE("pitfall list: windows and rings are wrong beyond the window only", "[pitfalls]") {
    const Weights weights = synthetic_weights(preset_tiny(), 1);
    const ConstIdsView three{kTokens.data(), 3}, four{kTokens.data(), 4}, five{kTokens.data(), 5};
    const auto differs = [&](const char* name, ConstIdsView tokens) {
        const RecordedRun wrong = recorded_pitfall(pitfall_named(name), weights, tokens);
        return first_difference(wrong, recorded_right(weights, tokens)).site != "none";
    };
    CHECK(!differs("window_short", three));
    CHECK(differs("window_short", four));
    for (const char* name : {"window_long", "window_missing", "window_on_odd_layers",
                             "window_on_first_half", "window_everywhere", "ring_overwritten"}) {
        INFO(name);
        CHECK(!differs(name, four));
        CHECK(differs(name, five));
    }
}

TEST_CASE("pitfall list: a missing mask shows itself from two tokens on, and not token by token",
          "[pitfalls]") {
    const Weights weights = synthetic_weights(preset_tiny(), 1);
    const auto differs = [&](int n_tokens, int chunk) {
        const ConstIdsView tokens{kTokens.data(), n_tokens};
        const RecordedRun wrong =
            recorded_pitfall(pitfall_named("mask_missing"), weights, tokens, chunk);
        return first_difference(wrong, recorded_right(weights, tokens, chunk)).site != "none";
    };
    CHECK(!differs(1, kOnePass));
    CHECK(differs(2, kOnePass));
    CHECK(!differs(4, 1));  // the window of this model; behind it, what the cache still has is seen
}

TEST_CASE("pitfall list: positions restart at the second chunk, a ring is right token by token",
          "[pitfalls]") {
    const Weights weights = synthetic_weights(preset_tiny(), 1);
    const RecordedRun right = recorded_right(weights, kPrompt);
    const RecordedRun restarted =
        recorded_pitfall(pitfall_named("positions_restart"), weights, kPrompt);
    CHECK(first_difference(restarted, right).site == "none");

    const RecordedRun by_token = recorded_right(weights, kPrompt, 1);
    const RecordedRun ring =
        recorded_pitfall(pitfall_named("ring_overwritten"), weights, kPrompt, 1);
    CHECK(first_difference(ring, by_token).site == "none");
}

TEST_CASE("pitfall list: the right model is left as it was", "[pitfalls]") {
    const Weights weights = synthetic_weights(preset_tiny(), 1);
    const RecordedRun before = recorded_right(weights, kPrompt);
    for (const char* name : {"window_missing", "attention_bias_missing", "norm_gains_swapped",
                             "unembedding_tied", "nibbles_swapped"}) {
        recorded_pitfall(pitfall_named(name), weights, kPrompt);
    }
    CHECK(first_difference(recorded_right(weights, kPrompt), before).site == "none");
}

TEST_CASE("pitfall list: docs/pitfalls.md says of each what the code says", "[pitfalls]") {
    std::ifstream file(GPTOSS_SOURCE_DIR "/docs/pitfalls.md");
    const std::string page((std::istreambuf_iterator<char>(file)), {});
    for (const Pitfall& pitfall : all_pitfalls<LabOps>()) {
        const Facts& facts = pitfall.facts;
        const std::string begin = "| `" + std::string(facts.name) + "` | " + facts.mistake + " | ";
        const std::string end = std::string(" | ") + facts.symptom + " | " + facts.visible_from +
                                " | `" + site_symbol(facts.first_site) + "` | ";
        CHECK_THAT(page, ContainsSubstring(begin));
        CHECK_THAT(page, ContainsSubstring(end));
    }
}
