#include "gptoss/harmony/tool_description.hpp"

#include "catch.hpp"

using namespace gptoss;
using namespace gptoss::harmony;

TEST_CASE("harmony_tool_description: functions are a namespace of that name", "[harmony]") {
    const ToolNamespaceConfig space = functions_namespace({{"f", "what f does"}});
    CHECK(space.name == "functions");
    CHECK(space.description == std::nullopt);
    REQUIRE(space.tools.size() == 1);
    CHECK(space.tools[0].parameters.is_null());
}

TEST_CASE("harmony_tool_description: a namespace added again replaces the first", "[harmony]") {
    ToolNamespaces namespaces;
    add_namespace(namespaces, functions_namespace({{"f", ""}}));
    add_namespace(namespaces, {"browser"});
    add_namespace(namespaces, functions_namespace({{"g", ""}}));
    REQUIRE(namespaces.size() == 2);
    CHECK(namespaces.begin()->first == "browser");
    CHECK(namespaces.at("functions").tools[0].name == "g");
}
