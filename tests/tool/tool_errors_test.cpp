// Bad input: one line on standard error, exit status 1, no crash, nothing half-written.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstring>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "catch.hpp"
#include "checkpoint/toy_checkpoint.hpp"
#include "gptoss/core/presets.hpp"
#include "gptoss/format/config_json.hpp"
#include "tool/run_tool.hpp"

using namespace gptoss;
using namespace gptoss::checkpoint;

namespace {

// What the tool says, without "gptoss: " and the line end.
std::string complaint_of(const std::vector<std::string>& arguments,
                         const ToolOptions& options = {}) {
    const ToolRun run = run_tool(arguments, options);
    INFO(run.output);
    INFO(run.errors);
    CHECK(run.status == 1);
    CHECK(std::count(run.errors.begin(), run.errors.end(), '\n') == 1);
    REQUIRE_THAT(run.errors, StartsWith("gptoss: ") && EndsWith("\n"));
    return run.errors.substr(8, run.errors.size() - 9);
}

std::string complaint_about(const std::filesystem::path& model) {
    return complaint_of({"generate", "--model", model.string(), "--ids", "1", "--max-tokens", "1"});
}

// A copy of a synthetic model to be damaged.
struct DamagedModel {
    TempFolder folder;
    std::filesystem::path dir = folder / "model";
    std::filesystem::path weights = dir / "model.safetensors";
    std::filesystem::path config = dir / "config.json";

    explicit DamagedModel(const std::string& preset = "tiny") {
        std::filesystem::copy(synthetic_model(preset), dir);
    }

    void replace_in_header(const std::string& old_text, const std::string& new_text) const {
        REQUIRE(old_text.size() == new_text.size());  // so that the header keeps its length
        std::string bytes = read_bytes(weights);
        const std::size_t place = bytes.find(old_text);
        REQUIRE(place != std::string::npos);
        write_bytes(weights, bytes.replace(place, old_text.size(), new_text));
    }
    void replace_tensors(const std::vector<ToyTensor>& tensors) const {
        write_toy_file(weights, tensors);
    }
    void make_nan(const std::string& tensor) const {  // its eighth value, in BF16
        std::string bytes = read_bytes(weights);
        const std::size_t begin = bytes.find("[", bytes.find("data_offsets", bytes.find(tensor)));
        const std::size_t offset = std::stoul(bytes.substr(begin + 1)) + 2 * 7;
        std::uint64_t header_bytes = 0;
        std::memcpy(&header_bytes, bytes.data(), sizeof header_bytes);
        write_bytes(weights, bytes.replace(8 + header_bytes + offset, 2, "\xC0\x7F"));
    }
    void change_config(const std::string& key, const nlohmann::json& value) const {
        nlohmann::json json = nlohmann::json::parse(read_bytes(config));
        json[key] = value;
        write_bytes(config, json.dump());
    }
    std::string complaint() const { return complaint_about(dir); }
};

std::vector<ToyTensor> tiny_tensors() {
    return toy_tensors(preset_tiny(), Layout::hugging_face);
}

constexpr const char* kSinks = "model.layers.1.self_attn.sinks";

}  // namespace

// --- Command lines ----------------------------------------------------------------------------

TEST_CASE("tool errors: a command line that makes no sense", "[tool][errors]") {
    CHECK_THAT(complaint_of({}),
               StartsWith("no subcommand, expected bench, chat, compare, convert, diagnose"));
    CHECK_THAT(complaint_of({"generate", "--max-token", "3", "a"}),
               ContainsSubstring("--max-token"));
    CHECK_THAT(complaint_of({"generate", "one", "two\nlines"}), ContainsSubstring("two lines"));
    CHECK_THAT(complaint_of({"generate", "--max-tokens", "many", "a"}),
               ContainsSubstring("--max-tokens"));
    CHECK_THAT(complaint_of({"generate", "--ids", "1", "text"}), ContainsSubstring("--ids"));
    CHECK_THAT(complaint_of({"tokenize"}), StartsWith("tokenize: nothing to do"));
    CHECK_THAT(complaint_of({"inspect", "--preset", "20b", "--model", "x"}),
               ContainsSubstring("expected one of them"));
    CHECK_THAT(complaint_of({"bench", "--repeats", "0"}),
               StartsWith("--repeats is 0, expected at least 1"));
    CHECK_THAT(complaint_of({"bench", "--prompt-tokens", "4,x"}), ContainsSubstring("x"));
    CHECK_THAT(complaint_of({"synth", "--preset", "tiny"}), ContainsSubstring("--out"));
    CHECK_THAT(complaint_of({"synth", "--out", "x"}),
               ContainsSubstring("--preset NAME or --config"));
    CHECK_THAT(complaint_of({"synth", "--preset", "tiny", "--layout", "gguf", "--out", "x"}),
               ContainsSubstring("--layout is 'gguf', expected hf or openai"));
}

