#include "gptoss/run/model.hpp"

#include <string>

#include "catch.hpp"
#include "gptoss/ops/fast.hpp"
#include "temp_folder.hpp"

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

TEST_CASE("model: generate ends at the ids of generation_config.json", "[model]") {
    const TempFolder folder;
    std::filesystem::copy(kNano, folder / "m");
    write_bytes(folder / "m" / "generation_config.json", R"({"eos_token_id": []})");
    const std::string whole = Model<>(folder / "m").generate("7+5=", {.max_tokens = 3});
    REQUIRE(whole.starts_with("12"));
    const std::int32_t id_of_12 = Model<>(kNano).tokenizer.encode("12").at(0);
    write_bytes(folder / "m" / "generation_config.json",
                "{\"eos_token_id\": [1, " + std::to_string(id_of_12) + "]}");
    CHECK(Model<>(folder / "m").generate("7+5=", {.max_tokens = 3}) == "");
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
