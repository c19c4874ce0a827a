#include "gptoss/run/model.hpp"

#include <string>

#include "catch.hpp"
#include "gptoss/ops/fast.hpp"

using namespace gptoss;

namespace {

const char* kNano = GPTOSS_SOURCE_DIR "/examples/nano/model";

}  // namespace

TEMPLATE_TEST_CASE("model: nano answers in its final channel", "[model]", ScalarOps, FastOps) {
    Model<TestType> model(kNano);
    CHECK(model.ask("What is 17 + 25?") == "17 + 25 = 42.");
    CHECK(model.ask("What is 17 + 25?") == "17 + 25 = 42.");  // nothing of the first is remembered
}

TEST_CASE("model: generate returns what it showed, without the stop token", "[model]") {
    Model<> model(kNano);
    std::string shown;
    const auto show = [&](std::string_view text) { shown += text; };
    CHECK(model.generate("7+5=", {.max_tokens = 1}, show) == "12");
    CHECK(shown == "12");
    const std::string text = model.generate("7+5=", {.max_tokens = 200});
    CHECK(text.find("<|return|>") == std::string::npos);
}

TEST_CASE("model: an answer that is cut off before its final channel is an error",
          "[model][errors]") {
    Model<> model(kNano);
    CHECK_THROWS_WITH(model.ask("What is 17 + 25?", {.max_tokens = 1}),
                      StartsWith("ask: the model gave no final answer"));
    CHECK_THROWS_WITH(model.ask("What is 17 + 25?", {.max_tokens = 12}),
                      "ask: the model gave no final answer in 12 tokens");
}

TEST_CASE("model: a folder without a tokenizer is named", "[model][errors]") {
    CHECK_THROWS_WITH(Model<>("/nowhere"), StartsWith("/nowhere: "));
}
