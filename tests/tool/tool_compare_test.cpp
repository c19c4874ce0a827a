// gptoss compare on real dumps, damaged in every way that a user's may be: a message, a status that
// says whether it is a divergence (1) or cannot be used (2), and never a pass.
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <cstring>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "catch.hpp"
#include "gptoss/core/bf16.hpp"
#include "gptoss/format/safetensors.hpp"
#include "gptoss/format/safetensors_writer.hpp"
#include "npy_bytes.hpp"
#include "tool/run_tool.hpp"

using namespace gptoss;
using namespace gptoss::format;
using namespace gptoss::test;

namespace {

struct Array {
    std::string dtype;
    Shape shape;
    std::string bytes;
};

// A dump that can be changed and written again.
struct Arrays {
    std::map<std::string, Array> by_name;
    Metadata metadata;

    explicit Arrays(const std::filesystem::path& path) {
        const Safetensors file = open_safetensors(path);
        metadata = file.metadata;
        for (const auto& [name, tensor] : file.tensors) {
            const std::string bytes(reinterpret_cast<const char*>(tensor.bytes), tensor.n_bytes);
            by_name[name] = {tensor.dtype, tensor.shape, bytes};
        }
    }
    void write_safetensors_to(const std::filesystem::path& path) const {
        std::vector<NamedTensor> tensors;
        for (const auto& [name, array] : by_name) {
            const auto* bytes = reinterpret_cast<const std::uint8_t*>(array.bytes.data());
            tensors.push_back({name, {array.dtype, array.shape, bytes, array.bytes.size()}});
        }
        write_safetensors(path, tensors, metadata);
    }
    // As NAME.npy files, with the token ids.
    Files npy_files() const {
        Files files;
        for (const auto& [name, array] : by_name) {
            const std::string descr = array.dtype == "I32" ? "<i4" : "<f4";
            files.push_back(
                {name + ".npy", npy_bytes(descr, shape_text(array.shape), array.bytes)});
        }
        files.push_back({"tokens.npy", npy_bytes("<i4", "(5,)", bytes_of<std::int32_t>(tokens))});
        return files;
    }
    float& value(const std::string& name, std::size_t i) {
        return reinterpret_cast<float*>(by_name.at(name).bytes.data())[i];
    }
    static inline const std::vector<std::int32_t> tokens = {1, 2, 3, 5, 8};
};

// The trace of the synthetic tiny model, written once.
const std::string& reference() {
    static const TempFolder folder;
    static const std::string path = (folder / "reference.safetensors").string();
    if (!std::filesystem::exists(path)) {
        const ToolRun run = run_tool(
            {"trace", "--model", synthetic_model("tiny"), "--ids", "1,2,3,5,8", "--out", path});
        REQUIRE(run.status == 0);
    }
    return path;
}

ToolRun compared(const std::string& other, const std::vector<std::string>& flags = {}) {
    std::vector<std::string> arguments = {"compare", reference(), other};
    arguments.insert(arguments.end(), flags.begin(), flags.end());
    return run_tool(arguments);
}

// Compares after a change.
template <class Change>
ToolRun compared_after(const Change& change, const std::vector<std::string>& flags = {}) {
    const TempFolder folder;
    Arrays arrays(reference());
    change(arrays);
    arrays.write_safetensors_to(folder / "other.safetensors");
    return compared((folder / "other.safetensors").string(), flags);
}

void check_unusable(const ToolRun& run, const std::string& message) {
    INFO(run.output);
    CHECK(run.status == 2);
    CHECK_THAT(run.errors, StartsWith("gptoss: ") && ContainsSubstring(message));
    CHECK(std::count(run.errors.begin(), run.errors.end(), '\n') == 1);
}

void check_diverged(const ToolRun& run, const std::string& site) {
    INFO(run.output);
    CHECK(run.status == 1);
    CHECK(run.errors == "");
    CHECK_THAT(run.output, ContainsSubstring("\ndiverged: first divergence at " + site + ": "));
}

const std::string kQ = "block.1.attn.q";

}  // namespace

// --- Good input -------------------------------------------------------------------------------

TEST_CASE("tool compare: a dump passes against itself", "[tool][compare]") {
    const ToolRun run = compared(reference());
    CHECK(run.status == 0);
    CHECK(run.errors == "");
    CHECK_THAT(run.output, ContainsSubstring("  block.3.mlp.residual        ok "));
    CHECK_THAT(run.output, ContainsSubstring("same likeliest token 100.00 %"));
    CHECK_THAT(run.output, EndsWith("\npass: 79 sites within tolerance\n"));
}

