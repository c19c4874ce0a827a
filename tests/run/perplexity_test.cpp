#include "gptoss/run/perplexity.hpp"

#include "catch.hpp"
#include "golden.hpp"
#include "gptoss/checkpoint/synth.hpp"
#include "gptoss/harmony/render.hpp"
#include "gptoss/tokenizer/load_tokenizer.hpp"

using namespace gptoss;
using namespace gptoss::harmony;
using namespace gptoss::tokenizer;
using namespace gptoss::test;

namespace {

std::vector<double> surprises_of_tiny(int chunk) {
    const Golden& golden = golden_tiny();
    Transformer<> transformer(golden.weights);
    return surprises(transformer, golden.token_ids(), chunk);
}

}  // namespace

TEST_CASE("perplexity: two logits worked by hand", "[perplexity]") {
    // softmax of {0, log 3} is {1/4, 3/4}
    const float logits[2] = {0.0f, std::log(3.0f)};
    CHECK_THAT(surprise_of({logits, 2}, 0), WithinAbs(std::log(4.0), 1e-7));
    CHECK_THAT(surprise_of({logits, 2}, 1), WithinAbs(std::log(4.0 / 3.0), 1e-7));

    // One token of probability 1/4 and one of 3/4: the geometric mean of 4 and 4/3.
    const Perplexity both =
        perplexity_of({0, std::log(4.0), std::log(4.0 / 3.0)}, {true, true, true});
    CHECK(both.n_tokens == 2);
    CHECK_THAT(both.value(), WithinAbs(std::sqrt(16.0 / 3.0), 1e-7));
    CHECK_THAT(both.bits_per_byte(4), WithinAbs(std::log2(16.0 / 3.0) / 4, 1e-7));
}

TEST_CASE("perplexity: logits far above what exp can hold", "[perplexity]") {
    const float logits[2] = {1000.0f, 990.0f};
    CHECK_THAT(surprise_of({logits, 2}, 1), WithinAbs(10.0 + std::log1p(std::exp(-10.0)), 1e-9));
}

TEST_CASE("perplexity: of Hugging Face's logits for the same tokens", "[perplexity][golden]") {
    const std::vector<double> surprise = surprises_of_tiny(kPerplexityChunk);
    const Golden& golden = golden_tiny();
    const ConstMatrixView logits = golden.at(Site::logits, kNoLayer);  // (n_tokens, vocab_size)
    REQUIRE(int(surprise.size()) == logits.rows);
    for (int t = 1; t < logits.rows; ++t) {
        const std::int32_t id = golden.tokens[std::size_t(t)];
        const double expected = surprise_of({logits.row(t - 1), logits.cols}, id);
        CHECK_THAT(surprise[std::size_t(t)], WithinAbs(expected, 1e-4));
    }
}

TEST_CASE("perplexity: the length of a pass changes nothing", "[perplexity]") {
    const std::vector<double> expected = surprises_of_tiny(kPerplexityChunk);
    for (const int chunk : {1, 3, 11}) {
        CHECK(surprises_of_tiny(chunk) == expected);
    }
}

TEST_CASE("perplexity: the first token never counts, and something must", "[perplexity][errors]") {
    CHECK(perplexity_of({7.0, 1.0}, {true, true}).total_surprise == 1.0);
    CHECK_THROWS_WITH(perplexity_of({7.0}, {true}),
                      "perplexity: no token counts, expected at least one behind the first");
    CHECK_THROWS_WITH(perplexity_of({7.0, 1.0}, {true, false}), StartsWith("perplexity: no token"));
}

TEST_CASE("perplexity: logits that are NaN give an error and no number", "[perplexity][errors]") {
    Weights weights = golden_tiny().weights;
    std::vector<float> gain(std::size_t(weights.final_norm_gain.size), 1.0f);
    gain[3] = std::nanf("");
    weights.final_norm_gain.data = gain.data();
    Transformer<> transformer(weights);
    const ConstIdsView tokens = golden_tiny().token_ids();
    CHECK_THROWS_WITH(surprises(transformer, tokens),
                      "perplexity: token " + std::to_string(*tokens.row(1)) +
                          " at position 1 has surprise nan, expected a number: the logits before "
                          "it are not finite");
}

TEST_CASE("perplexity: of a conversation, the assistant's tokens count", "[perplexity]") {
    const Tokenizer tokenizer = load_tokenizer(GPTOSS_DATA_DIR "/o200k_base.tiktoken");
    const HarmonyEncoding encoding = harmony_encoding(tokenizer);
    const std::vector<std::int32_t> tokens = tokenizer.encode_with_special(
        "<|start|>user<|message|>assistant<|end|><|start|>assistant<|channel|>final<|message|>Hi"
        "<|return|>");
    const std::vector<bool> counts = assistant_tokens(encoding, tokens);
    std::vector<std::int32_t> counted;
    for (std::size_t t = 0; t < tokens.size(); ++t) {
        if (counts[t]) counted.push_back(tokens[t]);
    }
    CHECK(tokenizer.decode(counted) == "<|channel|>final<|message|>Hi<|return|>");
}
