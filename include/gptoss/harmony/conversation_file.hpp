// A conversation as people have it in a file: openai-harmony's form, or a chat of OpenAI's API.
//
//     {"messages": [...]}   [...]   {"role": ..., "content": ...}
//     {"messages": [...], "tools": [...], "response_format": {...}}
//
// The file is a chat of the API if it has tools or a response_format beside the messages, or if any
// message has a key that only the API has (openai_chat.hpp): that makes its system message the
// developer's instructions, and its plain answers final ones. Tools and formats, there or inside of
// developer content, may have any form that tools_json.hpp and response_format_json.hpp read.
//
// Where    gptoss harmony render and gptoss perplexity --conversation. Test vectors are read by
//          json.hpp alone, exactly as openai-harmony reads.
// Source   openai-harmony 0.0.8, src/chat.rs; OpenAI's API reference, chat completions.
// Errors   Error, naming file, message and field; also for what could be read but not rendered.
// Pitfalls Keys that openai-harmony ignores are errors here: a misspelt one would be missed in
//          silence.
#pragma once
#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "gptoss/harmony/content.hpp"
#include "gptoss/harmony/json.hpp"
#include "gptoss/harmony/known_keys.hpp"
#include "gptoss/harmony/openai_chat.hpp"
#include "gptoss/harmony/response_format_json.hpp"
#include "gptoss/harmony/tools_json.hpp"

namespace gptoss::harmony {

// --- Into openai-harmony's form ---------------------------------------------------------------

inline format::OrderedJson read_all_tools(const format::OrderedJson& json,
                                          const std::string& where) {
    const ToolsRead read = read_tools(json, where);
    if (read.note) throw Error(*read.note);
    return to_json(read.namespaces);
}

inline format::OrderedJson known_part(const format::OrderedJson& part, const std::string& where) {
    const std::string type = read_string(require_field(part, "type", where), where + ".type");
    if (type == "text") require_known_keys(part, {"type", "text"}, where);
    if (type == "developer_content") {
        require_known_keys(
            part, {"type", "instructions", "tools", "builtin_tools", "response_formats"}, where);
    }
    if (type == "system_content") {
        require_known_keys(part,
                           {"type", "model_identity", "reasoning_effort", "conversation_start_date",
                            "knowledge_cutoff", "channel_config", "tools", "builtin_tools"},
                           where);
        if (!says_nothing(part, "channel_config")) {
            require_known_keys(part["channel_config"], {"valid_channels", "channel_required"},
                               where + ".channel_config");
        }
    }
    format::OrderedJson known = part;
    const bool has_tools = type != "text" && member_of(part, "tools") && !part["tools"].is_null();
    if (has_tools) known["tools"] = read_all_tools(part["tools"], where + ".tools");
    return known;
}

// The message with nothing unknown in it, and its tools as openai-harmony has them.
inline format::OrderedJson known_message(const format::OrderedJson& json,
                                         const std::string& where) {
    require_known_keys(json,
                       {"role", "name", "recipient", "content", "channel", "content_type",
                        "tool_calls", "tool_call_id", "reasoning_content", "reasoning", "thinking",
                        "refusal", "annotations", "audio", "function_call"},
                       where);
    format::OrderedJson known = json;
    if (array_member(json, "content") == nullptr) return known;
    known["content"] = format::OrderedJson::array();
    for (const format::OrderedJson& part : json["content"]) {
        const std::string place = "[" + std::to_string(known["content"].size()) + "]";
        known["content"].push_back(known_part(part, where + ".content" + place));
    }
    return known;
}

// --- What rendering would refuse, while its place is known ------------------------------------

inline void require_renderable(const Message& message, const std::string& where) {
    if (message.author.role == Role::tool && !message.author.name) {
        throw Error(where + ": missing field `name` (or `tool_call_id`), which a tool is known by");
    }
    for (std::size_t k = 0; k < message.content.size(); ++k) {
        try {
            content_text(message.content[k], message.author.role, false);
        } catch (const Error& error) {
            throw Error(where + ".content[" + std::to_string(k) + "]: " + error.what());
        }
    }
}

// --- The whole --------------------------------------------------------------------------------

inline std::vector<Message> read_messages(const format::OrderedJson& list, const std::string& where,
                                          bool is_request = false) {
    const bool is_openai_chat =
        is_request || std::any_of(list.begin(), list.end(), has_openai_keys);
    CallsById calls;
    std::vector<Message> messages;
    for (std::size_t k = 0; k < list.size(); ++k) {
        const std::string place = where + "[" + std::to_string(k) + "]";
        const format::OrderedJson json = known_message(list[k], place);
        std::vector<Message> read;
        if (is_openai_chat) {
            read = read_openai_message(json, place, calls);
        } else {
            read.push_back(read_message(json, place));
        }
        for (Message& message : read) {
            require_renderable(message, place);
            messages.push_back(std::move(message));
        }
    }
    return messages;
}

// The content that lists what a request lists beside its messages: that of the first developer
// message, or of a new one behind the system messages.
inline DeveloperContent& developer_content_of(std::vector<Message>& messages) {
    for (Message& message : messages) {
        if (message.author.role != Role::developer) continue;
        for (Content& part : message.content) {
            if (auto* developer = std::get_if<DeveloperContent>(&part)) return *developer;
        }
    }
    const auto is_system = [](const Message& m) { return m.author.role == Role::system; };
    const auto place = std::find_if_not(messages.begin(), messages.end(), is_system);
    const auto added =
        messages.insert(place, Message::from_role_and_content(Role::developer, DeveloperContent{}));
    return std::get<DeveloperContent>(added->content[0]);
}

inline void add_request_fields(const format::OrderedJson& json, const std::string& where,
                               std::vector<Message>& messages) {
    if (!says_nothing(json, "tools")) {
        const ToolsRead read = read_tools(json["tools"], where + ": tools");
        if (read.note) throw Error(*read.note);
        DeveloperContent& developer = developer_content_of(messages);
        if (!developer.tools.empty()) {
            throw Error(where + ": tools: the developer message has tools too, expected one list");
        }
        developer.tools = read.namespaces;
    }
    if (!says_nothing(json, "response_format")) {
        DeveloperContent& developer = developer_content_of(messages);
        if (!developer.response_formats.empty()) {
            throw Error(where +
                        ": response_format: the developer message has response_formats too");
        }
        developer.response_formats =
            read_response_formats(json["response_format"], where + ": response_format");
    }
}

// where names the file in errors.
inline Conversation read_conversation_file(const format::OrderedJson& json,
                                           const std::string& where) {
    const std::string place = where + ": messages";
    if (json.is_array()) return {read_messages(json, place)};
    require_object(json, where);
    if (json.contains("role")) return {read_messages(format::OrderedJson::array({json}), place)};
    require_known_keys(json,
                       {"messages", "tools", "response_format",
                        // a request's model, and what a test vector says besides (--vectors)
                        "model", "name", "note", "mode", "next_role", "config", "expected_text",
                        "expected_text_file", "expected_ids", "ids_source"},
                       where);
    const format::OrderedJson& list = require_array(require_field(json, "messages", where), place);
    const bool is_request = json.contains("tools") || json.contains("response_format");
    Conversation conversation{read_messages(list, place, is_request)};
    add_request_fields(json, where, conversation.messages);
    return conversation;
}

}  // namespace gptoss::harmony
