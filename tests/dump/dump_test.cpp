#include "gptoss/dump/dump.hpp"

#include <sys/resource.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <string>
#include <vector>

#include "catch.hpp"
#include "gptoss/checkpoint/synth.hpp"
#include "gptoss/compare/compare.hpp"
#include "gptoss/core/presets.hpp"
#include "gptoss/dump/read_dump.hpp"
#include "gptoss/format/safetensors.hpp"
#include "gptoss/format/write_config_json.hpp"
#include "gptoss/model/transformer.hpp"
#include "temp_folder.hpp"

using namespace gptoss;
using namespace gptoss::checkpoint;
using namespace gptoss::dump;
using namespace gptoss::format;

namespace {

const std::vector<std::int32_t> kTokens = {1, 2, 3, 5, 8, 13, 21};
const int kNTokens = 7;

const Weights& odd() {
    static const Weights weights = synthetic_weights(preset_odd(), 1);
    return weights;
}

// A run of kTokens in passes of these lengths, recorded.
Recorder recorded(const std::vector<int>& passes, const std::set<Site>& sites,
                  bool last_only = false) {
    Transformer<> transformer(odd());
    Recorder recorder(odd().config, sites, last_only);
    int first = 0;
    for (const int n_tokens : passes) {
        transformer.feed({kTokens.data() + first, n_tokens}, LogitRows::all, &recorder);
        first += n_tokens;
    }
    return recorder;
}

void write(const std::filesystem::path& path, const Recorder& recorder) {
    write_dump(path, recorder, hugging_face_config_text(recorder.config()));
}

std::vector<float> floats_of(const TensorView& tensor) {
    std::vector<float> values(std::size_t(tensor.n_bytes / 4));
    std::memcpy(values.data(), tensor.bytes, std::size_t(tensor.n_bytes));
    return values;
}

int n_site_tensors(int n_sites_per_layer) {
    return 3 + n_sites_per_layer * preset_odd().n_layers;
}

}  // namespace

// --- By hand ----------------------------------------------------------------------------------

TEST_CASE("dump: values of two passes by hand, joined along T", "[dump]") {
    Recorder recorder(preset_odd(), {Site::attn_sink_share});
    const std::vector<std::int32_t> tokens = {4, 5, 6};
    const std::vector<float> first(12, 0.5f);  // (2, 6 heads)
    const std::vector<float> second(6, 0.25f);
    recorder.begin_pass({tokens.data(), 2}, {});
    recorder.show(Site::attn_sink_share, 0, {first.data(), 2, 6});
    recorder.begin_pass({tokens.data() + 2, 1}, {});
    recorder.show(Site::attn_sink_share, 0, {second.data(), 1, 6});

    const JoinedSite joined = join_passes(recorder.recorded()[0], preset_odd());
    CHECK(joined.shape == Shape{3, 6});
    CHECK(joined.values[11] == 0.5f);
    CHECK(joined.values[12] == 0.25f);
    CHECK(recorder.tokens() == tokens);
}

TEST_CASE("dump: scores of an earlier pass are padded with what hidden positions have", "[dump]") {
    // odd has 6 heads, so a pass of one token has 6 rows.
    Recorder recorder(preset_odd(), all_sites());
    const std::vector<float> first(6, 1.0f);    // (6 * 1, S = 1)
    const std::vector<float> second(12, 2.0f);  // (6 * 1, S = 2)
    const std::int32_t token = 1;
    recorder.begin_pass({&token, 1}, {});
    recorder.show(Site::attn_scores, 0, {first.data(), 6, 1});
    recorder.show(Site::attn_weights, 0, {first.data(), 6, 1});
    recorder.begin_pass({&token, 1}, {});
    recorder.show(Site::attn_scores, 0, {second.data(), 6, 2});
    recorder.show(Site::attn_weights, 0, {second.data(), 6, 2});

    const JoinedSite scores = join_passes(recorder.recorded()[0], preset_odd());
    const JoinedSite weights = join_passes(recorder.recorded()[1], preset_odd());
    const float hidden = -std::numeric_limits<float>::infinity();
    CHECK(scores.shape == Shape{6, 2, 2});
    CHECK(std::vector<float>(scores.values.begin(), scores.values.begin() + 4) ==
          std::vector<float>{1, hidden, 2, 2});
    CHECK(std::vector<float>(weights.values.begin(), weights.values.begin() + 4) ==
          std::vector<float>{1, 0, 2, 2});
}

