#include "gptoss/harmony/tools.hpp"

#include "catch.hpp"

using namespace gptoss;
using namespace gptoss::format;
using namespace gptoss::harmony;

namespace {

std::string text_of_namespace(const std::optional<std::string>& description,
                              std::vector<ToolDescription> tools) {
    return namespace_text({"n", description, std::move(tools)});
}

}  // namespace

TEST_CASE("harmony_tools: one function, to the letter", "[harmony]") {
    const OrderedJson schema = {{"type", "object"},
                                {"properties", {{"city", {{"type", "string"}}}}}};
    const ToolNamespaces namespaces = {
        {"functions", functions_namespace({{"get_weather", "Gets the weather.", schema}})}};
    CHECK(tools_text(namespaces) ==
          "# Tools\n"
          "\n"
          "## functions\n"
          "\n"
          "namespace functions {\n"
          "\n"
          "// Gets the weather.\n"
          "type get_weather = (_: {\n"
          "city?: string,\n"
          "}) => any;\n"
          "\n"
          "} // namespace functions");
}

TEST_CASE("harmony_tools: c.6.1 namespaces are sorted by the map's key, in byte order",
          "[harmony]") {
    const ToolNamespaces namespaces = {{"b", {"first"}}, {"a", {"second"}}, {"Z", {"third"}}};
    CHECK(tools_text(namespaces) == "# Tools\n\n## third\n\n\n## second\n\n\n## first\n");
}

TEST_CASE("harmony_tools: c.6.2 the heading shows the name inside, and an empty line",
          "[harmony]") {
    CHECK(tools_text({{"functions", {"other"}}}) == "# Tools\n\n## other\n");
}

TEST_CASE("harmony_tools: c.6.3 a namespace with tools has its description as comments",
          "[harmony]") {
    const std::vector<ToolDescription> tools = {{"f", ""}};
    CHECK(text_of_namespace("a\r\n\nb\n", tools) ==
          "## n\n\n// a\n// \n// b\nnamespace n {\n\ntype f = () => any;\n\n} // namespace n");
    CHECK(text_of_namespace("", tools) ==
          "## n\n\nnamespace n {\n\ntype f = () => any;\n\n} // namespace n");
}

TEST_CASE("harmony_tools: c.6.3 a namespace without tools has its description as it is",
          "[harmony]") {
    CHECK(text_of_namespace("a\r\n\nb\n", {}) == "## n\n\na\n\nb");
}

TEST_CASE("harmony_tools: c.6.4 a tool is its description and a type", "[harmony]") {
    CHECK_THAT(text_of_namespace({}, {{"f", "one\ntwo", OrderedJson::object()}, {"g", "three"}}),
               ContainsSubstring("namespace n {\n\n"
                                 "// one\n// two\ntype f = (_: any) => any;\n\n"
                                 "// three\ntype g = () => any;\n\n"
                                 "} // namespace n"));
}

TEST_CASE("harmony_tools: c.6.4 parameters that are no object are taken as they are", "[harmony]") {
    CHECK_THAT(text_of_namespace({}, {{"apply_patch", "", {{"type", "string"}}}}),
               ContainsSubstring("type apply_patch = (_: string) => any;"));
    CHECK_THAT(text_of_namespace({}, {{"f", "", {{"type", "object"}}}}),
               ContainsSubstring("type f = (_: {\n}) => any;"));
}

TEST_CASE("harmony_tools: c.6.5 a namespace without anything is its heading", "[harmony]") {
    CHECK(text_of_namespace(std::nullopt, {}) == "## n\n");
    CHECK(text_of_namespace("", {}) == "## n\n");
}
