#include "gptoss/harmony/json.hpp"

#include "catch.hpp"

using namespace gptoss;
using namespace gptoss::format;
using namespace gptoss::harmony;

namespace {

Message message_from(const std::string& json) {
    return read_message(parse_ordered_json("m", json), "m");
}

}  // namespace

TEST_CASE("harmony_json: a message with every field", "[harmony]") {
    const Message message = message_from(
        R"({"role": "tool", "name": "functions.f", "recipient": "assistant", "content": "4",
            "channel": "commentary", "content_type": "json"})");
    CHECK(message == Message::from_author_and_content({Role::tool, "functions.f"}, TextContent{"4"})
                         .with_recipient("assistant")
                         .with_channel("commentary")
                         .with_content_type("json"));
    CHECK(to_json(message).dump() ==
          R"({"role":"tool","name":"functions.f","recipient":"assistant","content":"4",)"
          R"("channel":"commentary","content_type":"json"})");
}

TEST_CASE("harmony_json: content is a string or a list of parts", "[harmony]") {
    CHECK(message_from(R"({"role": "user", "content": "a"})") ==
          message_from(R"({"role": "user", "content": [{"type": "text", "text": "a"}]})"));
    CHECK(message_from(R"({"role": "user", "content": []})").content.empty());
    const Message two = message_from(
        R"({"role": "developer", "content": [{"type": "developer_content"},
                                             {"type": "text", "text": "a"}]})");
    REQUIRE(two.content.size() == 2);
    CHECK(read_message(to_json(two), "m") == two);
}

TEST_CASE("harmony_json: null is not set, other keys are ignored", "[harmony]") {
    const Message message =
        message_from(R"({"role": "user", "name": null, "channel": null, "content": "a", "id": 5})");
    CHECK(message == Message::from_role_and_content(Role::user, "a"));
}

TEST_CASE("harmony_json: a conversation there and back", "[harmony]") {
    const char* text = R"({"messages":[{"role":"user","content":"a"},)"
                       R"({"role":"assistant","content":"b","channel":"final"}]})";
    const Conversation conversation = read_conversation(parse_ordered_json("c", text), "c");
    REQUIRE(conversation.messages.size() == 2);
    CHECK(to_json(conversation).dump() == text);
}

TEST_CASE("harmony_json: errors name the place in the original's words", "[harmony][errors]") {
    CHECK_THROWS_WITH(message_from(R"({"role": "robot", "content": "a"})"),
                      "m.role: unknown variant `robot`, expected one of `user`, `assistant`, "
                      "`system`, `developer`, `tool`");
    CHECK_THROWS_WITH(message_from(R"({"content": "a"})"), "m: missing field `role`");
    CHECK_THROWS_WITH(message_from(R"({"role": "user"})"), "m: missing field `content`");
    CHECK_THROWS_WITH(message_from(R"({"role": "user", "content": null})"),
                      "m.content: invalid type: null, expected string or list of content");
    CHECK_THROWS_WITH(message_from(R"({"role": "user", "content": [{"type": "text"}]})"),
                      "m.content[0]: missing field `text`");
    CHECK_THROWS_WITH(
        read_conversation(parse_ordered_json("c", R"({"messages": [{"role": "user"}]})"), "c"),
        "c: messages[0]: missing field `content`");
    CHECK_THROWS_WITH(read_conversation(parse_ordered_json("c", "[]"), "c"),
                      "c: invalid type: array, expected an object");
}
