// What a chat sends to the model: the conversation without the reasoning of what is answered.
//
//     q1 A1 F1 q2 A2 F2 q3             ->   q1 F1 q2 F2 q3              A analysis, F final answer
//     q1 A1 F1 q2 A2 call output       ->   q1 F1 q2 A2 call output     the answer is still to come
//
// Behind the last final answer everything is kept: between a call and its answer the model goes on
// with the thought that led to the call.
//
// Where    run/chat.hpp, before each answer.
// Source   openai-harmony's format document, "Handling reasoning output in subsequent sampling";
//          the chat template of openai/gpt-oss-20b.
// Pitfalls openai-harmony 0.0.8 does not do this by itself, and neither does render: it drops what
//          stands before the first final answer, so A2 is sent with q3; and nothing at all while
//          the last assistant message is a call, so A1 comes back with it.
#pragma once
#include <cstddef>
#include <cstdint>
#include <vector>

#include "gptoss/harmony/render.hpp"

namespace gptoss::harmony {

// The index of the last final answer, or 0.
inline std::size_t last_answer_at(const std::vector<Message>& messages) {
    for (std::size_t k = messages.size(); k > 0; --k) {
        const Message& message = messages[k - 1];
        const bool is_answer = message.author.role == Role::assistant && message.channel == "final";
        if (is_answer) return k - 1;
    }
    return 0;
}

inline Conversation without_old_analysis(const Conversation& conversation) {
    const std::size_t first_kept = last_answer_at(conversation.messages);
    Conversation kept;
    for (std::size_t k = 0; k < conversation.messages.size(); ++k) {
        const Message& message = conversation.messages[k];
        if (k >= first_kept || message.channel != "analysis") kept.messages.push_back(message);
    }
    return kept;
}

inline std::vector<std::int32_t> chat_prompt(const HarmonyEncoding& encoding,
                                             const Conversation& conversation,
                                             bool keep_analysis = false) {
    const RenderConversationConfig as_it_is{false};
    return render_conversation_for_completion(
        encoding, keep_analysis ? conversation : without_old_analysis(conversation),
        Role::assistant, as_it_is);
}

}  // namespace gptoss::harmony
