// The command-line tool: each subcommand does what its help says.
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <vector>

#include "catch.hpp"
#include "gptoss/core/model_size.hpp"
#include "gptoss/core/presets.hpp"
#include "gptoss/format/safetensors.hpp"
#include "gptoss/trace/sites.hpp"
#include "tool/run_tool.hpp"

using namespace gptoss;
using namespace gptoss::format;

namespace {

const std::vector<std::string> kSubcommands = {"bench",    "chat",     "compare", "diagnose",
                                               "generate", "harmony",  "inspect", "perplexity",
                                               "synth",    "tokenize", "trace"};

// A run that must succeed and say nothing on standard error.
std::string output_of(const std::vector<std::string>& arguments, const ToolOptions& options = {}) {
    const ToolRun run = run_tool(arguments, options);
    INFO(run.errors);
    CHECK(run.status == 0);
    CHECK(run.errors == "");
    return run.output;
}

nlohmann::json json_of(const std::vector<std::string>& arguments) {
    const std::string output = output_of(arguments);
    CHECK(std::count(output.begin(), output.end(), '\n') == 1);
    return nlohmann::json::parse(output);
}

std::vector<std::string> lines_of(const std::string& text) {
    std::vector<std::string> lines;
    std::istringstream stream(text);
    for (std::string line; std::getline(stream, line);)
        lines.push_back(line);
    return lines;
}

bool has_line(const std::string& text, const std::string& words) {
    for (const std::string& line : lines_of(text)) {
        std::istringstream stream(line);
        std::string found;
        for (std::string word; stream >> word;)
            found += (found.empty() ? "" : " ") + word;
        if (found == words) return true;
    }
    return false;
}

}  // namespace

// --- Help -------------------------------------------------------------------------------------

TEST_CASE("tool: --help names the subcommands, and each has examples", "[tool]") {
    const std::string help = output_of({"--help"});
    for (const std::string& subcommand : kSubcommands) {
        CHECK_THAT(help, ContainsSubstring("  " + subcommand + " "));
        const std::string own_help = output_of({subcommand, "--help"});
        CHECK_THAT(own_help, ContainsSubstring("Usage: gptoss " + subcommand));
        CHECK_THAT(own_help, ContainsSubstring("Examples:\n  gptoss " + subcommand));
    }
    CHECK_THAT(output_of({"tokenize", "encode", "--help"}), ContainsSubstring("--allow-special"));
    CHECK_THAT(output_of({"--version"}), Matches("gptoss [0-9.]+\n"));
}

// --- tokenize ---------------------------------------------------------------------------------

TEST_CASE("tool: tokenize encodes and decodes", "[tool]") {
    CHECK(output_of({"tokenize", "encode", "Hello, World!"}) == "13225 11 5922 0\n");
    CHECK(output_of({"tokenize", "decode", "13225", "11", "5922", "0"}) == "Hello, World!\n");
    CHECK(output_of({"tokenize", "decode", "13225,11,5922,0"}) == "Hello, World!\n");
    CHECK(output_of({"tokenize", "encode", ""}) == "\n");
}

TEST_CASE("tool: tokenize takes a text literally, whatever it looks like", "[tool]") {
    const std::vector<std::string> texts = {"[a,b]", "\"a\"", "decode", "a=b", "", " ", "'", "{}"};
    for (const std::string& text : texts) {
        const std::string ids = output_of({"tokenize", "encode", text});
        CHECK(output_of({"tokenize", "decode", "-"}, {ids}) == text + "\n");
    }
    const std::string ids = output_of({"tokenize", "encode", "--", "--json"});
    CHECK(output_of({"tokenize", "decode", "-"}, {ids}) == "--json\n");
}

TEST_CASE("tool: tokenize reads special tokens only when told to", "[tool]") {
    CHECK(output_of({"tokenize", "encode", "--allow-special", "<|start|>user<|end|>"}) ==
          "200006 1428 200007\n");
    CHECK_THAT(output_of({"tokenize", "encode", "<|start|>"}), !ContainsSubstring("200006"));
}

