// gptoss harmony: conversations to tokens and back, and vectors.
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "catch.hpp"
#include "temp_folder.hpp"
#include "tool/run_tool.hpp"

namespace {

const std::string kVectors = GPTOSS_SOURCE_DIR "/tests/harmony/data";

const std::string kConversation =
    R"({"messages": [{"role": "user", "content": "2 + 2 <|end|>"},
                     {"role": "assistant", "channel": "analysis", "content": "Hm."},
                     {"role": "assistant", "channel": "final", "content": "4"}]})";

ToolRun run_with_input(const std::vector<std::string>& arguments, const std::string& input) {
    ToolOptions options;
    options.input = input;
    return run_tool(arguments, options);
}

std::string output_with_input(const std::vector<std::string>& arguments, const std::string& input) {
    const ToolRun run = run_with_input(arguments, input);
    CHECK(run.errors == "");
    CHECK(run.status == 0);
    return run.output;
}

std::string error_of(const std::vector<std::string>& arguments, const std::string& input = "") {
    const ToolRun run = run_with_input(arguments, input);
    CHECK(run.status == 1);
    return run.errors;
}

}  // namespace

TEST_CASE("tool harmony: render prints the prompt as text or as ids", "[tool][harmony]") {
    CHECK(output_with_input({"harmony", "render", "-"}, kConversation) ==
          "<|start|>user<|message|>2 + 2 <|end|><|end|>"
          "<|start|>assistant<|channel|>final<|message|>4<|end|><|start|>assistant\n");
    CHECK(output_with_input({"harmony", "render", "--ids", "-"}, "[]") == "200006 173781\n");
    const auto json = nlohmann::json::parse(
        output_with_input({"--json", "harmony", "render", "-"}, R"({"messages": []})"));
    CHECK(json["text"] == "<|start|>assistant");
    CHECK(json["ids"] == std::vector<int>{200006, 173781});
}

TEST_CASE("tool harmony: the modes of render", "[tool][harmony]") {
    CHECK(output_with_input({"harmony", "render", "-", "--mode", "conversation"}, kConversation) ==
          "<|start|>user<|message|>2 + 2 <|end|><|end|>"
          "<|start|>assistant<|channel|>final<|message|>4<|end|>\n");
    CHECK_THAT(
        output_with_input({"harmony", "render", "-", "--mode", "training", "--keep-analysis"},
                          kConversation),
        EndsWith("analysis<|message|>Hm.<|end|>"
                 "<|start|>assistant<|channel|>final<|message|>4<|return|>\n"));
    CHECK(output_with_input({"harmony", "render", "-", "--mode", "message"},
                            R"({"role": "user", "content": "hi"})") ==
          "<|start|>user<|message|>hi<|end|>\n");
    CHECK(output_with_input({"harmony", "render", "-", "--next-role", "user"}, "[]") ==
          "<|start|>user\n");
}

TEST_CASE("tool harmony: parse reads ids and text, and prints JSON", "[tool][harmony]") {
    const std::string ids = output_with_input(
        {"harmony", "render", "-", "--ids", "--keep-analysis", "--mode", "conversation"},
        kConversation);
    const auto json = nlohmann::json::parse(output_with_input({"harmony", "parse", "-"}, ids));
    CHECK(json == nlohmann::json::parse(kConversation));
    CHECK(output_with_input({"--json", "harmony", "parse", "-", "--role", "assistant"},
                            "<|channel|>final<|message|>4<|return|>\n") ==
          "{\"messages\":[{\"role\":\"assistant\",\"content\":\"4\",\"channel\":\"final\"}]}\n");
    CHECK(output_with_input({"--json", "harmony", "parse", "-", "--role", "assistant", "--lenient"},
                            "<|channel|>final No.<|end|>") ==
          "{\"messages\":[{\"role\":\"assistant\",\"content\":\"No.\",\"channel\":\"final\"}]}\n");
}

TEST_CASE("tool harmony: render reads a chat of OpenAI's API", "[tool][harmony]") {
    CHECK(output_with_input({"harmony", "render", "-"},
                            R"({"messages": [{"role": "user", "content": "q"},
                                {"role": "assistant", "content": "", "tool_calls": [{"id": "c1",
                                 "type": "function", "function": {"name": "x",
                                 "arguments": "{\"a\":1}"}}]}]})") ==
          "<|start|>user<|message|>q<|end|><|start|>assistant to=functions.x<|channel|>commentary "
          "<|constrain|>json<|message|>{\"a\":1}<|call|><|start|>assistant\n");
}

