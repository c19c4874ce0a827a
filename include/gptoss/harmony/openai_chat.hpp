// Messages as OpenAI's chat API has them, as Harmony messages.
//
//     {"role": "assistant", "reasoning_content": "R", "content": "C", "tool_calls": [{"id": "c1",
//        "type": "function", "function": {"name": "f", "arguments": "{}"}}]}
//
//         assistant<|channel|>analysis: R
//         assistant<|channel|>commentary: C
//         assistant to=functions.f<|channel|>commentary <|constrain|>json: {}
//
//     {"role": "tool", "tool_call_id": "c1", "content": "4"}
//
//         functions.f to=assistant<|channel|>commentary: 4
//
// Without calls an assistant's content is the final answer. What the API calls a system message is
// what Harmony calls the developer's instructions, and becomes that.
//
// Where    conversation_file.hpp, if any message of the file has a key of this API.
// Source   OpenAI's API reference, chat completions; openai-harmony's format document, "Receiving
//          tool calls", "Handling tool calls" and "Preambles"; reasoning_content is vLLM's,
//          llama.cpp's and DeepSeek's, reasoning and thinking are other names for it.
// Errors   Error, naming message and field: an id that no call has, a call by someone else than the
//          assistant, what cannot be written as text (audio, refusal, annotations, function_call).
// Pitfalls The API knows a tool's answer by the call's id alone; Harmony needs the name. Ids may be
//          used again, the latest call counts. Arguments are text already, and are not touched.
#pragma once
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "gptoss/harmony/json.hpp"
#include "gptoss/harmony/json_fields.hpp"
#include "gptoss/harmony/json_members.hpp"
#include "gptoss/harmony/json_text.hpp"
#include "gptoss/harmony/known_keys.hpp"

