// Tools as a conversation describes them to the model: namespaces of functions with JSON schemas.
//
//     "functions": { name: "functions", description: none, tools: [
//         { name: "get_weather", description: "...", parameters: {"type": "object", ...} } ] }
//
// A namespace with tools becomes a block of type declarations, one without is only its description.
//
// Where    SystemContent and DeveloperContent (harmony/message.hpp); written as text by
//          harmony/tools.hpp.
// Source   openai-harmony 0.0.8, src/chat.rs: ToolDescription, ToolNamespaceConfig.
// Pitfalls The order of a schema's keys is part of the text, so parameters keep it. Namespaces are
//          sorted by the key of the map, but what is printed is the name inside.
#pragma once
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "gptoss/format/json.hpp"

namespace gptoss::harmony {

struct ToolDescription {
    std::string name;
    std::string description;
    format::OrderedJson parameters = nullptr;  // a JSON schema; null: the function takes nothing
    bool operator==(const ToolDescription&) const = default;
};

struct ToolNamespaceConfig {
    std::string name;
    std::optional<std::string> description = {};
    std::vector<ToolDescription> tools = {};
    bool operator==(const ToolNamespaceConfig&) const = default;
};

using ToolNamespaces = std::map<std::string, ToolNamespaceConfig>;  // in byte order of the keys

inline constexpr const char* kFunctionsNamespace = "functions";

// The functions of a caller, as developer messages list them.
inline ToolNamespaceConfig functions_namespace(std::vector<ToolDescription> tools) {
    return {kFunctionsNamespace, std::nullopt, std::move(tools)};
}

inline void add_namespace(ToolNamespaces& namespaces, ToolNamespaceConfig added) {
    const std::string key = added.name;
    namespaces.insert_or_assign(key, std::move(added));
}

}  // namespace gptoss::harmony
