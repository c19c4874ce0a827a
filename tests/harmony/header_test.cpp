#include "gptoss/harmony/header.hpp"

#include "catch.hpp"

using namespace gptoss;
using namespace gptoss::harmony;

namespace {

// "role:name to=recipient channel type", with - for what is not set.
std::string header_of(const std::string& text, std::optional<Role> role = {}) {
    const MessageHeader header = parse_header(text, role);
    return std::string(role_name(header.author.role)) + ":" + header.author.name.value_or("-") +
           " to=" + header.recipient.value_or("-") + " " + header.channel.value_or("-") + " " +
           header.content_type.value_or("-");
}

}  // namespace

TEST_CASE("harmony_header: a call, as models write it and as it is rendered", "[harmony]") {
    const std::string expected = "assistant:- to=functions.f commentary <|constrain|>json";
    CHECK(header_of("assistant<|channel|>commentary to=functions.f <|constrain|>json") == expected);
    CHECK(header_of("assistant to=functions.f<|channel|>commentary <|constrain|>json") == expected);
    CHECK(header_of("assistant to=functions.f<|channel|>commentary<|constrain|>json") == expected);
}

TEST_CASE("harmony_header: d.2.2 the channel ends at whitespace or at <", "[harmony]") {
    CHECK(header_of("assistant<|channel|>final") == "assistant:- to=- final -");
    CHECK(header_of("assistant <|channel|>a<b") == "assistant:- to=<b a -");
    CHECK(header_of("assistant<|channel|>a\u00a0") == "assistant:- to=- a -");
    CHECK(header_of("assistant<|channel|>日本 x") == "assistant:- to=x 日本 -");
    CHECK(header_of("<|channel|>final", Role::assistant) == "assistant:- to=- final -");
}

TEST_CASE("harmony_header: d.2.2 only the first channel is cut out", "[harmony]") {
    CHECK(header_of("<|channel|>a<|channel|>b", Role::assistant) ==
          "assistant:- to=<|channel|>b a -");
}

TEST_CASE("harmony_header: d.2.2 a channel marker needs a channel", "[harmony][errors]") {
    const char* message = "channel marker present but no channel value found in header";
    CHECK_THROWS_WITH(header_of("assistant<|channel|>"), message);
    CHECK_THROWS_WITH(header_of("assistant<|channel|> final"), message);
    CHECK_THROWS_WITH(header_of("assistant<|channel|><|constrain|>"), message);
}

TEST_CASE("harmony_header: d.2.3 the constrain marker is a word of its own", "[harmony]") {
    CHECK(header_of("assistant to=f<|constrain|>json") == "assistant:- to=f - <|constrain|>json");
    CHECK(header_of("\u2003assistant to=f\u00a0\n") == "assistant:- to=f - -");
}

TEST_CASE("harmony_header: d.2.4 words end at ASCII whitespace", "[harmony]") {
    CHECK(header_of("assistant\tto=f\r\njson") == "assistant:- to=f - json");
    CHECK(header_of("assistant to=f\u00a0json") == "assistant:- to=f\u00a0json - -");
    CHECK(header_of("assistant to=f\vjson") == "assistant:- to=f\vjson - -");
}

TEST_CASE("harmony_header: d.2.5 the role is known or the first word", "[harmony]") {
    CHECK(header_of("user") == "user:- to=- - -");
    CHECK(header_of("to=f", Role::assistant) == "assistant:- to=f - -");
    CHECK(header_of("", Role::assistant) == "assistant:- to=- - -");
}

TEST_CASE("harmony_header: d.2.5 another first word is a tool, if more follows", "[harmony]") {
    CHECK(header_of("functions.f to=assistant<|channel|>commentary") ==
          "tool:functions.f to=assistant commentary -");
    CHECK(header_of("to=f") == "tool:to=f to=- - -");
}

TEST_CASE("harmony_header: d.2.5 no role, or an unknown one", "[harmony][errors]") {
    CHECK_THROWS_WITH(header_of(""), "message header did not contain a role");
    CHECK_THROWS_WITH(header_of("<|channel|>final"), "message header did not contain a role");
    CHECK_THROWS_WITH(header_of("robot"), "Unknown role: robot");
    CHECK_THROWS_WITH(header_of("functions.f<|channel|>commentary"), "Unknown role: functions.f");
    CHECK_THROWS_WITH(header_of("<|start|><|start|>assistant"),
                      "Unknown role: <|start|><|start|>assistant");
}

TEST_CASE("harmony_header: d.2.6 the role's name is removed once", "[harmony]") {
    CHECK(header_of("assistant", Role::assistant) == "assistant:- to=- - -");
    CHECK(header_of("assistant assistant") == "assistant:- to=assistant - -");
    CHECK(header_of("functions.f tool to=x") == "tool:functions.f to=x - -");
    CHECK(header_of("user", Role::assistant) == "assistant:- to=user - -");
}

TEST_CASE("harmony_header: d.2.7 recipient and type stand at the end", "[harmony]") {
    CHECK(header_of("assistant to=f") == "assistant:- to=f - -");
    CHECK(header_of("assistant to=f json") == "assistant:- to=f - json");
    CHECK(header_of("assistant f json") == "assistant:- to=f - json");
    CHECK(header_of("assistant to=") == "assistant:- to= - -");
}

TEST_CASE("harmony_header: d.2.8 nothing may be left over", "[harmony][errors]") {
    CHECK_THROWS_WITH(header_of("assistant a  b \"c\" to=f"),
                      R"(unexpected tokens remaining in message header: Some("a b \"c\""))");
}

TEST_CASE("harmony_header: d.2.9 only a tool has a name, and only if the header says it",
          "[harmony]") {
    CHECK(header_of("functions.f to=x") == "tool:functions.f to=x - -");
    CHECK(header_of("tool to=x") == "tool:tool to=x - -");
    CHECK(header_of("to=x", Role::tool) == "tool:- to=x - -");
    CHECK(header_of("functions.f", Role::tool) == "tool:- to=functions.f - -");
}

TEST_CASE("harmony_header: d.2.11 a single word is a recipient, whatever it looks like",
          "[harmony]") {
    CHECK(header_of("assistant<|channel|>commentary json") == "assistant:- to=json commentary -");
    CHECK(header_of("assistant<|channel|>commentary <|constrain|>json") ==
          "assistant:- to=<|constrain|>json commentary -");
}

TEST_CASE("harmony_header: d.2.11 type first, two recipients, a space in the type: errors",
          "[harmony][errors]") {
    const std::string error = "unexpected tokens remaining in message header: Some(";
    CHECK_THROWS_WITH(header_of("assistant json to=f"), error + "\"json\")");
    CHECK_THROWS_WITH(header_of("assistant to=f to=g"), error + "\"to=f\")");
    CHECK_THROWS_WITH(header_of("assistant to=f <|constrain|> json"), error + "\"to=f\")");
}

TEST_CASE("harmony_header: d.2.12 a named user and a lone tool are rendered, but not read",
          "[harmony][errors]") {
    CHECK_THROWS_WITH(header_of("user:ann"), "Unknown role: user:ann");
    CHECK_THROWS_WITH(header_of("functions.f"), "Unknown role: functions.f");
}
