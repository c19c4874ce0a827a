// Response formats of a developer message: the JSON schema that an answer is to follow.
//
//     # Response Formats
//
//     ## shopping_list
//
//     // what it is for
//     {"properties":{"items":{"type":"array","items":{"type":"string"}}},"type":"object"}
//
// The schema stands on one line, without spaces and in the order of its keys. It is no TypeScript
// as that of a tool is.
//
// Where    the last section of a developer message (content.hpp); from JSON by
//          response_format_json.hpp.
// Source   openai-harmony's format document, "Structured output"; openai-harmony 0.0.8 itself has
//          no place for it. Rules c.5.4 and c.5.5 of docs/harmony.md.
// Errors   none.
// Pitfalls The model has read what is asked of it, and no more: what it samples may still be
//          anything.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "gptoss/format/json.hpp"
#include "gptoss/harmony/json_text.hpp"
#include "gptoss/harmony/plain_text.hpp"

namespace gptoss::harmony {

struct ResponseFormat {
    std::string name;
    std::optional<std::string> description = {};
    format::OrderedJson schema;
    bool operator==(const ResponseFormat&) const = default;
};

inline constexpr const char* kResponseFormatsHeading = "# Response Formats";

inline std::string response_format_text(const ResponseFormat& format) {
    std::string text = "## " + format.name + "\n\n";
    for (const std::string& line : lines_of(format.description.value_or(""))) {
        text += "// " + line + "\n";
    }
    return text + json_text(format.schema);
}

inline std::string response_formats_text(const std::vector<ResponseFormat>& formats) {
    std::vector<std::string> sections = {kResponseFormatsHeading};
    for (const ResponseFormat& format : formats) {
        sections.push_back(response_format_text(format));
    }
    return joined(sections, "\n\n");
}

}  // namespace gptoss::harmony
