// Descriptions of tools as people have them in files, all read into the same namespaces.
//
//     openai-harmony   {"functions": {"name": "functions", "tools": [{"name", "description",
//                      "parameters"}]}}, or one such namespace, or the list inside it
//     OpenAI           [{"type": "function", "function": {"name", "description", "parameters"}}],
//                      or without the inner object, as the Responses API has it
//     MCP              [{"name", "description", "inputSchema"}], what tools/list answers:
//                      {"tools": [...]}, or the JSON-RPC message around it
//
// A list of tools becomes the namespace "functions". A description is optional, and so are
// parameters: without them a function takes nothing.
//
// Where    gptoss chat --tools, and tools inside of conversation files (conversation_file.hpp).
// Source   openai-harmony 0.0.8, its Python classes; OpenAI's API reference, "tools" of chat
//          completions and responses; Model Context Protocol 2025-11-25, server/tools.
// Errors   Error, naming the place: keys that are unknown, schemas that are no object, tools that
//          are no functions.
// Pitfalls What only concerns programs is read over: OpenAI's strict; MCP's title, icons,
//          annotations, outputSchema, execution and _meta. A schema's own keys are not checked:
//          JSON Schema allows any. MCP's answer may be one page of several; ToolsRead::note then
//          says so.
#pragma once
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "gptoss/harmony/json_fields.hpp"
#include "gptoss/harmony/json_members.hpp"
#include "gptoss/harmony/known_keys.hpp"
#include "gptoss/harmony/tool_description.hpp"

namespace gptoss::harmony {

struct ToolsRead {
    ToolNamespaces namespaces;
    std::optional<std::string> note = {};  // what else the file says there is
};

// --- One tool ---------------------------------------------------------------------------------

inline void require_function_type(const format::OrderedJson& json, const std::string& where) {
    const std::optional<std::string> type = optional_string(json, "type", where);
    if (!type || *type == "function") return;
    throw Error(where + ".type: is " + format::quoted(*type) +
                ", expected function: nothing else can be described");
}

// Null where it is absent: the tool takes nothing.
inline format::OrderedJson read_schema(const format::OrderedJson& json, const char* key,
                                       const std::string& where) {
    const format::OrderedJson* schema = member_of(json, key);
    if (schema == nullptr || schema->is_null()) return nullptr;
    if (schema->is_object()) return *schema;
    throw Error(where + "." + key + ": invalid type: " + schema->type_name() +
                ", expected an object (a JSON schema)");
}

inline ToolDescription read_function(const format::OrderedJson& json,
                                     const std::vector<std::string>& keys,
                                     const std::string& where) {
    require_known_keys(json, keys, where);
    require_function_type(json, where);
    ToolDescription tool;
    tool.name = read_string(require_field(json, "name", where), where + ".name");
    tool.description = optional_string(json, "description", where).value_or("");
    tool.parameters = read_schema(json, "parameters", where);
    const format::OrderedJson input_schema = read_schema(json, "inputSchema", where);
    if (input_schema.is_null()) return tool;
    if (!tool.parameters.is_null()) {
        throw Error(where + ": has both parameters and inputSchema, expected one");
    }
    tool.parameters = input_schema;
    return tool;
}

inline ToolDescription read_any_tool(const format::OrderedJson& json, const std::string& where) {
    if (member_of(json, "function") == nullptr) {
        return read_function(
            json,
            {"type", "name", "description", "parameters", "strict", "function", "inputSchema",
             "title", "icons", "annotations", "outputSchema", "execution", "_meta"},
            where);
    }
    require_known_keys(json, {"type", "function"}, where);
    require_function_type(json, where);
    return read_function(json["function"], {"name", "description", "parameters", "strict"},
                         where + ".function");
}

// --- Many -------------------------------------------------------------------------------------

inline std::vector<ToolDescription> read_tool_list(const format::OrderedJson& json,
                                                   const std::string& where) {
    std::vector<ToolDescription> tools;
    for (const format::OrderedJson& tool : require_array(json, where)) {
        tools.push_back(read_any_tool(tool, where + "[" + std::to_string(tools.size()) + "]"));
    }
    return tools;
}

// An empty list describes nothing; the heading of its namespace alone would say less than nothing.
inline ToolsRead functions_of(std::vector<ToolDescription> tools) {
    ToolsRead read;
    if (!tools.empty()) add_namespace(read.namespaces, functions_namespace(std::move(tools)));
    return read;
}

inline ToolNamespaceConfig read_any_namespace(const format::OrderedJson& json,
                                              const std::string& where) {
    require_known_keys(json, {"name", "description", "tools"}, where);
    ToolNamespaceConfig space;
    space.name = read_string(require_field(json, "name", where), where + ".name");
    space.description = optional_string(json, "description", where);
    space.tools = read_tool_list(require_field(json, "tools", where), where + ".tools");
    return space;
}

inline ToolsRead read_mcp_result(const format::OrderedJson& json, const std::string& where) {
    require_known_keys(json, {"tools", "nextCursor", "_meta"}, where);
    ToolsRead read =
        functions_of(read_tool_list(require_field(json, "tools", where), where + ".tools"));
    if (optional_string(json, "nextCursor", where).value_or("") != "") {
        read.note = where + ".nextCursor: one page of several, the tools of the others are missing";
    }
    return read;
}

inline ToolsRead read_json_rpc(const format::OrderedJson& json, const std::string& where) {
    if (!says_nothing(json, "error")) {
        throw Error(where + ".error: the server lists no tools but says " + json["error"].dump());
    }
    require_known_keys(json, {"jsonrpc", "id", "result"}, where);
    return read_mcp_result(require_field(json, "result", where), where + ".result");
}

inline ToolsRead read_tools(const format::OrderedJson& json, const std::string& where) {
    if (json.is_array()) return functions_of(read_tool_list(json, where));
    if (!json.is_object()) {
        throw Error(where + ": invalid type: " + json.type_name() +
                    ", expected a list of tools or an object");
    }
    if (json.contains("jsonrpc") || json.contains("result")) return read_json_rpc(json, where);
    if (array_member(json, "tools") != nullptr) {
        if (!json.contains("name")) return read_mcp_result(json, where);
        ToolsRead read;
        add_namespace(read.namespaces, read_any_namespace(json, where));
        return read;
    }
    const bool is_one_tool = json.contains("function") || string_member(json, "name") != nullptr;
    if (is_one_tool) return functions_of({read_any_tool(json, where)});
    ToolsRead read;
    for (const auto& [key, space] : json.items()) {
        read.namespaces[key] = read_any_namespace(space, where + "." + key);
    }
    return read;
}

}  // namespace gptoss::harmony
