// gptoss diagnose, as a user runs it.
#include <nlohmann/json.hpp>
#include <string>

#include "catch.hpp"
#include "gptoss/checkpoint/synth.hpp"
#include "gptoss/core/presets.hpp"
#include "gptoss/dump/dump.hpp"
#include "gptoss/format/write_config_json.hpp"
#include "planted_dump.hpp"
#include "run_tool.hpp"
#include "temp_folder.hpp"

using namespace gptoss;
using namespace gptoss::checkpoint;
using namespace gptoss::dump;
using namespace gptoss::format;
using namespace gptoss::pitfalls;
using namespace gptoss::test;

namespace {

const std::vector<std::int32_t> kTokens{7, 90, 3, 15, 81, 42};

// A model on disk, and dumps of it with and without a mistake.
struct Port {
    TempFolder folder;
    Weights weights = synthetic_weights(with_layers(preset_tiny(), 2), 5);
    std::string model = (folder / "model").string();

    Port() {
        const ToolRun synth =
            run_tool({"synth", "--preset", "tiny", "--layers", "2", "--seed", "5", "--out", model});
        REQUIRE(synth.status == 0);
    }
    std::string dump(void (*mistake)(Config&)) const {
        Weights wrong = weights;
        if (mistake != nullptr) mistake(wrong.config);
        RecordingPass pass(weights.config);
        run_in_passes<ScalarOps>(wrong, {kTokens.data(), int(kTokens.size())}, kOnePass,
                                 LogitRows::all, pass);
        const std::string path = (folder / "dump.safetensors").string();
        write_dump(path, pass.recorder, hugging_face_config_text(weights.config));
        return path;
    }
};

}  // namespace

TEST_CASE("tool diagnose: a right dump ends with exit status 0", "[tool]") {
    const Port port;
    const ToolRun run = run_tool({"diagnose", port.dump(nullptr), "--model", port.model});
    CHECK(run.status == 0);
    CHECK(run.output ==
          "note: 2 known mistakes would stay within the tolerances of this run: positions_bf16, "
          "positions_restart\n"
          "policy: float32, for float32 numbers\npass: no divergence: 41 sites within tolerance\n");
    CHECK(run.errors == "");
}

TEST_CASE("tool diagnose: a wrong dump ends with the mistake and exit status 1", "[tool]") {
    const Port port;
    const std::string dump = port.dump(&pitfalls::PlainRope::edit);
    const ToolRun run = run_tool({"diagnose", dump, "--model", port.model});
    CHECK(run.status == 1);
    CHECK_THAT(run.output, ContainsSubstring("what each mistake leaves of their errors"));
    CHECK_THAT(run.output, ContainsSubstring("seen: NVIDIA/TensorRT-Model-Connect#399"));
    CHECK_THAT(run.output,
               EndsWith("diverged: first divergence at block.0.attn.q_rope: plain_rope, no YaRN "
                        "at all: plain frequencies and no concentration\n"));

    const ToolRun in_json = run_tool({"diagnose", dump, "--model", port.model, "--json"});
    const nlohmann::json json = nlohmann::json::parse(in_json.output);
    CHECK(in_json.status == 1);
    CHECK(json["diagnosis"] == "plain_rope");
    CHECK(json["first_divergent_site"] == "block.0.attn.q_rope");
    CHECK(json["suspects"].size() == 5);
    CHECK(json["suspects"][0]["confidence"].get<double>() > 0.9);
}

TEST_CASE("tool diagnose: recordings of other implementations are right, in bf16 too", "[tool]") {
#ifndef __OPTIMIZE__
    skip_test("takes half a minute without optimization; the release build runs it");
#endif
    const TempFolder folder;
    const std::string model = (folder / "tiny").string();
    REQUIRE(run_tool({"synth", "--preset", "tiny", "--seed", "1", "--out", model}).status == 0);
    for (const std::string name : {"tiny", "tiny_bf16"}) {
        const std::string dump = std::string(GPTOSS_GOLDEN_DIR) + "/" + name + ".safetensors";
        const ToolRun run = run_tool({"diagnose", dump, "--model", model});
        INFO(run.errors);
        CHECK(run.status == 0);
        CHECK_THAT(run.output, EndsWith("pass: no divergence: 87 sites within tolerance\n"));
    }
}

TEST_CASE("tool diagnose: OpenAI's own model in bf16 is right over trained weights", "[tool]") {
#ifndef __OPTIMIZE__
    skip_test("takes a minute without optimization; the release build runs it");
#endif
    const char* dump = GPTOSS_GOLDEN_DIR "/nano_bf16.safetensors";
    const ToolRun run = run_tool({"diagnose", dump});
    CHECK(run.status == 0);
    CHECK_THAT(
        run.output,
        EndsWith(
            "policy: bf16, for bf16 numbers\npass: no divergence: 87 sites within tolerance\n"));
}

TEST_CASE("tool diagnose: what cannot be used ends with one line and exit status 2",
          "[tool][errors]") {
    const Port port;
    const ToolRun no_file =
        run_tool({"diagnose", (port.folder / "none").string(), "--model", port.model});
    CHECK(no_file.status == 2);
    CHECK_THAT(no_file.errors, StartsWith("gptoss: "));

    const std::string dump = port.dump(nullptr);
    const ToolRun policy = run_tool({"diagnose", dump, "--model", port.model, "--policy", "fp4"});
    CHECK(policy.status == 2);
    CHECK(policy.errors == "gptoss: --policy is 'fp4', expected auto, float32, float16 or bf16\n");

    const ToolRun ids = run_tool({"diagnose", dump, "--model", port.model, "--ids", "1,2"});
    CHECK(ids.status == 2);
    CHECK_THAT(ids.errors, StartsWith("gptoss: --ids: 2 tokens, 1,2, expected those that "));
}

TEST_CASE("tool diagnose: a dump without tokens is told of the flag that gives them",
          "[tool][errors]") {
    const Port port;
    const std::string dump = (port.folder / "no_tokens.safetensors").string();
    const std::vector<float> values(6 * 64, 0.0f);
    TensorView embedding{"F32", {6, 64}, {}, 4 * values.size()};
    embedding.bytes = reinterpret_cast<const std::uint8_t*>(values.data());
    write_safetensors(dump, {{"embedding", embedding}}, {});
    const ToolRun run = run_tool({"diagnose", dump, "--model", port.model});
    CHECK(run.status == 2);
    CHECK(run.errors == "gptoss: " + dump +
                            ": has no tokens, expected the ids that were run (--ids gives them)\n");
}
