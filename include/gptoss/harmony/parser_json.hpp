// A StreamableParser as JSON: its state as openai-harmony writes it, and what an observer sees.
//
//     {"state": "Header", "header_tokens": [173781]}
//     {"state": "Content", "header": {"author": {"role": "assistant"}, ...}, "content_tokens": [12194]}
//
// Where    test vectors.
// Source   openai-harmony 0.0.8, src/encoding.rs: StreamableParser::state_json.
// Pitfalls content_tokens are not those that were sampled: what was decoded is encoded again, piece
//          by piece.
#pragma once
#include <optional>

#include "gptoss/format/json.hpp"
#include "gptoss/harmony/json.hpp"
#include "gptoss/harmony/parse.hpp"

namespace gptoss::harmony {

inline const char* state_name(StreamState state) {
    const char* names[] = {"ExpectStart", "Header", "Content"};
    return names[int(state)];
}

// {"state": "Content", "header": {"author": {"role": "assistant"}, ...}, "content_tokens": [12194]}
inline format::OrderedJson state_json(const StreamableParser& parser) {
    format::OrderedJson json = {{"state", state_name(parser.state())}};
    if (parser.state() == StreamState::header) json["header_tokens"] = parser.header_tokens();
    if (parser.state() == StreamState::content) {
        const MessageHeader& header = parser.current_header();
        format::OrderedJson author = {{"role", role_name(header.author.role)}};
        if (header.author.name) author["name"] = *header.author.name;
        json["header"] = {{"author", author},
                          {"recipient", json_or_null(header.recipient)},
                          {"channel", json_or_null(header.channel)},
                          {"content_type", json_or_null(header.content_type)}};
        json["content_tokens"] = parser.content_tokens();
    }
    return json;
}

// What an observer of the parser sees, under the names of the Python class.
inline format::OrderedJson observed_json(const StreamableParser& parser) {
    format::OrderedJson json;
    json["state"] = state_name(parser.state());
    const std::optional<Role> role = parser.current_role();
    json["current_role"] =
        role ? format::OrderedJson(role_name(*role)) : format::OrderedJson(nullptr);
    json["current_channel"] = json_or_null(parser.current_channel());
    json["current_recipient"] = json_or_null(parser.current_recipient());
    json["current_content_type"] = json_or_null(parser.current_content_type());
    json["last_content_delta"] = json_or_null(parser.last_content_delta());
    json["current_content"] = parser.current_content();
    return json;
}

}  // namespace gptoss::harmony
