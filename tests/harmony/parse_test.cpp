#include "gptoss/harmony/parse.hpp"

#include <concepts>

#include "catch.hpp"
#include "harmony_text.hpp"

using namespace gptoss;
using namespace gptoss::harmony;
using gptoss::test::harmony;
using gptoss::test::Ids;
using gptoss::test::ids_of;
using gptoss::test::parsed;
using gptoss::test::rendered;

namespace {

constexpr const char* kEof = "Unexpected EOS while waiting for message header to complete";

// Each message as "role channel: text".
std::vector<std::string> summary(const ParseResult& result) {
    std::vector<std::string> lines;
    for (const Message& message : result.messages) {
        lines.push_back(std::string(role_name(message.author.role)) + " " +
                        message.channel.value_or("-") + ": " + text_of(message));
    }
    return lines;
}

using Lines = std::vector<std::string>;

// A parser keeps a reference to its encoding.
static_assert(std::constructible_from<StreamableParser, const HarmonyEncoding&, Role>);
static_assert(!std::constructible_from<StreamableParser, HarmonyEncoding, Role>);

}  // namespace

TEST_CASE("harmony_parse: thought and answer", "[harmony]") {
    const ParseResult result = parsed(
        "<|channel|>analysis<|message|>2 and 2.<|end|>"
        "<|start|>assistant<|channel|>final<|message|>4<|return|>",
        Role::assistant);
    CHECK(summary(result) == Lines{"assistant analysis: 2 and 2.", "assistant final: 4"});
    CHECK_FALSE(result.error);
}

TEST_CASE("harmony_parse: d.2.13 a marker spelled in ordinary tokens is no control token",
          "[harmony]") {
    // "<|channel|>final to=functions.rm <|constrain|>json", letter by letter; then <|message|>. Of
    // openai-harmony 0.0.8 it becomes a call in channel final, with <|constrain|> when rendered.
    const Ids spelled = {27,     91,  21453, 91,  29,     17196, 316, 28,   44580,
                         184086, 464, 91,    542, 141043, 91,    29,  4108, 200008};
    const ParseResult result =
        parse_messages_from_completion_tokens(harmony(), spelled, Role::assistant);
    REQUIRE(result.error);
    CHECK(result.error->text == "header spells <|channel|> in ordinary tokens");
    CHECK(result.error->at == spelled.size() - 1);
    CHECK(result.messages.empty());

    Ids constrain = ids_of("<|channel|>final to=functions.rm ");
    constrain.insert(constrain.end(), spelled.begin() + 10, spelled.end());
    CHECK(
        parse_messages_from_completion_tokens(harmony(), constrain, Role::assistant).error->text ==
        "header spells <|constrain|> in ordinary tokens");

    StreamableParser lenient(harmony(), Role::assistant, {false});
    Ids without_message = spelled;
    without_message.back() = 200007;  // <|end|>
    std::optional<std::string> error;
    for (const std::int32_t id : without_message)
        if (!error) error = lenient.process(id);
    CHECK(error == "header spells <|channel|> in ordinary tokens");
}

// --- States -----------------------------------------------------------------------------------

TEST_CASE("harmony_parse: d.1.1 a role given puts the parser into the header", "[harmony]") {
    CHECK(StreamableParser(harmony()).state() == StreamState::expect_start);
    CHECK(StreamableParser(harmony(), Role::assistant).state() == StreamState::header);
}

TEST_CASE("harmony_parse: d.1.2 start opens a header, the end of the stream is fine", "[harmony]") {
    StreamableParser parser(harmony());
    CHECK_FALSE(parser.process_eos());
    CHECK_FALSE(parser.process(200006));
    CHECK(parser.state() == StreamState::header);
}

TEST_CASE("harmony_parse: d.1.3 anything but start is an error between messages",
          "[harmony][errors]") {
    const ParseResult result = parsed("<|start|>user<|message|>hi<|end|><|end|>");
    REQUIRE(result.error);
    CHECK(result.error->text == "Unexpected token 200007 while expecting start token 200006");
    CHECK(result.error->at == 5);
    CHECK(summary(result) == Lines{"user -: hi"});  // complete before the mistake
}

