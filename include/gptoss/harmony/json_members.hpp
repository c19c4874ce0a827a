// Looking into JSON of which nothing is known: what is absent, or of another type, is a null pointer.
//
//     if (const std::string* title = string_member(schema, "title")) ...
//
// Where    json_schema_text.hpp, where a schema may hold anything anywhere.
// Source   serde_json: Value::get, Value::as_str and Value::as_array behave so.
#pragma once
#include <string>
#include <vector>

#include "gptoss/format/json.hpp"

namespace gptoss::harmony {

inline const format::OrderedJson* member_of(const format::OrderedJson& schema, const char* key) {
    if (!schema.is_object()) return nullptr;
    const auto found = schema.find(key);
    return found == schema.end() ? nullptr : &*found;
}

inline const std::string* string_member(const format::OrderedJson& schema, const char* key) {
    const format::OrderedJson* member = member_of(schema, key);
    const bool is_string = member != nullptr && member->is_string();
    return is_string ? &member->get_ref<const std::string&>() : nullptr;
}

inline const format::OrderedJson* array_member(const format::OrderedJson& schema, const char* key) {
    const format::OrderedJson* member = member_of(schema, key);
    return member != nullptr && member->is_array() ? member : nullptr;
}

inline std::vector<std::string> strings_of(const format::OrderedJson& array) {
    std::vector<std::string> strings;
    for (const format::OrderedJson& element : array) {
        if (element.is_string()) strings.push_back(element.get<std::string>());
    }
    return strings;
}

}  // namespace gptoss::harmony
