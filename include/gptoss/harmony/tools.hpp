// The tools section of a system or developer message: namespaces as declarations of functions.
//
//     # Tools
//
//     ## functions
//
//     // what the namespace is for
//     namespace functions {
//
//     // Gets the weather.
//     type get_weather = (_: {
//     city: string,
//     }) => any;
//
//     } // namespace functions
//
// Where    harmony/content.hpp; parameters are written by json_schema_text.hpp.
// Source   openai-harmony 0.0.8, src/encoding.rs: template_tools_section. Rules c.6 of
//          docs/harmony.md.
// Pitfalls Blocks are sorted by the map's key, headings show the name. The heading's empty line
//          stays where nothing follows. A namespace without tools prints its description as it is,
//          one with tools as comments; an empty line of it is then "// " with the space.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "gptoss/harmony/json_schema_text.hpp"
#include "gptoss/harmony/plain_text.hpp"
#include "gptoss/harmony/tool_description.hpp"

namespace gptoss::harmony {

inline void add_lines(std::vector<std::string>& lines, const std::string& prefix,
                      std::string_view text) {
    for (const std::string& line : lines_of(text)) {
        lines.push_back(prefix + line);
    }
}

inline void add_tool(std::vector<std::string>& lines, const ToolDescription& tool) {
    add_lines(lines, "// ", tool.description);
    const bool takes_nothing = tool.parameters.is_null();
    const std::string parameters = takes_nothing ? "" : "_: " + schema_text(tool.parameters, "");
    lines.push_back("type " + tool.name + " = (" + parameters + ") => any;");
    lines.push_back("");
}

inline std::string namespace_text(const ToolNamespaceConfig& space) {
    std::vector<std::string> lines = {"## " + space.name, ""};
    const bool has_tools = !space.tools.empty();
    if (space.description) add_lines(lines, has_tools ? "// " : "", *space.description);
    if (has_tools) {
        lines.push_back("namespace " + space.name + " {");
        lines.push_back("");
        for (const ToolDescription& tool : space.tools) {
            add_tool(lines, tool);
        }
        lines.push_back("} // namespace " + space.name);
    }
    return joined(lines, "\n");
}

inline std::string tools_text(const ToolNamespaces& namespaces) {
    std::vector<std::string> sections = {"# Tools"};
    for (const auto& [key, space] : namespaces) {
        sections.push_back(namespace_text(space));
    }
    return joined(sections, "\n\n");
}

}  // namespace gptoss::harmony
