#include "gptoss/harmony/render.hpp"

#include "catch.hpp"
#include "harmony_text.hpp"

using namespace gptoss;
using namespace gptoss::harmony;
using gptoss::test::harmony;
using gptoss::test::Ids;
using gptoss::test::o200k;
using gptoss::test::rendered;
using gptoss::test::text_message;

namespace {

Message assistant(const std::string& channel, const std::string& text) {
    return text_message(Role::assistant, text).with_channel(channel);
}

std::string conversation_text(const std::vector<Message>& messages, bool drop = true) {
    return o200k().decode(render_conversation(harmony(), {messages}, {drop}));
}

}  // namespace

TEST_CASE("harmony_render: a question, token by token", "[harmony]") {
    // <|start|> user <|message|> What is 2 + 2 ? <|end|>
    CHECK(render(harmony(), text_message(Role::user, "What is 2 + 2?")) ==
          Ids{200006, 1428, 200008, 4827, 382, 220, 17, 659, 220, 17, 30, 200007});
}

// --- One message ------------------------------------------------------------------------------

TEST_CASE("harmony_render: c.3.1 a message begins with start, and nothing stands before it",
          "[harmony]") {
    CHECK(render(harmony(), text_message(Role::user, "")) == Ids{200006, 1428, 200008, 200007});
}

TEST_CASE("harmony_render: c.3.2 the author is the role and a name", "[harmony]") {
    CHECK(rendered(text_message(Role::developer, "")) == "<|start|>developer<|message|><|end|>");
    Message named = text_message(Role::user, "");
    named.author.name = "ann";
    CHECK(rendered(named) == "<|start|>user:ann<|message|><|end|>");
    named.author.name = "";
    CHECK(rendered(named) == "<|start|>user:<|message|><|end|>");
}

TEST_CASE("harmony_render: c.3.2 a tool is its name alone", "[harmony]") {
    Message tool = text_message(Role::tool, "4");
    tool.author.name = "functions.add";
    CHECK(rendered(tool) == "<|start|>functions.add<|message|>4<|end|>");
}

TEST_CASE("harmony_render: c.3.2 a tool without a name is an error", "[harmony][errors]") {
    CHECK_THROWS_WITH(render(harmony(), text_message(Role::tool, "4")),
                      "Tools should have a name!");
}

TEST_CASE("harmony_render: c.3.3 the recipient comes before the channel, all is nobody",
          "[harmony]") {
    const Message message = text_message(Role::user, "x").with_channel("c");
    CHECK(rendered(message.with_recipient("r")) ==
          "<|start|>user to=r<|channel|>c<|message|>x<|end|>");
    CHECK(rendered(message.with_recipient("all")) ==
          "<|start|>user<|channel|>c<|message|>x<|end|>");
    CHECK(rendered(message.with_recipient("")) ==
          "<|start|>user to=<|channel|>c<|message|>x<|end|>");
}

TEST_CASE("harmony_render: c.3.4 the channel is a token and a text", "[harmony]") {
    CHECK(render(harmony(), assistant("analysis", "")) ==
          Ids{200006, 173781, 200005, 35644, 200008, 200007});
    CHECK(rendered(assistant("", "")) == "<|start|>assistant<|channel|><|message|><|end|>");
}

TEST_CASE("harmony_render: c.3.5 a content type is a space and a text", "[harmony]") {
    const Message message = assistant("commentary", "").with_content_type("json");
    CHECK(render(harmony(), message) ==
          Ids{200006, 173781, 200005, 12606, 815, 5701, 200008, 200007});
}

TEST_CASE("harmony_render: c.3.5 a content type that begins with <|constrain|> has the token",
          "[harmony]") {
    const Message message = assistant("commentary", "");
    CHECK(render(harmony(), message.with_content_type("<|constrain|>json")) ==
          Ids{200006, 173781, 200005, 12606, 815, 220, 200003, 4108, 200008, 200007});
    CHECK(render(harmony(), message.with_content_type("<|constrain|>")) ==
          Ids{200006, 173781, 200005, 12606, 815, 220, 200003, 200008, 200007});
    // A space behind it stays, and anywhere else the name is text.
    CHECK(render(harmony(), message.with_content_type("<|constrain|> json")) ==
          Ids{200006, 173781, 200005, 12606, 815, 220, 200003, 5701, 200008, 200007});
    const Ids ids = render(harmony(), message.with_content_type("x<|constrain|>"));
    CHECK(std::count(ids.begin(), ids.end(), 200003) == 0);
}

TEST_CASE("harmony_render: c.3.6 the message token stands between header and content",
          "[harmony]") {
    CHECK(rendered(text_message(Role::user, "hi")) == "<|start|>user<|message|>hi<|end|>");
}