TEST_CASE("dump: a pass that did not finish is no dump", "[dump][errors]") {
    struct Interrupted : Recorder {
        using Recorder::Recorder;
        bool stops = false;
        void show(Site site, int layer, ConstMatrixView values) override {
            if (stops && layer == 2) throw Error("interrupted");
            Recorder::show(site, layer, values);
        }
    };
    for (const bool last_only : {false, true}) {
        const TempFolder folder;
        Transformer<> transformer(odd());
        Interrupted recorder(odd().config, {Site::attn_norm, Site::logits}, last_only);
        transformer.feed({kTokens.data(), 3}, LogitRows::all, &recorder);
        recorder.stops = true;
        CHECK_THROWS(transformer.feed({kTokens.data() + 3, 2}, LogitRows::all, &recorder));
        recorder.stops = false;
        transformer.feed({kTokens.data() + 3, 2}, LogitRows::all, &recorder);

        const std::filesystem::path path = folder / "run.safetensors";
        CHECK_THROWS_WITH(write(path, recorder),
                          path.string() +
                              ": block.2.attn.norm was shown by 2 passes, expected 3: "
                              "one did not finish");
        CHECK_FALSE(std::filesystem::exists(path));
    }
}

// --- A whole run ------------------------------------------------------------------------------

TEST_CASE("dump: all sites of all layers, in the shapes and types of the list", "[dump]") {
    const TempFolder folder;
    write(folder / "run.safetensors", recorded({kNTokens}, all_sites()));
    const Safetensors file = open_safetensors(folder / "run.safetensors");
    REQUIRE(int(file.tensors.size()) == n_site_tensors(21));

    const Config config = preset_odd();
    for (const SiteInfo& info : kSites) {
        const int n_layers = is_per_layer(info.site) ? config.n_layers : 1;
        for (int layer = 0; layer < n_layers; ++layer) {
            const std::string name = site_name(info.site, layer);
            INFO(name);
            REQUIRE(file.tensors.count(name) == 1);
            const TensorView& tensor = file.tensors.at(name);
            const std::vector<int> shape = site_shape(info.site, config, kNTokens, kNTokens);
            CHECK(tensor.shape == Shape(shape.begin(), shape.end()));
            CHECK(tensor.dtype == (info.site == Site::mlp_expert_ids ? "I32" : "F32"));
        }
    }
}

TEST_CASE("dump: without a list all but the two large sites", "[dump]") {
    const TempFolder folder;
    write(folder / "run.safetensors", recorded({kNTokens}, usual_sites()));
    const Safetensors file = open_safetensors(folder / "run.safetensors");
    CHECK(int(file.tensors.size()) == n_site_tensors(19));
    CHECK(file.tensors.count("block.0.attn.scores") == 0);
    CHECK(file.tensors.count("block.0.attn.weights") == 0);
}

TEST_CASE("dump: the file holds the values that the run showed", "[dump]") {
    const TempFolder folder;
    Transformer<> transformer(odd());
    Recorder recorder(odd().config);
    transformer.feed({kTokens.data(), kNTokens}, LogitRows::all, &recorder);
    write(folder / "run.safetensors", recorder);
    const Safetensors file = open_safetensors(folder / "run.safetensors");
    const ConstMatrixView logits = transformer.a.logits;  // still those of the pass
    CHECK(floats_of(file.tensors.at("logits")) ==
          std::vector<float>(logits.data, logits.row(logits.rows)));
}

TEST_CASE("dump: the metadata say the format, the tokens and the config", "[dump]") {
    const TempFolder folder;
    write(folder / "run.safetensors", recorded({4, 3}, {Site::logits}));
    const Safetensors file = open_safetensors(folder / "run.safetensors");
    CHECK(file.metadata.at("format") == "gptoss-dump-1");
    CHECK(file.metadata.at("tokens") == "[1,2,3,5,8,13,21]");
    const auto config = nlohmann::json::parse(file.metadata.at("config"));
    CHECK(config["num_hidden_layers"] == 5);
    CHECK(config["sliding_window"] == 5);
}

