// How the tool ends when it is asked to: Ctrl-C, and a reader that went away.
#include <sys/stat.h>

#include <chrono>
#include <csignal>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <thread>

#include "catch.hpp"
#include "tool/run_tool.hpp"

namespace {

const int kEndedByInterrupt = 128 + SIGINT;
const int kEndedByPipe = 128 + SIGPIPE;

}  // namespace

TEST_CASE("tool signals: Ctrl-C ends generate with the line it is in", "[tool][signals]") {
    RunningTool tool({"generate", "--model", synthetic_model("nano"), "--max-tokens", "100000",
                      "--temperature", "1", "Hello"});
    REQUIRE(tool.becomes_true([&] { return tool.output_so_far().size() > 20; }));
    tool.send(SIGINT);
    const ToolRun run = tool.wait();
    CHECK(run.status == kEndedByInterrupt);
    CHECK(run.errors == "");
    CHECK(run.output.back() == '\n');
    CHECK_NOTHROW(nlohmann::json(run.output).dump());  // throws on half a character
}

TEST_CASE("tool signals: Ctrl-C during generate --json leaves a whole document",
          "[tool][signals]") {
    RunningTool tool({"generate", "--json", "--model", synthetic_model("nano"), "--max-tokens",
                      "100000", "Hello"});
    // Nothing is printed until the end.
    std::this_thread::sleep_for(std::chrono::milliseconds(500));
    tool.send(SIGINT);
    const ToolRun run = tool.wait();
    CHECK(run.status == kEndedByInterrupt);
    const nlohmann::json json = nlohmann::json::parse(run.output);
    CHECK(json["stop"] == "interrupted");
    CHECK(json["ids"].is_array());
}

TEST_CASE("tool signals: Ctrl-C during synth leaves nothing behind", "[tool][signals]") {
    const TempFolder folder;
    const std::filesystem::path model = folder / "model";
    RunningTool tool({"synth", "--preset", "20b", "--layers", "1", "--out", model.string()});
    REQUIRE(tool.becomes_true([&] { return std::filesystem::exists(model); }));
    tool.send(SIGINT);
    const ToolRun run = tool.wait();
    CHECK(run.status == kEndedByInterrupt);
    CHECK(run.errors == "");
    CHECK(std::filesystem::is_empty(folder.path));
}

TEST_CASE("tool signals: Ctrl-C during trace writes no dump", "[tool][signals]") {
    const TempFolder folder;
    std::string ids = "1";
    for (int i = 0; i < 4000; ++i)
        ids += ",2";
    RunningTool tool({"trace", "--model", synthetic_model("nano"), "--ids", ids, "--out",
                      (folder / "run.safetensors").string()});
    std::this_thread::sleep_for(std::chrono::milliseconds(300));
    tool.send(SIGINT);
    const ToolRun run = tool.wait();
    CHECK(run.status == kEndedByInterrupt);
    CHECK(std::filesystem::is_empty(folder.path));
}

TEST_CASE("tool signals: Ctrl-C while the prompt is awaited", "[tool][signals]") {
    const TempFolder folder;
    REQUIRE(::mkfifo((folder / "pipe").c_str(), 0600) == 0);
    ToolOptions options;
    options.input_from = (folder / "pipe").string();
    for (const std::string subcommand : {"generate", "trace", "perplexity"}) {
        RunningTool tool({subcommand, "--model", synthetic_model("nano"), "-"}, options);
        std::this_thread::sleep_for(std::chrono::milliseconds(500));
        tool.send(SIGINT);
        const ToolRun run = tool.wait();
        CHECK(run.status == kEndedByInterrupt);
        CHECK(run.errors == "");
    }
}

TEST_CASE("tool signals: Ctrl-C while bench makes its weights", "[tool][signals]") {
    RunningTool tool({"bench", "--synth", "20b", "--layers", "4"});
    std::this_thread::sleep_for(std::chrono::milliseconds(300));
    const auto begin = std::chrono::steady_clock::now();
    tool.send(SIGINT);
    CHECK(tool.wait().status == kEndedByInterrupt);
    CHECK(std::chrono::steady_clock::now() - begin < std::chrono::seconds(5));
}

TEST_CASE("tool signals: a closed pipe is quiet", "[tool][signals]") {
    ToolOptions options;
    options.closed_pipe = true;
    const ToolRun generate = run_tool(
        {"generate", "--model", synthetic_model("nano"), "--max-tokens", "100000", "Hello"},
        options);
    CHECK(generate.status == kEndedByPipe);
    CHECK(generate.errors == "");
    const ToolRun inspect = run_tool({"inspect", "--preset", "20b"}, options);
    CHECK(inspect.status == kEndedByPipe);
    CHECK(inspect.errors == "");
}