TEST_CASE("tool: tokenize reads standard input for -, to the last byte", "[tool]") {
    CHECK(output_of({"tokenize", "encode", "-"}, {"Hello, World!\n"}) == "13225 11 5922 4175\n");
    CHECK(output_of({"tokenize", "decode", "-"}, {"13225 11\n5922 0\n"}) == "Hello, World!\n");
}

TEST_CASE("tool: tokenize --json gives ids with their tokens, and text", "[tool]") {
    const nlohmann::json encoded = json_of({"tokenize", "--json", "encode", "Hello, World!"});
    CHECK(encoded["ids"] == std::vector<int>{13225, 11, 5922, 0});
    CHECK(encoded["tokens"] == std::vector<std::string>{"Hello", ",", " World", "!"});
    CHECK(json_of({"--json", "tokenize", "decode", "0"})["text"] == "!");
}

TEST_CASE("tool: tokenize --vectors passes the published sample", "[tool]") {
    CHECK(output_of({"tokenize", "--vectors",
                     GPTOSS_SOURCE_DIR "/tests/tokenizer/data/tokenizer_vectors.jsonl"}) ==
          "328 passed, 0 failed\n");
}

TEST_CASE("tool: tokenize --vectors says what differs, and fails", "[tool]") {
    const TempFolder folder;
    write_bytes(folder / "vectors.jsonl",
                "{\"text\":\"Hello\",\"ids\":[13225]}\n"
                "{\"text\":\"Hello, World!\",\"ids\":[13225,11,7,0]}\n"
                "\n"
                "{\"text\":\"a\\u2028b\",\"ids\":[64]}\n"
                "{\"text\":\"a\"}\n"
                "no json\n");
    const std::string path = (folder / "vectors.jsonl").string();
    const ToolRun run = run_tool({"tokenize", "--vectors", path});
    CHECK(run.status == 1);
    CHECK(run.errors == "");
    const std::vector<std::string> lines = lines_of(run.output);
    REQUIRE(lines.size() == 5);
    CHECK(lines[0] ==
          "line 2: \"Hello, World!\": got 4 ids, expected 4; at 2 got 5922, expected 7");
    CHECK_THAT(lines[1], StartsWith("line 4: "));
    CHECK_THAT(lines[2], StartsWith("line 5: vector: no key \"ids\""));
    CHECK_THAT(lines[3], StartsWith("line 6: vector: not valid JSON"));
    CHECK(lines[4] == "1 passed, 4 failed");

    const ToolRun json_run = run_tool({"tokenize", "--json", "--vectors", path});
    CHECK(json_run.status == 1);
    CHECK(nlohmann::json::parse(json_run.output)["failed"] == 4);
}

TEST_CASE("tool: tokenize --model takes a model's own tokenizer", "[tool]") {
    const std::string nano = synthetic_model("nano");
    const std::string ids = output_of({"tokenize", "encode", "Hello", "--model", nano});
    CHECK(ids != output_of({"tokenize", "encode", "Hello"}));
    CHECK(output_of({"tokenize", "--model", nano, "decode", ids}) == "Hello\n");
    CHECK(output_of({"tokenize", "--model", nano, "encode", "--allow-special", "<|return|>"}) ==
          "1026\n");
}

// --- inspect ----------------------------------------------------------------------------------

TEST_CASE("tool: inspect prints the published sizes of both models", "[tool]") {
    const std::string small = output_of({"inspect", "--preset", "20b"});
    CHECK(has_line(small, "total 20,914,757,184 100.00 %"));
    CHECK(has_line(small, "active per token 3,608,307,264 17.25 %"));
    CHECK(has_line(small, "checkpoint 13,761,264,768 12.816 GiB"));
    CHECK(has_line(small, "4,096 tokens, sliding layers keep 128 207,618,048 198.000 MiB"));
    const std::string large = output_of({"inspect", "--preset", "120b"});
    CHECK(has_line(large, "total 116,829,156,672 100.00 %"));
    CHECK(has_line(large, "active per token 5,132,849,472 4.39 %"));
    CHECK(has_line(large, "checkpoint 65,248,815,744 60.768 GiB"));

    const nlohmann::json json = json_of({"inspect", "--preset", "120b", "--json"});
    CHECK(json["parameters"]["total"] == 116829156672);
    CHECK(json["bytes"]["payload"] == 65248815744);
    CHECK(json["config"]["num_local_experts"] == 128);
}

