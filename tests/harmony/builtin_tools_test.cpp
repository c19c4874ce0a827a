#include "gptoss/harmony/builtin_tools.hpp"

#include "catch.hpp"
#include "gptoss/harmony/tools.hpp"

using namespace gptoss;
using namespace gptoss::harmony;

TEST_CASE("harmony_builtin_tools: c.8.1 the browser describes itself in six lines", "[harmony]") {
    const std::string text = namespace_text(browser_namespace());
    CHECK_THAT(text, ContainsSubstring("## browser\n\n// Tool for browsing.\n// The `cursor` "));
    CHECK_THAT(text, ContainsSubstring("// `【{cursor}†L{line_start}(-L{line_end})?】`, for "
                                       "example: `【6†L9-L11】` or `【8†L3】`.\n"));
    CHECK_THAT(text, ContainsSubstring("// sources=web (default: web)\nnamespace browser {\n"));
}

TEST_CASE("harmony_builtin_tools: c.8.2 search, open and find", "[harmony]") {
    const std::string text = namespace_text(browser_namespace());
    CHECK_THAT(text, ContainsSubstring("type search = (_: {\n"
                                       "query: string,\n"
                                       "topn?: number, // default: 10\n"
                                       "source?: string,\n"
                                       "}) => any;\n"));
    CHECK_THAT(text, ContainsSubstring("type open = (_: {\n"
                                       "id?: number | string, // default: -1\n"
                                       "cursor?: number, // default: -1\n"
                                       "loc?: number, // default: -1\n"
                                       "num_lines?: number, // default: -1\n"
                                       "view_source?: boolean, // default: false\n"
                                       "source?: string,\n"
                                       "}) => any;\n"));
    CHECK_THAT(text, ContainsSubstring("type find = (_: {\n"
                                       "pattern: string,\n"
                                       "cursor?: number, // default: -1\n"
                                       "}) => any;\n"));
}

TEST_CASE("harmony_builtin_tools: c.8.3 python is a description and no tools", "[harmony]") {
    const std::string text = namespace_text(python_namespace());
    CHECK_THAT(text, ContainsSubstring("## python\n\nUse this tool to execute Python code in your "
                                       "chain of thought. The code "));
    CHECK_THAT(text, ContainsSubstring("files).\n\nWhen you send a message containing Python"));
    CHECK_THAT(text, ContainsSubstring("UNKNOWN. Depends on the cluster."));
    CHECK(python_namespace().tools.empty());
}

TEST_CASE("harmony_builtin_tools: by name, and no others", "[harmony][errors]") {
    CHECK(builtin_namespace("browser") == browser_namespace());
    CHECK(builtin_namespace("python") == python_namespace());
    CHECK_THROWS_WITH(builtin_namespace("bash"),
                      "builtin_tools: \"bash\" is unknown, expected browser or python");
}
