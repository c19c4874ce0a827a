// gptoss chat on a synthetic model: its words are noise, its plumbing is not. What a chat looks like
// is tested in chat_session_test.cpp.
#include <csignal>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <vector>

#include "catch.hpp"
#include "temp_folder.hpp"
#include "tool/run_tool.hpp"

namespace {

// A chat at the prompt, as a pipe would hold it.
ToolRun chat(const std::string& lines, std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), {"chat", "--model", synthetic_model("nano")});
    ToolOptions options;
    options.input = lines;
    return run_tool(arguments, options);
}

std::vector<nlohmann::json> events_of(const std::string& output) {
    std::vector<nlohmann::json> events;
    std::istringstream lines(output);
    for (std::string line; std::getline(lines, line);) {
        events.push_back(nlohmann::json::parse(line));
    }
    return events;
}

// The prompt that /show prints.
std::string shown(std::vector<std::string> arguments) {
    const ToolRun run = chat("/show\n", std::move(arguments));
    CHECK(run.status == 0);
    CHECK(run.errors == "");
    return run.output;
}

}  // namespace

TEST_CASE("tool chat: one question ends with an event", "[tool][chat]") {
    const ToolRun run = chat("", {"Hello", "--json", "--max-tokens", "20"});
    CHECK(run.status == 0);
    CHECK(run.errors == "");
    const std::vector<nlohmann::json> events = events_of(run.output);
    REQUIRE(!events.empty());
    CHECK(events.back()["event"] == "end");
    CHECK(events.back()["tokens"].get<int>() <= 20);
    CHECK(events.back()["prompt_tokens"].get<int>() > 20);
}

TEST_CASE("tool chat: the same seed gives the same answer", "[tool][chat]") {
    const auto run = [](const std::string& seed) {
        return chat("", {"Hello", "--json", "--max-tokens", "30", "--seed", seed}).output;
    };
    CHECK(run("1") == run("1"));
}

TEST_CASE("tool chat: by default medium effort and no date", "[tool][chat]") {
    CHECK(shown({}) ==
          "<|start|>system<|message|>You are ChatGPT, a large language model trained by OpenAI.\n"
          "Knowledge cutoff: 2024-06\n\n"
          "Reasoning: medium\n\n"
          "# Valid channels: analysis, commentary, final. Channel must be included for every "
          "message.<|end|><|start|>assistant\n");
}

TEST_CASE("tool chat: what the flags say is in the prompt", "[tool][chat]") {
    const std::string prompt =
        shown({"--effort", "high", "--date", "2025-06-28", "--instructions", "Be brief."});
    CHECK_THAT(prompt, ContainsSubstring("Current date: 2025-06-28\n\nReasoning: high\n"));
    CHECK_THAT(prompt, ContainsSubstring("<|start|>developer<|message|># Instructions\n\nBe "
                                         "brief.<|end|>"));
}

TEST_CASE("tool chat: tools as openai-harmony, OpenAI and MCP write them", "[tool][chat]") {
    const TempFolder folder;
    const std::string tool = R"({"name": "f", "description": "F.", "parameters": null})";
    const std::string path = (folder / "tools.json").string();
    const std::string expected =
        "# Tools\n\n## functions\n\nnamespace functions {\n\n// F.\ntype f = () => any;\n\n"
        "} // namespace functions<|end|>";
    for (const std::string& text :
         {"[" + tool + "]", R"([{"type": "function", "function": )" + tool + "}]",
          R"({"functions": {"name": "functions", "tools": [)" + tool + "]}}",
          R"({"jsonrpc": "2.0", "id": 1, "result": {"tools": [)" + tool + "]}}"}) {
        write_bytes(path, text);
        const std::string prompt = shown({"--tools", path});
        CHECK_THAT(prompt, ContainsSubstring(expected));
        CHECK_THAT(prompt, ContainsSubstring("commentary channel: 'functions'."));
    }
}

TEST_CASE("tool chat: a page of an MCP list that is not the last is noted", "[tool][chat]") {
    const TempFolder folder;
    const std::string path = (folder / "tools.json").string();
    write_bytes(path, R"({"tools": [{"name": "f", "inputSchema": {}}], "nextCursor": "2"})");
    const ToolRun run = chat("/show\n", {"--tools", path});
    CHECK(run.status == 0);
    CHECK_THAT(run.output, ContainsSubstring("type f = (_: any) => any;"));
    CHECK(run.errors ==
          "[" + path + ".nextCursor: one page of several, the tools of the others are missing]\n");
}