TEST_CASE("tool: inspect lists a checkpoint's tensors and verifies them", "[tool]") {
    const std::string nano = synthetic_model("nano");
    const std::string text = output_of({"inspect", "--model", nano, "--verify"});
    CHECK(has_line(text, "79 tensors, layout Hugging Face"));
    CHECK(has_line(text, "model.layers.{l}.self_attn.sinks BF16 (16) 4 128 model.safetensors"));
    CHECK_THAT(text, ContainsSubstring("verified: 79 tensors"));

    const nlohmann::json json = json_of({"--json", "inspect", "--model", nano, "--verify"});
    CHECK(json["tensors"].size() == 79);
    CHECK(json["bytes"]["payload"] == model_size(preset_nano()).payload_bytes);
    CHECK(json["verified"]["scale_bytes"] == 36864);
}

TEST_CASE("tool: inspect --names prints the tables of docs/names.md and needs no model", "[tool]") {
    const std::string text = output_of({"inspect", "--names"});
    CHECK_THAT(read_bytes(GPTOSS_SOURCE_DIR "/docs/names.md"), ContainsSubstring(text));
    CHECK(lines_of(text).size() == 2 + 24 + 1 + 2 + 24);
}

// The ops that a table in include/gptoss/ops names.
std::set<std::string> ops_of_table(const std::string& header) {
    std::ifstream file(GPTOSS_SOURCE_DIR "/include/gptoss/ops/" + header);
    std::set<std::string> ops;
    for (std::string line; std::getline(file, line);) {
        const std::string words = "    static constexpr auto ";
        if (!line.starts_with(words)) continue;
        ops.insert(line.substr(words.size(), line.find(' ', words.size()) - words.size()));
    }
    return ops;
}

TEST_CASE("tool: inspect --cpu names every op of the path, once", "[tool]") {
    const std::set<std::string> all = ops_of_table("scalar.hpp");
    CHECK(all.size() == 14);
    for (const std::string path : {"scalar", "bf16", "fast"}) {
        const auto json = json_of({"inspect", "--cpu", "--json", "--path", path});
        const nlohmann::json& kernels = json["kernels"];
        CHECK(kernels.size() == all.size());
        const std::set<std::string> replaced = ops_of_table(path + ".hpp");
        for (const std::string& op : all) {
            INFO(path << " " << op);
            const bool is_plain = path == "scalar" || replaced.count(op) == 0;
            CHECK((kernels.value(op, "") == "scalar") == is_plain);
        }
    }
}

TEST_CASE("tool: inspect --cpu says what the fast path runs on, and why", "[tool]") {
    const auto json = json_of({"inspect", "--cpu", "--json"});
    CHECK(json["path"] == "fast");
    CHECK(json["threads"] >= 1);
    const std::string chosen = json["kernels"]["linear"];
    CHECK(json["instruction_sets"][chosen] == true);
    CHECK_THAT(output_of({"inspect", "--cpu"}),
               ContainsSubstring("chosen: the last one that runs"));
    CHECK(json_of({"inspect", "--cpu", "--json", "--exact"})["bf16_unit"] == "none");
    CHECK(json_of({"inspect", "--cpu", "--json", "--threads", "1"})["threads"] == 1);
}