TEST_CASE("tool errors: a word that is no subcommand", "[tool][errors]") {
    CHECK(complaint_of({"diagnos", "right.npz"}) ==
          "'diagnos' is no subcommand; did you mean diagnose?");
    CHECK(complaint_of({"--threads", "1", "tarce", "--ids", "1"}) ==
          "'tarce' is no subcommand; did you mean trace?");
    CHECK_THAT(complaint_of({"chatter", "two\nlines"}),
               StartsWith("'chatter' is no subcommand, expected bench, chat, compare"));
    CHECK_THAT(complaint_of({"two\nlines"}), StartsWith("'two lines' is no subcommand"));
    CHECK_THAT(complaint_of({"--modle", "DIR"}), ContainsSubstring("--modle"));
}

TEST_CASE("tool errors: a path that is not built, or unknown", "[tool][errors]") {
    if (!GPTOSS_TOOL_HAS_CUDA) {
        CHECK(complaint_of({"--path", "cuda", "inspect", "--cpu"}) ==
              "path 'cuda' is not built, expected auto, scalar, bf16 or fast");
    }
    CHECK_THAT(complaint_of({"--path", "cuda", "tokenize", "encode", "a"}),
               StartsWith("path 'cuda'"));
    CHECK(
        complaint_of({"--path", "bf16", "tokenize", "encode", "a"}) ==
        "path 'bf16' means nothing to tokenize, expected auto, or a subcommand that runs a model");
    CHECK_THAT(complaint_of({"inspect", "--cpu", "--path", "gpu"}),
               StartsWith("path 'gpu' is unknown"));
    CHECK(complaint_of({"inspect", "--cpu", "--threads", "0"}) ==
          "--threads is 0, expected at least 1");
    CHECK_THAT(complaint_of({"inspect", "--cpu", "--threads", "100000"}),
               StartsWith("--threads is 100000, expected 1"));
}

TEST_CASE("tool errors: 8-bit weights where they mean nothing", "[tool][errors]") {
    CHECK(complaint_of({"bench", "--dense", "int4"}) ==
          "--dense is 'int4', expected stored or q8_0");
    CHECK(complaint_of({"--dense", "q8_0", "tokenize", "encode", "a"}) ==
          "--dense q8_0 means nothing to tokenize, expected a subcommand that runs a model");
}

TEST_CASE("tool errors: an unknown preset", "[tool][errors]") {
    const std::string expected = "preset: '70b' is unknown, expected tiny, odd, nano, 20b or 120b";
    CHECK(complaint_of({"inspect", "--preset", "70b"}) == expected);
    CHECK(complaint_of({"synth", "--preset", "70b", "--out", "x"}) == expected);
}

TEST_CASE("tool errors: sampling options out of range", "[tool][errors]") {
    const auto complaint = [](const std::string& flag, const std::string& value) {
        return complaint_of(
            {"generate", "--model", synthetic_model("tiny"), "--ids", "1", flag, value});
    };
    CHECK_THAT(complaint("--temperature", "-1"), StartsWith("sample: temperature is -1"));
    CHECK_THAT(complaint("--temperature", "nan"), StartsWith("sample: temperature is"));
    CHECK_THAT(complaint("--top-p", "0"), StartsWith("sample: top_p is 0"));
    CHECK_THAT(complaint("--min-p", "2"), StartsWith("sample: min_p is 2"));
    CHECK_THAT(complaint("--top-k", "-1"), StartsWith("sample: top_k is -1"));
    CHECK(complaint("--max-tokens", "-1") == "--max-tokens is -1, expected at least 0");
}

TEST_CASE("tool errors: a value that is empty, or no count", "[tool][errors]") {
    const std::vector<std::vector<std::string>> empty = {
        {"generate", "hi", "--model", ""},      {"--model", "", "generate", "hi"},
        {"generate", "hi", "--max-tokens", ""}, {"trace", "hi", "--out", ""},
        {"trace", "hi", "--html", ""},          {"chat", "hi", "--instructions", ""},
        {"synth", "--preset", "", "--out", "x"}};
    for (const std::vector<std::string>& arguments : empty) {
        CHECK_THAT(complaint_of(arguments), EndsWith(": is empty, expected a value"));
    }
    CHECK(complaint_of({"chat", ""}) == "PROMPT: is empty, expected a value");
    CHECK(complaint_of({"chat", "-"}) == "the question is empty, expected a text");
    CHECK(run_tool({"tokenize", "encode", ""}).status == 0);  // a text may be empty
    for (const std::string number : {"-1", "18446744073709551616", "1.5", "0x1"}) {
        const std::string mistake =
            ": is '" + number + "', expected a whole number from 0 to 18446744073709551615";
        CHECK(complaint_of({"generate", "hi", "--seed", number}) == "--seed" + mistake);
        CHECK(complaint_of({"chat", "hi", "--seed", number}) == "--seed" + mistake);
        CHECK(complaint_of({"synth", "--preset", "tiny", "--out", "x", "--shard-bytes", number}) ==
              "--shard-bytes" + mistake);
    }
    const std::string tiny = synthetic_model("tiny");
    CHECK(run_tool({"generate", "--model", tiny, "--ids", "1", "--seed", "18446744073709551615"})
              .status == 0);
}