TEST_CASE("tool compare: a wrong value is found at its site", "[tool][compare]") {
    check_diverged(compared_after([](Arrays& a) { a.value(kQ, 7) += 0.01f; }), kQ);
    CHECK(
        compared_after([](Arrays& a) { a.value(kQ, 7) += 0.01f; }, {"--tolerance", "0.1"}).status ==
        0);
}

TEST_CASE("tool compare: the policy is taken from the values, and may be given",
          "[tool][compare]") {
    const TempFolder folder;
    const std::string bf16 = (folder / "bf16.safetensors").string();
    run_tool({"trace", "--model", synthetic_model("tiny"), "--path", "bf16", "--ids", "1,2,3,5,8",
              "--out", bf16});
    const ToolRun strict = compared(bf16, {"--policy", "float32"});
    check_diverged(strict, "block.0.attn.norm");
    CHECK_THAT(strict.output,
               ContainsSubstring("are bf16 numbers: the bf16 policy allows for that"));
    const ToolRun run = compared(bf16);
    CHECK(run.status == 0);
    CHECK_THAT(run.output, ContainsSubstring("policy: bf16, for bf16 numbers\n"));
}

TEST_CASE("tool compare: OpenAI's own model in bf16 is right over trained weights, op by op",
          "[tool][compare]") {
    const TempFolder folder;
    const std::string reference = (folder / "nano.safetensors").string();
    const std::string golden = GPTOSS_GOLDEN_DIR "/nano_bf16.safetensors";
    std::string ids;
    for (const nlohmann::json& id :
         nlohmann::json::parse(open_safetensors(golden).metadata.at("tokens"))) {
        ids += (ids.empty() ? "" : ",") + id.dump();
    }
    REQUIRE(run_tool({"trace", "--ids", ids, "--sites", "all", "--out", reference}).status == 0);
    const ToolRun run = run_tool({"compare", reference, golden});
    INFO(run.output);
    CHECK(run.status == 0);
    CHECK_THAT(run.output, ContainsSubstring("\nop by op: 87 sites within tolerance"));

    const ToolRun wrong =
        run_tool({"compare", reference, golden, "--model", synthetic_model("tiny")});
    check_unusable(wrong, "the dump's hidden_size is 96, expected 64");
}

TEST_CASE("tool compare: a folder of npy files and an npz are read", "[tool][compare]") {
    const TempFolder folder;
    const Files files = Arrays(reference()).npy_files();
    std::filesystem::create_directory(folder / "run");
    for (const auto& [name, bytes] : files) {
        write_bytes(folder / "run" / name, bytes);
    }
    write_bytes(folder / "run.npz", zip_bytes(files, true));
    CHECK(compared((folder / "run").string()).status == 0);
    CHECK(compared((folder / "run.npz").string()).status == 0);
}

TEST_CASE("tool compare: names of others through --map", "[tool][compare]") {
    const auto rename = [](Arrays& a) {
        for (int layer = 0; layer < 4; ++layer) {
            const std::string l = std::to_string(layer);
            auto node = a.by_name.extract("block." + l + ".attn.q");
            node.key() = "h." + l + ".q_proj";
            a.by_name.insert(std::move(node));
        }
    };
    const TempFolder folder;
    write_bytes(folder / "map.json", R"({"h.{l}.q_proj": "block.{l}.attn.q"})");
    CHECK(compared_after(rename, {"--map", (folder / "map.json").string()}).status == 0);
    const ToolRun without = compared_after(rename, {"--sites", "all"});
    check_unusable(without, "4 sites could not be compared; the first is block.0.attn.q (missing)");
    CHECK_THAT(without.output, ContainsSubstring("4 arrays have no site's name: \"h.0.q_proj\""));
    CHECK_THAT(compared_after(rename).output,
               ContainsSubstring("left out: 4 sites that only one side has: attn.q\n"));
}