TEST_CASE("tool: the fast path writes what the plain one does, or parts at a near-tie", "[tool]") {
    const auto run = [](const std::string& path) {
        return json_of({"generate", "--model", synthetic_model("nano"), "--path", path, "--json",
                        "--exact", "--explain", "--max-tokens", "40", "Once upon a time"});
    };
    const auto plain = run("scalar"), tuned = run("fast");
    REQUIRE(plain["tokens"].size() == tuned["tokens"].size());
    for (std::size_t n = 0; n < plain["tokens"].size(); ++n) {
        if (plain["tokens"][n]["id"] == tuned["tokens"][n]["id"]) continue;
        const nlohmann::json& likeliest = plain["tokens"][n]["likeliest"];
        const double first = likeliest[0]["probability"], second = likeliest[1]["probability"];
        INFO("token " << n << ": " << first << " or " << second);
        CHECK(first - second < 1e-4 * first);
        return;  // what follows has another past
    }
    CHECK(plain["ids"] == tuned["ids"]);
}

// --- synth ------------------------------------------------------------------------------------

TEST_CASE("tool: synth writes the same bytes again, and both layouts", "[tool]") {
    const TempFolder folder;
    const std::string first = (folder / "first").string();
    const std::string second = (folder / "second").string();
    const std::string openai = (folder / "openai").string();
    CHECK_THAT(output_of({"synth", "--preset", "tiny", "--out", first}),
               ContainsSubstring("in 1 file, seed 1; tokenizer: none"));
    output_of({"synth", "--config", first + "/config.json", "--out", second});
    CHECK(read_bytes(first + "/model.safetensors") == read_bytes(second + "/model.safetensors"));

    const nlohmann::json json =
        json_of({"synth", "--preset", "tiny", "--layout", "openai", "--shard-bytes", "100000",
                 "--layers", "2", "--seed", "7", "--out", openai, "--json"});
    CHECK(json["files"] > 1);
    CHECK(json["seed"] == 7);
    CHECK_THAT(output_of({"inspect", "--model", openai, "--verify"}),
               ContainsSubstring("33 tensors, layout OpenAI"));
}

TEST_CASE("tool: synth gives a small vocabulary its tokenizer", "[tool]") {
    const std::string nano = synthetic_model("nano");
    CHECK(std::filesystem::exists(nano + "/tokenizer.json"));
    CHECK_FALSE(std::filesystem::exists(synthetic_model("tiny") + "/tokenizer.json"));
    const nlohmann::json json = nlohmann::json::parse(read_bytes(nano + "/tokenizer.json"));
    CHECK(json["model"]["vocab"].size() == 1024);
    CHECK(json["added_tokens"].size() == 10);
    CHECK(json["added_tokens"][2]["content"] == "<|return|>");
    CHECK(json["added_tokens"][2]["id"] == 1026);
}

// --- generate ---------------------------------------------------------------------------------

TEST_CASE("tool: generate continues a text, greedily the same each time", "[tool]") {
    const std::string nano = synthetic_model("nano");
    const std::vector<std::string> arguments = {"generate",     "--model", nano,
                                                "--max-tokens", "12",      "The quick brown fox"};
    const std::string text = output_of(arguments);
    CHECK(text.size() > 12);
    CHECK(output_of(arguments) == text);

    std::vector<std::string> with_json = arguments;
    with_json.push_back("--json");
    const nlohmann::json json = json_of(with_json);
    CHECK(json["text"].get<std::string>() + "\n" == text);
    CHECK(json["ids"].size() == 12);
    CHECK(json["stop"] == "max_tokens");
    CHECK(json["seconds"]["prefill"] > 0);
    std::string ids;
    for (const auto& id : json["prompt_ids"])
        ids += id.dump() + " ";
    CHECK(output_of({"tokenize", "--model", nano, "decode", ids}) == "The quick brown fox\n");
}

TEST_CASE("tool: generate without a tokenizer takes and prints ids", "[tool]") {
    // The tiny model's published greedy token after these twelve is 89.
    const std::string ids = "1,2,3,5,8,13,21,34,55,89,17,42";
    const std::string tiny = synthetic_model("tiny");
    const std::string output =
        output_of({"--model", tiny, "generate", "--ids", ids, "--max-tokens", "3"});
    CHECK_THAT(output, StartsWith("89 "));
    CHECK(lines_of(output).size() == 1);
    CHECK(json_of({"--model", tiny, "--json", "generate", "--ids", ids, "--max-tokens", "3"})
              .contains("text") == false);
}