TEST_CASE("tool errors: arguments of which one would mean nothing", "[tool][errors]") {
    CHECK_THAT(complaint_of({"perplexity", "--conversation", "c.json", "--question", "q"}),
               ContainsSubstring("--question"));
    CHECK_THAT(complaint_of({"tokenize", "encode", "hi", "--vectors", "f"}),
               ContainsSubstring("--vectors"));
    CHECK_THAT(complaint_of({"tokenize", "--vectors", "f", "decode", "1"}),
               ContainsSubstring("--vectors"));
    CHECK_THAT(complaint_of({"harmony", "--vectors", "f", "render", "f"}),
               ContainsSubstring("--vectors"));
    CHECK(run_tool({"inspect", "--names", "--json"}).errors ==
          "{\"error\":\"--names prints Markdown, expected no --json\"}\n");
}

TEST_CASE("tool errors: layers beyond what a config may have", "[tool][errors]") {
    CHECK(complaint_of({"synth", "--preset", "tiny", "--layers", "1025", "--out", "x"}) ==
          "--layers is 1025, expected 1 to 1024");
}

TEST_CASE("tool errors: a prompt of bench beyond the context", "[tool][errors]") {
    const std::string tiny = synthetic_model("tiny");
    const auto begin = std::chrono::steady_clock::now();
    CHECK(complaint_of({"bench", "--model", tiny, "--prompt-tokens", "2000000000"}) ==
          "context: 0 tokens and 2000000000 more, expected at most 131072 (max_context_length)");
    const auto elapsed = std::chrono::steady_clock::now() - begin;
    CHECK(elapsed < std::chrono::seconds(5));  // before 8 GB of ids are made
}

// --- Prompts ----------------------------------------------------------------------------------

TEST_CASE("tool errors: a prompt that is not UTF-8", "[tool][errors]") {
    const std::string nano = synthetic_model("nano");
    const std::string expected = "encode: text is not valid UTF-8 at byte 2 (0xFF)";
    CHECK(complaint_of({"generate", "--model", nano, "ab\xFF"}) == expected);
    CHECK(complaint_of({"trace", "--model", nano, "ab\xFF"}) == expected);
    CHECK(complaint_of({"tokenize", "encode", "ab\xFF"}) == expected);
    CHECK(complaint_of({"tokenize", "encode", "--allow-special", "ab\xFF"}) == expected);
    CHECK_THAT(complaint_of({"tokenize", "encode", "--", "-\xFF"}), ContainsSubstring("UTF-8"));
    CHECK(complaint_of({"chat", "hi", "--instructions", "ab\xFF"}) ==
          "--instructions: text is not valid UTF-8 at byte 2 (0xFF)");
    CHECK(complaint_of({"chat", "hi", "--date", "\xFF"}) ==
          "--date: text is not valid UTF-8 at byte 0 (0xFF)");
    CHECK(complaint_of({"perplexity", "a b", "--question", "\xFF"}) ==
          "--question: text is not valid UTF-8 at byte 0 (0xFF)");
}

TEST_CASE("tool errors: a text that begins with a dash", "[tool][errors]") {
    CHECK(complaint_of({"tokenize", "encode", "-x"}) ==
          "TEXT is required (one that begins with a dash goes behind --; see --help)");
    CHECK(complaint_of({"trace"}) == "no prompt: expected a text or --ids");
    CHECK(complaint_of({"synth", "--preset", "tiny"}) == "--out is required");
}

TEST_CASE("tool errors: a prompt without tokens", "[tool][errors]") {
    const std::string nano = synthetic_model("nano");
    CHECK(complaint_of({"generate", "--model", nano}) == "no prompt: expected a text or --ids");
    CHECK(complaint_of({"generate", "--model", nano, ""}) == "no prompt: expected a text or --ids");
    CHECK(complaint_of({"generate", "--model", nano, "-"}) ==
          "the prompt has no tokens, expected at least one");
    CHECK(complaint_of({"trace", "--model", nano, "--ids", " "}) ==
          "the prompt has no tokens, expected at least one");
}

