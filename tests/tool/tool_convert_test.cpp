// gptoss convert, and the GGUF file that it makes, as a user would run them.
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "catch.hpp"
#include "run_tool.hpp"
#include "temp_folder.hpp"

namespace {

const std::string kNano = GPTOSS_SOURCE_DIR "/examples/nano/model";

std::string output_of(const std::vector<std::string>& arguments) {
    const ToolRun run = run_tool(arguments);
    INFO(run.errors);
    REQUIRE(run.status == 0);
    return run.output;
}

std::string error_of(const std::vector<std::string>& arguments) {
    const ToolRun run = run_tool(arguments);
    CHECK(run.status == 1);
    return run.errors;
}

std::string file_text(const std::filesystem::path& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
}

}  // namespace

TEST_CASE("tool: nano as a GGUF file says what nano says", "[tool][convert]") {
    const TempFolder folder;
    const std::string gguf = (folder / "nano.gguf").string();
    const std::string said = output_of({"convert", "--layout", "gguf", "--out", gguf});
    CHECK(said.find("tensors, ") != std::string::npos);
    CHECK(said.find("rounded") == std::string::npos);

    const std::vector<std::string> chat = {"chat", "What is 17 + 25?", "--temperature", "0"};
    std::vector<std::string> of_gguf = chat;
    of_gguf.insert(of_gguf.end(), {"--model", gguf});
    CHECK(output_of(of_gguf) == output_of(chat));
    CHECK(output_of({"tokenize", "encode", "17 + 25", "--model", gguf}) ==
          output_of({"tokenize", "encode", "17 + 25", "--model", kNano}));

    const std::string tables = output_of({"inspect", "--verify", "--model", gguf});
    CHECK(tables.find("79 tensors, layout GGUF version 3") != std::string::npos);
    CHECK(tables.find("blk.{l}.ffn_gate_exps.weight") != std::string::npos);
    CHECK(tables.find("verified: 79 tensors") != std::string::npos);

    const std::string back = (folder / "back").string(), direct = (folder / "direct").string();
    output_of({"convert", "--model", gguf, "--layout", "hf", "--out", back});
    output_of({"convert", "--layout", "hf", "--out", direct});
    CHECK(file_text(folder / "back" / "model.safetensors") ==
          file_text(folder / "direct" / "model.safetensors"));
}

TEST_CASE("tool: experts unpacked and packed again lose nothing, and nothing is said of it",
          "[tool][convert]") {
    const TempFolder folder;
    const std::string unpacked = (folder / "unpacked").string();
    output_of({"convert", "--layout", "hf", "--experts", "bf16", "--out", unpacked});
    const std::string packed = (folder / "packed").string();
    const std::string said =
        output_of({"convert", "--model", unpacked, "--layout", "openai", "--out", packed});
    CHECK(said.find("rounded") == std::string::npos);
}

TEST_CASE("tool: what convert cannot do is said in a line", "[tool][convert][errors]") {
    const TempFolder folder;
    const std::string out = folder.path.string();
    CHECK(error_of({"convert", "--layout", "onnx", "--out", out}) ==
          "gptoss: --layout is 'onnx', expected hf, openai or gguf\n");
    CHECK(error_of({"convert", "--layout", "hf", "--experts", "int4", "--out", out}) ==
          "gptoss: --experts is 'int4', expected mxfp4 or bf16\n");
    CHECK(error_of({"convert", "--layout", "gguf", "--out", out}) ==
          "gptoss: --out " + out + ": is a directory, expected a file for --layout gguf\n");
    CHECK(error_of({"convert", "--layout", "openai", "--experts", "bf16", "--out", out}) ==
          "gptoss: --experts bf16: OpenAI's layout has MXFP4 only, expected --layout hf or gguf\n");
}