TEST_CASE("tool chat: a response format stands at the end of the developer message",
          "[tool][chat]") {
    const TempFolder folder;
    const std::string path = (folder / "format.json").string();
    write_bytes(path, R"({"type": "json_schema", "json_schema": {"name": "list", "strict": true,
                          "schema": {"type": "object", "properties": {}}}})");
    CHECK_THAT(shown({"--response-format", path, "--instructions", "Be brief."}),
               ContainsSubstring("<|start|>developer<|message|># Instructions\n\nBe brief.\n\n"
                                 "# Response Formats\n\n## list\n\n"
                                 "{\"type\":\"object\",\"properties\":{}}<|end|>"));
}

TEST_CASE("tool chat: the prompt goes on after each turn until the input ends", "[tool][chat]") {
    const ToolRun run =
        chat("one\n/effort low\n/reset\ntwo\n/exit\nthree\n", {"--json", "--max-tokens", "5"});
    CHECK(run.status == 0);
    int n_ends = 0;
    for (const nlohmann::json& event : events_of(run.output)) {
        if (event["event"] == "end") ++n_ends;
    }
    CHECK(n_ends == 2);
}

TEST_CASE("tool chat: Ctrl-C stops the answer, and the session goes on", "[tool][chat][signals]") {
    ToolOptions options;
    options.input = "count\n/show\n";
    RunningTool tool({"chat", "--model", synthetic_model("nano"), "--max-tokens", "100000"},
                     options);
    std::this_thread::sleep_for(std::chrono::milliseconds(700));
    tool.send(SIGINT);
    const ToolRun run = tool.wait();
    // Either in the answer: it was stopped, /show followed; or the answer had ended by itself.
    CHECK(run.status == 0);
    CHECK_THAT(run.output, ContainsSubstring("<|start|>user<|message|>count<|end|>"));
}

TEST_CASE("tool chat: Ctrl-C during the only question ends the program", "[tool][chat][signals]") {
    std::string long_text;
    for (int n = 0; n < 3000; ++n) {
        long_text += "word ";
    }
    RunningTool tool({"chat", "--model", synthetic_model("nano"), long_text});
    std::this_thread::sleep_for(std::chrono::milliseconds(400));
    tool.send(SIGINT);
    const ToolRun run = tool.wait();
    CHECK(run.status == 128 + SIGINT);
}

TEST_CASE("tool chat: mistakes are one line", "[tool][chat][errors]") {
    const auto error_of = [](std::vector<std::string> arguments) {
        const ToolRun run = chat("", std::move(arguments));
        CHECK(run.status == 1);
        return run.errors;
    };
    CHECK(error_of({"hi", "--effort", "maximal"}) ==
          "gptoss: effort is \"maximal\", expected low, medium or high\n");
    CHECK(error_of({"hi", "--tools", "/missing.json"}) ==
          "gptoss: /missing.json: cannot be opened\n");
    CHECK(error_of({"hi", "--max-tokens", "-1"}) ==
          "gptoss: --max-tokens is -1, expected at least 0\n");
    CHECK_THAT(error_of({"hi", "--temperature", "-1"}), ContainsSubstring("temperature"));
    const TempFolder folder;
    const std::string tools = (folder / "tools.json").string();
    write_bytes(tools, R"([{"name": "f", "description": "d", "paramters": {}}])");
    CHECK(error_of({"hi", "--tools", tools}) ==
          "gptoss: " + tools + "[0]: unknown key \"paramters\"; did you mean parameters?\n");
    CHECK(error_of({"hi", "--response-format", tools}) ==
          "gptoss: " + tools +
              "[0]: unknown key \"paramters\", expected one of type, name, description, schema, "
              "strict\n");
}

TEST_CASE("tool chat: a mistake at a prompt that is a pipe is the exit status",
          "[tool][chat][errors]") {
    const ToolRun run = chat("/effort maximal\r\n/exit\r\n/show\n", {});
    CHECK(run.status == 1);
    CHECK(run.output == "");
    CHECK(run.errors == "[effort is \"maximal\", expected low, medium or high]\n");
}

TEST_CASE("tool chat: a conversation beyond the context is an error", "[tool][chat][errors]") {
    std::string long_text;
    for (int n = 0; n < 140'000; ++n) {
        long_text += "0 ";
    }
    ToolOptions options;
    options.input = long_text;
    const ToolRun run = run_tool({"chat", "--model", synthetic_model("nano"), "-"}, options);
    CHECK(run.status == 1);
    CHECK_THAT(run.errors, StartsWith("gptoss: context: the conversation has "));
}
