// Response formats as JSON, in and out, and read back from a developer's text.
//
//     ours      {"name": "shopping_list", "description": "...", "schema": {...}}
//     OpenAI    {"type": "json_schema", "json_schema": {"name", "description", "schema"}}, or
//               without the inner object, as the Responses API has it
//     a schema  {"type": "object", "title": "ShoppingList", ...}: the title is the name
//
// or a list of these.
//
// Where    gptoss chat --response-format; developer content and conversation files;
//          gptoss harmony parse --response-formats.
// Source   OpenAI's API reference, "response_format" of chat completions and "text.format" of
//          responses.
// Errors   Error, naming the place. A text that does not hold formats is no error.
// Pitfalls OpenAI's strict is read over: nothing here keeps a model to the schema.
#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "gptoss/harmony/json_fields.hpp"
#include "gptoss/harmony/json_members.hpp"
#include "gptoss/harmony/known_keys.hpp"
#include "gptoss/harmony/response_format.hpp"

namespace gptoss::harmony {

// --- From JSON --------------------------------------------------------------------------------

inline ResponseFormat read_named_format(const format::OrderedJson& json, const std::string& where) {
    require_known_keys(json, {"type", "name", "description", "schema", "strict"}, where);
    const std::string name = read_string(require_field(json, "name", where), where + ".name");
    if (name.empty() || name.find('\n') != std::string::npos) {
        throw Error(where + ".name: is " + format::quoted(name) + ", expected a line of text");
    }
    ResponseFormat format;
    format.name = name;
    format.description = optional_string(json, "description", where);
    format.schema = require_field(json, "schema", where);
    require_object(format.schema, where + ".schema");
    return format;
}

inline ResponseFormat read_response_format(const format::OrderedJson& json,
                                           const std::string& where) {
    require_object(json, where);
    const std::string type = optional_string(json, "type", where).value_or("json_schema");
    if (type == "object") {
        const std::string name = optional_string(json, "title", where).value_or("response");
        return {name, std::nullopt, json};
    }
    if (type != "json_schema") {
        throw Error(where + ".type: is " + format::quoted(type) +
                    ", expected json_schema, or object if it is a schema itself");
    }
    if (!json.contains("json_schema")) return read_named_format(json, where);
    require_known_keys(json, {"type", "json_schema"}, where);
    return read_named_format(json["json_schema"], where + ".json_schema");
}

inline std::vector<ResponseFormat> read_response_formats(const format::OrderedJson& json,
                                                         const std::string& where) {
    if (!json.is_array()) return {read_response_format(json, where)};
    std::vector<ResponseFormat> formats;
    for (const format::OrderedJson& format : json) {
        const std::string place = "[" + std::to_string(formats.size()) + "]";
        formats.push_back(read_response_format(format, where + place));
    }
    return formats;
}

inline format::OrderedJson to_json(const std::vector<ResponseFormat>& formats) {
    format::OrderedJson json = format::OrderedJson::array();
    for (const ResponseFormat& format : formats) {
        format::OrderedJson entry = {{"name", format.name}};
        if (format.description) entry["description"] = *format.description;
        entry["schema"] = format.schema;
        json.push_back(std::move(entry));
    }
    return json;
}

// --- From text --------------------------------------------------------------------------------

struct DeveloperText {
    std::string before;  // the other sections, with the empty line behind them
    std::vector<ResponseFormat> formats;
};

// "## NAME", an empty line, comments, a schema.
inline std::optional<ResponseFormat> parse_response_format(std::string_view section) {
    std::vector<std::string> lines = lines_of(section);
    if (lines.size() < 3 || !lines[0].starts_with("## ") || !lines[1].empty()) return std::nullopt;
    ResponseFormat format;
    format.name = lines[0].substr(3);
    std::vector<std::string> comments;
    for (std::size_t k = 2; k + 1 < lines.size(); ++k) {
        if (!lines[k].starts_with("// ")) return std::nullopt;
        comments.push_back(lines[k].substr(3));
    }
    if (!comments.empty()) format.description = joined(comments, "\n");
    try {
        format.schema = format::parse_ordered_json("schema", lines.back());
    } catch (const Error&) {
        return std::nullopt;
    }
    return format;
}

// Only if the formats, written again, are the same text to the letter.
inline std::optional<DeveloperText> parse_developer_text(const std::string& text) {
    const std::string heading = std::string(kResponseFormatsHeading) + "\n\n";
    const std::size_t at = text.rfind(heading);
    if (at == std::string::npos) return std::nullopt;
    DeveloperText developer{text.substr(0, at), {}};
    std::string_view rest = std::string_view(text).substr(at + heading.size());
    while (!rest.empty()) {
        const std::size_t next = rest.find("\n\n## ");
        const std::optional<ResponseFormat> format = parse_response_format(rest.substr(0, next));
        if (!format) return std::nullopt;
        developer.formats.push_back(*format);
        rest.remove_prefix(next == std::string_view::npos ? rest.size() : next + 2);
    }
    const bool is_whole_section = developer.before.empty() || developer.before.ends_with("\n\n");
    const bool is_same = response_formats_text(developer.formats) == text.substr(at);
    if (!is_whole_section || !is_same || developer.formats.empty()) return std::nullopt;
    return developer;
}

}  // namespace gptoss::harmony
