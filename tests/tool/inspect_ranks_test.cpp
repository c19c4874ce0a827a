// gptoss inspect --ranks. What it computes is tested in core/shares_test.cpp.
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "catch.hpp"
#include "gptoss/core/model_size.hpp"
#include "gptoss/core/presets.hpp"
#include "tool/run_tool.hpp"

using namespace gptoss;

namespace {

nlohmann::json shares_of(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), {"inspect", "--json"});
    const ToolRun run = run_tool(arguments);
    INFO(run.errors);
    REQUIRE(run.status == 0);
    return nlohmann::json::parse(run.output).at("shares");
}

std::string complaint_of(const std::vector<std::string>& arguments) {
    const ToolRun run = run_tool(arguments);
    CHECK(run.status == 1);
    return run.errors;
}

}  // namespace

TEST_CASE("inspect --ranks: the shares of 20b are the checkpoint", "[tool]") {
    const nlohmann::json shares = shares_of({"--preset", "20b", "--ranks", "3"});
    REQUIRE(shares.at("ranks").size() == 3);
    std::int64_t bytes = 0;
    for (const auto& rank : shares["ranks"]) {
        bytes += rank.at("expert_bytes").get<std::int64_t>();
        bytes += rank.at("unembedding_bytes").get<std::int64_t>();
    }
    bytes += shares["ranks"][0].at("shared_bytes").get<std::int64_t>();
    bytes += shares["ranks"][0].at("embedding_bytes").get<std::int64_t>();
    CHECK(bytes == model_size(preset_20b()).payload_bytes);
    CHECK(shares["ranks"][1].at("first_expert") == 10);
}

TEST_CASE("inspect --ranks: 120b fits nowhere alone, and somewhere on each size", "[tool]") {
    const nlohmann::json shares = shares_of({"--preset", "120b", "--ranks", "4"});
    int before = 129;
    for (const auto& fit : shares.at("fits")) {
        const int n_ranks = fit.at("ranks");
        CHECK(n_ranks > 1);
        CHECK(n_ranks < before);
        before = n_ranks;
    }
    CHECK(shares["fits"].size() == 3);
}

TEST_CASE("inspect --ranks: a slower network costs more", "[tool]") {
    const std::vector<std::string> usual = {"--preset", "20b", "--ranks", "2"};
    std::vector<std::string> slow = usual;
    slow.insert(slow.end(), {"--latency-us", "500", "--gbit-per-s", "0.1"});
    const auto seconds = [](const std::vector<std::string>& arguments) {
        return shares_of(arguments).at("per_token").at("network_seconds").get<double>();
    };
    // 25 calls, 24 * 11,520 and half of 804,352 bytes
    CHECK_THAT(seconds(usual), WithinAbs(25 * 50e-6 + 678656 / 125e6, 1e-9));
    CHECK_THAT(seconds(slow), WithinAbs(25 * 500e-6 + 678656 / 12.5e6, 1e-9));
}

TEST_CASE("inspect --ranks: more ranks than experts, and no network, are refused",
          "[tool][errors]") {
    CHECK(complaint_of({"inspect", "--preset", "20b", "--ranks", "33"}) ==
          "gptoss: ranks: there are 33, expected 1 to 32, the number of experts\n");
    CHECK(complaint_of({"inspect", "--preset", "20b", "--ranks", "0"}) ==
          "gptoss: ranks: there are 0, expected 1 to 32, the number of experts\n");
    CHECK(complaint_of({"inspect", "--preset", "20b", "--ranks", "2", "--gbit-per-s", "0"}) ==
          "gptoss: --gbit-per-s is 0, expected more than 0\n");
    CHECK(complaint_of({"inspect", "--preset", "20b", "--ranks", "2", "--latency-us", "-1"}) ==
          "gptoss: --latency-us is -1, expected at least 0\n");
}

TEST_CASE("tool: --path mpi is another program's", "[tool][errors]") {
    CHECK(complaint_of({"generate", "--path", "mpi", "a"}) ==
          "gptoss: path 'mpi' is not in this program, expected gptoss-mpi (docs/machines.md)\n");
}