TEST_CASE("tool errors: token ids that are none, or out of range", "[tool][errors]") {
    const std::string tiny = synthetic_model("tiny");
    for (const std::string subcommand : {"generate", "trace"}) {
        CHECK_THAT(complaint_of({subcommand, "--model", tiny, "--ids", "1,128"}),
                   ContainsSubstring("128"));
        CHECK(complaint_of({subcommand, "--model", tiny, "--ids", "1,two"}) ==
              "ids: \"two\" is not a token id");
        CHECK(complaint_of({subcommand, "--model", tiny, "--ids", "1,-2"}) ==
              "ids: \"-2\" is not a token id");
        CHECK(complaint_of({subcommand, "--model", tiny, "--ids", "99999999999"}) ==
              "ids: \"99999999999\" is not a token id");
    }
    for (const std::string ids : {"1,,2", "1, ,2", "1,"}) {
        CHECK(complaint_of({"trace", "--model", tiny, "--ids", ids}) ==
              "ids: entry 2 is empty, expected a token id");
    }
    CHECK(complaint_of({"trace", "--model", tiny, "--ids", "1 2,,3"}) ==
          "ids: entry 3 is empty, expected a token id");
    CHECK(complaint_of({"trace", "--model", tiny, "--ids", ",1"}) ==
          "ids: entry 1 is empty, expected a token id");
    CHECK(complaint_of({"tokenize", "decode", "201088"}) ==
          "decode: token id 201088 is not in the vocabulary");
}

TEST_CASE("tool errors: a text for a model without a tokenizer", "[tool][errors]") {
    const std::string tiny = synthetic_model("tiny");
    CHECK(complaint_of({"generate", "--model", tiny, "Hello"}) ==
          tiny + " has no tokenizer.json (vocab_size 128): give token ids with --ids");
}

TEST_CASE("tool errors: a context that overflows, at once or on the way", "[tool][errors]") {
    const DamagedModel model;
    model.change_config("max_position_embeddings", 4);
    CHECK(complaint_of({"generate", "--model", model.dir.string(), "--ids", "1,2,3,4,5"}) ==
          "context: 0 tokens and 5 more, expected at most 4 (max_context_length)");
    CHECK(complaint_of({"trace", "--model", model.dir.string(), "--ids", "1,2,3,4,5"}) ==
          "context: 0 tokens and 5 more, expected at most 4 (max_context_length)");

    const ToolRun run = run_tool({"generate", "--model", model.dir.string(), "--ids", "1,2,3"});
    CHECK(run.status == 1);
    CHECK(run.errors == "gptoss: context: full after 2 generated tokens (max_context_length 4)\n");
    CHECK(std::count(run.output.begin(), run.output.end(), ' ') == 1);  // the two are printed

    const ToolRun just_fits = run_tool(
        {"generate", "--model", model.dir.string(), "--ids", "1,2,3", "--max-tokens", "2"});
    CHECK(just_fits.status == 0);
}

TEST_CASE("tool errors: an unknown site", "[tool][errors]") {
    CHECK_THAT(complaint_of({"trace", "--model", synthetic_model("tiny"), "--ids", "1", "--sites",
                             "attn_q,attn_z"}),
               StartsWith("site: 'attn_z' is unknown"));
    CHECK(complaint_of({"trace", "--model", synthetic_model("tiny"), "--ids", "1", "--sites",
                        "logits,block.0.attn.q"}) ==
          "site: 'block.0.attn.q' is unknown, expected one of docs/sites.md; did you mean attn_q?");
}

TEST_CASE("tool errors: files of vectors that are missing or empty", "[tool][errors]") {
    const TempFolder folder;
    CHECK_THAT(complaint_of({"tokenize", "--vectors", (folder / "none").string()}),
               ContainsSubstring("cannot be opened"));
    write_bytes(folder / "empty", "");
    CHECK_THAT(complaint_of({"tokenize", "--vectors", (folder / "empty").string()}),
               EndsWith("is empty"));
    write_bytes(folder / "blank", "\n\n");
    CHECK_THAT(complaint_of({"tokenize", "--vectors", (folder / "blank").string()}),
               EndsWith("holds no vectors"));
}

// --- Checkpoints ------------------------------------------------------------------------------

TEST_CASE("tool errors: a directory that is missing, empty, or a file", "[tool][errors]") {
    const TempFolder folder;
    CHECK_THAT(complaint_about(folder / "none"), ContainsSubstring("none: "));
    CHECK_THAT(complaint_about(folder.path), ContainsSubstring("config.json"));
    write_bytes(folder / "file", "text");
    CHECK_THAT(complaint_about(folder / "file"),
               ContainsSubstring("is a file, expected a checkpoint"));
}

TEST_CASE("tool errors: a config that is not one", "[tool][errors]") {
    const DamagedModel model;
    write_bytes(model.config, "{\"vocab_size\": 128,");
    CHECK_THAT(model.complaint(), ContainsSubstring("config.json: not valid JSON"));
    write_bytes(model.config, "");
    CHECK_THAT(model.complaint(), ContainsSubstring("config.json"));
    write_bytes(model.config, "[1]");
    CHECK_THAT(model.complaint(), ContainsSubstring("expected an object"));
    CHECK_THAT(complaint_of({"synth", "--config", model.config.string(), "--out",
                             (model.folder / "new").string()}),
               ContainsSubstring("expected an object"));
}