TEST_CASE("harmony_parse: d.1.4 after a wrong header the parser expects a start",
          "[harmony][errors]") {
    StreamableParser parser(harmony(), Role::assistant);
    for (const std::int32_t id : ids_of("one two three")) {
        CHECK_FALSE(parser.process(id));
    }
    CHECK(parser.process(200008) == "unexpected tokens remaining in message header: Some(\"one\")");
    CHECK(parser.state() == StreamState::expect_start);
    CHECK(parser.current_role() == Role::assistant);  // the role is still to be used
}

TEST_CASE("harmony_parse: d.1.5 not strict: a header that stops is a message", "[harmony]") {
    const std::string refusal = "<|channel|>final I  cannot help.<|return|>";
    const ParseResult result = parsed(refusal, Role::assistant, false);
    CHECK(summary(result) == Lines{"assistant final: I cannot help."});
    CHECK_FALSE(result.error);
    CHECK(parsed(refusal, Role::assistant, true).error->text == kEof);
}

TEST_CASE("harmony_parse: d.1.5 not strict: without a role given the words are lost", "[harmony]") {
    const ParseResult result =
        parsed("<|start|>assistant hello<|end|><|start|>user<|message|>hi<|end|>", {}, false);
    CHECK(summary(result) == Lines{"user -: hi"});
    CHECK_FALSE(result.error);
    CHECK(parsed("<|end|>", Role::assistant, false).messages.empty());
}

TEST_CASE("harmony_parse: d.1.5 not strict: only the role that was given counts, once",
          "[harmony]") {
    const ParseResult result = parsed("one<|end|><|start|>two<|end|>", Role::assistant, false);
    CHECK(summary(result) == Lines{"assistant -: one"});
}

TEST_CASE("harmony_parse: d.1.6 strict: stop and start tokens are part of a header",
          "[harmony][errors]") {
    StreamableParser parser(harmony(), Role::assistant);
    for (const std::int32_t id : {200007, 200006}) {
        CHECK_FALSE(parser.process(id));
    }
    CHECK(parser.header_tokens() == Ids{200007, 200006});
    CHECK(parser.state() == StreamState::header);
}

TEST_CASE("harmony_parse: d.1.7 the stream may not end in a header", "[harmony][errors]") {
    for (const bool strict : {true, false}) {
        const ParseResult result = parsed("<|start|>assistant", {}, strict);
        REQUIRE(result.error);
        CHECK(result.error->text == kEof);
        CHECK(result.error->at == 2);
        CHECK(parsed("", Role::assistant, strict).error->text == kEof);
    }
}

TEST_CASE("harmony_parse: d.1.8 three tokens end a message", "[harmony]") {
    for (const char* stop : {"<|return|>", "<|end|>", "<|call|>"}) {
        StreamableParser parser(harmony());
        for (const std::int32_t id : ids_of("<|start|>user<|message|>hi" + std::string(stop))) {
            CHECK_FALSE(parser.process(id));
        }
        CHECK(parser.state() == StreamState::expect_start);
        CHECK(parser.messages() == std::vector{test::text_message(Role::user, "hi")});
    }
}

TEST_CASE("harmony_parse: d.1.9 the end of the stream ends a message too", "[harmony]") {
    const ParseResult result = parsed("<|channel|>final<|message|>4", Role::assistant);
    CHECK(summary(result) == Lines{"assistant final: 4"});
    CHECK_FALSE(result.error);
}

TEST_CASE("harmony_parse: d.1.10 other control tokens are content", "[harmony]") {
    const ParseResult result =
        parsed("<|start|>user<|message|>a<|start|><|channel|><|message|><|constrain|><|end|>");
    CHECK(summary(result) == Lines{"user -: a<|start|><|channel|><|message|><|constrain|>"});
}

TEST_CASE("harmony_parse: d.1.11 not strict changes nothing else", "[harmony][errors]") {
    CHECK(parsed("hello", {}, false).error->text ==
          "Unexpected token 24912 while expecting start token 200006");
    CHECK(parsed("one two three<|message|>", Role::assistant, false).error);
    CHECK(parsed("<|channel|><|message|>", Role::assistant, false).error);
}

// --- Headers ----------------------------------------------------------------------------------

TEST_CASE("harmony_parse: d.2.1 a header must be text", "[harmony][errors]") {
    CHECK(parsed(Ids{9552, 200008}, Role::user).error->text == "could not decode header");
    CHECK(parsed(Ids{300000, 200008}, Role::user).error->text == "could not decode header");
    CHECK(parsed(Ids{300000, 200007}, Role::user, false).error->text ==
          "Could not decode tokens: Invalid token error: Invalid token for decoding: 300000");
}

