// Conversations as JSON, in and out, with openai-harmony's own field names.
//
//     {"messages": [
//        {"role": "system", "content": [{"type": "system_content", "reasoning_effort": "High"}]},
//        {"role": "user", "content": "What is 2 + 2?"},
//        {"role": "assistant", "channel": "analysis", "content": "Simple."}]}
//
//     message  role, name?, recipient?, content, channel?, content_type?
//     content  a string, or a list of {"type": "text" | "system_content" | "developer_content", ...}
//
// Where    harmony/conversation_file.hpp, which reads more forms; test vectors.
// Source   openai-harmony 0.0.8, src/chat.rs (serde attributes) and its Python classes.
// Errors   Error with the place and the words of the original: messages[2]: missing field `content`.
// Pitfalls Keys beyond these are ignored, as there; for files of users conversation_file.hpp names
//          them. A field that is null is not set.
#pragma once
#include <string>

#include "gptoss/core/check.hpp"
#include "gptoss/format/json.hpp"
#include "gptoss/harmony/content_json.hpp"
#include "gptoss/harmony/json_fields.hpp"
#include "gptoss/harmony/message.hpp"

namespace gptoss::harmony {

inline Role read_role(const format::OrderedJson& value, const std::string& where) {
    const std::string name = read_string(value, where);
    if (const std::optional<Role> role = find_role(name)) return *role;
    throw_unknown_variant(name, "`user`, `assistant`, `system`, `developer`, `tool`", where);
}

inline Message read_message(const format::OrderedJson& json, const std::string& where) {
    Message message;
    message.author.role = read_role(require_field(json, "role", where), where + ".role");
    message.author.name = optional_string(json, "name", where);
    message.recipient = optional_string(json, "recipient", where);
    message.channel = optional_string(json, "channel", where);
    message.content_type = optional_string(json, "content_type", where);

    const format::OrderedJson& content = require_field(json, "content", where);
    if (content.is_string()) {
        message.content.push_back(TextContent{content.get<std::string>()});
        return message;
    }
    if (!content.is_array()) {
        throw Error(where + ".content: invalid type: " + content.type_name() +
                    ", expected string or list of content");
    }
    for (const format::OrderedJson& part : content) {
        const std::string place = "[" + std::to_string(message.content.size()) + "]";
        message.content.push_back(read_content(part, where + ".content" + place));
    }
    return message;
}

// where names the document in errors.
inline Conversation read_conversation(const format::OrderedJson& json, const std::string& where) {
    Conversation conversation;
    const format::OrderedJson& messages = require_field(json, "messages", where);
    for (const format::OrderedJson& message : require_array(messages, where + ": messages")) {
        const std::string place = "[" + std::to_string(conversation.messages.size()) + "]";
        conversation.messages.push_back(read_message(message, where + ": messages" + place));
    }
    return conversation;
}

inline format::OrderedJson to_json(const Message& message) {
    format::OrderedJson json;
    json["role"] = role_name(message.author.role);
    if (message.author.name) json["name"] = *message.author.name;
    if (message.recipient) json["recipient"] = *message.recipient;
    const bool is_one_text =
        message.content.size() == 1 && std::holds_alternative<TextContent>(message.content[0]);
    if (is_one_text) {
        json["content"] = std::get<TextContent>(message.content[0]).text;
    } else {
        json["content"] = format::OrderedJson::array();
        for (const Content& part : message.content) {
            json["content"].push_back(to_json(part));
        }
    }
    if (message.channel) json["channel"] = *message.channel;
    if (message.content_type) json["content_type"] = *message.content_type;
    return json;
}

inline format::OrderedJson to_json(const Conversation& conversation) {
    format::OrderedJson messages = format::OrderedJson::array();
    for (const Message& message : conversation.messages) {
        messages.push_back(to_json(message));
    }
    return {{"messages", messages}};
}

}  // namespace gptoss::harmony