TEST_CASE("tool errors: a config that says other shapes than the tensors have", "[tool][errors]") {
    const DamagedModel model;
    model.change_config("vocab_size", 256);
    const ToolRun run = run_tool({"inspect", "--verify", "--model", model.dir.string()});
    CHECK(run.status == 1);  // two tensors disagree, so there are two lines below the first
    CHECK_THAT(run.errors, ContainsSubstring("lm_head.weight") &&
                               ContainsSubstring("is BF16 (128, 64), expected BF16 (256, 64)"));
    model.change_config("vocab_size", 128);
    model.change_config("hidden_size", 65);
    CHECK_THAT(model.complaint(),
               ContainsSubstring("hidden_size is 65, expected a multiple of 32"));
}

TEST_CASE("tool errors: a safetensors file that is empty or cut short", "[tool][errors]") {
    const DamagedModel model;
    const std::string bytes = read_bytes(model.weights);
    for (const std::size_t size :
         {std::size_t(0), std::size_t(5), std::size_t(100), bytes.size() / 2, bytes.size() - 1}) {
        write_bytes(model.weights, bytes.substr(0, size));
        CHECK_THAT(model.complaint(), ContainsSubstring("model.safetensors: "));
    }
}

TEST_CASE("tool errors: a header length near 2^64", "[tool][errors]") {
    const DamagedModel model;
    std::string bytes = read_bytes(model.weights);
    for (int i = 0; i < 8; ++i)
        bytes[std::size_t(i)] = char(0xFF);
    write_bytes(model.weights, bytes);
    CHECK_THAT(model.complaint(),
               ContainsSubstring("would be a header of 18446744073709551615 bytes"));
}

TEST_CASE("tool errors: trace says which site is the first with a NaN", "[tool][errors]") {
    const DamagedModel behind_router;
    behind_router.make_nan("model.norm.weight");
    const std::vector<std::string> arguments{"trace", "--ids", "1,2,3", "--model"};
    const auto traced = [&](const DamagedModel& model, std::vector<std::string> more) {
        more.insert(more.begin(), arguments.begin(), arguments.end());
        more.insert(more.begin() + 4, model.dir.string());
        return run_tool(more);
    };
    const ToolRun run = traced(behind_router, {});
    CHECK(run.status == 0);
    CHECK_THAT(run.output, ContainsSubstring("not finite\n"));
    CHECK_THAT(run.output, EndsWith("the first that is not finite: final_norm\n"));
    CHECK_THAT(run.output, ContainsSubstring(" none "));  // the logits have no number
    const ToolRun as_json = traced(behind_router, {"--json", "--sites", "all"});
    CHECK(nlohmann::json::parse(as_json.output)["first_not_finite"] == "final_norm");

    const DamagedModel before_router;
    before_router.make_nan("model.layers.2.self_attn.q_proj.bias");
    const TempFolder folder;
    const std::string out = (folder / "run.safetensors").string();
    const ToolRun refused = traced(before_router, {"--out", out});
    CHECK(refused.status == 1);
    CHECK_THAT(refused.output, ContainsSubstring("\n  block.2.attn.q  "));
    CHECK_THAT(refused.errors, EndsWith("the first site that is not finite is block.2.attn.q\n"));
    CHECK(!std::filesystem::exists(out));
}

TEST_CASE("tool errors: perplexity of a model whose logits are NaN", "[tool][errors]") {
    const DamagedModel model("nano");
    model.make_nan("lm_head.weight");
    CHECK_THAT(complaint_of({"perplexity", "--model", model.dir.string(), "a b c"}),
               ContainsSubstring("at position 1 has surprise nan, expected a number"));
}

TEST_CASE("tool errors: offsets that overlap or lead outside", "[tool][errors]") {
    const DamagedModel overlapping;
    overlapping.replace_in_header("\"data_offsets\":[0,16384]", "\"data_offsets\":[2,16386]");
    CHECK_THAT(overlapping.complaint(), ContainsSubstring("begins at 2, expected 0"));

    const DamagedModel outside;
    outside.replace_in_header("\"data_offsets\":[0,16384]", "\"data_offsets\":[9,99999]");
    CHECK_THAT(outside.complaint(), ContainsSubstring("model.safetensors: "));
}

TEST_CASE("tool errors: two tensors of one name", "[tool][errors]") {
    const DamagedModel model;
    model.replace_in_header("model.layers.0.self_attn.sinks", kSinks);
    CHECK_THAT(model.complaint(), ContainsSubstring("occurs twice"));
}