TEST_CASE("tool: generate samples by seed", "[tool]") {
    const auto text_of_seed = [](const std::string& seed) {
        return output_of({"generate", "--model", synthetic_model("nano"), "--temperature", "1",
                          "--top-p", "0.95", "--top-k", "200", "--min-p", "0.01", "--seed", seed,
                          "--max-tokens", "12", "Hello"});
    };
    CHECK(text_of_seed("1") == text_of_seed("1"));
    CHECK(text_of_seed("1") != text_of_seed("2"));
}

TEST_CASE("tool: generate stops on a stop id and does not print it", "[tool]") {
    // A config that calls the first greedy token the end.
    const TempFolder folder;
    const std::string copy = (folder / "copy").string();
    std::filesystem::copy(synthetic_model("nano"), copy);
    const std::vector<std::string> arguments = {"generate", "--model", copy,    "--max-tokens",
                                                "4",        "Hello",   "--json"};
    const nlohmann::json unstopped = json_of(arguments);
    nlohmann::json config = nlohmann::json::parse(read_bytes(copy + "/config.json"));
    config["eos_token_id"] = unstopped["ids"][0];
    write_bytes(copy + "/config.json", config.dump());

    const nlohmann::json stopped = json_of(arguments);
    CHECK(stopped["stop"] == "stop_id");
    CHECK(stopped["ids"].size() == 1);
    CHECK(stopped["text"] == "");
}

TEST_CASE("tool: generate stops on the ids of generation_config.json", "[tool]") {
    const TempFolder folder;
    const std::string copy = (folder / "copy").string();
    std::filesystem::copy(synthetic_model("nano"), copy);
    const std::vector<std::string> arguments = {"generate", "--model", copy,    "--max-tokens",
                                                "4",        "Hello",   "--json"};
    const nlohmann::json unstopped = json_of(arguments);
    const nlohmann::json generation = {{"eos_token_id", {1, unstopped["ids"][1]}}};
    write_bytes(copy + "/generation_config.json", generation.dump());
    const nlohmann::json stopped = json_of(arguments);
    CHECK(stopped["stop"] == "stop_id");
    CHECK(stopped["ids"].size() == 2);
}

TEST_CASE("tool: a run written into the model's folder does not break the model", "[tool]") {
    const TempFolder folder;
    const std::string copy = (folder / "copy").string();
    std::filesystem::copy(synthetic_model("nano"), copy);
    const std::string out = copy + "/run.safetensors";
    CHECK(run_tool({"trace", "--model", copy, "--ids", "1,2", "--out", out}).status == 0);
    CHECK(run_tool({"generate", "--model", copy, "--ids", "1,2", "--max-tokens", "1"}).status == 0);
}

TEST_CASE("tool: inspect marks what is a default and in what the rotation is another", "[tool]") {
    const TempFolder folder;
    const std::string copy = (folder / "copy").string();
    std::filesystem::copy(synthetic_model("nano"), copy);
    CHECK(json_of({"inspect", "--json", "--model", copy})["notes"].empty());
    nlohmann::json config = nlohmann::json::parse(read_bytes(copy + "/config.json"));
    config.erase("rms_norm_eps");
    config["rope_scaling"].erase("truncate");
    write_bytes(copy + "/config.json", config.dump());
    const nlohmann::json json = json_of({"inspect", "--json", "--model", copy});
    CHECK(json["defaults"]["rms_norm_eps"] == "1e-05");
    CHECK(json["defaults"]["truncate"] == "true");
    REQUIRE(json["notes"].size() == 1);
    CHECK_THAT(json["notes"][0].get<std::string>(), StartsWith("YaRN's bounds are rounded to "));
    const std::string text = output_of({"inspect", "--model", copy});
    CHECK_THAT(text, ContainsSubstring("not in the config, so the default") &&
                         ContainsSubstring("notes on the config"));
}

