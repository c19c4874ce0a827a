// Refuses a key that nobody reads. Dropped in silence, it would be missed much later.
//
//     require_known_keys(tool, {"name", "description", "parameters"}, "tools.json[0]");
//
//     tools.json[0]: unknown key "paramters"; did you mean parameters?
//     tools.json[0]: unknown key "colour", expected one of name, description, parameters
//
// Where    tools_json.hpp, openai_chat.hpp, conversation_file.hpp and response_format_json.hpp,
//          which read what people wrote. Test vectors are read as openai-harmony does: it ignores
//          such keys.
// Errors   Error, naming the place; also for what is no object.
#pragma once
#include <algorithm>
#include <string>
#include <vector>

#include "gptoss/core/check.hpp"
#include "gptoss/core/nearest_words.hpp"
#include "gptoss/format/json.hpp"
#include "gptoss/harmony/plain_text.hpp"

namespace gptoss::harmony {

inline void require_object(const format::OrderedJson& json, const std::string& where) {
    if (json.is_object()) return;
    throw Error(where + ": invalid type: " + json.type_name() + ", expected an object");
}

inline void require_known_keys(const format::OrderedJson& object,
                               const std::vector<std::string>& known, const std::string& where) {
    require_object(object, where);
    for (const auto& [key, value] : object.items()) {
        if (std::find(known.begin(), known.end(), key) != known.end()) continue;
        const std::vector<std::string> nearest = nearest_words(key, known);
        const std::string advice =
            nearest.empty() ? ", expected one of " + joined(known, ", ") : did_you_mean(nearest);
        throw Error(where + ": unknown key " + format::quoted(key) + advice);
    }
}

// For a key that must not say anything here, such as a refusal.
inline bool says_nothing(const format::OrderedJson& object, const char* key) {
    const auto found = object.find(key);
    if (found == object.end() || found->is_null()) return true;
    return found->is_structured() && found->empty();
}

}  // namespace gptoss::harmony