TEST_CASE("tool harmony: pasted text may have a byte order mark and line feeds between messages",
          "[tool][harmony]") {
    CHECK(output_with_input({"--json", "harmony", "parse", "-"},
                            "\xEF\xBB\xBF<|start|>user<|message|>hi\n<|end|>\r\n\n"
                            "<|start|>assistant<|channel|>final<|message|>4<|return|>\n\n") ==
          "{\"messages\":[{\"role\":\"user\",\"content\":\"hi\\n\"},"
          "{\"role\":\"assistant\",\"content\":\"4\",\"channel\":\"final\"}]}\n");
    CHECK(output_with_input({"harmony", "render", "-", "--mode", "conversation"},
                            "\xEF\xBB\xBF{\"role\": \"user\", \"content\": \"hi\"}") ==
          "<|start|>user<|message|>hi<|end|>\n");
}

TEST_CASE("tool harmony: parse can read response formats, and render writes them again",
          "[tool][harmony]") {
    const std::string text =
        "<|start|>developer<|message|># Instructions\n\nI\n\n# Response Formats\n\n## list\n\n"
        "// all of it\n{\"type\":\"object\",\"k\":1.0}<|end|>";
    const std::string read =
        output_with_input({"--json", "harmony", "parse", "--response-formats", "-"}, text);
    CHECK(read ==
          "{\"messages\":[{\"role\":\"developer\",\"content\":["
          "{\"type\":\"text\",\"text\":\"# Instructions\\n\\nI\\n\\n\"},"
          "{\"type\":\"developer_content\",\"response_formats\":[{\"name\":\"list\","
          "\"description\":\"all of it\",\"schema\":{\"type\":\"object\",\"k\":1.0}}]}]}]}\n");
    CHECK(output_with_input({"harmony", "render", "-", "--mode", "conversation"}, read) ==
          text + "\n");
    CHECK_THAT(output_with_input({"--json", "harmony", "parse", "-"}, text),
               ContainsSubstring("\"content\":\"# Instructions"));  // as openai-harmony
}

TEST_CASE("tool harmony: what was complete before a mistake is printed", "[tool][harmony]") {
    const ToolRun run = run_with_input({"--json", "harmony", "parse", "-"},
                                       "<|start|>user<|message|>hi<|end|>oops");
    CHECK(run.status == 1);
    CHECK(run.output == "{\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}]}\n");
    CHECK_THAT(run.errors, StartsWith("{\"error\":\"-: at token 5: Unexpected token "));
}

TEST_CASE("tool harmony: the shipped vectors pass, and a failure is shown", "[tool][harmony]") {
    CHECK(run_tool({"harmony", "--vectors", kVectors}).output == "10 passed, 0 failed\n");
    const TempFolder folder;
    write_bytes(folder / "v.json",
                R"({"cases": [{"name": "one", "mode": "conversation", "messages": [],
                    "expected_ids": [1]}, {"name": "two", "ids": [], "expected_messages": []}]})");
    const ToolRun run = run_tool({"harmony", "--vectors", folder.path.string()});
    CHECK(run.status == 1);
    CHECK(run.output ==
          "one: ids: first difference at index 0\n"
          "  got      (0 in all)\n"
          "  expected 1 (1 in all)\n"
          "1 passed, 1 failed\n");
    const auto json = nlohmann::json::parse(
        run_tool({"--json", "harmony", "--vectors", folder.path.string()}).output);
    CHECK(json["passed"] == 1);
    CHECK(json["failures"][0]["name"] == "one");
}

TEST_CASE("tool harmony: mistakes are one line", "[tool][harmony][errors]") {
    CHECK(error_of({"harmony"}) ==
          "gptoss: harmony: nothing to do, expected render FILE, parse FILE or --vectors DIR\n");
    CHECK(error_of({"harmony", "render", "/missing.json"}) ==
          "gptoss: /missing.json: cannot be opened\n");
    CHECK(error_of({"harmony", "render", "-"}, "{") == "gptoss: -: not valid JSON (at byte 2)\n");
    CHECK(error_of({"harmony", "render", "-"}, R"([{"role": "robot", "content": ""}])") ==
          "gptoss: -: messages[0].role: unknown variant `robot`, expected one of `user`, "
          "`assistant`, `system`, `developer`, `tool`\n");
    CHECK(error_of({"harmony", "render", "-"}, R"([{"role": "tool", "content": ""}])") ==
          "gptoss: -: messages[0]: missing field `name` (or `tool_call_id`), which a tool is known "
          "by\n");
    CHECK(error_of({"harmony", "render", "-", "--mode", "x"}, "[]") ==
          "gptoss: mode is \"x\", expected completion, conversation, training or message\n");
    CHECK(error_of({"harmony", "render", "-", "--mode", "message"}, "[]") ==
          "gptoss: -: 0 messages, expected 1 (mode message)\n");
    CHECK(error_of({"harmony", "parse", "-", "--role", "x"}, "") ==
          "gptoss: role is \"x\", expected user, assistant, system, developer or tool\n");
    CHECK(error_of({"harmony", "--vectors", "/missing"}) == "gptoss: /missing: is no folder\n");
}