TEST_CASE("tool errors: a tensor of another dtype or shape, missing, or unknown",
          "[tool][errors]") {
    const DamagedModel model;
    std::vector<ToyTensor> tensors = tiny_tensors();
    tensor_named(tensors, kSinks).dtype = "I16";
    model.replace_tensors(tensors);
    CHECK_THAT(model.complaint(), ContainsSubstring("is I16 (4), expected BF16 (4)"));

    tensors = tiny_tensors();
    tensor_named(tensors, kSinks).shape = {2, 2};
    model.replace_tensors(tensors);
    CHECK_THAT(model.complaint(), ContainsSubstring("is BF16 (2, 2), expected BF16 (4)"));

    tensors = tiny_tensors();
    erase_tensor(tensors, kSinks);
    model.replace_tensors(tensors);
    CHECK_THAT(model.complaint(), ContainsSubstring(std::string("\"") + kSinks + "\": is missing"));

    tensors = tiny_tensors();
    tensors.push_back({"model.extra", "U8", {1}, {0}});
    model.replace_tensors(tensors);
    CHECK_THAT(model.complaint(), ContainsSubstring("\"model.extra\": is not a tensor of gpt-oss"));
}

TEST_CASE("tool errors: a scale byte that means NaN", "[tool][errors]") {
    const DamagedModel model;
    std::vector<ToyTensor> tensors = tiny_tensors();
    tensor_named(tensors, "model.layers.2.mlp.experts.down_proj_scales").bytes[5] = 255;
    model.replace_tensors(tensors);
    CHECK_THAT(model.complaint(), ContainsSubstring("scale 5 is 255 (NaN)"));
    CHECK_THAT(complaint_of({"inspect", "--verify", "--model", model.dir.string()}),
               ContainsSubstring("scale 5 is 255 (NaN)"));
}

TEST_CASE("tool errors: a shard that is missing or leads out of the directory", "[tool][errors]") {
    const DamagedModel model;
    std::filesystem::remove(model.weights);
    const std::filesystem::path index = model.dir / "model.safetensors.index.json";
    write_bytes(index, "{\"weight_map\":{\"lm_head.weight\":\"model-00001.safetensors\"}}");
    CHECK_THAT(model.complaint(), ContainsSubstring("model-00001.safetensors: is missing"));
    write_bytes(index, "{\"weight_map\":{\"lm_head.weight\":\"../model.safetensors\"}}");
    CHECK_THAT(model.complaint(), ContainsSubstring("expected a plain file name"));
}

TEST_CASE("tool errors: with --json an error is one line of JSON", "[tool][errors]") {
    const DamagedModel model;
    model.change_config("vocab_size", 256);  // three lines without --json
    const ToolRun run =
        run_tool({"generate", "--json", "--ids", "1", "--model", model.dir.string()});
    CHECK(run.status == 1);
    CHECK(run.output.empty());
    CHECK(std::count(run.errors.begin(), run.errors.end(), '\n') == 1);
    CHECK_THAT(nlohmann::json::parse(run.errors)["error"].get<std::string>(),
               ContainsSubstring("lm_head.weight") && ContainsSubstring("2 problems\n"));
    const ToolRun unknown = run_tool({"--json", "generate", "--no-such-flag"});
    CHECK(nlohmann::json::parse(unknown.errors).contains("error"));
}

TEST_CASE("tool errors: a file of another kind is named, with what to do", "[tool][errors]") {
    const DamagedModel model;
    write_bytes(model.dir / "tokenizer.json", "version https://git-lfs.github.com/spec/v1\n");
    CHECK_THAT(model.complaint(), ContainsSubstring("tokenizer.json: is a Git LFS pointer"));
    write_bytes(model.weights, "<!DOCTYPE html>");
    CHECK_THAT(model.complaint(), ContainsSubstring("it is a web page"));
}

TEST_CASE("tool errors: a tokenizer.json that is not one", "[tool][errors]") {
    const DamagedModel model;
    write_bytes(model.dir / "tokenizer.json", "{}");
    CHECK_THAT(model.complaint(), ContainsSubstring("tokenizer.json: no key \"model\""));
    write_bytes(model.dir / "tokenizer.json", "{\"model\"");
    CHECK_THAT(model.complaint(), ContainsSubstring("tokenizer.json: not valid JSON"));
}

// --- Hostile names and bytes ------------------------------------------------------------------

TEST_CASE("tool errors: a line has 300 characters at most, and no bytes that a terminal obeys",
          "[tool][errors]") {
    const DamagedModel model;
    model.change_config("model_type", std::string(5000, 'x') + "\x1b[2J");
    const std::string complaint = model.complaint();
    CHECK(complaint.size() <= 300);
    CHECK_THAT(complaint, StartsWith(model.dir.string()) && ContainsSubstring(" ... "));
    CHECK(complaint.find('\x1b') == std::string::npos);
    CHECK_THAT(complaint_of({"generate", "--ids", "1", "--model", "/no\nsuch"}),
               StartsWith("/no\\nsuch: is not a directory"));
}

TEST_CASE("tool errors: a pipe that nobody writes to is not waited for", "[tool][errors]") {
    const TempFolder folder;
    const std::string pipe = (folder / "pipe").string();
    REQUIRE(::mkfifo(pipe.c_str(), 0600) == 0);
    CHECK(complaint_of({"harmony", "render", pipe}) == pipe + ": is a pipe that nobody writes to");
    const DamagedModel model;
    std::filesystem::remove(model.config);
    REQUIRE(::mkfifo(model.config.c_str(), 0600) == 0);
    CHECK_THAT(model.complaint(), EndsWith("config.json: is a pipe that nobody writes to"));
}

