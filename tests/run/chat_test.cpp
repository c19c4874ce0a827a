#include "gptoss/run/chat.hpp"

#include "catch.hpp"
#include "gptoss/checkpoint/synth.hpp"
#include "gptoss/core/presets.hpp"
#include "harmony/harmony_text.hpp"

using namespace gptoss;
using namespace gptoss::checkpoint;
using namespace gptoss::format;
using namespace gptoss::harmony;
using namespace gptoss::tokenizer;
using gptoss::test::harmony;
using gptoss::test::Ids;
using gptoss::test::o200k;

namespace {

// Says what it is told to, an answer after the other, and remembers what it was asked.
struct Script {
    std::vector<std::string> answers;
    std::vector<std::string> prompts = {};
    StopReason when_over = StopReason::max_tokens;  // of an answer without a stop token

    StopReason generate(const Ids& prompt, int max_tokens, const Ids& stop_ids,
                        const OnToken& on_token) {
        prompts.push_back(o200k().decode(prompt));
        for (const std::int32_t id : test::ids_of(answers.at(prompts.size() - 1))) {
            if (max_tokens-- == 0) return StopReason::max_tokens;
            const bool go_on = on_token(id);
            if (!go_on) return StopReason::callback;
            if (std::count(stop_ids.begin(), stop_ids.end(), id)) return StopReason::stop_id;
        }
        return when_over;
    }
};

Conversation question(const std::string& text) {
    return {{test::text_message(Role::user, text)}};
}

Message answer(const std::string& text) {
    return test::text_message(Role::assistant, text).with_channel("final");
}

const std::string kCall = "<|channel|>commentary to=functions.add <|constrain|>json<|message|>";

// Adds "a" and "b".
std::string add(const Message& call) {
    const OrderedJson arguments = call_arguments(call);
    return std::to_string(arguments.at("a").get<int>() + arguments.at("b").get<int>());
}

}  // namespace

TEST_CASE("chat: a question, a thought, an answer", "[chat]") {
    Script script{
        {"<|channel|>analysis<|message|>Sum.<|end|>"
         "<|start|>assistant<|channel|>final<|message|>4<|return|>"}};
    Conversation conversation = question("2 + 2?");
    const ChatTurn turn = chat_turn(script, harmony(), conversation);
    CHECK(turn.end == ChatEnd::answered);
    CHECK(turn.n_tokens == 13);
    CHECK(turn.n_prompt_tokens == 11);
    CHECK(script.prompts ==
          std::vector<std::string>{"<|start|>user<|message|>2 + 2?<|end|><|start|>assistant"});
    REQUIRE(conversation.messages.size() == 3);
    CHECK(conversation.messages[1] ==
          test::text_message(Role::assistant, "Sum.").with_channel("analysis"));
    CHECK(conversation.messages[2] == answer("4"));
}

TEST_CASE("chat: a function is called, and its output is in the next prompt", "[chat]") {
    Script script{
        {kCall + R"({"a": 2, "b": 3}<|call|>)", "<|channel|>final<|message|>Five.<|return|>"}};
    Conversation conversation = question("2 + 3?");
    const ChatTurn turn = chat_turn(script, harmony(), conversation, {{"functions.add", add}});
    CHECK(turn.end == ChatEnd::answered);
    CHECK(turn.n_calls == 1);
    REQUIRE(conversation.messages.size() == 4);
    CHECK_THAT(script.prompts.at(1),
               EndsWith("<|start|>assistant to=functions.add<|channel|>commentary "
                        "<|constrain|>json<|message|>{\"a\": 2, \"b\": 3}<|call|>"
                        "<|start|>functions.add to=assistant<|channel|>commentary<|message|>5"
                        "<|end|><|start|>assistant"));
}

TEST_CASE("chat: c.8.4 a call that cannot be made is answered with the reason", "[chat]") {
    const std::string done = "<|channel|>final<|message|>Sorry.<|return|>";
    const auto output_of = [&](const std::string& call) {
        Script script{{call, done}};
        Conversation conversation = question("?");
        const ChatTurn turn = chat_turn(script, harmony(), conversation, {{"functions.add", add}});
        CHECK(turn.end == ChatEnd::answered);
        return text_of(conversation.messages.at(2));
    };
    CHECK(output_of("<|channel|>analysis to=python<|message|>1<|call|>") ==
          "Error: there is no tool named python here.");
    CHECK(output_of(kCall + "{\"a\":<|call|>") ==
          "Error: arguments of functions.add: not valid JSON (at byte 6)");
    CHECK_THAT(output_of(kCall + "{}<|call|>"), StartsWith("Error: "));  // at() throws
}

