// JSON pattern: a JSON schema as a byte pattern. Every text that it allows is valid under the schema;
// not every valid text is allowed, since one way of writing is enough.
//
//     type         object, array, string, integer, number, boolean, null
//     properties   in the order of the schema; those of required must come, others may
//     items        with minItems and maxItems
//     maxLength    of a string, in characters, up to 1,000
//     enum, const  as written by this program, without spaces
//     anyOf        one of several schemas
//
// title, description, default, examples, $schema and $id say nothing about a text and are ignored, and
// so is additionalProperties, for none is written. Any other keyword is refused: a text that ignores
// it would not be valid.
//
// A space may follow a colon or a comma; there is no other whitespace. Numbers have 15 digits at most (json_values.hpp).
//
// Where    the tool's generate --schema.
// Source   JSON Schema 2020-12.
// Errors   Error, naming the place in the schema and the keyword.
// Pitfalls A string without maxLength may go on for ever: the run then ends at max_tokens, in the middle of it.
#pragma once
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <vector>

#include "gptoss/run/json_values.hpp"

namespace gptoss {

using SchemaJson = nlohmann::ordered_json;  // properties keep their order

class JsonPattern {
public:
    BytePattern pattern;

    explicit JsonPattern(const SchemaJson& schema) {
        pattern.set_end(value(pattern.start_state(), schema, "schema"));
    }

private:
    [[noreturn]] static void refuse(const std::string& at, const std::string& what) {
        throw Error(at + ": " + what);
    }

    static void require_known(const SchemaJson& schema, const std::string& at) {
        static const std::set<std::string> known = {
            "type",     "properties",          "required", "items",    "minItems",
            "maxItems", "maxLength",           "enum",     "const",    "anyOf",
            "title",    "description",         "default",  "examples", "$schema",
            "$id",      "additionalProperties"};
        if (!schema.is_object()) refuse(at, "is no object, expected a schema");
        for (const auto& [key, unused] : schema.items()) {
            if (!known.contains(key))
                refuse(at, "has the keyword " + key + ", which is not supported");
        }
    }

    int value(int from, const SchemaJson& schema, const std::string& at) {
        require_known(schema, at);
        if (schema.contains("const")) return pattern.text(from, schema["const"].dump());
        if (schema.contains("enum")) return one_of_texts(from, schema["enum"], at);
        if (schema.contains("anyOf")) return any_of(from, schema["anyOf"], at);
        const std::string type = schema.contains("type") && schema["type"].is_string()
                                     ? schema["type"].get<std::string>()
                                     : std::string();
        if (type == "object") return object(from, schema, at);
        if (type == "array") return array(from, schema, at);
        if (type == "string") {
            return json_string(pattern, from, count_of(schema, "maxLength", at, kNoLimit));
        }
        if (type == "integer") return json_integer(pattern, from);
        if (type == "number") return json_number(pattern, from);
        if (type == "null") return pattern.text(from, "null");
        if (type == "boolean") return one_of_texts(from, SchemaJson::array({true, false}), at);
        refuse(at, "has no type, enum, const or anyOf, expected one of them");
    }

    // --- Several ways to one end --------------------------------------------------------------

    int one_of_texts(int from, const SchemaJson& values, const std::string& at) {
        if (!values.is_array() || values.empty()) refuse(at, "enum is no list of values");
        const int end = pattern.new_state();
        for (const SchemaJson& one : values) {
            pattern.add_jump(pattern.text(from, one.dump()), end);
        }
        return end;
    }

    int any_of(int from, const SchemaJson& schemas, const std::string& at) {
        if (!schemas.is_array() || schemas.empty()) refuse(at, "anyOf is no list of schemas");
        const int end = pattern.new_state();
        for (std::size_t i = 0; i < schemas.size(); ++i) {
            const std::string place = at + ".anyOf[" + std::to_string(i) + "]";
            pattern.add_jump(value(from, schemas[i], place), end);
        }
        return end;
    }

    // --- Objects and arrays -------------------------------------------------------------------

    static std::set<std::string> required_of(const SchemaJson& schema, const std::string& at) {
        std::set<std::string> names;
        const SchemaJson required = schema.value("required", SchemaJson::array());
        for (const SchemaJson& name : required) {
            if (!schema.contains("properties") || !schema["properties"].contains(name)) {
                refuse(at, "requires " + name.dump() + ", which is not in properties");
            }
            names.insert(name);
        }
        return names;
    }

    // Behind a comma or a colon.
    int with_space(int from) {
        const int to = pattern.text(from, " ");
        pattern.add_jump(from, to);
        return to;
    }

    // first[i] is before property i with none written so far, later[i] with one or more.
    int object(int from, const SchemaJson& schema, const std::string& at) {
        const std::set<std::string> required = required_of(schema, at);
        int first = pattern.text(from, "{");
        int later = pattern.new_state();
        const SchemaJson properties = schema.value("properties", SchemaJson::object());
        for (const auto& [name, property] : properties.items()) {
            const int begin = pattern.new_state();
            pattern.add_jump(first, begin);
            pattern.add_jump(with_space(pattern.text(later, ",")), begin);
            const int colon = pattern.text(begin, SchemaJson(name).dump() + ":");
            const int written = value(with_space(colon), property, at + "." + name);
            if (required.contains(name)) {
                first = pattern.new_state();  // nothing leads there: one is written
            } else {
                pattern.add_jump(later, written);
            }
            later = written;
        }
        const int end = pattern.text(first, "}");
        pattern.add_edge(later, '}', '}', end);
        return end;
    }

    static constexpr int kMostRepeats = 1000;

    static int count_of(const SchemaJson& schema, const char* key, const std::string& at,
                        int otherwise) {
        if (!schema.contains(key)) return otherwise;
        const bool is_count = schema[key].is_number_unsigned() && schema[key] <= kMostRepeats;
        if (!is_count)
            refuse(at, std::string(key) + " is " + schema[key].dump() + ", expected 0 to 1000");
        return schema[key].get<int>();
    }

    int array(int from, const SchemaJson& schema, const std::string& at) {
        if (!schema.contains("items")) refuse(at, "has no items, expected a schema");
        const int least = count_of(schema, "minItems", at, 0);
        const int most = count_of(schema, "maxItems", at, kNoLimit);
        if (most != kNoLimit && least > most) refuse(at, "minItems is more than maxItems");
        const std::string place = at + ".items";

        int last = pattern.text(from, "[");
        const int end = pattern.new_state();
        if (least == 0) pattern.add_edge(last, ']', ']', end);
        const int n_apart = most == kNoLimit ? std::max(least, 1) : most;
        for (int n = 1; n <= n_apart; ++n) {
            const int begin = n == 1 ? last : with_space(pattern.text(last, ","));
            last = value(begin, schema["items"], place);
            if (n >= least) pattern.add_edge(last, ']', ']', end);
        }
        if (most == kNoLimit) {
            const int again = value(with_space(pattern.text(last, ",")), schema["items"], place);
            pattern.add_jump(again, last);
        }
        return end;
    }
};

}  // namespace gptoss