TEST_CASE("tool errors: a prompt that does not fit prints no empty table", "[tool][errors]") {
    const DamagedModel model;
    model.change_config("max_position_embeddings", 2);
    for (const char* subcommand : {"trace", "generate"}) {
        std::vector<std::string> words = {subcommand, "--model", model.dir.string(), "--ids",
                                          "1,2,3,4"};
        if (words[0] == "generate") words.push_back("--explain");
        const ToolRun run = run_tool(words);
        CHECK(run.status == 1);
        CHECK(run.output == "");
        CHECK_THAT(run.errors, ContainsSubstring("context"));
    }
}

TEST_CASE("tool errors: a model that is cut short while it is read from", "[tool][errors]") {
    const DamagedModel model("nano");
    const std::string pipe = (model.folder / "pipe").string();
    REQUIRE(::mkfifo(pipe.c_str(), 0600) == 0);
    const int writer = ::open(pipe.c_str(), O_RDWR);
    ToolOptions options;
    options.input_from = pipe;
    RunningTool tool({"chat", "--model", model.dir.string()}, options);
    REQUIRE(tool.becomes_true([&] { return tool.maps(model.weights.string()); }));
    std::filesystem::resize_file(model.weights, 4096);
    REQUIRE(::write(writer, "hi\n", 3) == 3);  // what the model is needed for
    const ToolRun run = tool.wait();
    ::close(writer);
    CHECK(run.status == 1);
    CHECK(run.errors == "gptoss: a file was cut short by another program while it was read from\n");
}

// --- Output -----------------------------------------------------------------------------------

TEST_CASE("tool errors: no result under a name that a model's folder is read by",
          "[tool][errors]") {
    const DamagedModel model("tiny");
    const TempFolder shards;  // as OpenAI's layout has them: no model.safetensors
    std::filesystem::copy(model.config, shards / "config.json");
    std::filesystem::copy(model.weights, shards / "part.safetensors");
    const std::string tiny = synthetic_model("tiny");
    for (const std::string name : {"model.safetensors", "model-00001-of-00002.safetensors"}) {
        const std::string out = (shards / name).string();
        CHECK_THAT(
            complaint_of({"trace", "--model", tiny, "--ids", "1", "--out", out}),
            StartsWith("--out is '" + out + "', which would be read as a part of the model"));
        CHECK_FALSE(std::filesystem::exists(out));
    }
    const std::string page = (shards / "generation_config.json").string();
    CHECK_THAT(complaint_of({"trace", "--model", tiny, "--ids", "1", "--html", page}),
               ContainsSubstring("which would be read as a part of the model"));
}

TEST_CASE("tool errors: output that cannot be written", "[tool][errors]") {
    const std::string tiny = synthetic_model("tiny");
    CHECK_THAT(complaint_of({"trace", "--model", tiny, "--ids", "1", "--out", "/no/run"}),
               StartsWith("/no/run: cannot be created"));
    CHECK_THAT(complaint_of({"trace", "--model", tiny, "--ids", "1", "--html", "/no/run"}),
               StartsWith("/no/run: cannot be created"));
    CHECK_THAT(complaint_of({"synth", "--preset", "tiny", "--out", "/dev/null/x"}),
               StartsWith("/dev/null/x: cannot be made"));
    CHECK_THAT(complaint_of({"synth", "--preset", "tiny", "--out", tiny}),
               ContainsSubstring("expected a folder without a checkpoint"));
}

TEST_CASE("tool errors: what a page of a run cannot show", "[tool][errors]") {
    const std::string tiny = synthetic_model("tiny");
    CHECK(complaint_of(
              {"trace", "--model", tiny, "--ids", "1", "--html", "run.html", "--last-only"}) ==
          "--html shows all positions, expected it without --last-only");
    CHECK(complaint_of({"trace", "--model", tiny, "--chat", "hi"}) ==
          tiny + ": has no tokenizer.json, expected one for --chat");
    CHECK(complaint_of({"trace", "hi", "--max-tokens", "-1"}) ==
          "--max-tokens is -1, expected at least 0");
}

TEST_CASE("tool errors: a file that is no regular one is not replaced", "[tool][errors]") {
    const TempFolder folder;
    const std::string link = (folder / "link").string();
    std::filesystem::create_symlink("/dev/null", link);
    for (const std::string flag : {"--out", "--html"}) {
        CHECK(complaint_of({"trace", "--model", synthetic_model("tiny"), "--ids", "1", flag,
                            link}) == link + ": is not a regular file, and is not replaced by one");
    }
}

