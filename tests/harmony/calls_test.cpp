#include "gptoss/harmony/calls.hpp"

#include "catch.hpp"
#include "harmony_text.hpp"

using namespace gptoss;
using namespace gptoss::harmony;
using gptoss::test::rendered;

namespace {

Message call(const std::string& arguments) {
    return test::text_message(Role::assistant, arguments)
        .with_channel("commentary")
        .with_recipient("functions.f");
}

}  // namespace

TEST_CASE("harmony_calls: what is a call", "[harmony]") {
    CHECK(is_tool_call(call("{}")));
    CHECK_FALSE(is_tool_call(call("{}").with_recipient("all")));
    CHECK_FALSE(is_tool_call(test::text_message(Role::assistant, "hi")));
    CHECK_FALSE(is_tool_call(test::text_message(Role::tool, "4").with_recipient("assistant")));
}

TEST_CASE("harmony_calls: arguments are a JSON object", "[harmony]") {
    CHECK(call_arguments(call(R"({"city": "Paris"})"))["city"] == "Paris");
    CHECK(call_arguments(call(" {} ")).empty());
}

TEST_CASE("harmony_calls: c.9.2 an answer goes to the assistant, in the channel of the call",
          "[harmony]") {
    CHECK(rendered(answer_call(call("{}"), "4")) ==
          "<|start|>functions.f to=assistant<|channel|>commentary<|message|>4<|end|>");
    CHECK(answer_call(call("").with_channel("analysis").with_recipient("python"), "4") ==
          Message::from_author_and_content({Role::tool, "python"}, TextContent{"4"})
              .with_recipient("assistant")
              .with_channel("analysis"));
    Message without_channel = call("");
    without_channel.channel.reset();
    CHECK(answer_call(without_channel, "4").channel == "commentary");
}

TEST_CASE("harmony_calls: bad arguments are named with their function", "[harmony][errors]") {
    CHECK_THROWS_WITH(call_arguments(call("{\"a\":")),
                      "arguments of functions.f: not valid JSON (at byte 6)");
    CHECK_THROWS_WITH(call_arguments(call("")),
                      "arguments of functions.f: not valid JSON (at byte 1)");
    CHECK_THROWS_WITH(call_arguments(call("[1]")),
                      "arguments of functions.f: array, expected an object");
    CHECK_THROWS_WITH(answer_call(test::text_message(Role::assistant, "x"), "4"),
                      "answer_call: the message has no recipient, expected a tool");
}