TEST_CASE("dump: passes of any length, joined, are the same bytes as one pass", "[dump]") {
    const TempFolder folder;
    write(folder / "one.safetensors", recorded({kNTokens}, all_sites()));
    const std::string one = read_bytes(folder / "one.safetensors");
    for (const std::vector<int>& passes : {std::vector<int>{4, 3}, {1, 1, 5}, {6, 1}}) {
        write(folder / "many.safetensors", recorded(passes, all_sites()));
        CHECK(read_bytes(folder / "many.safetensors") == one);
    }
}

TEST_CASE("dump: last_only keeps the last token's rows of every site", "[dump]") {
    const TempFolder folder;
    write(folder / "all.safetensors", recorded({kNTokens}, all_sites()));
    write(folder / "last.safetensors", recorded({4, 3}, all_sites(), true));
    const Safetensors all = open_safetensors(folder / "all.safetensors");
    const Safetensors last = open_safetensors(folder / "last.safetensors");
    REQUIRE(last.tensors.size() == all.tensors.size());
    for (const auto& [name, tensor] : last.tensors) {
        INFO(name);
        const bool heads_first = name.ends_with("scores") || name.ends_with("weights");
        const bool is_per_head = heads_first && name.find("attn") != std::string::npos;
        Shape expected = all.tensors.at(name).shape;
        expected[is_per_head ? 1 : 0] = 1;
        CHECK(tensor.shape == expected);
        if (is_per_head) continue;
        const std::vector<float> values = floats_of(tensor);
        const std::vector<float> all_values = floats_of(all.tensors.at(name));
        const std::vector<float> tail(all_values.end() - std::ptrdiff_t(values.size()),
                                      all_values.end());
        CHECK(std::memcmp(values.data(), tail.data(), 4 * values.size()) == 0);
    }
    // Head 2 of 6, its last token: row 2 * 7 + 6 of the flattened scores.
    const std::vector<float> scores = floats_of(last.tensors.at("block.1.attn.weights"));
    const std::vector<float> all_scores = floats_of(all.tensors.at("block.1.attn.weights"));
    for (int s = 0; s < kNTokens; ++s) {
        CHECK(scores[std::size_t(2 * kNTokens + s)] ==
              all_scores[std::size_t((2 * kNTokens + 6) * kNTokens + s)]);
    }
}

// --- The page ---------------------------------------------------------------------------------

namespace {

// What a shell command prints; nothing if it fails.
std::string output_of(const std::string& command) {
    std::FILE* pipe = ::popen(command.c_str(), "r");
    REQUIRE(pipe != nullptr);
    std::string output;
    for (int letter = std::fgetc(pipe); letter != EOF; letter = std::fgetc(pipe)) {
        output += char(letter);
    }
    return ::pclose(pipe) == 0 ? output : "";
}

}  // namespace

TEST_CASE("dump: the Python lines of docs/dump.md read a file", "[dump][docs]") {
    if (output_of("python3 -c 'import numpy; print(1)' 2>&1").empty()) {
        skip_test("python3 has no numpy");
    }
    const std::string page = read_bytes(GPTOSS_SOURCE_DIR "/docs/dump.md");
    const std::string fence = "```python\n";
    const std::size_t begin = page.find(fence) + fence.size();
    const std::string lines = page.substr(begin, page.find("```", begin) - begin);
    CHECK(std::count(lines.begin(), lines.end(), '\n') == 10);

    const TempFolder folder;
    write(folder / "run.safetensors", recorded({kNTokens}, all_sites()));
    write_bytes(folder / "read.py", lines +
                                        "print(len(run), metadata['tokens'], metadata['format'])\n"
                                        "print(run['block.2.attn.scores'].shape)\n"
                                        "print(run['block.2.mlp.expert_ids'].dtype)\n"
                                        "print(run['logits'][-1].tobytes().hex())\n");
    const std::string printed = output_of("cd '" + folder.path.string() + "' && python3 read.py");

    const Safetensors file = open_safetensors(folder / "run.safetensors");
    const TensorView& logits = file.tensors.at("logits");
    const std::size_t row_bytes = 4 * std::size_t(preset_odd().vocab_size);
    std::string hex;
    for (std::size_t i = logits.n_bytes - row_bytes; i < logits.n_bytes; ++i) {
        const char* digits = "0123456789abcdef";
        hex += digits[logits.bytes[i] >> 4];
        hex += digits[logits.bytes[i] & 15];
    }
    CHECK(printed == "108 [1,2,3,5,8,13,21] gptoss-dump-1\n(6, 7, 7)\nint32\n" + hex + "\n");
}