TEST_CASE("tool compare: --json and --html say the same", "[tool][compare]") {
    const TempFolder folder;
    const std::string page = (folder / "page.html").string();
    const ToolRun run =
        compared_after([](Arrays& a) { a.value(kQ, 7) += 1; }, {"--json", "--html", page});
    CHECK(run.status == 1);
    const nlohmann::json json = nlohmann::json::parse(run.output);
    CHECK(json["verdict"] == "diverged");
    CHECK(json["first_divergence"] == kQ);
    CHECK(json["sites"].size() == 79);
    const std::string html = read_bytes(page);
    CHECK_THAT(html, ContainsSubstring("first divergence: " + kQ));
    CHECK_THAT(html, EndsWith("</html>\n"));
}

TEST_CASE("tool compare: logits alone, the rest is said to be left out", "[tool][compare]") {
    const auto only_logits = [](Arrays& a) {
        const Array logits = a.by_name.at("logits");
        a.by_name = {{"logits", logits}};
    };
    CHECK(compared_after(only_logits, {"--sites", "logits"}).status == 0);
    const ToolRun common = compared_after(only_logits, {"--sites", "common"});
    CHECK(common.status == 0);
    CHECK_THAT(common.output, ContainsSubstring("left out: 78 sites that only one side has"));
    const ToolRun what_there_is = compared_after(only_logits);
    CHECK(what_there_is.status == 0);
    CHECK_THAT(what_there_is.output,
               ContainsSubstring("pass: 1 site within tolerance; 78 sites that only one side has "
                                 "are left out"));
    check_unusable(compared_after(only_logits, {"--sites", "all"}),
                   "78 sites could not be compared");
}

TEST_CASE("tool compare: --help leads to the lines that write a dump", "[tool][compare]") {
    CHECK_THAT(run_tool({"compare", "--help"}).output,
               ContainsSubstring("docs/compare.md explains the table and shows how to write a dump "
                                 "with numpy.\n"));
    CHECK_THAT(read_bytes(GPTOSS_SOURCE_DIR "/docs/compare.md"), ContainsSubstring("numpy.savez("));
}

// --- Bad input --------------------------------------------------------------------------------

TEST_CASE("tool compare: missing sites, on either side", "[tool][compare][errors]") {
    const auto erase = [](Arrays& a) { a.by_name.erase(kQ); };
    check_unusable(compared_after(erase), "the first is block.1.attn.q (missing): not in ");
    const TempFolder folder;
    Arrays arrays(reference());
    erase(arrays);
    const std::string shorter = (folder / "shorter.safetensors").string();
    arrays.write_safetensors_to(shorter);
    check_unusable(run_tool({"compare", shorter, reference()}),
                   "the first is block.1.attn.q (no reference)");
}

TEST_CASE("tool compare: other shapes", "[tool][compare][errors]") {
    const auto reshape = [](const Shape& shape) {
        return compared_after([&shape](Arrays& a) { a.by_name.at(kQ).shape = shape; });
    };
    CHECK(reshape({1, 5, 4, 64}).status == 0);
    check_unusable(reshape({4, 5, 64}), "shape is (4, 5, 64), expected (5, 256)");
    check_unusable(reshape({256, 5}), "shape is (256, 5), expected (5, 256)");
    check_unusable(reshape({1280}), "shape is (1280), expected (5, 256)");
    check_unusable(reshape({2, 5, 128}), "expected (5, 256)");
}

TEST_CASE("tool compare: other dtypes", "[tool][compare][errors]") {
    const auto q_as = [](const std::string& dtype, const std::string& bytes) {
        return compared_after([&](Arrays& a) {
            a.by_name.at(kQ).dtype = dtype;
            a.by_name.at(kQ).bytes = bytes;
        });
    };
    std::vector<double> doubles;
    std::vector<std::uint16_t> bf16;
    Arrays arrays(reference());
    for (std::size_t i = 0; i < 1280; ++i) {
        doubles.push_back(double(arrays.value(kQ, i)));
        bf16.push_back(float_to_bf16(arrays.value(kQ, i)));
    }
    CHECK(q_as("F64", bytes_of(doubles)).status == 0);
    check_diverged(q_as("BF16", bytes_of(bf16)), kQ);  // read, and not float32
    check_unusable(q_as("U16", bytes_of(bf16)), "(dtype): dtype is U16, expected F32, F64, F16");
    check_unusable(q_as("I32", arrays.by_name.at(kQ).bytes), "(dtype): dtype is I32");
    check_unusable(
        compared_after([](Arrays& a) { a.by_name.at("block.0.mlp.expert_ids").dtype = "F32"; }),
        "dtype is F32, expected I32 or I64");
}

