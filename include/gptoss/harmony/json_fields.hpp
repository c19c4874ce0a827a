// Reading the fields of a JSON object that must be as described, with errors in the words of serde.
//
//     messages[2]: missing field `content`
//     messages[0].role: unknown variant `robot`, expected one of `user`, ...
//
// Where    harmony/json.hpp and harmony/content_json.hpp.
// Source   serde 1, the messages of serde::de::Error, which users of openai-harmony know.
// Errors   Error, naming the place.
#pragma once
#include <optional>
#include <string>

#include "gptoss/core/check.hpp"
#include "gptoss/format/json.hpp"

namespace gptoss::harmony {

inline const format::OrderedJson& require_field(const format::OrderedJson& json, const char* key,
                                                const std::string& where) {
    if (!json.is_object()) {
        throw Error(where + ": invalid type: " + json.type_name() + ", expected an object");
    }
    const auto found = json.find(key);
    if (found == json.end()) throw Error(where + ": missing field `" + key + "`");
    return *found;
}

inline std::string read_string(const format::OrderedJson& value, const std::string& where) {
    if (value.is_string()) return value.get<std::string>();
    throw Error(where + ": invalid type: " + value.type_name() + ", expected a string");
}

inline const format::OrderedJson& require_array(const format::OrderedJson& value,
                                                const std::string& where) {
    if (value.is_array()) return value;
    throw Error(where + ": invalid type: " + value.type_name() + ", expected a list");
}

// Absent and null are the same here.
inline std::optional<std::string> optional_string(const format::OrderedJson& json, const char* key,
                                                  const std::string& where) {
    const auto found = json.find(key);
    if (found == json.end() || found->is_null()) return std::nullopt;
    return read_string(*found, where + "." + key);
}

[[noreturn]] inline void throw_unknown_variant(const std::string& got, const char* expected,
                                               const std::string& where) {
    throw Error(where + ": unknown variant `" + got + "`, expected one of " + expected);
}

inline format::OrderedJson json_or_null(const std::optional<std::string>& value) {
    return value ? format::OrderedJson(*value) : format::OrderedJson(nullptr);
}

}  // namespace gptoss::harmony
