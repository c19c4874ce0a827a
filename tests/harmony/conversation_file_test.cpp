#include "gptoss/harmony/conversation_file.hpp"

#include "catch.hpp"
#include "harmony_text.hpp"

using namespace gptoss;
using namespace gptoss::format;
using namespace gptoss::harmony;
using gptoss::test::o200k;

namespace {

Conversation conversation_from(const std::string& json) {
    return read_conversation_file(parse_ordered_json("c.json", json), "c.json");
}

std::string rendered_file(const std::string& json) {
    return o200k().decode(render_conversation(test::harmony(), conversation_from(json)));
}

std::string error_from(const std::string& json) {
    try {
        conversation_from(json);
    } catch (const Error& error) {
        return error.what();
    }
    return "no error";
}

const std::string kToolCall =
    R"({"role": "assistant", "content": "", "tool_calls": [{"id": "c1", "type": "function",
        "function": {"name": "x", "arguments": "{\"a\":1}"}}]})";
const std::string kTool = R"([{"type": "function", "function": {"name": "x"}}])";

}  // namespace

TEST_CASE("conversation_file: openai-harmony's own form is read as it reads it", "[harmony]") {
    const std::string message = R"({"role": "assistant", "content": "a", "channel": null})";
    const Conversation expected = {{test::text_message(Role::assistant, "a")}};
    CHECK(conversation_from(R"({"messages": [)" + message + "]}") == expected);
    CHECK(conversation_from("[" + message + "]") == expected);
    CHECK(conversation_from(message) == expected);
    CHECK(conversation_from("[]").messages.empty());
}

TEST_CASE("conversation_file: a key of OpenAI's API makes it a chat of that API", "[harmony]") {
    CHECK(rendered_file(R"({"messages": [{"role": "user", "content": "q"}, )" + kToolCall + "]}") ==
          "<|start|>user<|message|>q<|end|>"
          "<|start|>assistant to=functions.x<|channel|>commentary <|constrain|>json<|message|>"
          "{\"a\":1}<|call|>");
    CHECK_THAT(rendered_file("[" + kToolCall + R"(, {"role": "assistant", "content": "a"}])"),
               EndsWith("<|start|>assistant<|channel|>final<|message|>a<|end|>"));
    CHECK(rendered_file(R"([{"role": "assistant", "content": "a"}])") ==
          "<|start|>assistant<|message|>a<|end|>");
}

TEST_CASE("conversation_file: tools and formats inside of developer content have any form",
          "[harmony]") {
    const auto developer = [](const std::string& fields) {
        return rendered_file(
            R"([{"role": "developer", "content": [{"type": "developer_content", )" + fields +
            "}]}]");
    };
    CHECK(developer(R"("tools": )" + kTool) ==
          developer(R"("tools": {"functions": {"name": "functions", "tools": [
                        {"name": "x", "description": ""}]}})"));
    CHECK_THAT(developer(R"("response_formats": [{"name": "n", "schema": {"k": 1}}])"),
               ContainsSubstring("# Response Formats\n\n## n\n\n{\"k\":1}<|end|>"));
}

TEST_CASE("conversation_file: tools beside the messages go to the developer message", "[harmony]") {
    const std::string tools =
        "# Tools\n\n## functions\n\nnamespace functions {\n\n"
        "type x = () => any;\n\n} // namespace functions";
    const std::string request = R"(, "tools": )" + kTool + "}";
    CHECK(rendered_file(R"({"messages": [{"role": "user", "content": "q"}])" + request) ==
          "<|start|>developer<|message|>" + tools + "<|end|><|start|>user<|message|>q<|end|>");
    CHECK(rendered_file(R"({"messages": [{"role": "system", "content": "I"}, )" + kToolCall + "]" +
                        R"(, "response_format": {"name": "n", "schema": {}})" + request)
              .starts_with("<|start|>developer<|message|># Instructions\n\nI\n\n" + tools +
                           "\n\n# Response Formats\n\n## n\n\n{}<|end|>"));
    CHECK_THAT(rendered_file(R"({"messages": [{"role": "system", "content": "I"},
                                              {"role": "assistant", "content": "a"}])" +
                             request),
               StartsWith("<|start|>developer<|message|># Instructions\n\nI\n\n" + tools +
                          "<|end|><|start|>assistant<|channel|>final<|message|>a"));
    CHECK_THAT(rendered_file(R"({"messages": [{"role": "system", "content": [
                   {"type": "system_content"}]}])" +
                             request),
               ContainsSubstring("commentary channel: 'functions'.<|end|><|start|>developer"));
}

