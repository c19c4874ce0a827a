#include "gptoss/harmony/content.hpp"

#include "catch.hpp"
#include "gptoss/harmony/builtin_tools.hpp"

using namespace gptoss;
using namespace gptoss::harmony;

namespace {

// No section at all.
SystemContent nothing_set() {
    return {std::nullopt, std::nullopt, std::nullopt, std::nullopt, std::nullopt, {}};
}

}  // namespace

TEST_CASE("harmony_content: the system message that the models know best", "[harmony]") {
    SystemContent system;
    system.conversation_start_date = "2025-06-28";
    CHECK(system_text(system, true) ==
          "You are ChatGPT, a large language model trained by OpenAI.\n"
          "Knowledge cutoff: 2024-06\n"
          "Current date: 2025-06-28\n"
          "\n"
          "Reasoning: medium\n"
          "\n"
          "# Valid channels: analysis, commentary, final. Channel must be included for every "
          "message.\n"
          "Calls to these tools must go to the commentary channel: 'functions'.");
}

TEST_CASE("harmony_content: c.4.1 identity, cutoff and date are a line each", "[harmony]") {
    SystemContent system = nothing_set();
    system.model_identity = "I";
    CHECK(system_text(system, false) == "I");
    system.conversation_start_date = "D";
    CHECK(system_text(system, false) == "I\nCurrent date: D");
    system.knowledge_cutoff = "";
    CHECK(system_text(system, false) == "I\nKnowledge cutoff: \nCurrent date: D");
    system.model_identity = std::nullopt;
    CHECK(system_text(system, false) == "Knowledge cutoff: \nCurrent date: D");
}

TEST_CASE("harmony_content: c.4.2 the effort is one of three words", "[harmony]") {
    SystemContent system = nothing_set();
    system.reasoning_effort = ReasoningEffort::low;
    CHECK(system_text(system, false) == "Reasoning: low");
    system.reasoning_effort = ReasoningEffort::medium;
    CHECK(system_text(system, false) == "Reasoning: medium");
    system.reasoning_effort = ReasoningEffort::high;
    CHECK(system_text(system, false) == "Reasoning: high");
}

TEST_CASE("harmony_content: c.4.3 built-in tools stand between effort and channels", "[harmony]") {
    SystemContent system;
    system.model_identity = "I";
    add_namespace(system.tools, {"b", "text"});
    CHECK(system_text(system, false) ==
          "I\nKnowledge cutoff: 2024-06\n\nReasoning: medium\n\n# Tools\n\n## b\n\ntext\n\n# Valid "
          "channels: analysis, commentary, final. Channel must be included for every message.");
}

TEST_CASE("harmony_content: c.4.4 channels, and whether they are required", "[harmony]") {
    CHECK(channels_text({{"analysis", "final"}, true}, false) ==
          "# Valid channels: analysis, final. Channel must be included for every message.");
    CHECK(channels_text({{"final"}, false}, false) == "# Valid channels: final.");
    CHECK(channels_text({{"final"}, false}, true) ==
          "# Valid channels: final.\n"
          "Calls to these tools must go to the commentary channel: 'functions'.");
}

TEST_CASE("harmony_content: c.4.5 without channels there is no sentence about functions",
          "[harmony]") {
    SystemContent system = nothing_set();
    CHECK(system_text(system, true) == "");
    system.channel_config = {{}, true};
    CHECK(system_text(system, true) == "");
}

TEST_CASE("harmony_content: c.4.6 what is not set leaves no section, what is empty may",
          "[harmony]") {
    SystemContent system = nothing_set();
    CHECK(system_text(system, false) == "");
    system.reasoning_effort = ReasoningEffort::high;
    system.model_identity = "";
    CHECK(system_text(system, false) == "\n\nReasoning: high");
}

TEST_CASE("harmony_content: c.5.1 empty instructions still have their heading", "[harmony]") {
    CHECK(developer_text({"Be brief.", {}}) == "# Instructions\n\nBe brief.");
    CHECK(developer_text({"", {}}) == "# Instructions\n\n");
}

TEST_CASE("harmony_content: c.5.2 tools follow the instructions", "[harmony]") {
    const ToolNamespaces tools = {{"n", {"n"}}};
    CHECK(developer_text({"I", tools}) == "# Instructions\n\nI\n\n# Tools\n\n## n\n");
    CHECK(developer_text({std::nullopt, tools}) == "# Tools\n\n## n\n");
}

TEST_CASE("harmony_content: c.5.3 neither instructions nor tools are no text", "[harmony]") {
    CHECK(developer_text({}) == "");
}

TEST_CASE("harmony_content: c.3.7 content belongs to its role", "[harmony][errors]") {
    CHECK(content_text(TextContent{"x"}, Role::system, false) == "x");
    CHECK(content_text(DeveloperContent{"x", {}}, Role::developer, false) == "# Instructions\n\nx");
    CHECK_THROWS_WITH(content_text(SystemContent{}, Role::user, false),
                      "SystemContent may only appear in system messages, found in User");
    CHECK_THROWS_WITH(content_text(DeveloperContent{}, Role::assistant, false),
                      "DeveloperContent may only appear in developer messages, found in Assistant");
}