namespace gptoss::harmony {

inline constexpr const char* kReasoningKeys[] = {"reasoning_content", "reasoning", "thinking"};
inline constexpr const char* kCallKeys[] = {"tool_calls", "tool_call_id"};
inline constexpr const char* kUnwrittenKeys[] = {"refusal", "annotations", "audio",
                                                 "function_call"};

inline bool has_any_key(const format::OrderedJson& json, const auto& keys) {
    for (const char* key : keys) {
        if (member_of(json, key) != nullptr) return true;
    }
    return false;
}

inline bool has_openai_keys(const format::OrderedJson& message) {
    return has_any_key(message, kReasoningKeys) || has_any_key(message, kCallKeys) ||
           has_any_key(message, kUnwrittenKeys);
}

using CallsById =
    std::map<std::string, std::string>;  // "functions.f", by the id of its latest call

// --- An assistant's message -------------------------------------------------------------------

inline std::optional<std::string> read_reasoning(const format::OrderedJson& json,
                                                 const std::string& where) {
    std::optional<std::string> reasoning;
    const char* read_key = nullptr;
    for (const char* key : kReasoningKeys) {
        const std::optional<std::string> text = optional_string(json, key, where);
        if (!text) continue;
        if (reasoning && *text != *reasoning) {
            throw Error(where + ": " + key + " differs from " + read_key +
                        ", expected one of them");
        }
        reasoning = text;
        read_key = key;
    }
    return reasoning;
}

inline std::string arguments_text(const format::OrderedJson& arguments, const std::string& where) {
    if (arguments.is_object()) return json_text(arguments);  // as some libraries keep them
    return read_string(arguments, where);
}

inline Message read_call(const format::OrderedJson& json, const std::string& where,
                         CallsById& calls) {
    require_known_keys(json, {"id", "type", "function", "index"}, where);
    const std::string type = optional_string(json, "type", where).value_or("function");
    if (type != "function")
        throw Error(where + ".type: is " + format::quoted(type) + ", expected function");
    const format::OrderedJson& function = require_field(json, "function", where);
    const std::string function_where = where + ".function";
    require_known_keys(function, {"name", "arguments"}, function_where);
    const std::string name =
        read_string(require_field(function, "name", function_where), function_where + ".name");
    const std::string arguments = arguments_text(
        require_field(function, "arguments", function_where), function_where + ".arguments");

    const std::string recipient = "functions." + name;
    const std::optional<std::string> id = optional_string(json, "id", where);
    calls[id.value_or("the call of " + name)] = recipient;
    return Message::from_role_and_content(Role::assistant, arguments)
        .with_recipient(recipient)
        .with_channel("commentary")
        .with_content_type("<|constrain|>json");
}

inline std::vector<Message> read_calls(const format::OrderedJson& json, const std::string& where,
                                       CallsById& calls) {
    std::vector<Message> messages;
    const format::OrderedJson* list = member_of(json, "tool_calls");
    if (list == nullptr || list->is_null()) return messages;
    for (const format::OrderedJson& call : require_array(*list, where + ".tool_calls")) {
        const std::string place = ".tool_calls[" + std::to_string(messages.size()) + "]";
        messages.push_back(read_call(call, where + place, calls));
    }
    return messages;
}

inline std::vector<Message> read_assistant(const format::OrderedJson& json,
                                           const std::string& where, CallsById& calls) {
    std::vector<Message> messages;
    const std::string reasoning = read_reasoning(json, where).value_or("");
    if (!reasoning.empty()) {
        messages.push_back(
            Message::from_role_and_content(Role::assistant, reasoning).with_channel("analysis"));
    }
    const std::vector<Message> called = read_calls(json, where, calls);
    const bool says_more = !called.empty() || !reasoning.empty();
    const bool is_silent = says_nothing(json, "content") || json["content"] == "";
    if (is_silent && says_more) {
        for (const char* key : {"name", "channel", "recipient", "content_type"}) {
            if (says_nothing(json, key)) continue;
            throw Error(where + "." + key + ": says how content is written, but there is none");
        }
    } else {
        Message content = read_message(json, where);
        const bool is_placed = content.channel || content.recipient;
        if (!is_placed) content.channel = called.empty() ? "final" : "commentary";
        messages.push_back(std::move(content));
    }
    messages.insert(messages.end(), called.begin(), called.end());
    return messages;
}

// --- The others -------------------------------------------------------------------------------

// The function that a tool's message answers for, by the call's id or, without one, by its name.
inline std::optional<std::string> find_called(const format::OrderedJson& json,
                                              const std::string& where,
                                              const std::optional<std::string>& name,
                                              const CallsById& calls) {
    const std::optional<std::string> id = optional_string(json, "tool_call_id", where);
    if (!id) {
        for (const auto& [called_id, called] : calls) {
            if (name && (*name == called || "functions." + *name == called)) return called;
        }
        return std::nullopt;
    }
    const auto call = calls.find(*id);
    if (call == calls.end()) {
        throw Error(where + ".tool_call_id: " + format::quoted(*id) +
                    " is the id of no call before it");
    }
    if (name && *name != call->second && "functions." + *name != call->second) {
        throw Error(where + ".name: is " + format::quoted(*name) + ", but call " +
                    format::quoted(*id) + " is of " + call->second);
    }
    return call->second;
}

inline Message read_tool_answer(const format::OrderedJson& json, const std::string& where,
                                const CallsById& calls) {
    Message message = read_message(json, where);
    const std::optional<std::string> called = find_called(json, where, message.author.name, calls);
    if (!called) return message;
    message.author.name = called;
    if (!message.recipient) message.recipient = "assistant";
    if (!message.channel) message.channel = "commentary";
    return message;
}

// Text alone is instructions; content that says what it is stays so.
inline Message read_instructions(const format::OrderedJson& json, const std::string& where) {
    const Message message = read_message(json, where);
    for (const Content& part : message.content) {
        if (!std::holds_alternative<TextContent>(part)) return message;
    }
    DeveloperContent developer;
    developer.instructions = text_of(message);
    return Message::from_role_and_content(Role::developer, developer);
}

inline void require_role(const format::OrderedJson& json, const char* key, Role role, Role expected,
                         const std::string& where) {
    if (role == expected || says_nothing(json, key)) return;
    throw Error(where + "." + key + ": stands in a message of role " + role_name(role) +
                ", expected " + role_name(expected));
}

inline std::vector<Message> read_openai_message(const format::OrderedJson& json,
                                                const std::string& where, CallsById& calls) {
    for (const char* key : kUnwrittenKeys) {
        if (says_nothing(json, key)) continue;
        throw Error(where + "." + key + ": cannot be written as Harmony, expected null");
    }
    const Role role = read_role(require_field(json, "role", where), where + ".role");
    require_role(json, "tool_calls", role, Role::assistant, where);
    require_role(json, "tool_call_id", role, Role::tool, where);
    for (const char* key : kReasoningKeys) {
        require_role(json, key, role, Role::assistant, where);
    }
    if (role == Role::assistant) return read_assistant(json, where, calls);
    if (role == Role::tool) return {read_tool_answer(json, where, calls)};
    const bool is_instructions = role == Role::system || role == Role::developer;
    return {is_instructions ? read_instructions(json, where) : read_message(json, where)};
}

}  // namespace gptoss::harmony
