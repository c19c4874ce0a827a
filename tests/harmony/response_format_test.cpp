#include "gptoss/harmony/response_format.hpp"

#include "catch.hpp"
#include "harmony_text.hpp"

using namespace gptoss;
using namespace gptoss::format;
using namespace gptoss::harmony;

namespace {

// The example of the format document.
ResponseFormat shopping_list() {
    return {"shopping_list", std::nullopt, OrderedJson::parse(R"({"properties": {"items": {
        "type": "array", "description": "entries on the shopping list",
        "items": {"type": "string"}}}, "type": "object"})")};
}

}  // namespace

TEST_CASE("response_format: c.5.4 the example of the format document", "[harmony]") {
    const DeveloperContent developer{"You are a helpful shopping assistant", {}, {shopping_list()}};
    const Message message = Message::from_role_and_content(Role::developer, developer);
    CHECK(
        test::rendered(message) ==
        "<|start|>developer<|message|># Instructions\n\nYou are a helpful shopping assistant\n\n"
        "# Response Formats\n\n## shopping_list\n\n"
        "{\"properties\":{\"items\":{\"type\":\"array\",\"description\":\"entries on the shopping "
        "list\",\"items\":{\"type\":\"string\"}}},\"type\":\"object\"}<|end|>");
}

TEST_CASE("response_format: c.5.4 formats stand behind the tools, at the end", "[harmony]") {
    const DeveloperContent developer{"I", {{"n", {"n"}}}, {{"a", "what for", {{"k", 1}}}}};
    CHECK(developer_text(developer) ==
          "# Instructions\n\nI\n\n# Tools\n\n## n\n\n\n# Response Formats\n\n## a\n\n// what for\n"
          "{\"k\":1}");
}

TEST_CASE("response_format: c.5.5 every line of a description is a comment", "[harmony]") {
    CHECK(response_format_text({"a", "one\ntwo\n", OrderedJson::object()}) ==
          "## a\n\n// one\n// two\n{}");
    CHECK(response_format_text({"a", "", {{"x", 1.0}}}) == "## a\n\n{\"x\":1.0}");
    CHECK(response_formats_text(
              {{"a", std::nullopt, {{"k", 1}}}, {"b", std::nullopt, {{"k", "é"}}}}) ==
          "# Response Formats\n\n## a\n\n{\"k\":1}\n\n## b\n\n{\"k\":\"é\"}");
}