// --- Errors -----------------------------------------------------------------------------------

TEST_CASE("dump: a path that cannot be written is named, and nothing is left", "[dump][errors]") {
    const TempFolder folder;
    const std::string path = (folder / "no" / "run.safetensors").string();
    REQUIRE_THROWS_WITH(write(path, recorded({kNTokens}, {Site::logits})),
                        path + ": cannot be created: No such file or directory");
    CHECK(std::filesystem::is_empty(folder.path));
}

TEST_CASE("dump: a disk that fills up leaves nothing, and an older file as it was",
          "[dump][errors]") {
    const TempFolder folder;
    write_bytes(folder / "run.safetensors", "the older file");
    const Recorder recorder = recorded({kNTokens}, all_sites());
    // A limit on the size of files stands in for the end of the disk: write fails the same way.
    struct rlimit old_limit;
    ::getrlimit(RLIMIT_FSIZE, &old_limit);
    const struct rlimit limit = {4096, old_limit.rlim_max};
    const auto old_handler = std::signal(SIGXFSZ, SIG_IGN);
    ::setrlimit(RLIMIT_FSIZE, &limit);
    std::string message;
    try {
        write(folder / "run.safetensors", recorder);
    } catch (const Error& error) {
        message = error.what();
    }
    ::setrlimit(RLIMIT_FSIZE, &old_limit);
    std::signal(SIGXFSZ, old_handler);

    CHECK_THAT(message, ContainsSubstring("run.safetensors: cannot be written"));
    CHECK(read_bytes(folder / "run.safetensors") == "the older file");
    CHECK_FALSE(std::filesystem::exists(folder / "run.safetensors.0.partial"));
}

TEST_CASE("dump: an edited run says so, in the file and when it is read", "[dump]") {
    struct EditingRecorder : Recorder {
        using Recorder::Recorder;
        bool edits(Site site, int) override { return site == Site::attn_mix; }
        void edit(Site, int, MatrixView values) override { values.data[0] = 1; }
    };
    Transformer<> transformer(odd());
    EditingRecorder recorder(odd().config, {Site::attn_mix, Site::logits});
    transformer.feed({kTokens.data(), 3}, LogitRows::all, &recorder);
    transformer.feed({kTokens.data() + 3, 4}, LogitRows::all, &recorder);
    const TempFolder folder;
    write(folder.path / "edited.safetensors", recorder);
    const Dump dump = read_dump(folder.path / "edited.safetensors", {});
    const std::vector<std::string> names = {"block.0.attn.mix", "block.1.attn.mix",
                                            "block.2.attn.mix", "block.3.attn.mix",
                                            "block.4.attn.mix"};
    CHECK(dump.edited == names);

    write(folder.path / "run.safetensors", recorded({7}, {Site::attn_mix, Site::logits}));
    const Dump right = read_dump(folder.path / "run.safetensors", {});
    CHECK(right.edited.empty());
    const compare::Comparison c = compare::compare_dumps(right, dump, {});
    CHECK(c.verdict == compare::Verdict::diverged);
    CHECK(c.notes == std::vector<std::string>{
                         dump.name + " is an edited run: block.0.attn.mix, block.1.attn.mix, " +
                         "block.2.attn.mix, block.3.attn.mix, block.4.attn.mix"});
}
