#include "gptoss/harmony/message.hpp"

#include "catch.hpp"

using namespace gptoss;
using namespace gptoss::harmony;

TEST_CASE("harmony_message: builders set one field each", "[harmony]") {
    const Message message = Message::from_role_and_content(Role::assistant, "{}")
                                .with_channel("commentary")
                                .with_recipient("functions.f")
                                .with_content_type("json")
                                .adding_content(TextContent{"!"});
    CHECK(message.author == Author{Role::assistant});
    CHECK(message.channel == "commentary");
    CHECK(message.recipient == "functions.f");
    CHECK(message.content_type == "json");
    CHECK(text_of(message) == "{}!");
}

TEST_CASE("harmony_message: plain structs do as well", "[harmony]") {
    Message message;
    message.author = {Role::tool, "python"};
    message.content = {TextContent{"4"}};
    CHECK(message == Message::from_author_and_content({Role::tool, "python"}, TextContent{"4"}));
    CHECK(Conversation::from_messages({message}) == Conversation{{message}});
}

TEST_CASE("harmony_message: roles have the names of their headers", "[harmony]") {
    for (const Role role : kRoles) {
        CHECK(find_role(role_name(role)) == role);
    }
    CHECK(role_name(Role::developer) == std::string("developer"));
    CHECK(find_role("Assistant") == std::nullopt);
    CHECK(find_role("") == std::nullopt);
}

TEST_CASE("harmony_message: c.4.6 a new system content holds the defaults", "[harmony]") {
    const SystemContent system;
    CHECK(system.model_identity == "You are ChatGPT, a large language model trained by OpenAI.");
    CHECK(system.knowledge_cutoff == "2024-06");
    CHECK(system.conversation_start_date == std::nullopt);
    CHECK(system.reasoning_effort == ReasoningEffort::medium);
    REQUIRE(system.channel_config.has_value());
    CHECK(system.channel_config->valid_channels ==
          std::vector<std::string>{"analysis", "commentary", "final"});
    CHECK(system.channel_config->channel_required);
    CHECK(system.tools.empty());
}
