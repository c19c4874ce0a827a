#include "gptoss/harmony/content_json.hpp"

#include "catch.hpp"

using namespace gptoss;
using namespace gptoss::format;
using namespace gptoss::harmony;

namespace {

Content content_from(const std::string& json) {
    return read_content(parse_ordered_json("content", json), "content");
}

SystemContent system_from(const std::string& fields) {
    const std::string comma = fields.empty() ? "" : ", ";
    return std::get<SystemContent>(
        content_from(R"({"type": "system_content")" + comma + fields + "}"));
}

}  // namespace

TEST_CASE("harmony_content_json: c.4.6 an absent field has its default, a null one is not set",
          "[harmony]") {
    CHECK(system_from("") == SystemContent{});
    CHECK(system_from(R"("model_identity": null)").model_identity == std::nullopt);
    CHECK(system_from(R"("model_identity": null)").knowledge_cutoff == "2024-06");
    CHECK(system_from(R"("knowledge_cutoff": null)").knowledge_cutoff == std::nullopt);
    CHECK(system_from(R"("reasoning_effort": null)").reasoning_effort == std::nullopt);
    CHECK(system_from(R"("channel_config": null)").channel_config == std::nullopt);
    CHECK(system_from(R"("tools": null)").tools.empty());
}

TEST_CASE("harmony_content_json: fields of system content", "[harmony]") {
    const SystemContent system = system_from(
        R"("model_identity": "", "reasoning_effort": "High",
           "conversation_start_date": "2025-06-28",
           "channel_config": {"valid_channels": ["final"], "channel_required": false},
           "builtin_tools": ["python", "browser"])");
    CHECK(system.model_identity == "");
    CHECK(system.reasoning_effort == ReasoningEffort::high);
    CHECK(system.conversation_start_date == "2025-06-28");
    CHECK(system.channel_config == ChannelConfig{{"final"}, false});
    REQUIRE(system.tools.size() == 2);
    CHECK(system.tools.at("browser") == browser_namespace());
}

TEST_CASE("harmony_content_json: tools of developer content keep their schema's order",
          "[harmony]") {
    const auto developer = std::get<DeveloperContent>(content_from(
        R"({"type": "developer_content", "instructions": "I", "tools": {"functions": {
              "name": "n", "description": null, "tools": [
                 {"name": "f", "description": "d", "parameters": {"z": 1, "a": 2}},
                 {"name": "g", "description": "", "parameters": null}]}}})"));
    CHECK(developer.instructions == "I");
    const ToolNamespaceConfig& space = developer.tools.at("functions");
    CHECK(space.name == "n");
    CHECK(space.description == std::nullopt);
    CHECK(space.tools.at(0).parameters.dump() == R"({"z":1,"a":2})");
    CHECK(space.tools.at(1).parameters.is_null());
}

TEST_CASE("harmony_content_json: what is written reads back, defaults or not", "[harmony]") {
    SystemContent nothing{std::nullopt, std::nullopt, std::nullopt, std::nullopt, std::nullopt, {}};
    SystemContent everything;
    everything.conversation_start_date = "D";
    everything.reasoning_effort = ReasoningEffort::low;
    add_namespace(everything.tools, browser_namespace());
    const DeveloperContent developer{"I", {{"x", functions_namespace({{"f", "d", {{"k", 1}}}})}}};
    for (const Content& content :
         {Content(nothing), Content(SystemContent{}), Content(everything), Content(developer),
          Content(DeveloperContent{}), Content(TextContent{"t"})}) {
        CHECK(read_content(to_json(content), "content") == content);
    }
    CHECK(to_json(Content(nothing))["model_identity"].is_null());
}

TEST_CASE("harmony_content_json: errors name the place in the original's words",
          "[harmony][errors]") {
    CHECK_THROWS_WITH(content_from(R"({"type": "image"})"),
                      "content.type: unknown variant `image`, expected one of `text`, "
                      "`system_content`, `developer_content`");
    CHECK_THROWS_WITH(content_from(R"({"type": "text"})"), "content: missing field `text`");
    CHECK_THROWS_WITH(content_from(R"("a")"), "content: invalid type: string, expected an object");
    CHECK_THROWS_WITH(system_from(R"("reasoning_effort": "high")"),
                      "content.reasoning_effort: unknown variant `high`, expected one of `Low`, "
                      "`Medium`, `High`");
    CHECK_THROWS_WITH(system_from(R"("channel_config": {"valid_channels": []})"),
                      "content.channel_config: missing field `channel_required`");
    CHECK_THROWS_WITH(
        system_from(R"("channel_config": {"valid_channels": [1], "channel_required": true})"),
        "content.channel_config.valid_channels: invalid type: number, expected a string");
    CHECK_THROWS_WITH(
        system_from(R"("channel_config": {"valid_channels": [], "channel_required": 1})"),
        "content.channel_config.channel_required: invalid type: number, expected a boolean");
    CHECK_THROWS_WITH(system_from(R"("tools": {"f": {"name": "f", "tools": [{"name": "g"}]}})"),
                      "content.tools.f.tools[0]: missing field `description`");
    CHECK_THROWS_WITH(system_from(R"("tools": [])"),
                      "content.tools: invalid type: array, expected a map");
    CHECK_THROWS_WITH(system_from(R"("tools": {"f": {"name": "f"}})"),
                      "content.tools.f: missing field `tools`");
    CHECK_THROWS_WITH(system_from(R"("builtin_tools": ["bash"])"),
                      "builtin_tools: \"bash\" is unknown, expected browser or python");
}