TEST_CASE("tool compare: Fortran order is read, object arrays are refused",
          "[tool][compare][errors]") {
    const TempFolder folder;
    Arrays arrays(reference());
    for (const auto& [name, bytes] : arrays.npy_files()) {
        write_bytes(folder / name, bytes);
    }
    std::vector<float> by_columns;
    for (std::size_t i = 0; i < 1280; ++i) {
        by_columns.push_back(arrays.value(kQ, i % 5 * 256 + i / 5));
    }
    write_bytes(folder / (kQ + ".npy"), npy_bytes("<f4", "(5, 256)", bytes_of(by_columns), true));
    CHECK(compared(folder.path.string()).status == 0);
    // The same bytes without saying so are a divergence.
    write_bytes(folder / (kQ + ".npy"), npy_bytes("<f4", "(5, 256)", bytes_of(by_columns)));
    check_diverged(compared(folder.path.string()), kQ);
    write_bytes(folder / (kQ + ".npy"), npy_bytes("|O", "(5, 256)", "a pickle"));
    check_unusable(compared(folder.path.string()), "(dtype): dtype is \"|O\", Python objects");
}

TEST_CASE("tool compare: cut short, all three kinds", "[tool][compare][errors]") {
    const TempFolder folder;
    const std::string whole = read_bytes(reference());
    const Files files = Arrays(reference()).npy_files();
    const std::string npz = zip_bytes(files);
    write_bytes(folder / "x.safetensors", whole.substr(0, whole.size() - 100));
    write_bytes(folder / "x.npz", npz.substr(0, npz.size() - 100));
    std::filesystem::create_directory(folder / "x");
    for (const auto& [name, bytes] : files) {
        write_bytes(folder / "x" / name, bytes.substr(0, bytes.size() - 1));
    }
    for (const char* name : {"x.safetensors", "x.npz", "x"}) {
        check_unusable(compared((folder / name).string()), "cut short?");
        check_unusable(run_tool({"compare", (folder / name).string(), reference()}), "cut short?");
    }
    write_bytes(folder / "x.safetensors", whole.substr(0, 100));  // inside the header
    check_unusable(compared((folder / "x.safetensors").string()),
                   ", but the file holds 92 bytes behind it; is it cut short?\n");
}

TEST_CASE("tool compare: files of other formats", "[tool][compare][errors]") {
    const TempFolder folder;
    const auto complaint = [&folder](const std::string& bytes) {
        write_bytes(folder / "x", bytes);
        const ToolRun run = compared((folder / "x").string());
        CHECK(run.status == 2);
        const std::string begin = "gptoss: " + (folder / "x").string() +
                                  ": is no dump: neither safetensors, nor .npz, nor a folder of "
                                  ".npy (";
        CHECK_THAT(run.errors, StartsWith(begin) && EndsWith(")\n"));
        return run.errors.substr(std::min(begin.size(), run.errors.size()));
    };
    CHECK(complaint("# gptoss\n\nA text.\n") ==
          "its first 8 bytes would be a header of 8319115482576134179 bytes)\n");
    CHECK_THAT(complaint("\x80\x02}q\x01X\x01\x02 a pickle"),
               StartsWith("it is a PyTorch file (.bin, .pt), which is not read"));
    CHECK(complaint("text\n") == "it has 5 bytes, expected at least 8)\n");
    CHECK(complaint(std::string("\x05\0\0\0\0\0\0\0hello", 13)) ==
          "its header does not begin with '{')\n");
}

TEST_CASE("tool compare: NaN is a divergence, in the reference it is unusable",
          "[tool][compare][errors]") {
    const auto spoil = [](Arrays& a) { a.value(kQ, 7) = std::nanf(""); };
    const ToolRun run = compared_after(spoil);
    check_diverged(run, kQ);
    CHECK_THAT(run.output, ContainsSubstring("block.1.attn.q              NaN "));
    const TempFolder folder;
    Arrays arrays(reference());
    spoil(arrays);
    const std::string spoilt = (folder / "spoilt.safetensors").string();
    arrays.write_safetensors_to(spoilt);
    check_unusable(run_tool({"compare", spoilt, reference()}), "(NaN in reference)");
    check_unusable(run_tool({"compare", spoilt, spoilt}), "(NaN in reference)");
}

