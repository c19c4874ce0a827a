#include "gptoss/harmony/response_format_json.hpp"

#include "catch.hpp"
#include "harmony_text.hpp"

using namespace gptoss;
using namespace gptoss::format;
using namespace gptoss::harmony;

namespace {

std::vector<ResponseFormat> formats_from(const std::string& json) {
    return read_response_formats(parse_ordered_json("r", json), "r");
}

const ResponseFormat kList{"list", "D", {{"type", "object"}, {"properties", {{"b", {}}}}}};
const std::string kSchema = R"({"type": "object", "properties": {"b": null}})";

}  // namespace

TEST_CASE("response_format_json: OpenAI's forms, ours, and a bare schema", "[harmony]") {
    const std::string named = R"("name": "list", "description": "D", "schema": )" + kSchema;
    CHECK(formats_from("{" + named + "}") == std::vector{kList});
    CHECK(formats_from("[{" + named + "}, {" + named + "}]") == std::vector{kList, kList});
    CHECK(formats_from(R"({"type": "json_schema", "json_schema": {"strict": true, )" + named +
                       "}}") == std::vector{kList});
    CHECK(formats_from(R"({"type": "json_schema", )" + named + "}") == std::vector{kList});
    const std::vector<ResponseFormat> bare =
        formats_from(R"({"title": "Shopping", "type": "object", "anyOf": []})");
    CHECK(bare.at(0).name == "Shopping");
    CHECK(bare.at(0).schema.dump() == R"({"title":"Shopping","type":"object","anyOf":[]})");
    CHECK(formats_from(kSchema).at(0).name == "response");
}

TEST_CASE("response_format_json: what is written reads back", "[harmony]") {
    const std::vector<ResponseFormat> formats = {kList, {"n", std::nullopt, OrderedJson::object()}};
    CHECK(read_response_formats(to_json(formats), "r") == formats);
    const Content content = DeveloperContent{"I", {}, formats};
    CHECK(read_content(to_json(content), "content") == content);
}

TEST_CASE("response_format_json: a developer's text is read back to the letter", "[harmony]") {
    const std::vector<ResponseFormat> formats = {
        kList, {"two words", "one\n\nthree", {{"x", "# Response Formats\n\n"}}}};
    const std::string text = developer_text({"I", {{"n", {"n"}}}, formats});
    const std::optional<DeveloperText> developer = parse_developer_text(text);
    REQUIRE(developer);
    CHECK(developer->before == "# Instructions\n\nI\n\n# Tools\n\n## n\n\n\n");
    CHECK(developer->formats == formats);
    CHECK(developer->before + response_formats_text(developer->formats) == text);
    CHECK(parse_developer_text(developer_text({std::nullopt, {}, {kList}}))->before == "");
    // Its parts, written one behind the other, are the same tokens too.
    Message apart = test::text_message(Role::developer, developer->before);
    apart = apart.adding_content(DeveloperContent{std::nullopt, {}, developer->formats});
    CHECK(render(test::harmony(), apart) ==
          render(test::harmony(), test::text_message(Role::developer, text)));
}

TEST_CASE("response_format_json: other text is no format", "[harmony]") {
    for (const char* text :
         {"", "# Response Formats", "# Response Formats\n\n", "# Response Formats\n\n## a\n\n{",
          "# Response Formats\n\n## a\n\n{\"k\": 1}", "# Response Formats\n\n## a\n{}",
          "# Response Formats\n\n## a\n\nfree text\n{}", "# Response Formats\n\n## a\n\n{}\n",
          "say # Response Formats\n\n## a\n\n{}",
          "# Response Formats\n\n## a\n\n{\"k\":1,\"k\":2}"}) {
        CAPTURE(text);
        CHECK_FALSE(parse_developer_text(text));
    }
}

TEST_CASE("response_format_json: errors name the place", "[harmony][errors]") {
    CHECK_THROWS_WITH(formats_from(R"({"name": "x", "shema": {}})"),
                      "r: unknown key \"shema\"; did you mean schema?");
    CHECK_THROWS_WITH(formats_from(R"([{"name": "x"}])"), "r[0]: missing field `schema`");
    CHECK_THROWS_WITH(formats_from(R"({"name": "x", "schema": "s"})"),
                      "r.schema: invalid type: string, expected an object");
    CHECK_THROWS_WITH(formats_from(R"({"name": "", "schema": {}})"),
                      "r.name: is \"\", expected a line of text");
    CHECK_THROWS_WITH(formats_from(R"({"name": "a\nb", "schema": {}})"),
                      "r.name: is \"a\\nb\", expected a line of text");
    CHECK_THROWS_WITH(formats_from(R"({"type": "json_object"})"),
                      "r.type: is \"json_object\", expected json_schema, or object if it is a "
                      "schema itself");
    CHECK_THROWS_WITH(formats_from(R"({"type": "json_schema", "json_schema": {"schema": {}}})"),
                      "r.json_schema: missing field `name`");
    CHECK_THROWS_WITH(formats_from(R"({"type": "object", "title": 5})"),
                      "r.title: invalid type: number, expected a string");
    CHECK_THROWS_WITH(formats_from("5"), "r: invalid type: number, expected an object");
}
