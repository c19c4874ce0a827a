// Short ways to write Harmony tests: the published vocabulary, and messages as text.
#pragma once
#include <string>
#include <vector>

#include "gptoss/harmony/parse.hpp"
#include "gptoss/harmony/render.hpp"
#include "o200k.hpp"

namespace gptoss::test {

using namespace gptoss::harmony;

inline const HarmonyEncoding& harmony() {
    static const HarmonyEncoding encoding = harmony_encoding(o200k());
    return encoding;
}

// Control tokens by their names.
inline Ids ids_of(const std::string& text) {
    return o200k().encode_with_special(text);
}

inline std::string rendered(const Message& message, bool has_functions = false) {
    return o200k().decode(render(harmony(), message, {has_functions}));
}

inline Message text_message(Role role, const std::string& text) {
    return Message::from_role_and_content(role, text);
}

inline Message system_message(const SystemContent& system) {
    return Message::from_role_and_content(Role::system, system);
}

// The text between <|message|> and the terminator.
inline std::string content_of(const Message& message, bool has_functions = false) {
    const std::string text = rendered(message, has_functions);
    const std::size_t begin = text.find("<|message|>") + std::string("<|message|>").size();
    return text.substr(begin, text.rfind("<|") - begin);
}

inline ParseResult parsed(const Ids& ids, std::optional<Role> role = {}, bool strict = true) {
    return parse_messages_from_completion_tokens(harmony(), ids, role, {strict});
}

inline ParseResult parsed(const std::string& text, std::optional<Role> role = {},
                          bool strict = true) {
    return parsed(ids_of(text), role, strict);
}

}  // namespace gptoss::test
