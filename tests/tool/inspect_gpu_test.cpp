// gptoss inspect --gpu. What it computes is tested in model/device_fit_test.cpp.
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "catch.hpp"
#include "tool/run_tool.hpp"

namespace {

nlohmann::json gpus_of(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), {"inspect", "--json"});
    const ToolRun run = run_tool(arguments);
    INFO(run.errors);
    REQUIRE(run.status == 0);
    return nlohmann::json::parse(run.output).at("gpus");
}

}  // namespace

TEST_CASE("inspect --gpu: a larger one has room for a longer context", "[tool]") {
    const nlohmann::json gpus = gpus_of({"--preset", "20b", "--gpu"});
    REQUIRE(gpus.size() == 5);
    CHECK(gpus[0].at("bytes") == 17'179'869'184);
    CHECK(gpus[0].at("longest_context") > 32'768);
    CHECK(gpus[0].at("needed") <= gpus[0].at("bytes"));
    CHECK(gpus[4].at("longest_context") == 131'072);
}

TEST_CASE("inspect --gpu: one of a size in bytes or with a unit", "[tool]") {
    const nlohmann::json bytes = gpus_of({"--preset", "20b", "--gpu", "25769803776"});
    CHECK(bytes.size() == 1);
    CHECK(bytes == gpus_of({"--preset", "20b", "--gpu", "24GiB"}));
    CHECK(gpus_of({"--preset", "120b", "--gpu", "24GB"})[0].at("longest_context") == 0);
}
