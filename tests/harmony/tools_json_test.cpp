#include "gptoss/harmony/tools_json.hpp"

#include "catch.hpp"
#include "gptoss/harmony/tools.hpp"

using namespace gptoss;
using namespace gptoss::format;
using namespace gptoss::harmony;

namespace {

ToolsRead tools_from(const std::string& json) {
    return read_tools(parse_ordered_json("t", json), "t");
}

std::string text_from(const std::string& json) {
    return tools_text(tools_from(json).namespaces);
}

std::string error_from(const std::string& json) {
    try {
        tools_from(json);
    } catch (const Error& error) {
        return error.what();
    }
    return "no error";
}

const std::string kSchema =
    R"({"type": "object", "properties": {"path": {"type": "string"}}, "required": ["path"]})";
const std::string kMcpTool =
    R"({"name": "read_note", "description": "Reads a note.", "inputSchema": )" + kSchema + "}";

// What openai-harmony 0.0.8 makes of the tool.
const std::string kReadNote =
    "# Tools\n\n## functions\n\nnamespace functions {\n\n// Reads a note.\n"
    "type read_note = (_: {\npath: string,\n}) => any;\n\n} // namespace functions";

}  // namespace

TEST_CASE("tools_json: every form of the same tool is the same text", "[harmony]") {
    const std::string function =
        R"("name": "read_note", "description": "Reads a note.", "parameters": )" + kSchema;
    const std::string ours = "{" + function + "}";
    const std::string openai = R"({"type": "function", "function": {)" + function + "}}";
    const std::string space = R"({"name": "functions", "tools": [)" + ours + "]}";
    const std::string result = R"({"tools": [)" + kMcpTool + "]}";
    for (const std::string& form :
         {"[" + ours + "]", ours, "[" + openai + "]", openai,
          R"([{"type": "function", "strict": true, )" + function + "}]", space,
          R"({"functions": )" + space + "}", "[" + kMcpTool + "]", result,
          R"({"jsonrpc": "2.0", "id": 1, "result": )" + result + "}"}) {
        CAPTURE(form);
        CHECK(text_from(form) == kReadNote);
    }
}

TEST_CASE("tools_json: without description and parameters there is neither", "[harmony]") {
    const std::string bare =
        "# Tools\n\n## functions\n\nnamespace functions {\n\ntype f = () => any;\n\n"
        "} // namespace functions";
    CHECK(text_from(R"([{"type": "function", "function": {"name": "f"}}])") == bare);
    CHECK(text_from(R"([{"name": "f", "description": null, "parameters": null}])") == bare);
    CHECK(text_from(R"([{"name": "f", "parameters": {"type": "object", "properties": {}}}])") !=
          bare);
}

TEST_CASE("tools_json: MCP's keys for programs are read over, a page of several is noted",
          "[harmony]") {
    const ToolsRead read = tools_from(
        R"({"tools": [{"name": "f", "title": "F", "icons": [], "inputSchema": {},
            "outputSchema": {}, "annotations": {"readOnlyHint": true}, "execution": {},
            "_meta": {}}], "nextCursor": "2"})");
    CHECK(read.namespaces.at("functions").tools.at(0) ==
          ToolDescription{"f", "", OrderedJson::object()});
    CHECK(read.note == "t.nextCursor: one page of several, the tools of the others are missing");
    CHECK_FALSE(tools_from(R"({"tools": []})").note);
    CHECK(tools_from(R"({"tools": []})").namespaces.empty());
}

TEST_CASE("tools_json: namespaces keep their names and descriptions", "[harmony]") {
    const ToolsRead read = tools_from(
        R"({"b": {"name": "x", "description": "D", "tools": []},
            "a": {"name": "a", "tools": [{"name": "f", "inputSchema": {"type": "object"}}]}})");
    CHECK(read.namespaces.at("b") == ToolNamespaceConfig{"x", "D", {}});
    CHECK(read.namespaces.at("a").tools.at(0).parameters.dump() == R"({"type":"object"})");
}