TEST_CASE("tool: generate --explain says what each token was chosen from", "[tool]") {
    const std::string nano = synthetic_model("nano");
    const std::vector<std::string> lines = lines_of(
        output_of({"generate", "--model", nano, "--explain", "--max-tokens", "3", "Hello"}));
    REQUIRE(lines.size() == 4);  // a title and three tokens

    const nlohmann::json json =
        json_of({"generate", "--model", nano, "--explain", "--json", "--max-tokens", "3", "Hello"});
    REQUIRE(json["tokens"].size() == 3);
    int position = int(json["prompt_ids"].size());
    for (const auto& token : json["tokens"]) {
        CHECK(token["position"] == position++);
        REQUIRE(token["likeliest"].size() == 5);
        CHECK(token["likeliest"][0]["id"] == token["id"]);  // greedy
        CHECK(token["likeliest"][0]["probability"] == token["probability"]);
        CHECK(token["probability"] > token["likeliest"][4]["probability"]);
        CHECK(token["probability"] < 1);
    }
}

TEST_CASE("tool: generate streams complete characters only", "[tool]") {
    // A synthetic model writes many broken characters: each becomes U+FFFD, and none is split.
    const std::string text = output_of({"generate", "--model", synthetic_model("nano"),
                                        "--temperature", "1", "--max-tokens", "200", "Hello"});
    CHECK_NOTHROW(nlohmann::json(text).dump());  // throws on invalid UTF-8
}

TEST_CASE("tool: generate ends with what a last, unfinished character decodes to", "[tool]") {
    const std::string nano = synthetic_model("nano");
    for (int n_tokens = 1; n_tokens <= 12; ++n_tokens) {
        const nlohmann::json json = json_of({"generate", "--model", nano, "--json", "--max-tokens",
                                             std::to_string(n_tokens), "The quick brown fox"});
        std::string ids;
        for (const auto& id : json["ids"])
            ids += id.dump() + " ";
        CHECK(output_of({"tokenize", "--model", nano, "decode", ids}) ==
              json["text"].get<std::string>() + "\n");
    }
}

TEST_CASE("tool: generate takes the name of a subcommand as a prompt", "[tool]") {
    const nlohmann::json json = json_of(
        {"generate", "--model", synthetic_model("nano"), "--json", "--max-tokens", "1", "trace"});
    CHECK(json["prompt_ids"].size() > 0);
}

TEST_CASE("tool: generate reads the prompt from standard input for -", "[tool]") {
    const std::string nano = synthetic_model("nano");
    const std::vector<std::string> from_input = {"generate",     "--model", nano,
                                                 "--max-tokens", "5",       "-"};
    CHECK(output_of(from_input, {"Hello"}) ==
          output_of({"generate", "--model", nano, "--max-tokens", "5", "Hello"}));
}

// --- trace ------------------------------------------------------------------------------------

TEST_CASE("tool: trace prints a row per site and writes dump and page", "[tool]") {
    const TempFolder folder;
    const std::string dump = (folder / "run.safetensors").string();
    const std::string page = (folder / "run.html").string();
    const std::string text = output_of({"trace", "--model", synthetic_model("nano"), "--ids",
                                        "1,2,3", "--out", dump, "--html", page});
    CHECK(lines_of(text).size() == std::size_t(1 + 3 + 21 * 4));  // a page shows attention too
    CHECK_THAT(text, ContainsSubstring("\n  block.3.mlp.expert_out      (3, 4, 96) "));

    const Safetensors file = open_safetensors(dump);
    CHECK(file.tensors.size() == std::size_t(3 + 21 * 4));
    CHECK(file.tensors.at("logits").shape == Shape{3, 1034});
    CHECK(file.metadata.at("tokens") == "[1,2,3]");
    CHECK_THAT(read_bytes(page),
               ContainsSubstring("\"block.3.mlp.expert_out\":{\"shape\":[3,4,96]"));
}

TEST_CASE("tool: trace lets a question be answered first", "[tool]") {
    const nlohmann::json json =
        json_of({"trace", "--chat", "--max-tokens", "3", "--sites", "mlp_out", "--json", "Hello"});
    const nlohmann::json prompt =
        json_of({"trace", "--chat", "--sites", "mlp_out", "--json", "Hello"});
    const std::vector<int> tokens = json["tokens"];
    const std::vector<int> asked = prompt["tokens"];
    REQUIRE(tokens.size() == asked.size() + 3);
    CHECK(std::equal(asked.begin(), asked.end(), tokens.begin()));
}

