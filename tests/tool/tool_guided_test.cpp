// generate with --choices, --schema and --beams, as a user would run them.
#include <cstdlib>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>

#include "catch.hpp"
#include "temp_folder.hpp"
#include "tool/run_tool.hpp"

namespace {

ToolRun generated(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), "generate");
    return run_tool(arguments);
}

// <|start|>user<|message|>What is 7 + 5?<|end|><|start|>assistant<|channel|>analysis<|message|>7+5=
const char* kSum =
    "--ids=1029,385,259,1031,54,71,266,382,220,22,659,220,20,30,1030,1029,456,421,493,1028,270,280,"
    "88,82,276,1031,22,10,20,28";

}  // namespace

TEST_CASE("tool guided: of some choices the likeliest is written, and nothing else", "[tool]") {
    CHECK(generated({"--choices", "11,12,13", kSum}).output == "12\n");
    CHECK(generated({"--choices", "11,13", kSum}).output == "11\n");
}

TEST_CASE("tool guided: under a schema the text is JSON, and ends where it is complete", "[tool]") {
    const TempFolder folder;
    const std::string file = (folder.path / "schema.json").string();
    std::ofstream(file) << R"({"type": "object", "required": ["sum"],
        "properties": {"sum": {"enum": [11, 12]}}})";
    const ToolRun run = generated({"--schema", file, kSum});
    INFO(run.errors);
    CHECK(run.status == 0);
    CHECK_NOTHROW(nlohmann::json::parse(run.output).at("sum").get<int>());
}

TEST_CASE("tool guided: a text that is cut short is an error", "[tool][errors]") {
    const ToolRun run = generated({"--choices", "a long choice", "--max-tokens", "2", "x"});
    CHECK(run.status == 1);
    CHECK(run.errors ==
          "gptoss: generate: after 2 tokens the text is not complete, expected more of "
          "--max-tokens\n");
}

TEST_CASE("tool guided: a keyword that is not supported is named with its place",
          "[tool][errors]") {
    const TempFolder folder;
    const std::string file = (folder.path / "schema.json").string();
    std::ofstream(file) << R"({"type": "integer", "minimum": 3})";
    const ToolRun run = generated({"--schema", file, "x"});
    CHECK(run.status == 1);
    CHECK(run.errors == "gptoss: schema: has the keyword minimum, which is not supported\n");
}

TEST_CASE("tool guided: beams come with their scores, best first", "[tool]") {
    const ToolRun run =
        generated({"--json", "--beams", "3", "--max-tokens", "4", "--length-penalty", "0", kSum});
    INFO(run.errors);
    REQUIRE(run.status == 0);
    const nlohmann::json beams = nlohmann::json::parse(run.output).at("beams");
    REQUIRE(beams.size() == 3);
    CHECK(beams[0].at("text").get<std::string>().starts_with("12"));
    CHECK(beams[0].at("score").get<double>() > beams[1].at("score").get<double>());
}

TEST_CASE("tool guided: what excludes each other is named", "[tool][errors]") {
    CHECK(generated({"--beams", "2", "--temperature", "1", "x"}).errors ==
          "gptoss: --beams: expected no --temperature, --explain, --schema or --choices with it\n");
    CHECK(generated({"--choices", "a", "--schema", "b", "x"}).errors ==
          "gptoss: --schema and --choices: expected one of them\n");
    CHECK(generated({"--beams", "-1", "x"}).errors ==
          "gptoss: beam_search: n_beams is -1, expected 1 or more\n");
}