TEST_CASE("tools_json: unknown keys are named, with what may have been meant",
          "[harmony][errors]") {
    CHECK(error_from(R"([{"name": "f", "description": "d", "paramters": {}}])") ==
          "t[0]: unknown key \"paramters\"; did you mean parameters?");
    CHECK(error_from(R"([{"name": "f", "input_schema": {}}])") ==
          "t[0]: unknown key \"input_schema\"; did you mean inputSchema?");
    CHECK(error_from(R"([{"type": "function", "function": {"name": "f", "desciption": "d"}}])") ==
          "t[0].function: unknown key \"desciption\"; did you mean description?");
    CHECK(error_from(R"([{"type": "function", "fuction": {"name": "f"}}])") ==
          "t[0]: unknown key \"fuction\"; did you mean function?");
    CHECK(error_from(R"({"a": {"name": "a", "tool": []}})") ==
          "t.a: unknown key \"tool\"; did you mean tools?");
    CHECK(error_from(R"({"tools": [], "next": "2"})") ==
          "t: unknown key \"next\", expected one of tools, nextCursor, _meta");
}

TEST_CASE("tools_json: what is no schema, no function or no list is named", "[harmony][errors]") {
    CHECK(error_from(R"([{"name": "f", "parameters": "object"}])") ==
          "t[0].parameters: invalid type: string, expected an object (a JSON schema)");
    CHECK(error_from(R"([{"name": "f", "inputSchema": []}])") ==
          "t[0].inputSchema: invalid type: array, expected an object (a JSON schema)");
    CHECK(error_from(R"([{"name": "f", "inputSchema": {}, "parameters": {}}])") ==
          "t[0]: has both parameters and inputSchema, expected one");
    CHECK(error_from(R"([{"type": "web_search"}])") ==
          "t[0].type: is \"web_search\", expected function: nothing else can be described");
    CHECK(error_from(R"([{"type": "custom", "function": {"name": "f"}}])") ==
          "t[0].type: is \"custom\", expected function: nothing else can be described");
    CHECK(error_from(R"([{"description": "d"}])") == "t[0]: missing field `name`");
    CHECK(error_from(R"({"jsonrpc": "2.0", "id": 1, "error": {"code": -1, "message": "no"}})") ==
          R"(t.error: the server lists no tools but says {"code":-1,"message":"no"})");
    CHECK(error_from(R"({"jsonrpc": "2.0", "id": 1})") == "t: missing field `result`");
    CHECK(error_from("5") == "t: invalid type: number, expected a list of tools or an object");
}

TEST_CASE("tools_json: a wrong type anywhere is an error that names the place",
          "[harmony][errors]") {
    const OrderedJson forms = parse_ordered_json("forms", R"([
        [{"type": "function", "function": {"name": "f", "description": "d", "parameters": {}}}],
        {"jsonrpc": "2.0", "result": {"tools": [{"name": "f", "inputSchema": {}}],
                                      "nextCursor": "2"}},
        {"a": {"name": "a", "description": "d", "tools": [{"name": "f", "description": "d"}]}}])");
    const OrderedJson wrong[] = {true, 5, 1.5, "x", OrderedJson::array({5}), {{"x", 5}}};
    const std::string read_by_nobody = "/jsonrpc";
    int n_errors = 0;
    const OrderedJson places = forms.flatten();  // every leaf, and with them every object above it
    for (const auto& [path, value] : places.items()) {
        if (path.ends_with(read_by_nobody)) continue;
        for (const OrderedJson& replacement : wrong) {
            if (replacement.type() == value.type()) continue;
            const bool is_schema = path.ends_with("parameters") || path.ends_with("inputSchema");
            if (is_schema && replacement.is_object()) continue;
            OrderedJson changed = forms;
            changed[OrderedJson::json_pointer(path)] = replacement;
            CAPTURE(path, replacement);
            const std::size_t form = std::size_t(path[1] - '0');
            CHECK_THROWS_AS(read_tools(changed[form], "t"), Error);
            ++n_errors;
        }
    }
    CHECK(n_errors > 50);
}