TEST_CASE("tool compare: other tokens, another config, another model", "[tool][compare][errors]") {
    check_unusable(compared_after([](Arrays& a) { a.metadata["tokens"] = "[1,2,3,5,9]"; }),
                   "other tokens: token 4 is 9, expected 8");
    check_unusable(compared_after([](Arrays& a) { a.metadata["tokens"] = "[1,2,3]"; }),
                   "other tokens: has 3 tokens, expected 5");
    check_unusable(compared_after([](Arrays& a) {
                       nlohmann::json config = nlohmann::json::parse(a.metadata["config"]);
                       config["sliding_window"] = 5;
                       a.metadata["config"] = config.dump();
                   }),
                   "another config: sliding_window is 5, expected 4");

    const TempFolder folder;
    const std::string model = (folder / "model").string();
    const std::string other = (folder / "other.safetensors").string();
    run_tool({"synth", "--preset", "tiny", "--seed", "2", "--out", model});
    run_tool({"trace", "--model", model, "--ids", "1,2,3,5,8", "--out", other});
    const ToolRun run = compared(other);  // the same config and tokens, other weights
    check_diverged(run, "embedding");
    CHECK_THAT(run.output, ContainsSubstring("other tokens, or other weights"));
}

TEST_CASE("tool compare: command lines that make no sense", "[tool][compare][errors]") {
    check_unusable(run_tool({"compare", reference()}), "B is required");
    check_unusable(compared("no/such/file"), "no/such/file: cannot be opened");
    check_unusable(compared(reference(), {"--policy", "fp8"}),
                   "--policy is 'fp8', expected auto, float32, float16 or bf16");
    check_unusable(compared(reference(), {"--tolerance", "-1"}), "--tolerance is -1");
    check_unusable(compared(reference(), {"--tolerance", "nan"}), "--tolerance is nan");
    check_unusable(compared(reference(), {"--sites", "attn_z"}), "site: 'attn_z' is unknown");
    check_unusable(compared(reference(), {"--map", "none.json"}), "none.json: cannot be opened");
    check_unusable(compared(reference(), {"--threads", "0"}), "--threads is 0");
    check_unusable(compared(reference(), {"--html", "no/such/page.html"}), "no/such/page.html");
}

TEST_CASE("tool: compare passes two right runs of 300 tokens", "[tool][compare]") {
#ifndef __OPTIMIZE__
    skip_test("takes most of a minute without optimization; the release build runs it");
#endif
    const TempFolder folder;
    std::string ids;
    for (int i = 0; i < 300; ++i) {
        ids += (i > 0 ? "," : "") + std::to_string(i * 7 % 1000);
    }
    const std::string plain = (folder / "plain.safetensors").string();
    const std::string tuned = (folder / "tuned.safetensors").string();
    const std::string nano = GPTOSS_SOURCE_DIR "/examples/nano/model";
    for (const auto& [path, dump] : {std::pair{"scalar", plain}, std::pair{"fast", tuned}}) {
        const ToolRun run = run_tool({"--model", nano, "--path", path, "trace", "--ids", ids,
                                      "--sites", "all", "--out", dump});
        REQUIRE(run.status == 0);
    }
    const ToolRun run = run_tool({"compare", plain, tuned});
    CHECK(run.status == 0);
    CHECK_THAT(run.output, EndsWith("\npass: 87 sites within tolerance, and right op by op\n"));
}

TEST_CASE("tool compare: a path that the file system refuses", "[tool][compare][errors]") {
    const TempFolder folder;
    const std::string loop = (folder / "loop").string();
    std::filesystem::create_symlink("loop", loop);  // leads to itself
    const ToolRun run = compared(loop);
    CHECK(run.status == 2);
    CHECK(run.errors == "gptoss: " + loop + ": cannot be opened: " + std::strerror(ELOOP) + "\n");
}

TEST_CASE("tool compare: a folder without permission", "[tool][compare][errors]") {
    if (::geteuid() == 0) skip_test("root may read everything");
    const TempFolder folder;
    const std::string secret = (folder / "secret").string();
    std::filesystem::create_directory(secret);
    std::filesystem::permissions(secret, std::filesystem::perms::none);
    const std::string reason = ": cannot be opened: Permission denied\n";
    CHECK(compared(secret).errors == "gptoss: " + secret + reason);
    CHECK(compared(secret + "/run.npz").errors == "gptoss: " + secret + "/run.npz" + reason);
    std::filesystem::permissions(secret, std::filesystem::perms::owner_all);  // to be removed
}
