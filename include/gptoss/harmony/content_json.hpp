// System and developer content and their tools as JSON, in and out.
//
//     {"type": "system_content", "reasoning_effort": "High", "conversation_start_date": "2025-06-28"}
//     {"type": "developer_content", "instructions": "Be brief.", "tools": {"functions": {...}}}
//
// In system_content a field that is absent has the builder's default, and one that is null is not
// set. So that this survives being written and read, all of them are written, null where not set.
//
// Where    harmony/json.hpp.
// Source   openai-harmony 0.0.8, src/chat.rs (serde attributes) and its Python classes, whose
//          constructors have the defaults; response formats are ours (response_format_json.hpp).
// Errors   Error with the place and the words of the original.
// Pitfalls A tool's description is required, its parameters are not. Efforts are capitalised here and
//          in lower case in the text. Beyond the original, "builtin_tools": ["browser", "python"]
//          stands for their namespaces.
#pragma once
#include <optional>
#include <string>

#include "gptoss/core/check.hpp"
#include "gptoss/format/json.hpp"
#include "gptoss/harmony/builtin_tools.hpp"
#include "gptoss/harmony/json_fields.hpp"
#include "gptoss/harmony/message.hpp"
#include "gptoss/harmony/response_format_json.hpp"

namespace gptoss::harmony {

// --- Tools ------------------------------------------------------------------------------------

inline ToolDescription read_tool(const format::OrderedJson& json, const std::string& where) {
    ToolDescription tool;
    tool.name = read_string(require_field(json, "name", where), where + ".name");
    tool.description =
        read_string(require_field(json, "description", where), where + ".description");
    const auto parameters = json.find("parameters");
    if (parameters != json.end()) tool.parameters = *parameters;
    return tool;
}

inline ToolNamespaceConfig read_namespace(const format::OrderedJson& json,
                                          const std::string& where) {
    ToolNamespaceConfig space;
    space.name = read_string(require_field(json, "name", where), where + ".name");
    space.description = optional_string(json, "description", where);
    const std::string tools_where = where + ".tools";
    for (const format::OrderedJson& tool :
         require_array(require_field(json, "tools", where), tools_where)) {
        const std::string place = "[" + std::to_string(space.tools.size()) + "]";
        space.tools.push_back(read_tool(tool, tools_where + place));
    }
    return space;
}

inline ToolNamespaces read_namespaces(const format::OrderedJson& json, const std::string& where) {
    ToolNamespaces namespaces;
    const auto tools = json.find("tools");
    if (tools != json.end() && !tools->is_null()) {
        if (!tools->is_object()) {
            throw Error(where + ".tools: invalid type: " + tools->type_name() + ", expected a map");
        }
        for (const auto& [key, space] : tools->items()) {
            namespaces[key] = read_namespace(space, where + ".tools." + key);
        }
    }
    const auto builtin = json.find("builtin_tools");
    if (builtin != json.end()) {
        for (const format::OrderedJson& name : require_array(*builtin, where + ".builtin_tools")) {
            const std::string text = read_string(name, where + ".builtin_tools");
            add_namespace(namespaces, builtin_namespace(text));
        }
    }
    return namespaces;
}

inline format::OrderedJson to_json(const ToolNamespaces& namespaces) {
    format::OrderedJson json = format::OrderedJson::object();
    for (const auto& [key, space] : namespaces) {
        format::OrderedJson entry = {{"name", space.name}};
        if (space.description) entry["description"] = *space.description;
        format::OrderedJson& tools = entry["tools"] = format::OrderedJson::array();
        for (const ToolDescription& tool : space.tools) {
            format::OrderedJson tool_json = {{"name", tool.name},
                                             {"description", tool.description}};
            if (!tool.parameters.is_null()) tool_json["parameters"] = tool.parameters;
            tools.push_back(std::move(tool_json));
        }
        format::append_member(json, key, std::move(entry));
    }
    return json;
}

// --- Content ----------------------------------------------------------------------------------

// An absent field leaves the default as it is, a null clears it.
inline void read_over_default(const format::OrderedJson& json, const char* key,
                              const std::string& where, std::optional<std::string>& value) {
    if (json.contains(key)) value = optional_string(json, key, where);
}

inline std::optional<ReasoningEffort> read_effort(const format::OrderedJson& value,
                                                  const std::string& where) {
    if (value.is_null()) return std::nullopt;
    const std::string name = read_string(value, where);
    if (name == "Low") return ReasoningEffort::low;
    if (name == "Medium") return ReasoningEffort::medium;
    if (name == "High") return ReasoningEffort::high;
    throw_unknown_variant(name, "`Low`, `Medium`, `High`", where);
}

inline std::optional<ChannelConfig> read_channel_config(const format::OrderedJson& value,
                                                        const std::string& where) {
    if (value.is_null()) return std::nullopt;
    ChannelConfig config{{}, true};
    const format::OrderedJson& channels = require_field(value, "valid_channels", where);
    for (const format::OrderedJson& channel : require_array(channels, where + ".valid_channels")) {
        config.valid_channels.push_back(read_string(channel, where + ".valid_channels"));
    }
    const format::OrderedJson& required = require_field(value, "channel_required", where);
    if (!required.is_boolean()) {
        throw Error(where + ".channel_required: invalid type: " + required.type_name() +
                    ", expected a boolean");
    }
    config.channel_required = required.get<bool>();
    return config;
}

inline SystemContent read_system_content(const format::OrderedJson& json,
                                         const std::string& where) {
    SystemContent system;
    read_over_default(json, "model_identity", where, system.model_identity);
    read_over_default(json, "knowledge_cutoff", where, system.knowledge_cutoff);
    read_over_default(json, "conversation_start_date", where, system.conversation_start_date);
    const auto effort = json.find("reasoning_effort");
    if (effort != json.end()) {
        system.reasoning_effort = read_effort(*effort, where + ".reasoning_effort");
    }
    const auto channels = json.find("channel_config");
    if (channels != json.end()) {
        system.channel_config = read_channel_config(*channels, where + ".channel_config");
    }
    system.tools = read_namespaces(json, where);
    return system;
}

inline Content read_content(const format::OrderedJson& json, const std::string& where) {
    const std::string type = read_string(require_field(json, "type", where), where + ".type");
    if (type == "text") {
        return TextContent{read_string(require_field(json, "text", where), where + ".text")};
    }
    if (type == "system_content") return read_system_content(json, where);
    if (type == "developer_content") {
        DeveloperContent developer{optional_string(json, "instructions", where),
                                   read_namespaces(json, where)};
        const format::OrderedJson* formats = member_of(json, "response_formats");
        if (formats != nullptr && !formats->is_null()) {
            developer.response_formats =
                read_response_formats(*formats, where + ".response_formats");
        }
        return developer;
    }
    throw_unknown_variant(type, "`text`, `system_content`, `developer_content`", where + ".type");
}

inline format::OrderedJson to_json(const SystemContent& system) {
    const char* efforts[] = {"Low", "Medium", "High"};
    format::OrderedJson json;
    json["type"] = "system_content";
    json["model_identity"] = json_or_null(system.model_identity);
    json["reasoning_effort"] = nullptr;
    if (system.reasoning_effort) json["reasoning_effort"] = efforts[int(*system.reasoning_effort)];
    json["conversation_start_date"] = json_or_null(system.conversation_start_date);
    json["knowledge_cutoff"] = json_or_null(system.knowledge_cutoff);
    json["channel_config"] = nullptr;
    if (system.channel_config) {
        json["channel_config"] = {{"valid_channels", system.channel_config->valid_channels},
                                  {"channel_required", system.channel_config->channel_required}};
    }
    if (!system.tools.empty()) json["tools"] = to_json(system.tools);
    return json;
}

inline format::OrderedJson to_json(const Content& content) {
    if (const auto* text = std::get_if<TextContent>(&content)) {
        return {{"type", "text"}, {"text", text->text}};
    }
    if (const auto* system = std::get_if<SystemContent>(&content)) return to_json(*system);
    const DeveloperContent& developer = std::get<DeveloperContent>(content);
    format::OrderedJson json = {{"type", "developer_content"}};
    if (developer.instructions) json["instructions"] = *developer.instructions;
    if (!developer.tools.empty()) json["tools"] = to_json(developer.tools);
    if (!developer.response_formats.empty()) {
        json["response_formats"] = to_json(developer.response_formats);
    }
    return json;
}

}  // namespace gptoss::harmony
