// Harmony messages: what a conversation is made of, before it is text or tokens.
//
//     Conversation   Message*
//     Message        author, recipient?, channel?, content_type?, content part*
//     author         role and, for a tool, its name: {Role::tool, "functions.get_weather"}
//     content part   TextContent | SystemContent | DeveloperContent
//
//     Message::from_role_and_content(Role::user, "What is 2 + 2?")
//
// A field that is not set (std::nullopt) is another thing than an empty one: an unset identity
// leaves its line out, and empty instructions still print their heading. What a new SystemContent
// holds are the defaults that the models were trained with.
//
// Where    filled from JSON by harmony/json.hpp, from tokens by harmony/parse.hpp, or by hand;
//          written as tokens by harmony/render.hpp.
// Source   openai-harmony 0.0.8, src/chat.rs: the types of the same names and their builders.
// Errors   none here: what may stand where is checked when a message is rendered.
// Pitfalls A message whose recipient is "all" is addressed to nobody in particular. The name of a
//          tool is its author's name, not its role. A tool's answer needs recipient "assistant" and
//          the channel of the call; nothing adds them (harmony/calls.hpp does it for you).
#pragma once
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "gptoss/harmony/response_format.hpp"
#include "gptoss/harmony/tool_description.hpp"

namespace gptoss::harmony {

enum class Role { user, assistant, system, developer, tool };

inline constexpr Role kRoles[] = {Role::user, Role::assistant, Role::system, Role::developer,
                                  Role::tool};

// As written in a header, and in JSON.
inline const char* role_name(Role role) {
    const char* names[] = {"user", "assistant", "system", "developer", "tool"};
    return names[int(role)];
}

inline std::optional<Role> find_role(std::string_view name) {
    for (const Role role : kRoles) {
        if (name == role_name(role)) return role;
    }
    return std::nullopt;
}

struct Author {
    Role role = Role::user;
    std::optional<std::string> name = {};
    bool operator==(const Author&) const = default;
};

// --- Content ----------------------------------------------------------------------------------

struct TextContent {
    std::string text;
    bool operator==(const TextContent&) const = default;
};

enum class ReasoningEffort { low, medium, high };

// The channels that a model may write to.
struct ChannelConfig {
    std::vector<std::string> valid_channels;
    bool channel_required;
    bool operator==(const ChannelConfig&) const = default;
};

inline ChannelConfig default_channels() {
    return {{"analysis", "commentary", "final"}, true};
}

struct SystemContent {
    std::optional<std::string> model_identity =
        "You are ChatGPT, a large language model trained by OpenAI.";
    std::optional<ReasoningEffort> reasoning_effort = ReasoningEffort::medium;
    std::optional<std::string> conversation_start_date = {};  // "2025-06-28"
    std::optional<std::string> knowledge_cutoff = "2024-06";
    std::optional<ChannelConfig> channel_config = default_channels();
    ToolNamespaces tools = {};  // those built into the model: browser and python
    bool operator==(const SystemContent&) const = default;
};

struct DeveloperContent {
    std::optional<std::string> instructions = {};
    ToolNamespaces tools = {};  // "functions" and others
    std::vector<ResponseFormat> response_formats = {};
    bool operator==(const DeveloperContent&) const = default;
};

using Content = std::variant<TextContent, SystemContent, DeveloperContent>;

// --- Messages ---------------------------------------------------------------------------------

struct Message {
    Author author = {};
    std::optional<std::string> recipient = {};
    std::vector<Content> content = {};
    std::optional<std::string> channel = {};
    std::optional<std::string> content_type = {};  // "code", "<|constrain|>json"
    bool operator==(const Message&) const = default;

    static Message from_author_and_content(Author author, Content content) {
        Message message;
        message.author = std::move(author);
        message.content.push_back(std::move(content));
        return message;
    }
    static Message from_role_and_content(Role role, Content content) {
        return from_author_and_content({role}, std::move(content));
    }
    static Message from_role_and_content(Role role, std::string text) {
        return from_author_and_content({role}, TextContent{std::move(text)});
    }

    // Each returns the message with one more field set, so that they can be chained.
    Message with_channel(std::string value) const {
        Message message = *this;
        message.channel = std::move(value);
        return message;
    }
    Message with_recipient(std::string value) const {
        Message message = *this;
        message.recipient = std::move(value);
        return message;
    }
    Message with_content_type(std::string value) const {
        Message message = *this;
        message.content_type = std::move(value);
        return message;
    }
    Message adding_content(Content part) const {
        Message message = *this;
        message.content.push_back(std::move(part));
        return message;
    }
};

struct Conversation {
    std::vector<Message> messages = {};
    bool operator==(const Conversation&) const = default;

    static Conversation from_messages(std::vector<Message> messages) {
        return {std::move(messages)};
    }
};

// The text parts, joined.
inline std::string text_of(const Message& message) {
    std::string text;
    for (const Content& part : message.content) {
        if (const auto* text_content = std::get_if<TextContent>(&part)) text += text_content->text;
    }
    return text;
}

}  // namespace gptoss::harmony