TEST_CASE("conversation_file: errors name file, message and field", "[harmony][errors]") {
    CHECK(
        error_from(R"([{"role": "user", "content": "a"}, {"role": "tool", "content": "4"}])") ==
        "c.json: messages[1]: missing field `name` (or `tool_call_id`), which a tool is known by");
    CHECK(error_from(R"([{"role": "user", "content": [{"type": "text", "text": "a"},
                                                      {"type": "system_content"}]}])") ==
          "c.json: messages[0].content[1]: SystemContent may only appear in system messages, found "
          "in User");
    CHECK(error_from(R"([{"role": "user", "contnet": "a"}])") ==
          "c.json: messages[0]: unknown key \"contnet\"; did you mean content?");
    CHECK(error_from(R"({"message": []})") ==
          "c.json: unknown key \"message\"; did you mean messages?");
    CHECK(error_from(R"({"role": "robot", "content": "a"})") ==
          "c.json: messages[0].role: unknown variant `robot`, expected one of `user`, `assistant`, "
          "`system`, `developer`, `tool`");
    CHECK(error_from(R"([{"role": "user", "content": [{"type": "text", "txt": "a"}]}])") ==
          "c.json: messages[0].content[0]: unknown key \"txt\"; did you mean text?");
    CHECK(error_from(R"([{"role": "user", "content": [{"type": "image_url"}]}])") ==
          "c.json: messages[0].content[0].type: unknown variant `image_url`, expected one of "
          "`text`, `system_content`, `developer_content`");
    CHECK(error_from(R"([{"role": "developer", "content": [{"type": "developer_content",
                          "tools": [{"name": "f", "parameters": 5}]}]}])") ==
          "c.json: messages[0].content[0].tools[0].parameters: invalid type: number, expected an "
          "object (a JSON schema)");
    CHECK(error_from(R"({"messages": [], "tools": {"tools": [], "nextCursor": "2"}})") ==
          "c.json: tools.nextCursor: one page of several, the tools of the others are missing");
    CHECK(error_from(R"({"messages": 5})") ==
          "c.json: messages: invalid type: number, expected a list");
    CHECK(error_from("5") == "c.json: invalid type: number, expected an object");
}

TEST_CASE("conversation_file: tools in two places are an error", "[harmony][errors]") {
    const std::string developer =
        R"({"messages": [{"role": "developer", "content": [{"type": "developer_content",
            "response_formats": [{"name": "n", "schema": {}}], "tools": )" +
        kTool + "}]}], ";
    CHECK(error_from(developer + R"("tools": )" + kTool + "}") ==
          "c.json: tools: the developer message has tools too, expected one list");
    CHECK(error_from(developer + R"("response_format": {"name": "m", "schema": {}}})") ==
          "c.json: response_format: the developer message has response_formats too");
}

TEST_CASE("conversation_file: a wrong type anywhere is an error that names the place",
          "[harmony][errors]") {
    const OrderedJson file = parse_ordered_json("file", R"({"messages": [
        {"role": "system", "content": [{"type": "system_content", "reasoning_effort": "Low",
            "channel_config": {"valid_channels": ["final"], "channel_required": true}}]},
        {"role": "assistant", "reasoning_content": "R", "content": "C", "tool_calls":
            [{"id": "c1", "type": "function", "function": {"name": "f", "arguments": "{}"}}]},
        {"role": "tool", "tool_call_id": "c1", "content": [{"type": "text", "text": "4"}]},
        {"role": "user", "content": "q", "name": "n", "recipient": "all", "content_type": "x"}],
        "tools": [{"name": "f"}], "response_format": {"name": "n", "schema": {"k": 1}}})");
    CHECK_NOTHROW(read_conversation_file(file, "c.json"));
    const OrderedJson wrong[] = {true, 5, "wrong", OrderedJson::array({5}), {{"x", 5}}};
    int n_errors = 0;
    const OrderedJson places = file.flatten();
    for (const auto& [path, value] : places.items()) {
        if (path.ends_with("/schema/k")) continue;  // a schema may hold anything
        for (const OrderedJson& replacement : wrong) {
            if (replacement.type() == value.type()) continue;
            const bool is_arguments = path.ends_with("/arguments") && replacement.is_object();
            if (is_arguments) continue;
            OrderedJson changed = file;
            changed[OrderedJson::json_pointer(path)] = replacement;
            CAPTURE(path, replacement);
            CHECK_THROWS_WITH(read_conversation_file(changed, "c.json"), StartsWith("c.json: "));
            ++n_errors;
        }
    }
    CHECK(n_errors > 80);
}
