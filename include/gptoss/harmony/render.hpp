// Rendering: a conversation as the tokens that a model reads.
//
//     message     <|start|> author [ to=RECIPIENT] [<|channel|> CHANNEL] [ TYPE]
//                 <|message|> content terminator
//     author      role[:name]; of a tool its name alone
//     terminator  <|call|> if the assistant addresses someone, else <|end|>
//     prompt      message* <|start|> next role          the model continues the header
//
// Before rendering, the reasoning of an answered question is dropped (auto_drop_analysis): messages
// in channel "analysis" before the first one in channel "final", if the last assistant message is
// final. It has served its purpose and costs context.
//
// Where    from Conversation (harmony/message.hpp) to generate (run/generate.hpp).
// Source   openai-harmony 0.0.8, src/encoding.rs: render, render_conversation,
//          render_conversation_for_completion, render_conversation_for_training. Rules c.3 and c.9
//          of docs/harmony.md.
// Errors   Error for a tool message without a name, content of another role (harmony/content.hpp),
//          text that is not UTF-8.
// Pitfalls The recipient is written before the channel; models write it after, so a sampled call
//          rendered again has other tokens. A sampled <|return|> comes back as <|end|>. "<|constrain|>"
//          counts only at the front of a content type. No token stands in front of a conversation.
//          With the third question the second one's analysis is sent again; what a chat should send
//          instead is in harmony/chat_prompt.hpp.
#pragma once
#include <cstdint>
#include <string_view>
#include <vector>

#include "gptoss/core/check.hpp"
#include "gptoss/harmony/content.hpp"
#include "gptoss/harmony/encoding.hpp"
#include "gptoss/harmony/message.hpp"

namespace gptoss::harmony {

struct RenderOptions {
    bool conversation_has_function_tools = false;  // for a message rendered alone
};

struct RenderConversationConfig {
    bool auto_drop_analysis = true;
};

// --- One message ------------------------------------------------------------------------------

inline void append_author(HarmonyTokens& tokens, const Author& author) {
    if (author.role == Role::tool) {
        if (!author.name) throw Error("Tools should have a name!");
        tokens.append_text(*author.name);
        return;
    }
    tokens.append_text(role_name(author.role));
    if (author.name) tokens.append_text(":" + *author.name);
}

inline void append_content_type(HarmonyTokens& tokens, std::string_view content_type) {
    const std::string_view constrain = control_name(ControlToken::constrain);
    if (!content_type.starts_with(constrain)) {
        tokens.append_text(" " + std::string(content_type));
        return;
    }
    tokens.append_text(" ");
    tokens.append(ControlToken::constrain);
    tokens.append_text(content_type.substr(constrain.size()));
}

// The terminator is not part of it.
inline void append_message(HarmonyTokens& tokens, const Message& message,
                           const RenderOptions& options) {
    tokens.append(ControlToken::start);
    append_author(tokens, message.author);
    const bool is_addressed = message.recipient && *message.recipient != "all";
    if (is_addressed) tokens.append_text(" to=" + *message.recipient);
    if (message.channel) {
        tokens.append(ControlToken::channel);
        tokens.append_text(*message.channel);
    }
    if (message.content_type) append_content_type(tokens, *message.content_type);
    tokens.append(ControlToken::message);
    for (const Content& content : message.content) {
        tokens.append_text(
            content_text(content, message.author.role, options.conversation_has_function_tools));
    }
}

inline ControlToken terminator_of(const Message& message) {
    const bool is_call = message.author.role == Role::assistant && message.recipient;
    return is_call ? ControlToken::call : ControlToken::end;
}

inline std::vector<std::int32_t> render(const HarmonyEncoding& encoding, const Message& message,
                                        const RenderOptions& options = {}) {
    HarmonyTokens tokens(encoding);
    append_message(tokens, message, options);
    tokens.append(terminator_of(message));
    return tokens.ids();
}

// --- Conversations ----------------------------------------------------------------------------

inline bool has_function_tools(const Conversation& conversation) {
    for (const Message& message : conversation.messages) {
        for (const Content& content : message.content) {
            const auto* developer = std::get_if<DeveloperContent>(&content);
            if (developer == nullptr) continue;
            const auto functions = developer->tools.find(kFunctionsNamespace);
            if (functions != developer->tools.end() && !functions->second.tools.empty())
                return true;
        }
    }
    return false;
}

// Messages before this index lose their analysis; 0: nothing is dropped.
inline std::size_t first_index_to_keep(const std::vector<Message>& messages) {
    const Message* last_of_assistant = nullptr;
    for (const Message& message : messages) {
        if (message.author.role == Role::assistant) last_of_assistant = &message;
    }
    if (last_of_assistant == nullptr || last_of_assistant->channel != "final") return 0;
    for (std::size_t k = 0; k < messages.size(); ++k) {
        if (messages[k].channel == "final") return k;
    }
    return 0;
}

// The terminator that the model itself wrote: <|return|> behind a final answer at the very end.
inline ControlToken training_terminator_of(const Message& message, bool is_last) {
    const bool is_final = message.author.role == Role::assistant && message.channel == "final";
    return is_final && is_last ? ControlToken::return_ : terminator_of(message);
}

inline void append_conversation(HarmonyTokens& tokens, const Conversation& conversation,
                                const RenderConversationConfig& config, bool for_training) {
    const std::vector<Message>& messages = conversation.messages;
    const RenderOptions options{has_function_tools(conversation)};
    const std::size_t first_kept = config.auto_drop_analysis ? first_index_to_keep(messages) : 0;
    for (std::size_t k = 0; k < messages.size(); ++k) {
        const Message& message = messages[k];
        if (k < first_kept && message.channel == "analysis") continue;
        append_message(tokens, message, options);
        const bool is_last = k + 1 == messages.size();
        tokens.append(for_training ? training_terminator_of(message, is_last)
                                   : terminator_of(message));
    }
}

inline std::vector<std::int32_t> render_conversation(const HarmonyEncoding& encoding,
                                                     const Conversation& conversation,
                                                     const RenderConversationConfig& config = {}) {
    HarmonyTokens tokens(encoding);
    append_conversation(tokens, conversation, config, false);
    return tokens.ids();
}

// A prompt: next_role (usually the assistant) is to go on.
inline std::vector<std::int32_t> render_conversation_for_completion(
    const HarmonyEncoding& encoding, const Conversation& conversation, Role next_role,
    const RenderConversationConfig& config = {}) {
    HarmonyTokens tokens(encoding);
    append_conversation(tokens, conversation, config, false);
    tokens.append(ControlToken::start);
    tokens.append_text(role_name(next_role));
    return tokens.ids();
}

inline std::vector<std::int32_t> render_conversation_for_training(
    const HarmonyEncoding& encoding, const Conversation& conversation,
    const RenderConversationConfig& config = {}) {
    HarmonyTokens tokens(encoding);
    append_conversation(tokens, conversation, config, true);
    return tokens.ids();
}

}  // namespace gptoss::harmony