TEST_CASE("tool: trace keeps the sites and the position it is told to", "[tool]") {
    const nlohmann::json json = json_of({"trace", "--model", synthetic_model("nano"), "--sites",
                                         "attn_weights,mlp_out", "--last-only", "--json", "Hello"});
    const std::size_t n_tokens = json["tokens"].size();
    REQUIRE(json["sites"].size() == 2 * 4);
    CHECK(json["sites"][0]["name"] == "block.0.attn.weights");
    CHECK(json["sites"][0]["shape"] == std::vector<std::size_t>{16, 1, n_tokens});
    CHECK(json["sites"][1]["shape"] == std::vector<int>{1, 96});
}

TEST_CASE("tool: --path bf16 rounds every value that trace writes, and generate runs it",
          "[tool]") {
    const TempFolder folder;
    const std::string dump = (folder / "run.safetensors").string();
    const std::string model = synthetic_model("tiny");
    output_of({"trace", "--model", model, "--path", "bf16", "--ids", "1,2,3", "--out", dump});
    const Safetensors file = open_safetensors(dump);
    for (const auto& [name, tensor] : file.tensors) {
        if (tensor.dtype != "F32") continue;
        bool is_rounded = true;
        for (std::uint64_t byte = 0; byte < tensor.n_bytes; byte += 4) {  // little-endian floats
            is_rounded = is_rounded && tensor.bytes[byte] == 0 && tensor.bytes[byte + 1] == 0;
        }
        INFO(name);
        CHECK(is_rounded);
    }
    const auto run = json_of({"generate", "--model", model, "--path", "bf16", "--ids", "1,2,3",
                              "--max-tokens", "4", "--json"});
    CHECK(run["ids"].size() == 4);
}

TEST_CASE("tool: trace --sites all records all 24", "[tool]") {
    const nlohmann::json json = json_of({"trace", "--model", synthetic_model("tiny"), "--sites",
                                         "all", "--json", "--ids", "1,2,3,5,8"});
    CHECK(json["sites"].size() == 3 + 21 * 4);
    const nlohmann::json& scores = json["sites"][7];
    CHECK(scores["name"] == "block.0.attn.scores");
    CHECK(scores["shape"] == std::vector<int>{4, 5, 5});
    CHECK(scores["not_finite"] == 4 * (10 + 1));  // causal, and one key left the window of 4
}

TEST_CASE("tool: bench measures each length, and has the bytes of the spec's arithmetic",
          "[tool]") {
    const std::string model = synthetic_model("tiny");
    const auto json = json_of({"bench", "--model", model, "--prompt-tokens", "3,5",
                               "--decode-tokens", "2", "--repeats", "3", "--json"});
    REQUIRE(json.at("rows").size() == 2);
    for (const auto& row : json.at("rows")) {
        std::vector<double> runs = row.at("prefill_runs");
        REQUIRE(runs.size() == 3);  // the one that warms up is not among them
        std::sort(runs.begin(), runs.end());
        CHECK(runs[0] > 0);
        CHECK(row.at("prefill_tokens_per_s") == runs[1]);
        CHECK(row.at("decode_runs").size() == 3);
    }
    CHECK(json.at("rows")[1].at("prompt_tokens") == 5);
    CHECK(json.at("bytes_per_token") == model_size(preset_tiny()).bytes_per_token);
    CHECK(json.at("read_bytes_per_s") > 1e6);  // even without optimization
    CHECK(json.at("float32_flop_per_s") > 1e6);
    CHECK_THAT(output_of({"bench", "--model", model, "--prompt-tokens", "2", "--decode-tokens", "1",
                          "--repeats", "1"}),
               ContainsSubstring("peak resident"));
}

