// Harmony's control tokens, and token lists in which text can never become one.
//
//     <|start|> assistant <|channel|> final <|message|> Hello! <|end|>
//        |          |                                     |       |
//     append     append_text                       append_text  append
//
// HarmonyTokens grows in two ways. append takes a ControlToken, an enum of seven that nothing
// converts to, and append_text encodes without special tokens. So whatever a user, a tool or a model
// wrote, whatever it spells, arrives as text: a property of the types, not of care.
//
// Where    harmony/render.hpp writes with it; harmony/parse.hpp asks for the ids.
// Source   openai-harmony 0.0.8, src/encoding.rs: HarmonyEncoding, FormattingToken; stop_tokens and
//          stop_tokens_for_assistant_actions.
// Errors   Error if the vocabulary lacks one of the seven names.
// Pitfalls <|end|> closes a message and not the answer: a model that is stopped there never gets
//          from its analysis to the final channel. Each append_text is encoded for itself, so that
//          no token reaches across two of them.
#pragma once
#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

#include "gptoss/tokenizer/tokenizer.hpp"

namespace gptoss::harmony {

// call, end and return_ close a message.
enum class ControlToken { start, channel, constrain, message, end, call, return_ };

inline constexpr int kControlTokenCount = 7;

inline const char* control_name(ControlToken token) {
    const char* names[] = {"<|start|>", "<|channel|>", "<|constrain|>", "<|message|>",
                           "<|end|>",   "<|call|>",    "<|return|>"};
    return names[int(token)];
}

struct HarmonyEncoding {
    const tokenizer::Tokenizer& tokenizer;
    std::array<std::int32_t, kControlTokenCount> control_ids;

    std::int32_t id(ControlToken token) const { return control_ids[std::size_t(token)]; }
};

// The tokenizer must outlive the encoding.
inline HarmonyEncoding harmony_encoding(const tokenizer::Tokenizer& tokenizer) {
    HarmonyEncoding encoding{tokenizer, {}};
    for (int k = 0; k < kControlTokenCount; ++k) {
        const char* name = control_name(ControlToken(k));
        encoding.control_ids[std::size_t(k)] = tokenizer::special_id(tokenizer.vocabulary, name);
    }
    return encoding;
}

HarmonyEncoding harmony_encoding(const tokenizer::Tokenizer&&) = delete;

// What ends the content of a message.
inline std::vector<std::int32_t> stop_tokens(const HarmonyEncoding& encoding) {
    return {encoding.id(ControlToken::return_), encoding.id(ControlToken::end),
            encoding.id(ControlToken::call)};
}

// What ends an answer: generation stops here.
inline std::vector<std::int32_t> stop_tokens_for_assistant_actions(
    const HarmonyEncoding& encoding) {
    return {encoding.id(ControlToken::return_), encoding.id(ControlToken::call)};
}

class HarmonyTokens {
public:
    explicit HarmonyTokens(const HarmonyEncoding& encoding) : encoding_(encoding) {}
    explicit HarmonyTokens(const HarmonyEncoding&&) = delete;  // it must outlive the tokens

    void append(ControlToken token) { ids_.push_back(encoding_.id(token)); }

    void append_text(std::string_view text) {
        const std::vector<std::int32_t> ids = encoding_.tokenizer.encode(text);
        ids_.insert(ids_.end(), ids.begin(), ids.end());
    }

    const std::vector<std::int32_t>& ids() const { return ids_; }

private:
    const HarmonyEncoding& encoding_;
    std::vector<std::int32_t> ids_;
};

}  // namespace gptoss::harmony
