// Harmony as text from files and web pages, where more stands than the model's tokens.
//
//     \uFEFF<|start|>user<|message|>hi<|end|>\n<|start|>assistant<|channel|>final...<|return|>\n
//     ^ a byte order mark                   ^ pages print messages below each other       a file ^
//
// Nothing stands between messages, so what looks empty there is removed. In a message and in its
// header every character stays.
//
// Where    gptoss harmony parse, for text; token ids need no mending.
// Source   Unicode 16.0, section 23.8 (byte order mark); openai-harmony's format document prints
//          its examples so.
// Errors   none: what is no whitespace stays, and the parser names it.
#pragma once
#include <string>
#include <string_view>

#include "gptoss/harmony/encoding.hpp"

namespace gptoss::harmony {

inline constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

inline std::string_view without_byte_order_mark(std::string_view text) {
    if (text.starts_with(kByteOrderMark)) text.remove_prefix(kByteOrderMark.size());
    return text;
}

// Where the next message begins if only whitespace is in front of it, or the end; else at.
inline std::size_t skip_to_message(std::string_view text, std::size_t at) {
    const std::size_t next = text.find_first_not_of(" \t\r\n", at);
    if (next == std::string_view::npos) return text.size();
    return text.substr(next).starts_with(control_name(ControlToken::start)) ? next : at;
}

// The end of the next <|end|>, <|call|> or <|return|> from `from` on, or of the text.
inline std::size_t end_of_message(std::string_view text, std::size_t from) {
    for (std::size_t at = text.find("<|", from); at != std::string_view::npos;
         at = text.find("<|", at + 1)) {
        for (const ControlToken token :
             {ControlToken::end, ControlToken::call, ControlToken::return_}) {
            const std::string_view name = control_name(token);
            if (text.substr(at).starts_with(name)) return at + name.size();
        }
    }
    return text.size();
}

inline std::string mended_text(std::string_view text) {
    text = without_byte_order_mark(text);
    std::string mended;
    std::size_t at = skip_to_message(text, 0);
    while (at < text.size()) {
        const std::size_t end = end_of_message(text, at);
        mended += text.substr(at, end - at);
        at = skip_to_message(text, end);
    }
    return mended;
}

}  // namespace gptoss::harmony
