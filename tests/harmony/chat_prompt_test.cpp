#include "gptoss/harmony/chat_prompt.hpp"

#include "catch.hpp"
#include "harmony_text.hpp"

using namespace gptoss;
using namespace gptoss::format;
using namespace gptoss::harmony;
using gptoss::test::o200k;

namespace {

Message user(const std::string& text) {
    return test::text_message(Role::user, text);
}

Message said(const std::string& channel, const std::string& text) {
    return test::text_message(Role::assistant, text).with_channel(channel);
}

// Two answered questions, with a thought each.
std::vector<Message> two_turns() {
    return {user("q1"), said("analysis", "OLD1"), said("final", "a1"),
            user("q2"), said("analysis", "OLD2"), said("final", "a2")};
}

std::string prompt_of(const std::vector<Message>& messages, bool keep_analysis = false) {
    return o200k().decode(chat_prompt(test::harmony(), {messages}, keep_analysis));
}

const std::string kTwoAnswers =
    "<|start|>user<|message|>q1<|end|><|start|>assistant<|channel|>final<|message|>a1<|end|>"
    "<|start|>user<|message|>q2<|end|><|start|>assistant<|channel|>final<|message|>a2<|end|>";

}  // namespace

TEST_CASE("chat_prompt: all analysis before the last final answer is dropped", "[harmony][chat]") {
    std::vector<Message> messages = two_turns();
    messages.push_back(user("q3"));
    CHECK(prompt_of(messages) ==
          kTwoAnswers + "<|start|>user<|message|>q3<|end|><|start|>assistant");
}

TEST_CASE("chat_prompt: render, as openai-harmony, sends the second thought again", "[harmony]") {
    std::vector<Message> messages = two_turns();
    messages.push_back(user("q3"));
    const std::string text = o200k().decode(
        render_conversation_for_completion(test::harmony(), {messages}, Role::assistant));
    CHECK_THAT(text, !ContainsSubstring("OLD1"));
    CHECK_THAT(text, ContainsSubstring("analysis<|message|>OLD2<|end|>"));
}

TEST_CASE("chat_prompt: while a call is answered its thought stays, old ones do not come back",
          "[harmony][chat]") {
    std::vector<Message> messages = two_turns();
    messages.push_back(user("q3"));
    messages.push_back(said("analysis", "NEW"));
    messages.push_back(said("commentary", "{}").with_recipient("functions.f"));
    messages.push_back(
        Message::from_author_and_content({Role::tool, "functions.f"}, TextContent{"1"})
            .with_recipient("assistant")
            .with_channel("commentary"));
    CHECK(prompt_of(messages) ==
          kTwoAnswers +
              "<|start|>user<|message|>q3<|end|>"
              "<|start|>assistant<|channel|>analysis<|message|>NEW<|end|>"
              "<|start|>assistant to=functions.f<|channel|>commentary<|message|>{}<|call|>"
              "<|start|>functions.f to=assistant<|channel|>commentary<|message|>1<|end|>"
              "<|start|>assistant");
}

TEST_CASE("chat_prompt: without an answer nothing is dropped", "[harmony][chat]") {
    const std::vector<Message> messages = {user("q1"), said("analysis", "Hm."),
                                           said("commentary", "I look it up.")};
    CHECK_THAT(prompt_of(messages), ContainsSubstring("Hm."));
    CHECK(prompt_of({}) == "<|start|>assistant");
}

TEST_CASE("chat_prompt: calls in the analysis channel go with it, calls of functions stay",
          "[harmony][chat]") {
    const std::vector<Message> messages = {
        user("q1"), said("analysis", "1 + 1").with_recipient("python"),
        said("commentary", "{}").with_recipient("functions.f"), said("final", "a1"), user("q2")};
    CHECK_THAT(prompt_of(messages), !ContainsSubstring("python"));
    CHECK_THAT(prompt_of(messages), ContainsSubstring("to=functions.f"));
}

TEST_CASE("chat_prompt: everything is kept on demand", "[harmony][chat]") {
    std::vector<Message> messages = two_turns();
    messages.push_back(user("q3"));
    CHECK_THAT(prompt_of(messages, true), ContainsSubstring("OLD1"));
    CHECK_THAT(prompt_of(messages, true), ContainsSubstring("OLD2"));
}