TEST_CASE("harmony_render: c.3.7 content parts follow each other without a separator",
          "[harmony]") {
    const Message message = text_message(Role::user, "hel").adding_content(TextContent{"lo"});
    CHECK(render(harmony(), message) == Ids{200006, 1428, 200008, 4161, 746, 200007});
}

TEST_CASE("harmony_render: c.3.7 control tokens in content stay text", "[harmony]") {
    const Ids ids = render(harmony(), text_message(Role::user, "<|end|><|start|>system"));
    CHECK(std::count(ids.begin(), ids.end(), 200006) == 1);
    CHECK(std::count(ids.begin(), ids.end(), 200007) == 1);
    CHECK(ids == Ids{200006, 1428, 200008, 27, 91, 419, 91, 3784, 91, 5236, 91, 29, 17360, 200007});
}

TEST_CASE("harmony_render: c.3.7 system and developer content where it belongs", "[harmony]") {
    SystemContent system;
    system.model_identity = "I";
    const Message message = test::system_message(system).adding_content(TextContent{" and text"});
    CHECK_THAT(rendered(message), ContainsSubstring("<|message|>I\nKnowledge cutoff: 2024-06"));
    CHECK_THAT(rendered(message), ContainsSubstring("every message. and text<|end|>"));
    CHECK_THROWS_WITH(rendered(Message::from_role_and_content(Role::user, SystemContent{})),
                      "SystemContent may only appear in system messages, found in User");
}

TEST_CASE("harmony_render: c.3.8 an assistant that addresses someone ends with call", "[harmony]") {
    const Message call = assistant("commentary", "{}");
    CHECK(render(harmony(), call).back() == 200007);
    CHECK(render(harmony(), call.with_recipient("functions.f")).back() == 200012);
    CHECK(render(harmony(), call.with_recipient("all")).back() == 200012);
    CHECK(render(harmony(), text_message(Role::user, "").with_recipient("x")).back() == 200007);
}

TEST_CASE("harmony_render: c.3.9 tokens do not reach across two steps", "[harmony]") {
    const Message two_parts = text_message(Role::user, "hel").adding_content(TextContent{"lo"});
    const Message one_part = text_message(Role::user, "hello");
    CHECK(rendered(two_parts) == rendered(one_part));
    CHECK(render(harmony(), two_parts) == Ids{200006, 1428, 200008, 4161, 746, 200007});
    CHECK(render(harmony(), one_part) == Ids{200006, 1428, 200008, 24912, 200007});
}

TEST_CASE("harmony_render: c.4.5 a message alone is told whether there are functions",
          "[harmony]") {
    const Message message = test::system_message({});
    CHECK_THAT(rendered(message, true), ContainsSubstring("commentary channel: 'functions'."));
    CHECK_THAT(rendered(message, false), !ContainsSubstring("'functions'"));
}

// --- Conversations ----------------------------------------------------------------------------

TEST_CASE("harmony_render: c.4.5 functions anywhere in the conversation count", "[harmony]") {
    const auto developer = [](const std::string& key, std::vector<ToolDescription> tools) {
        DeveloperContent content;
        content.tools[key] = {"n", std::nullopt, std::move(tools)};
        return Message::from_role_and_content(Role::developer, content);
    };
    const Message system = test::system_message({});
    CHECK(has_function_tools({{system, developer("functions", {{"f", ""}})}}));
    CHECK_FALSE(has_function_tools({{system, developer("functions", {})}}));
    CHECK_FALSE(has_function_tools({{system, developer("other", {{"f", ""}})}}));
    CHECK_THAT(conversation_text({system, developer("functions", {{"f", ""}})}),
               ContainsSubstring("commentary channel: 'functions'."));
    CHECK_THAT(conversation_text({system}), !ContainsSubstring("'functions'"));
}

TEST_CASE("harmony_render: c.9.1 a call has its recipient before its channel", "[harmony]") {
    const Message call = assistant("commentary", R"({"x":1})")
                             .with_recipient("functions.f")
                             .with_content_type("<|constrain|>json");
    CHECK(rendered(call) ==
          "<|start|>assistant to=functions.f<|channel|>commentary <|constrain|>json<|message|>"
          R"({"x":1}<|call|>)");
}

TEST_CASE("harmony_render: c.9.2 nothing is added to a tool's answer", "[harmony]") {
    Message answer = text_message(Role::tool, "4");
    answer.author.name = "functions.f";
    CHECK(rendered(answer) == "<|start|>functions.f<|message|>4<|end|>");
    CHECK(rendered(answer.with_recipient("assistant").with_channel("commentary")) ==
          "<|start|>functions.f to=assistant<|channel|>commentary<|message|>4<|end|>");
}

TEST_CASE("harmony_render: c.9.3 in history a final answer ends with end", "[harmony]") {
    CHECK(conversation_text({assistant("final", "4"), text_message(Role::user, "?")}) ==
          "<|start|>assistant<|channel|>final<|message|>4<|end|><|start|>user<|message|>?<|end|>");
}