TEST_CASE("chat: the thoughts of answered questions are not sent again, unless kept", "[chat]") {
    const auto prompts_with = [](bool keep_analysis) {
        const std::string thought = "<|channel|>analysis<|message|>OLD<|end|><|start|>assistant";
        const std::string reply = "<|channel|>final<|message|>a<|return|>";
        Script script{{thought + reply, thought + kCall + "{}<|call|>", reply, reply}};
        ChatOptions options;
        options.keep_analysis = keep_analysis;
        Conversation conversation = question("q1");
        for (const char* next : {"q2", "q3", "q4"}) {
            chat_turn(script, harmony(), conversation, {}, options);
            conversation.messages.push_back(test::text_message(Role::user, next));
        }
        return script.prompts;
    };
    const std::vector<std::string> prompts = prompts_with(false);
    CHECK_THAT(prompts.at(1), !ContainsSubstring("OLD"));
    CHECK(prompts.at(2).find("OLD") == prompts.at(2).rfind("OLD"));  // that of the call
    CHECK_THAT(prompts.at(2), ContainsSubstring("OLD"));
    CHECK_THAT(prompts.at(3), !ContainsSubstring("OLD"));
    const std::string kept = prompts_with(true).at(3);
    CHECK(kept.find("OLD") != kept.rfind("OLD"));
}

TEST_CASE("chat: a model that calls for ever is stopped", "[chat]") {
    Script script{std::vector<std::string>(5, kCall + R"({"a": 1, "b": 1}<|call|>)")};
    Conversation conversation = question("?");
    ChatOptions options;
    options.max_calls = 3;
    const ChatTurn turn =
        chat_turn(script, harmony(), conversation, {{"functions.add", add}}, options);
    CHECK(turn.end == ChatEnd::max_calls);
    CHECK(turn.n_calls == 3);
    CHECK(script.prompts.size() == 4);
}

TEST_CASE("chat: events follow the tokens and the messages", "[chat]") {
    Script script{
        {kCall + R"({"a": 2, "b": 3}<|call|>)", "<|channel|>final<|message|>Fünf.<|return|>"}};
    std::string deltas;
    std::vector<std::string> authors;
    ChatEvents events;
    events.on_token = [&](const StreamableParser& parser) {
        if (parser.current_channel() == "final") deltas += parser.last_content_delta().value_or("");
        return true;
    };
    events.on_message = [&](const Message& message) {
        authors.push_back(role_name(message.author.role));
    };
    Conversation conversation = question("?");
    chat_turn(script, harmony(), conversation, {{"functions.add", add}}, {}, events);
    CHECK(deltas == "Fünf.");
    CHECK(authors == std::vector<std::string>{"assistant", "tool", "assistant"});
}

TEST_CASE("chat: what is cut off is kept if it was meant for the user", "[chat]") {
    const auto messages_after = [](const std::string& text, StopReason reason) {
        Script script{{text}};
        script.when_over = reason;
        Conversation conversation = question("?");
        const ChatTurn turn = chat_turn(script, harmony(), conversation);
        CHECK(turn.error.has_value() == text.ends_with("fin"));  // in the header
        CHECK(turn.end ==
              (reason == StopReason::max_tokens ? ChatEnd::max_tokens : ChatEnd::context_full));
        return std::vector<Message>(conversation.messages.begin() + 1, conversation.messages.end());
    };
    CHECK(messages_after("<|channel|>final<|message|>Once upon", StopReason::max_tokens) ==
          std::vector{answer("Once upon")});
    CHECK(messages_after("<|channel|>analysis<|message|>Hm", StopReason::context_full).empty());
    CHECK(messages_after(kCall + "{\"a\"", StopReason::max_tokens).empty());
    CHECK(messages_after("<|channel|>fin", StopReason::max_tokens).empty());
}

TEST_CASE("chat: the budget of a turn spans its answers", "[chat]") {
    Script script{{kCall + R"({"a": 2, "b": 3}<|call|>)", "<|channel|>final<|message|>a b c d"}};
    ChatOptions options;
    options.max_tokens = 26;
    Conversation conversation = question("?");
    const ChatTurn turn =
        chat_turn(script, harmony(), conversation, {{"functions.add", add}}, options);
    CHECK(turn.end == ChatEnd::max_tokens);
    CHECK(turn.n_tokens == 26);
}

TEST_CASE("chat: the user can stop an answer and go on", "[chat]") {
    Script script{{"<|channel|>final<|message|>one two three<|return|>",
                   "<|channel|>final<|message|>Yes.<|return|>"}};
    ChatEvents events;
    events.on_token = [](const StreamableParser& parser) {
        return parser.current_content() != "one two";
    };
    Conversation conversation = question("count");
    CHECK(chat_turn(script, harmony(), conversation, {}, {}, events).end == ChatEnd::stopped);
    CHECK(conversation.messages.back() == answer("one two"));
    conversation.messages.push_back(test::text_message(Role::user, "go on"));
    CHECK(chat_turn(script, harmony(), conversation).end == ChatEnd::answered);
    CHECK(conversation.messages.size() == 4);
}

