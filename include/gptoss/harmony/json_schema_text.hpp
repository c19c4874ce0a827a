// JSON Schema as the TypeScript-like text in which the models have learnt to read parameters.
//
//     {"type": "object", "required": ["city"], "properties": {        {
//        "city":  {"type": "string", "description": "A place"},  ->   // A place
//        "units": {"type": "string", "enum": ["C", "F"],              city: string,
//                  "default": "C"}}}                                  units?: "C" | "F", // default: C
//                                                                     }
//
//     schema_text   oneOf > list of types > type > "any", the first that is there
//     object        one property after the other, each with comments above and a default behind it
//     oneOf         one variant per line: " | string // comment"
//
// What is printed is not TypeScript but close to it; the quirks are part of what the models saw.
//
// Where    "type NAME = (_: <here>) => any;" in harmony/tools.hpp.
// Source   openai-harmony 0.0.8, src/encoding.rs: json_schema_to_typescript. Rules c.7 of
//          docs/harmony.md.
// Errors   none: what is not understood is "any".
// Pitfalls Keys keep their order. Properties of the outermost object are not indented, and a closing
//          brace stands as deep as its properties. A nested object's description is printed twice.
//          Quotes in enums and defaults are not escaped. Enums of numbers, anyOf, allOf, $ref and
//          const print nothing of what they say. Recursion is as deep as the schema, which
//          format/json.hpp limits to kMaxJsonDepth.
#pragma once
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "gptoss/format/json.hpp"
#include "gptoss/harmony/json_members.hpp"
#include "gptoss/harmony/json_text.hpp"
#include "gptoss/harmony/plain_text.hpp"