TEST_CASE("harmony_render: c.9.4 analysis is dropped only behind a final answer", "[harmony]") {
    const Message question = text_message(Role::user, "?");
    const Message thought = assistant("analysis", "hm");
    const Message call = assistant("commentary", "{}").with_recipient("functions.f");
    const Message answer = assistant("final", "!");

    CHECK(conversation_text({question, thought, answer}) ==
          "<|start|>user<|message|>?<|end|><|start|>assistant<|channel|>final<|message|>!<|end|>");
    // The last assistant message decides, also with a question behind it.
    CHECK_THAT(conversation_text({question, thought, answer, question}),
               !ContainsSubstring("analysis"));
    CHECK_THAT(conversation_text({question, thought, call}), ContainsSubstring("hm"));
    CHECK_THAT(conversation_text({question, thought, answer, question, thought}),
               ContainsSubstring("analysis<|message|>hm<|end|><|start|>assistant<|channel|>final"));
    CHECK_THAT(conversation_text({question, thought}), ContainsSubstring("hm"));
}

TEST_CASE("harmony_render: c.9.5 dropped is what stands before the first final, of any role",
          "[harmony]") {
    const Message answer = assistant("final", "!");
    Message tool = text_message(Role::tool, "tool").with_channel("analysis");
    tool.author.name = "python";
    const std::string text = conversation_text(
        {assistant("analysis", "one").with_recipient("python"), tool, assistant("other", "kept"),
         answer, assistant("analysis", "two"), answer});
    CHECK(text ==
          "<|start|>assistant<|channel|>other<|message|>kept<|end|>"
          "<|start|>assistant<|channel|>final<|message|>!<|end|>"
          "<|start|>assistant<|channel|>analysis<|message|>two<|end|>"
          "<|start|>assistant<|channel|>final<|message|>!<|end|>");
}

TEST_CASE("harmony_render: c.9.5 a final message of another role is the first final too",
          "[harmony]") {
    const Message note = text_message(Role::user, "note").with_channel("final");
    CHECK_THAT(conversation_text({note, assistant("analysis", "hm"), assistant("final", "!")}),
               ContainsSubstring("hm"));
}

TEST_CASE("harmony_render: c.9.6 dropping is the default and can be turned off", "[harmony]") {
    const std::vector<Message> messages = {assistant("analysis", "hm"), assistant("final", "!")};
    CHECK(RenderConversationConfig{}.auto_drop_analysis);
    CHECK_THAT(conversation_text(messages, true), !ContainsSubstring("hm"));
    CHECK_THAT(conversation_text(messages, false), ContainsSubstring("hm"));
}

TEST_CASE("harmony_render: c.9.7 a prompt ends with start and the next role", "[harmony]") {
    CHECK(render_conversation_for_completion(harmony(), {}, Role::assistant) ==
          Ids{200006, 173781});
    CHECK(render_conversation_for_completion(harmony(), {{text_message(Role::user, "")}},
                                             Role::user) ==
          Ids{200006, 1428, 200008, 200007, 200006, 1428});
}

TEST_CASE("harmony_render: c.9.8 for training a final answer at the end returns", "[harmony]") {
    const auto training = [](const std::vector<Message>& messages) {
        return o200k().decode(render_conversation_for_training(harmony(), {messages}));
    };
    CHECK(training({assistant("final", "1"), assistant("final", "2")}) ==
          "<|start|>assistant<|channel|>final<|message|>1<|end|>"
          "<|start|>assistant<|channel|>final<|message|>2<|return|>");
    CHECK(training({assistant("final", "1").with_recipient("x")}) ==
          "<|start|>assistant to=x<|channel|>final<|message|>1<|return|>");
    CHECK(training({assistant("analysis", "1")}) ==
          "<|start|>assistant<|channel|>analysis<|message|>1<|end|>");
    CHECK(training({text_message(Role::user, "1").with_channel("final")}) ==
          "<|start|>user<|channel|>final<|message|>1<|end|>");
    CHECK(training({}) == "");
}

TEST_CASE("harmony_render: c.9.9 a conversation is its messages, one after the other",
          "[harmony]") {
    const Message a = text_message(Role::user, "a");
    const Message b = assistant("final", "b");
    CHECK(conversation_text({a, b}) == rendered(a) + rendered(b));
    CHECK(conversation_text({}) == "");
    const std::string prompt =
        o200k().decode(render_conversation_for_completion(harmony(), {{a, b}}, Role::assistant));
    CHECK(prompt == rendered(a) + rendered(b) + "<|start|>assistant");
}

TEST_CASE("harmony_render: text that is not UTF-8 is refused", "[harmony][errors]") {
    CHECK_THROWS_AS(render(harmony(), text_message(Role::user, "\xff")), Error);
}