TEST_CASE("chat: an answer that is no message is told, what was complete stays", "[chat]") {
    Script script{{"<|channel|>analysis<|message|>Hm.<|end|>nonsense<|return|>"}};
    Conversation conversation = question("?");
    const ChatTurn turn = chat_turn(script, harmony(), conversation);
    CHECK(turn.end == ChatEnd::malformed);
    CHECK_THAT(turn.error.value(), StartsWith("Unexpected token "));
    CHECK(conversation.messages.size() == 2);
}

TEST_CASE("chat: a refusal without a header is an answer", "[chat]") {
    Script script{{"<|channel|>final I cannot help with that.<|return|>"}};
    Conversation conversation = question("?");
    CHECK(chat_turn(script, harmony(), conversation).end == ChatEnd::answered);
    CHECK(conversation.messages.back() == answer("I cannot help with that."));
}

TEST_CASE("chat: an empty answer behind a call in the history calls nothing", "[chat]") {
    Script script{{"<|return|>"}};
    Conversation conversation{{answer("{}").with_recipient("functions.add")}};
    const ChatTurn turn = chat_turn(script, harmony(), conversation, {{"functions.add", add}});
    CHECK(turn.end == ChatEnd::answered);
    CHECK(turn.n_calls == 0);
}

// --- A model as the source --------------------------------------------------------------------

namespace {

// The smallest model that can read Harmony: the tiny one with 256 bytes and the named tokens.
const Tokenizer& toy_tokenizer() {
    static const Tokenizer tokenizer{
        make_vocabulary(test::single_bytes(), named_special_tokens_from(256), "toy")};
    return tokenizer;
}

Transformer<ScalarOps> toy_model(int max_context_length) {
    Config config = preset_tiny();
    config.vocab_size = 266;
    config.max_context_length = max_context_length;
    return Transformer<ScalarOps>(synthetic_weights(config, 1));
}

ModelSource<ScalarOps> source_of(Transformer<ScalarOps>& transformer) {
    GenerateOptions options;
    options.seed = 3;
    return {transformer, options};
}

}  // namespace

TEST_CASE("chat: a model without a mind still ends its turn", "[chat]") {
    const HarmonyEncoding encoding = harmony_encoding(toy_tokenizer());
    Transformer<ScalarOps> transformer = toy_model(2000);
    ModelSource<ScalarOps> source = source_of(transformer);
    ChatOptions options;
    options.max_tokens = 40;
    Conversation conversation = question("Hello?");
    for (int n = 0; n < 5; ++n) {
        const ChatTurn turn = chat_turn(source, encoding, conversation, {}, options);
        CHECK(turn.n_tokens <= 40);
        CHECK(transformer.cache.length == int(source.fed.size()));
        conversation.messages.push_back(test::text_message(Role::user, "And?"));
    }
}

TEST_CASE("chat: the cache goes on where the prompt does, and gives the same tokens", "[chat]") {
    Transformer<ScalarOps> transformer = toy_model(2000);
    ModelSource<ScalarOps> source = source_of(transformer);
    Ids said;
    const OnToken note = [&](std::int32_t id) {
        said.push_back(id);
        return true;
    };
    source.generate({1, 2, 3}, 5, {}, note);
    CHECK(source.fed == Ids{1, 2, 3, said[0], said[1], said[2], said[3]});
    Ids longer = source.fed;
    longer.insert(longer.end(), {7, 8});
    CHECK(source.keep_common_start(longer) == 7);
    said.clear();
    source.generate(longer, 5, {}, note);

    Transformer<ScalarOps> other = toy_model(2000);
    ModelSource<ScalarOps> fresh = source_of(other);
    fresh.options.seed = 4;  // the second run takes the next seed
    Ids expected;
    fresh.generate(longer, 5, {}, [&](std::int32_t id) {
        expected.push_back(id);
        return true;
    });
    CHECK(said == expected);

    CHECK(source.keep_common_start({1, 2}) == 0);  // not back
    CHECK(transformer.cache.length == 0);
}

TEST_CASE("chat: a conversation beyond the context is an error that says so", "[chat][errors]") {
    const HarmonyEncoding encoding = harmony_encoding(toy_tokenizer());
    Transformer<ScalarOps> transformer = toy_model(32);
    ModelSource<ScalarOps> source = source_of(transformer);
    Conversation conversation = question("This is longer than the context.");
    CHECK_THROWS_WITH(chat_turn(source, encoding, conversation),
                      "context: the conversation has 49 tokens, expected at most 32 "
                      "(max_context_length)");
    conversation = question("Hi");
    const ChatTurn turn = chat_turn(source, encoding, conversation);
    CHECK((turn.end == ChatEnd::context_full || turn.end == ChatEnd::malformed ||
           turn.end == ChatEnd::answered));
}
