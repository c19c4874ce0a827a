// The two namespaces that the models were trained with: browser (three functions) and python (none,
// a message to it is code). Described here, executed nowhere.
//
// Where    SystemContent::tools; "builtin_tools": ["browser", "python"] in JSON.
// Source   openai-harmony 0.0.8, src/chat.rs: ToolNamespaceConfig::browser and ::python. The texts
//          are part of what the models have seen, to the byte.
// Pitfalls The brackets in the citation format are U+3010 and U+3011, the dagger is U+2020. The
//          listings of the format document have stray lines; these texts are those of the renderer.
#pragma once
#include <string>

#include "gptoss/core/check.hpp"
#include "gptoss/format/json.hpp"
#include "gptoss/harmony/tool_description.hpp"

namespace gptoss::harmony {

inline constexpr const char* kBrowserDescription =
    "Tool for browsing.\n"
    "The `cursor` appears in brackets before each browsing display: `[{cursor}]`.\n"
    "Cite information from the tool using the following format:\n"
    "`【{cursor}†L{line_start}(-L{line_end})?】`, for example: `【6†L9-L11】` or `【8†L3】`.\n"
    "Do not quote more than 10 words directly from the tool output.\n"
    "sources=web (default: web)";

inline constexpr const char* kBrowserOpenDescription =
    "Opens the link `id` from the page indicated by `cursor` starting at line number `loc`, "
    "showing `num_lines` lines.\n"
    "Valid link ids are displayed with the formatting: `【{id}†.*】`.\n"
    "If `cursor` is not provided, the most recent page is implied.\n"
    "If `id` is a string, it is treated as a fully qualified URL associated with `source`.\n"
    "If `loc` is not provided, the viewport will be positioned at the beginning of the document or "
    "centered on the most relevant passage, if available.\n"
    "Use this function without `id` to scroll to a new location of an opened page.";

inline constexpr const char* kPythonDescription =
    "Use this tool to execute Python code in your chain of thought. The code will not be shown to "
    "the user. This tool should be used for internal reasoning, but not for code that is intended "
    "to be visible to the user (e.g. when creating plots, tables, or files).\n"
    "\n"
    "When you send a message containing Python code to python, it will be executed in a stateful "
    "Jupyter notebook environment. python will respond with the output of the execution or time "
    "out after 120.0 seconds. The drive at '/mnt/data' can be used to save and persist user files. "
    "Internet access for this session is UNKNOWN. Depends on the cluster.";

// A comment of a built-in tool's property is its default; they have no descriptions.
inline constexpr const char* kBrowserSearchParameters = R"({
    "type": "object",
    "properties": {
        "query": {"type": "string"},
        "topn": {"type": "number", "default": 10},
        "source": {"type": "string"}
    },
    "required": ["query"]
})";

inline constexpr const char* kBrowserOpenParameters = R"({
    "type": "object",
    "properties": {
        "id": {"type": ["number", "string"], "default": -1},
        "cursor": {"type": "number", "default": -1},
        "loc": {"type": "number", "default": -1},
        "num_lines": {"type": "number", "default": -1},
        "view_source": {"type": "boolean", "default": false},
        "source": {"type": "string"}
    }
})";

inline constexpr const char* kBrowserFindParameters = R"({
    "type": "object",
    "properties": {
        "pattern": {"type": "string"},
        "cursor": {"type": "number", "default": -1}
    },
    "required": ["pattern"]
})";

inline ToolNamespaceConfig browser_namespace() {
    const auto parameters = [](const char* text) {
        return format::parse_ordered_json("browser", text);
    };
    const ToolDescription search{
        "search", "Searches for information related to `query` and displays `topn` results.",
        parameters(kBrowserSearchParameters)};
    const ToolDescription open{"open", kBrowserOpenDescription, parameters(kBrowserOpenParameters)};
    const ToolDescription find{
        "find",
        "Finds exact matches of `pattern` in the current page, or the page given by `cursor`.",
        parameters(kBrowserFindParameters)};
    return {"browser", kBrowserDescription, {search, open, find}};
}

inline ToolNamespaceConfig python_namespace() {
    return {"python", kPythonDescription, {}};
}

inline ToolNamespaceConfig builtin_namespace(const std::string& name) {
    if (name == "browser") return browser_namespace();
    if (name == "python") return python_namespace();
    throw Error("builtin_tools: " + format::quoted(name) +
                " is unknown, expected browser or python");
}

}  // namespace gptoss::harmony
