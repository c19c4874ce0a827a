// What trace runs: a text as it is, ids, or with --chat a question in the chat format; and with --max-tokens
// what the model goes on with.
#pragma once
#include <string>
#include <vector>

#include "gptoss/harmony/chat_prompt.hpp"
#include "gptoss/run/generate.hpp"
#include "models.hpp"
#include "paths.hpp"
#include "signals.hpp"
#include "tokens.hpp"

namespace gptoss::tool {

inline std::vector<std::int32_t> question_ids(const std::string& question,
                                              const OpenedModel& model) {
    using harmony::Message;
    using harmony::Role;
    if (!model.tokenizer)
        throw Error(model.dir + ": has no tokenizer.json, expected one for --chat");
    harmony::Conversation conversation;
    conversation.messages = {
        Message::from_role_and_content(Role::system, harmony::SystemContent{}),
        Message::from_role_and_content(Role::user, text_argument(question)),
    };
    return harmony::chat_prompt(harmony::harmony_encoding(*model.tokenizer), conversation);
}

// The likeliest tokens, one after the other, up to a stop token, which is kept.
inline std::vector<std::int32_t> with_answer(std::vector<std::int32_t> tokens, int max_tokens,
                                             const OpenedModel& model, const Path& path) {
    if (max_tokens == 0) return tokens;
    ChosenTransformer transformer(model.weights, path);
    GenerateOptions options;
    options.max_tokens = max_tokens;
    options.prefill_chunk = prefill_chunk();
    options.stop_ids = stop_ids_of(model);
    StopWatch stop_watch;
    const auto go_on = [](std::int32_t) { return true; };
    const GenerateResult result =
        generate(transformer, {tokens.data(), int(tokens.size())}, options, go_on, &stop_watch);
    tokens.insert(tokens.end(), result.ids.begin(), result.ids.end());
    return tokens;
}

}  // namespace gptoss::tool
