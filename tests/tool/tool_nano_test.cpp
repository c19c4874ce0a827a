// The model that ships with the tool, as a newcomer meets it: no --model, plain words, the likeliest
// token each time. Its scores over thousands of prompts are in examples/nano/README.md.
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <vector>

#include "catch.hpp"
#include "gptoss/format/safetensors.hpp"
#include "temp_folder.hpp"
#include "tool/run_tool.hpp"

namespace {

const char* kNano = GPTOSS_SOURCE_DIR "/examples/nano/model";

// The lines of `chat --json`.
std::vector<nlohmann::json> events_of(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), {"chat", "--json"});
    const ToolRun run = run_tool(arguments);
    INFO(run.errors);
    REQUIRE(run.status == 0);
    std::vector<nlohmann::json> events;
    std::istringstream lines(run.output);
    for (std::string line; std::getline(lines, line);)
        events.push_back(nlohmann::json::parse(line));
    return events;
}

// The text of the last message in a channel, or "".
std::string said(const std::vector<nlohmann::json>& events, const std::string& channel) {
    std::string text;
    for (const nlohmann::json& event : events) {
        if (event.at("event") != "message") continue;
        const nlohmann::json& message = event.at("message");
        if (message.value("channel", "") != channel) continue;
        text = message.at("content");
    }
    return text;
}

std::string answer(std::vector<std::string> arguments) {
    return said(events_of(std::move(arguments)), "final");
}

}  // namespace

TEST_CASE("tool nano: a sum, with its working", "[tool][nano]") {
    const auto events = events_of({"What is 17 + 25?"});
    CHECK(said(events, "analysis") == "Ones: 7+5=12, carry 1. Tens: 1+2+1=4. So 42.");
    CHECK(said(events, "final") == "17 + 25 = 42.");
}

TEST_CASE("tool nano: plain words work", "[tool][nano]") {
    CHECK(answer({"add 17 and 25"}) == "17 + 25 = 42.");
    CHECK(answer({"What is 41 minus 23?"}) == "41 - 23 = 18.");
    CHECK(answer({"Sort: sun hat cat"}) == "Sorted: cat hat sun.");
    CHECK(answer({"Reverse these words: hat, cat, sun"}) == "Reversed: sun, cat, hat.");
    CHECK(answer({"Repeat after me: hat cat sun"}) == "You said: hat cat sun.");
    CHECK(answer({"Jon: red dog. Mia: blue car. What does Jon have?"}) == "Jon has a red dog.");
    CHECK(answer({"How many layers does gpt-oss-20b have?"}) == "gpt-oss-20b has 24 layers.");
    CHECK(answer({"Who made gpt-oss?"}) == "OpenAI made gpt-oss.");
    CHECK(answer({"What is the capital of France?"}) == "I don't know. I am a very small model.");
}

TEST_CASE("tool nano: the effort changes the length of the analysis", "[tool][nano]") {
    const auto analysis = [](const char* effort) {
        return said(events_of({"--effort", effort, "What is 93 + 81?"}), "analysis");
    };
    CHECK(analysis("low").size() * 2 < analysis("high").size());
}

TEST_CASE("tool nano: it calls the function that it is told of", "[tool][nano]") {
    const TempFolder folder;
    write_bytes(folder / "tools.json", R"([
        {"name": "get_weather", "description": "Gets the weather of a city.", "parameters":
            {"type": "object", "properties": {"city": {"type": "string"}}}},
        {"name": "calculator", "description": "Computes an expression.", "parameters":
            {"type": "object", "properties": {"expression": {"type": "string"}}}}])");
    const std::string tools = (folder / "tools.json").string();
    std::string recipient;
    std::string arguments;
    for (const nlohmann::json& event : events_of({"--tools", tools, "Weather in Rome?"})) {
        if (event.at("event") != "message" || !event.at("message").contains("recipient")) continue;
        if (event.at("message").at("recipient") == "assistant") continue;  // the tool's answer
        if (recipient.empty()) arguments = event.at("message").at("content");
        if (recipient.empty()) recipient = event.at("message").at("recipient");
    }
    CHECK(recipient == "functions.get_weather");
    CHECK(arguments == R"({"city":"Rome"})");
}

TEST_CASE("tool nano: the goldens' prompts are what is rendered here", "[tool][nano][golden]") {
    const std::string prompts = GPTOSS_SOURCE_DIR "/tests/golden/prompts/";
    for (const std::string name : {"nano", "nano_chat"}) {
        const std::string file = prompts + name + ".json";
        const ToolRun run = run_tool({"harmony", "render", "--ids", "--model", kNano, file});
        std::istringstream words(run.output);
        std::vector<int> ids;
        for (int id = 0; words >> id;)
            ids.push_back(id);
        const gptoss::format::Safetensors golden = gptoss::format::open_safetensors(
            std::string(GPTOSS_GOLDEN_DIR) + "/" + name + ".safetensors");
        CHECK(ids.size() > 40);
        CHECK(nlohmann::json::parse(golden.metadata.at("tokens")) == nlohmann::json(ids));
    }
    const ToolRun vectors = run_tool({"harmony", "--vectors", prompts, "--model", kNano});
    CHECK_THAT(vectors.output, ContainsSubstring("2 passed, 0 failed"));
}

TEST_CASE("tool nano: every subcommand that runs a model takes it by default", "[tool][nano]") {
    for (const std::vector<std::string>& arguments : std::vector<std::vector<std::string>>{
             {"generate", "--max-tokens", "2", "Hello"},
             {"trace", "--last-only", "Hello"},
             {"inspect", "--verify"},
             {"bench", "--prompt-tokens", "4", "--decode-tokens", "2", "--repeats", "1"}}) {
        const ToolRun run = run_tool(arguments);
        INFO(arguments[0] << ": " << run.errors);
        CHECK(run.status == 0);
    }
}
