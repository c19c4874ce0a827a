#include "gptoss/run/generate.hpp"

#include "catch.hpp"
#include "gptoss/checkpoint/synth.hpp"
#include "gptoss/core/presets.hpp"

using namespace gptoss;
using namespace gptoss::checkpoint;

namespace {

const std::vector<std::int32_t> kPrompt = {1, 2, 3, 5, 8, 13, 21, 34, 55, 89, 17, 42};

ConstIdsView prompt() {
    return {kPrompt.data(), int(kPrompt.size())};
}

bool go_on(std::int32_t) {
    return true;
}

GenerateOptions greedy_options(int max_tokens) {
    GenerateOptions options;
    options.max_tokens = max_tokens;
    options.sampling.temperature = 0;
    return options;
}

GenerateResult run_tiny(const GenerateOptions& options, Config config = preset_tiny()) {
    Transformer<> transformer(synthetic_weights(config, 1));
    return generate(transformer, prompt(), options, go_on);
}

}  // namespace

TEST_CASE("generate: the first greedy token is the largest logit of the prompt", "[generate]") {
    // 89 at 1.672048099: the published argmax of the tiny model's last position.
    const GenerateResult result = run_tiny(greedy_options(1));
    REQUIRE(result.ids == std::vector<std::int32_t>{89});
    CHECK(result.reason == StopReason::max_tokens);
}

TEST_CASE("generate: greedy tokens equal those of a fresh pass over the whole text", "[generate]") {
    const GenerateResult result = run_tiny(greedy_options(8));
    std::vector<std::int32_t> text = kPrompt;
    for (const std::int32_t id : result.ids) {
        Transformer<> transformer(synthetic_weights(preset_tiny(), 1));
        transformer.feed({text.data(), int(text.size())});
        CHECK(greedy({transformer.a.logits.data, transformer.a.logits.cols}) == id);
        text.push_back(id);
    }
}

TEST_CASE("generate: the prompt's chunk size changes nothing", "[generate]") {
    GenerateOptions options;
    options.max_tokens = 10;
    options.sampling.temperature = 1;
    options.seed = 3;
    const std::vector<std::int32_t> expected = run_tiny(options).ids;
    for (const int chunk : {1, 5, 7}) {
        options.prefill_chunk = chunk;
        CHECK(run_tiny(options).ids == expected);
    }
}

TEST_CASE("generate: a seed gives the same tokens again, another seed others", "[generate]") {
    GenerateOptions options;
    options.max_tokens = 20;
    options.sampling.temperature = 1;
    options.seed = 7;
    const std::vector<std::int32_t> first = run_tiny(options).ids;
    CHECK(run_tiny(options).ids == first);
    options.seed = 8;
    CHECK(run_tiny(options).ids != first);
}

TEST_CASE("generate: a stop id ends the run and is part of the result", "[generate]") {
    const std::vector<std::int32_t> ids = run_tiny(greedy_options(6)).ids;
    GenerateOptions options = greedy_options(6);
    options.stop_ids = {ids[2]};
    const GenerateResult result = run_tiny(options);
    CHECK(result.reason == StopReason::stop_id);
    CHECK(result.ids.back() == ids[2]);
    CHECK(result.ids.size() <= 3);
}

TEST_CASE("generate: the callback sees every token and can end the run", "[generate]") {
    Transformer<> transformer(synthetic_weights(preset_tiny(), 1));
    std::vector<std::int32_t> seen;
    const OnToken stop_after_three = [&](std::int32_t id) {
        seen.push_back(id);
        return seen.size() < 3;
    };
    const GenerateResult result =
        generate(transformer, prompt(), greedy_options(10), stop_after_three);
    CHECK(result.reason == StopReason::callback);
    CHECK(result.ids == seen);
    CHECK(seen.size() == 3);
}

TEST_CASE("generate: a full context ends the run, one token after the last position",
          "[generate]") {
    Config config = preset_tiny();
    config.max_context_length = 15;
    const GenerateResult result = run_tiny(greedy_options(50), config);
    CHECK(result.reason == StopReason::context_full);
    CHECK(result.ids.size() == 15 - kPrompt.size() + 1);
}

TEST_CASE("generate: a prompt longer than the context is refused before it runs",
          "[generate][errors]") {
    Config config = preset_tiny();
    config.max_context_length = 11;
    Transformer<> transformer(synthetic_weights(config, 1));
    GenerateOptions options = greedy_options(1);
    options.prefill_chunk = 4;
    REQUIRE_THROWS_WITH(generate(transformer, prompt(), options, go_on),
                        "context: 0 tokens and 12 more, expected at most 11 (max_context_length)");
    CHECK(transformer.cache.length == 0);
}

TEST_CASE("generate: an option out of range is named", "[generate][errors]") {
    GenerateOptions options;
    options.sampling.top_p = 0;
    REQUIRE_THROWS_WITH(run_tiny(options), "sample: top_p is 0.000000, expected (0, 1]");
}

TEST_CASE("generate: a context that fills with the last token asked for is no early end",
          "[generate]") {
    Config config = preset_tiny();
    config.max_context_length = 15;
    const GenerateResult result = run_tiny(greedy_options(15 - int(kPrompt.size()) + 1), config);
    CHECK(result.reason == StopReason::max_tokens);
    CHECK(result.ids.size() == 15 - kPrompt.size() + 1);
}

TEST_CASE("generate: an empty prompt is refused", "[generate][errors]") {
    Transformer<> transformer(synthetic_weights(preset_tiny(), 1));
    REQUIRE_THROWS_WITH(generate(transformer, {}, greedy_options(1), go_on),
                        "generate: the prompt is empty, expected a token or more");
}
