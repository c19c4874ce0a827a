#include "gptoss/harmony/openai_chat.hpp"

#include "catch.hpp"
#include "harmony_text.hpp"

using namespace gptoss;
using namespace gptoss::format;
using namespace gptoss::harmony;

namespace {

// One message behind the other, rendered as the library would.
std::string rendered_chat(const std::string& list) {
    CallsById calls;
    std::string text;
    for (const OrderedJson& json : parse_ordered_json("c", list)) {
        for (const Message& message : read_openai_message(json, "c", calls)) {
            text += test::rendered(message);
        }
    }
    return text;
}

std::string error_from(const std::string& list) {
    try {
        return "no error but " + rendered_chat(list);
    } catch (const Error& error) {
        return error.what();
    }
}

const std::string kCall =
    R"({"role": "assistant", "content": null, "tool_calls": [{"id": "c1", "type": "function",
        "function": {"name": "f", "arguments": "{}"}}]})";

}  // namespace

TEST_CASE("openai_chat: a thought, a call and its answer, as the format document has them",
          "[harmony]") {
    CHECK(rendered_chat(R"([
        {"role": "user", "content": "What is the weather like in SF?"},
        {"role": "assistant", "content": "",
         "reasoning_content": "Need to use function get_weather.",
         "tool_calls": [{"id": "c1", "type": "function", "function":
             {"name": "get_weather", "arguments": "{\"location\":\"San Francisco\"}"}}]},
        {"role": "tool", "tool_call_id": "c1",
         "content": "{\"sunny\": true, \"temperature\": 20}"}])") ==
          "<|start|>user<|message|>What is the weather like in SF?<|end|>"
          "<|start|>assistant<|channel|>analysis<|message|>Need to use function get_weather.<|end|>"
          "<|start|>assistant to=functions.get_weather<|channel|>commentary <|constrain|>json"
          "<|message|>{\"location\":\"San Francisco\"}<|call|>"
          "<|start|>functions.get_weather to=assistant<|channel|>commentary<|message|>"
          "{\"sunny\": true, \"temperature\": 20}<|end|>");
}

TEST_CASE("openai_chat: text beside calls is a preamble, text alone the answer", "[harmony]") {
    CHECK(rendered_chat(R"([{"role": "assistant", "content": "I look.", "tool_calls": [
              {"function": {"name": "f", "arguments": "1"}},
              {"function": {"name": "g", "arguments": {"k": 1.0, "a": [true]}}}]}])") ==
          "<|start|>assistant<|channel|>commentary<|message|>I look.<|end|>"
          "<|start|>assistant to=functions.f<|channel|>commentary <|constrain|>json<|message|>1"
          "<|call|>"
          "<|start|>assistant to=functions.g<|channel|>commentary <|constrain|>json<|message|>"
          "{\"k\":1.0,\"a\":[true]}<|call|>");
    CHECK(rendered_chat(R"([{"role": "assistant", "content": "4", "reasoning": "Sum.",
                             "tool_calls": null, "refusal": null, "annotations": []}])") ==
          "<|start|>assistant<|channel|>analysis<|message|>Sum.<|end|>"
          "<|start|>assistant<|channel|>final<|message|>4<|end|>");
    CHECK(rendered_chat(R"([{"role": "assistant", "channel": "commentary", "content": "4"}])") ==
          "<|start|>assistant<|channel|>commentary<|message|>4<|end|>");
    CHECK(rendered_chat(R"([{"role": "assistant", "content": ""}])") ==
          "<|start|>assistant<|channel|>final<|message|><|end|>");
}

TEST_CASE("openai_chat: a system message is the developer's instructions", "[harmony]") {
    CHECK(rendered_chat(R"([{"role": "system", "content": "Be brief."},
                            {"role": "developer", "content": [{"type": "text", "text": "a"},
                                                              {"type": "text", "text": "b"}]}])") ==
          "<|start|>developer<|message|># Instructions\n\nBe brief.<|end|>"
          "<|start|>developer<|message|># Instructions\n\nab<|end|>");
    CHECK_THAT(rendered_chat(R"([{"role": "system", "content": [{"type": "system_content"}]}])"),
               StartsWith("<|start|>system<|message|>You are ChatGPT"));
}

TEST_CASE("openai_chat: the function of an answer is found by id, or by its name", "[harmony]") {
    const std::string answer =
        "<|start|>functions.f to=assistant<|channel|>commentary<|message|>4<|end|>";
    const auto answered = [](const std::string& fields) {
        return rendered_chat("[" + kCall + R"(, {"role": "tool", "content": "4", )" + fields +
                             "}]");
    };
    CHECK_THAT(answered(R"("tool_call_id": "c1")"), EndsWith(answer));
    CHECK_THAT(answered(R"("tool_call_id": "c1", "name": "f")"), EndsWith(answer));
    CHECK_THAT(answered(R"("name": "f")"), EndsWith(answer));
    CHECK_THAT(answered(R"("name": "functions.f")"), EndsWith(answer));
    CHECK_THAT(answered(R"("name": "other")"), EndsWith("<|start|>other<|message|>4<|end|>"));
    const std::string second =
        R"(, {"role": "assistant", "tool_calls": [{"id": "c1", "function": {"name": "g",
              "arguments": ""}}]}, {"role": "tool", "content": "4", "tool_call_id": "c1"})";
    CHECK_THAT(rendered_chat("[" + kCall + second + "]"),
               ContainsSubstring("<|start|>functions.g to=assistant"));  // the latest of an id
}

TEST_CASE("openai_chat: errors name message and field", "[harmony][errors]") {
    CHECK(error_from(R"([{"role": "tool", "tool_call_id": "c9", "content": "4"}])") ==
          "c.tool_call_id: \"c9\" is the id of no call before it");
    CHECK(error_from("[" + kCall + R"(, {"role": "tool", "tool_call_id": "c1", "name": "g",
                                         "content": ""}])") ==
          "c.name: is \"g\", but call \"c1\" is of functions.f");
    CHECK(error_from(R"([{"role": "user", "content": "", "tool_calls": [5]}])") ==
          "c.tool_calls: stands in a message of role user, expected assistant");
    CHECK(error_from(R"([{"role": "user", "content": "", "reasoning_content": "R"}])") ==
          "c.reasoning_content: stands in a message of role user, expected assistant");
    CHECK(error_from(R"([{"role": "assistant", "reasoning": "a", "thinking": "b"}])") ==
          "c: thinking differs from reasoning, expected one of them");
    CHECK(error_from(R"([{"role": "assistant", "content": "", "refusal": "No."}])") ==
          "c.refusal: cannot be written as Harmony, expected null");
    CHECK(error_from(R"([{"role": "assistant"}])") == "c: missing field `content`");
    CHECK(error_from(R"([{"role": "assistant", "channel": "final", "reasoning": "R"}])") ==
          "c.channel: says how content is written, but there is none");
    CHECK(error_from(R"([{"role": "assistant", "tool_calls": [{"type": "custom"}]}])") ==
          "c.tool_calls[0].type: is \"custom\", expected function");
    CHECK(error_from(R"([{"role": "assistant", "tool_calls": [{"function": {"name": "f"}}]}])") ==
          "c.tool_calls[0].function: missing field `arguments`");
    CHECK(error_from(R"([{"role": "assistant", "tool_calls": [{"function":
                          {"name": "f", "argument": ""}}]}])") ==
          "c.tool_calls[0].function: unknown key \"argument\"; did you mean arguments?");
}
