// A message's header: what stands between <|start|> and <|message|>, as text, taken apart.
//
//     assistant<|channel|>commentary to=functions.get_weather <|constrain|>json
//     role              channel        recipient              content type
//
//     1  the channel is cut out, wherever it stands      assistant to=functions.get_weather <|...
//     2  <|constrain|> is set apart by a space
//     3  the rest is cut into words                      assistant | to=functions... | <|...|>json
//     4  the first word is the role, or names a tool     to=functions... | <|...|>json
//     5  the last two are recipient and content type     nothing may be left
//
// Models write the recipient before the channel or after it; both are read.
//
// Where    harmony/parse.hpp, at each <|message|>.
// Source   openai-harmony 0.0.8, src/encoding.rs: parse_header_from_tokens. Rules d.2 of
//          docs/harmony.md.
// Errors   HarmonyError with the original's words.
// Pitfalls A single word without "to=" is a recipient, not a content type: " json" alone is read as
//          one. The type comes last: "json to=f" is an error. "user:name" is rendered but not read.
//          The channel ends at Unicode whitespace, words at ASCII whitespace without U+000B.
#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gptoss/harmony/encoding.hpp"
#include "gptoss/harmony/error.hpp"
#include "gptoss/harmony/message.hpp"
#include "gptoss/harmony/plain_text.hpp"
#include "gptoss/tokenizer/utf8.hpp"

namespace gptoss::harmony {

struct MessageHeader {
    Author author;
    std::optional<std::string> recipient = {};
    std::optional<std::string> channel = {};
    std::optional<std::string> content_type = {};
};

// --- The steps --------------------------------------------------------------------------------

// Removes the channel's marker and value from header.
inline std::optional<std::string> take_channel(std::string& header) {
    const std::string_view marker = control_name(ControlToken::channel);
    const std::size_t marker_at = header.find(marker);
    if (marker_at == std::string::npos) return std::nullopt;

    const std::size_t begin = marker_at + marker.size();
    std::size_t end = begin;
    while (end < header.size() && header[end] != '<' && !is_space_at(header, end)) {
        end += std::size_t(tokenizer::read_utf8(header, end).length);
    }
    if (end == begin) {
        throw HarmonyError("channel marker present but no channel value found in header");
    }
    const std::string channel = header.substr(begin, end - begin);
    header.erase(marker_at, end - marker_at);
    return channel;
}

inline std::string with_constrain_apart(std::string_view header) {
    const std::string_view marker = control_name(ControlToken::constrain);
    std::string text;
    std::size_t from = 0;
    for (std::size_t at = header.find(marker); at != std::string_view::npos;
         at = header.find(marker, at + marker.size())) {
        text += header.substr(from, at - from);
        text += " ";
        from = at;
    }
    text += header.substr(from);
    return std::string(trimmed(text));
}

// Removes the words that say who speaks; role is known if the prompt ended with it.
inline Author take_author(std::vector<std::string>& words, std::optional<Role> role) {
    Author author;
    if (role) {
        author.role = *role;
    } else {
        if (words.empty()) throw HarmonyError("message header did not contain a role");
        const std::string first = words[0];
        const std::optional<Role> named = find_role(first);
        const bool can_be_tool = words.size() > 1 || first.starts_with("to=");
        if (!named && !can_be_tool) throw HarmonyError("Unknown role: " + first);
        author.role = named.value_or(Role::tool);
        if (author.role == Role::tool) author.name = first;
        if (!named) words.erase(words.begin());
    }
    const bool repeats_role = !words.empty() && words[0] == role_name(author.role);
    if (repeats_role) words.erase(words.begin());
    return author;
}

inline std::string without_to(const std::string& word) {
    return word.starts_with("to=") ? word.substr(3) : word;
}

// Removes the last words: [recipient] [content type].
inline void take_recipient_and_type(std::vector<std::string>& words, MessageHeader& header) {
    if (words.empty()) return;
    const std::string last = words.back();
    words.pop_back();
    if (last.starts_with("to=") || words.empty()) {
        header.recipient = without_to(last);
        return;
    }
    header.content_type = last;
    header.recipient = without_to(words.back());
    words.pop_back();
}

// --- The whole --------------------------------------------------------------------------------

struct HeaderWords {
    MessageHeader header;            // author and channel are set
    std::vector<std::string> words;  // the rest
};

inline HeaderWords read_header_start(std::string text, std::optional<Role> role) {
    HeaderWords result;
    result.header.channel = take_channel(text);
    result.words = words_of(with_constrain_apart(trimmed(text)));
    result.header.author = take_author(result.words, role);
    return result;
}

inline MessageHeader parse_header(std::string text, std::optional<Role> role) {
    auto [header, words] = read_header_start(std::move(text), role);
    take_recipient_and_type(words, header);
    if (!words.empty()) {
        throw HarmonyError("unexpected tokens remaining in message header: Some(" +
                           rust_quoted(joined(words, " ")) + ")");
    }
    return header;
}

}  // namespace gptoss::harmony