TEST_CASE("tool errors: an output over another file of the command", "[tool][errors]") {
    const TempFolder folder;
    const auto trace = [](std::vector<std::string> more) {
        more.insert(more.begin(), {"trace", "--ids", "1,2"});
        return more;
    };
    const std::string run = (folder / "run").string();
    CHECK(complaint_of(trace({"--out", run, "--html", (folder / "./run").string()})) ==
          "--html is '" + (folder / "./run").string() + "', the same file as '" + run +
              "', expected one of its own");
    CHECK(!std::filesystem::exists(run));

    const DamagedModel model;
    const std::string bytes = read_bytes(model.weights);
    for (const std::string flag : {"--out", "--html"}) {
        CHECK_THAT(complaint_of(trace({"--model", model.dir.string(), flag, model.weights})),
                   StartsWith(flag + " is '" + model.weights.string() + "', the same file as "));
    }
    CHECK(read_bytes(model.weights) == bytes);

    REQUIRE(run_tool(trace({"--out", run})).status == 0);
    const std::string dump = read_bytes(run);
    const ToolRun compare = run_tool({"compare", run, run, "--html", run});
    CHECK(compare.status == 2);
    CHECK(compare.errors == "gptoss: --html is '" + run + "', the same file as '" + run +
                                "', expected one of its own\n");
    CHECK(read_bytes(run) == dump);
}

TEST_CASE("tool errors: a terminal gets no control characters from files", "[tool][errors]") {
    const DamagedModel model;
    std::vector<ToyTensor> tensors = tiny_tensors();
    tensors.push_back({"\033]0;pwn\a", "U8", {1}, {0}});
    model.replace_tensors(tensors);
    write_bytes(model.folder / "answer", "<|start|>\033]0;pwn\a<|message|>");

    const Terminal terminal;
    ToolOptions options;
    options.output_to = terminal.path;
    options.errors_to = terminal.path;
    run_tool({"inspect", "--model", model.dir.string()}, options);
    const std::string table = terminal.shown();
    CHECK_THAT(table, ContainsSubstring("\uFFFD]0;pwn\uFFFD"));
    CHECK_THAT(table, !ContainsSubstring("\033"));

    run_tool({"harmony", "parse", (model.folder / "answer").string()}, options);
    const std::string complaint = terminal.shown();
    CHECK_THAT(complaint, ContainsSubstring("Unknown role: \uFFFD]0;pwn\uFFFD"));
    CHECK_THAT(complaint, !ContainsSubstring("\033"));
}

TEST_CASE("tool errors: a dump under the name of another format", "[tool][errors]") {
    const TempFolder folder;
    const auto traced_to = [&folder](const std::string& name) {
        return std::vector<std::string>{"trace", "--model", synthetic_model("tiny"), "--ids",
                                        "1",     "--out",   (folder / name).string()};
    };
    for (const std::string ending : {".npz", ".npy", ".pt", ".pth", ".bin", ".json"}) {
        const std::string run = (folder / "run").string();
        CHECK(complaint_of(traced_to("run" + ending)) ==
              "--out is '" + run + ending + "', but the file is safetensors: name it '" + run +
                  ".safetensors'");
    }
    CHECK(std::filesystem::is_empty(folder.path));
    for (const std::string name : {"run", "run.safetensors", "run.dump", "run.npz.safetensors"}) {
        CHECK(run_tool(traced_to(name)).status == 0);
        CHECK(std::filesystem::exists(folder / name));
    }
}

TEST_CASE("tool errors: standard output on a full disk", "[tool][errors]") {
    if (!std::filesystem::exists("/dev/full")) skip_test("there is no /dev/full");
    ToolOptions full;
    full.output_to = "/dev/full";
    const std::string tiny = synthetic_model("tiny");
    const std::string expected = "standard output: cannot be written: No space left on device";
    CHECK(complaint_of({"--help"}, full) == expected);
    CHECK(complaint_of({"inspect", "--preset", "20b"}, full) == expected);
    CHECK(complaint_of({"tokenize", "encode", "Hello"}, full) == expected);
    CHECK(complaint_of({"generate", "--model", tiny, "--ids", "1"}, full) == expected);
    CHECK(complaint_of({"trace", "--model", tiny, "--ids", "1"}, full) == expected);
}

TEST_CASE("tool errors: a disk that fills up leaves nothing under the final name",
          "[tool][errors]") {
    const TempFolder folder;
    ToolOptions small_disk;
    small_disk.most_file_bytes = 65536;
    const std::string dump = (folder / "run.safetensors").string();
    CHECK_THAT(complaint_of({"trace", "--model", synthetic_model("tiny"), "--ids",
                             "1,2,3,4,5,6,7,8,9,10,11,12", "--out", dump},
                            small_disk),
               StartsWith(dump + ": cannot be written"));
    CHECK(std::filesystem::is_empty(folder.path));

    const std::string model = (folder / "model").string();
    CHECK_THAT(complaint_of({"synth", "--preset", "tiny", "--out", model}, small_disk),
               ContainsSubstring("model.safetensors: cannot be written"));
    CHECK(std::filesystem::is_empty(folder.path));
}