TEST_CASE("tool: bench of random weights, some layers of them, and where the time goes", "[tool]") {
    for (const std::string path : {"scalar", "fast"}) {
        const auto json =
            json_of({"bench", "--synth", "tiny", "--layers", "2", "--path", path, "--prompt-tokens",
                     "40", "--decode-tokens", "20", "--repeats", "1", "--json"});
        CHECK(json.at("path") == path);
        CHECK(json.at("layers") == 2);
        const auto& row = json.at("rows")[0];
        CHECK(row.at("extrapolated").at("decode_tokens_per_s") < row.at("decode_tokens_per_s"));
        double prefill = 0, decode = 0;
        for (const auto& op : row.at("op_seconds")) {
            prefill += op.at("prefill").get<double>();
            decode += op.at("decode").get<double>();
        }
        // With one run the ops cannot take longer than all of it; what is left lies between them.
        const auto& wall = row.at("wall_seconds");
        CHECK(prefill <= wall.at("prefill"));
        CHECK(decode <= wall.at("decode"));
        CHECK(prefill > 0.5 * wall.at("prefill").get<double>());
        CHECK(decode > 0.5 * wall.at("decode").get<double>());
    }
}

TEST_CASE("tool: dense weights in 8 bits are fewer bytes and other logits", "[tool]") {
    const std::vector<std::string> bench = {"bench", "--synth",         "tiny", "--prompt-tokens",
                                            "3",     "--decode-tokens", "2",    "--repeats",
                                            "1",     "--json"};
    std::vector<std::string> with_q8_0 = bench;
    with_q8_0.insert(with_q8_0.end(), {"--dense", "q8_0"});
    const auto as_stored = json_of(bench), smaller = json_of(with_q8_0);
    CHECK(as_stored.at("dense") == "stored");
    CHECK(smaller.at("dense") == "q8_0");
    CHECK(smaller.at("bytes_per_token") < as_stored.at("bytes_per_token"));

    const std::vector<std::string> perplexity = {"perplexity", "--question", "What is 17 + 25?",
                                                 "17 + 25 = 42.", "--json"};
    std::vector<std::string> of_q8_0 = perplexity;
    of_q8_0.insert(of_q8_0.end(), {"--dense", "q8_0"});
    const double plain = json_of(perplexity).at("nats_per_token");
    const double rounded = json_of(of_q8_0).at("nats_per_token");
    CHECK(rounded != plain);
    CHECK_THAT(rounded, WithinAbs(plain, 0.05));
}

TEST_CASE("tool: perplexity of a bare text, of an answer, and of a conversation", "[tool]") {
    const std::string model = synthetic_model("nano");
    const auto bare = json_of({"perplexity", "--model", model, "--json", "a b c"});
    CHECK(bare.at("tokens_in_all").get<int>() == bare.at("tokens").get<int>() + 1);
    // Random weights know nothing: about as surprised as by a draw from 1,034 words.
    CHECK(bare.at("perplexity") > 300);
    CHECK(bare.at("perplexity") < 3000);

    const auto answer = json_of({"perplexity", "--model", model, "--json", "--per-token",
                                 "--question", "Which letters?", "a b c"});
    CHECK(answer.at("tokens") == bare.at("tokens_in_all"));
    double sum = 0;
    const std::vector<double> surprise = answer.at("surprise");
    for (std::size_t t = surprise.size() - answer.at("tokens").get<std::size_t>();
         t < surprise.size(); ++t) {
        sum += surprise[t];
    }
    const double mean = sum / answer.at("tokens").get<int>();
    CHECK_THAT(answer.at("nats_per_token").get<double>(), WithinAbs(mean, 1e-12));

    const TempFolder folder;
    write_bytes(folder / "chat.json",
                R"({"messages": [{"role": "user", "content": "Which letters?"},
                    {"role": "assistant", "channel": "final", "content": "a b c"}]})");
    const auto chat = json_of({"perplexity", "--model", model, "--json", "--conversation",
                               (folder / "chat.json").string()});
    CHECK(chat.at("tokens") > answer.at("tokens"));  // the header and the closing token too
    CHECK(run_tool({"perplexity", "--model", model}).errors ==
          "gptoss: no text: expected a text or --conversation\n");
}