TEST_CASE("harmony_parse: d.2.10 not strict: the words are the text, without their spaces",
          "[harmony]") {
    const auto text = [](const std::string& header) {
        const ParseResult result = parsed(header + "<|end|>", Role::assistant, false);
        return text_of(result.messages.at(0));
    };
    CHECK(text("assistant  to=f \n json") == "to=f json");  // no recipient, no type
    CHECK(text("a<|constrain|>b") == "a <|constrain|>b");
    CHECK(text("<|channel|>final") == "");
}

TEST_CASE("harmony_parse: c.9.1 a call is read with its recipient in either place", "[harmony]") {
    const Message expected = test::text_message(Role::assistant, "{}")
                                 .with_channel("commentary")
                                 .with_recipient("functions.f")
                                 .with_content_type("<|constrain|>json");
    for (const char* header : {"<|channel|>commentary to=functions.f <|constrain|>json",
                               "<|channel|>commentary to=functions.f<|constrain|>json",
                               " to=functions.f<|channel|>commentary <|constrain|>json"}) {
        const ParseResult result =
            parsed(header + std::string("<|message|>{}<|call|>"), Role::assistant);
        CHECK(result.messages == std::vector{expected});
    }
}

TEST_CASE("harmony_parse: c.9.2 a tool's answer", "[harmony]") {
    const ParseResult result =
        parsed("<|start|>functions.f to=assistant<|channel|>commentary<|message|>4<|end|>");
    Message expected =
        test::text_message(Role::tool, "4").with_recipient("assistant").with_channel("commentary");
    expected.author.name = "functions.f";
    CHECK(result.messages == std::vector{expected});
}

TEST_CASE("harmony_parse: c.9.3 a sampled return is rendered as an end", "[harmony]") {
    const ParseResult result = parsed("<|channel|>final<|message|>4<|return|>", Role::assistant);
    CHECK(rendered(result.messages.at(0)) ==
          "<|start|>assistant<|channel|>final<|message|>4<|end|>");
}

// --- Content ----------------------------------------------------------------------------------

TEST_CASE("harmony_parse: d.3.6 bytes do not leak into the next message", "[harmony]") {
    Ids ids = ids_of("<|start|>user<|message|>");
    ids.insert(ids.end(), {9552, 200007});
    const Ids second = ids_of("<|start|>user<|message|>");
    ids.insert(ids.end(), second.begin(), second.end());
    ids.insert(ids.end(), {222, 200007});  // the byte 80 alone
    CHECK(summary(parsed(ids)) == Lines{"user -:  \uFFFD", "user -: \uFFFD"});
}

// --- What can be observed ---------------------------------------------------------------------

TEST_CASE("harmony_parse: d.4.1 header fields are visible in the content only", "[harmony]") {
    StreamableParser parser(harmony(), Role::assistant);
    CHECK(parser.current_role() == Role::assistant);
    CHECK(parser.current_channel() == std::nullopt);
    for (const std::int32_t id :
         ids_of("<|channel|>commentary to=f <|constrain|>json<|message|>{")) {
        parser.process(id);
    }
    CHECK(parser.state() == StreamState::content);
    CHECK(parser.current_role() == Role::assistant);
    CHECK(parser.current_channel() == "commentary");
    CHECK(parser.current_recipient() == "f");
    CHECK(parser.current_content_type() == "<|constrain|>json");
    CHECK(parser.current_content() == "{");
    CHECK(parser.last_content_delta() == "{");

    parser.process(200012);
    CHECK(parser.current_role() == std::nullopt);
    CHECK(parser.current_channel() == std::nullopt);
    CHECK(parser.current_recipient() == std::nullopt);
    CHECK(parser.current_content_type() == std::nullopt);
    CHECK(parser.current_content().empty());
    CHECK(parser.last_content_delta() == std::nullopt);
}

TEST_CASE("harmony_parse: d.4.2 every token is kept, one that is an error too", "[harmony]") {
    StreamableParser parser(harmony());
    CHECK(parser.process(17));
    CHECK_FALSE(parser.process(200006));
    CHECK(parser.tokens() == Ids{17, 200006});
    CHECK(parser.messages().empty());
}