namespace gptoss::harmony {

inline std::string schema_text(const format::OrderedJson& schema, const std::string& indent);

// --- Pieces -----------------------------------------------------------------------------------

inline bool has_enum(const format::OrderedJson& schema) {
    const format::OrderedJson* values = array_member(schema, "enum");
    return values != nullptr && !values->empty();
}

// A default behind "default: ": text in quotes, a choice of an enum without.
inline std::string default_text(const format::OrderedJson& value,
                                const format::OrderedJson& schema) {
    if (!value.is_string()) return json_text(value);
    const std::string text = value.get<std::string>();
    return has_enum(schema) ? text : "\"" + text + "\"";
}

// " | null", where the schema says nullable and the text does not say null yet.
inline std::string nullable_text(const format::OrderedJson& schema, const std::string& type_text) {
    const format::OrderedJson* nullable = member_of(schema, "nullable");
    const bool is_nullable = nullable != nullptr && *nullable == true;
    const bool says_null = type_text.find("null") != std::string::npos;
    return is_nullable && !says_null ? " | null" : "";
}

inline std::string type_list_text(const std::vector<std::string>& types) {
    std::vector<std::string> names = types;
    for (std::string& name : names) {
        if (name == "integer") name = "number";
    }
    return joined(names, " | ");
}

inline std::string string_type_text(const format::OrderedJson& schema) {
    if (!has_enum(schema)) return "string";
    std::vector<std::string> choices = strings_of(*array_member(schema, "enum"));
    for (std::string& choice : choices) {
        choice = "\"" + choice + "\"";
    }
    return choices.empty() ? "string" : joined(choices, " | ");
}

// One line of a oneOf, from " | " on.
inline std::string variant_text(const format::OrderedJson& variant, const std::string& indent,
                                const std::vector<std::string>& comments) {
    std::string text = schema_text(variant, indent + "   ");
    text += nullable_text(variant, text);
    if (!comments.empty()) text += " // " + joined(comments, " ");
    return indent + " | " + text;
}

// A oneOf that is not a property, such as the items of a list.
inline std::string one_of_text(const format::OrderedJson& variants, const std::string& indent) {
    std::string text;
    for (const format::OrderedJson& variant : variants) {
        std::vector<std::string> comments;
        if (const std::string* description = string_member(variant, "description")) {
            comments.push_back(*description);
        }
        if (const format::OrderedJson* value = member_of(variant, "default")) {
            // Here, and only here, a choice of an enum is quoted.
            const bool is_choice = value->is_string() && has_enum(variant);
            comments.push_back("default: " +
                               (is_choice ? json_text(*value) : default_text(*value, variant)));
        }
        text += "\n" + variant_text(variant, indent, comments);
    }
    return text;
}

// --- Properties -------------------------------------------------------------------------------

// The comments above a property.
inline std::string property_comments(const format::OrderedJson& schema, const std::string& indent) {
    std::string text;
    if (const std::string* title = string_member(schema, "title")) {
        text += indent + "// " + *title + "\n" + indent + "//\n";
    }
    const std::string* description = string_member(schema, "description");
    if (description != nullptr && member_of(schema, "oneOf") == nullptr) {
        text += indent + "// " + *description + "\n";
    }
    const format::OrderedJson* examples = array_member(schema, "examples");
    if (examples != nullptr && !examples->empty()) {
        text += indent + "// Examples:\n";
        for (const std::string& example : strings_of(*examples)) {
            text += indent + "// - \"" + example + "\"\n";
        }
    }
    return text;
}

// name is "key" or "key?". A description is not printed twice: not where the first variant has the
// same, and not at a variant that repeats the property's.
inline std::string one_of_property_text(const std::string& name, const format::OrderedJson& schema,
                                        const std::string& indent) {
    const format::OrderedJson& variants = *array_member(schema, "oneOf");
    const std::string* description = string_member(schema, "description");
    const std::string* of_first =
        variants.empty() ? nullptr : string_member(variants[0], "description");
    const bool is_repeated = description && of_first && *description == *of_first;
    const bool is_printed = description != nullptr && !is_repeated;

    std::string text;
    if (is_printed) text += indent + "// " + *description + "\n";
    if (const format::OrderedJson* value = member_of(schema, "default")) {
        text += indent + "// default: " + default_text(*value, schema) + "\n";
    }
    text += indent + name + ":\n";
    for (std::size_t k = 0; k < variants.size(); ++k) {
        const format::OrderedJson& variant = variants[k];
        std::vector<std::string> comments;
        const std::string* comment = string_member(variant, "description");
        const bool is_first_of_printed = k == 0 && is_printed;
        const bool is_the_propertys = comment && description && *comment == *description;
        if (comment && !is_first_of_printed && !is_the_propertys) comments.push_back(*comment);
        if (const format::OrderedJson* value = member_of(variant, "default")) {
            comments.push_back("default: " + default_text(*value, variant));
        }
        text += variant_text(variant, indent, comments) + "\n";
    }
    return text + indent + ",\n";
}

inline std::string plain_property_text(const std::string& name, const format::OrderedJson& schema,
                                       const std::string& indent) {
    std::string type_text = schema_text(schema, indent + "    ");
    type_text += nullable_text(schema, type_text);
    std::string text = indent + name + ": " + type_text + ",";
    const format::OrderedJson* value = member_of(schema, "default");
    if (value != nullptr && member_of(schema, "oneOf") == nullptr) {
        text += " // default: " + default_text(*value, schema);
    }
    return text + "\n";
}

inline std::string object_text(const format::OrderedJson& schema, const std::string& indent) {
    std::string text;
    if (const std::string* description = string_member(schema, "description")) {
        text += indent + "// " + *description + "\n";
    }
    text += "{\n";
    std::set<std::string> required;
    if (const format::OrderedJson* keys = array_member(schema, "required")) {
        for (std::string& key : strings_of(*keys))
            required.insert(std::move(key));
    }
    const format::OrderedJson* properties = member_of(schema, "properties");
    if (properties != nullptr && properties->is_object()) {
        for (const auto& [key, property] : properties->items()) {
            const std::string name = key + (required.contains(key) ? "" : "?");
            text += property_comments(property, indent);
            text += array_member(property, "oneOf") ? one_of_property_text(name, property, indent)
                                                    : plain_property_text(name, property, indent);
        }
    }
    return text + indent + "}";
}

// --- The whole --------------------------------------------------------------------------------

inline std::string typed_text(const format::OrderedJson& schema, const std::string& type,
                              const std::string& indent) {
    if (type == "object") return object_text(schema, indent);
    if (type == "string") return string_type_text(schema);
    if (type == "number" || type == "integer") return "number";
    if (type == "boolean") return "boolean";
    if (type != "array") return "any";
    const format::OrderedJson* items = member_of(schema, "items");
    return items ? schema_text(*items, indent) + "[]" : "Array<any>";
}

inline std::string schema_text(const format::OrderedJson& schema, const std::string& indent) {
    if (const format::OrderedJson* variants = array_member(schema, "oneOf")) {
        return one_of_text(*variants, indent);
    }
    if (const format::OrderedJson* types = array_member(schema, "type")) {
        const std::vector<std::string> names = strings_of(*types);
        if (!names.empty()) return type_list_text(names);
    }
    if (const std::string* type = string_member(schema, "type")) {
        return typed_text(schema, *type, indent);
    }
    return "any";
}

}  // namespace gptoss::harmony
