#include "gptoss/dump/read_dump.hpp"

#include <algorithm>
#include <cstdlib>
#include <string>
#include <vector>

#include "catch.hpp"
#include "gptoss/core/presets.hpp"
#include "gptoss/dump/recorder.hpp"
#include "gptoss/format/write_config_json.hpp"
#include "npy_bytes.hpp"
#include "temp_folder.hpp"

using namespace gptoss;
using namespace gptoss::dump;
using namespace gptoss::format;
using namespace gptoss::test;
using namespace std::string_literals;

namespace {

std::string floats(const std::vector<float>& values) {
    return bytes_of(values);
}

// What the reader says of a file with these bytes.
std::string complaint(const std::string& bytes, const std::string& name = "x.safetensors") {
    const TempFolder folder;
    write_bytes(folder / name, bytes);
    try {
        read_dump(folder / name, {});
    } catch (const Error& error) {
        const std::string path = (folder / name).string();
        const std::string message = error.what();
        return message.starts_with(path) ? message.substr(path.size()) : message;
    }
    return "none";
}

struct ToyArray {
    std::string name, dtype;
    Shape shape;
    std::string bytes;
};

void write_toy(const std::filesystem::path& path, const std::vector<ToyArray>& arrays,
               const Metadata& metadata = {}) {
    std::vector<NamedTensor> tensors;
    for (const ToyArray& a : arrays) {
        const auto* bytes = reinterpret_cast<const std::uint8_t*>(a.bytes.data());
        tensors.push_back({a.name, {a.dtype, a.shape, bytes, a.bytes.size()}});
    }
    write_safetensors(path, tensors, metadata);
}

Dump read_toy(const std::vector<ToyArray>& arrays, const Metadata& metadata = {}) {
    const TempFolder folder;
    write_toy(folder / "x.safetensors", arrays, metadata);
    return read_dump(folder / "x.safetensors", {});
}

const SiteKey kQ = {Site::attn_q, 0};
const SiteKey kIds = {Site::mlp_expert_ids, 0};

}  // namespace

// --- The three kinds --------------------------------------------------------------------------

TEST_CASE("read dump: our own file gives back the run", "[read_dump]") {
    Recorder recorder(preset_odd(), {Site::attn_sink_share, Site::mlp_expert_ids});
    const std::vector<std::int32_t> tokens = {4, 5};
    const std::vector<float> shares(12, 0.5f);                 // (2, 6 heads)
    const std::vector<std::int32_t> ids = {0, 1, 2, 3, 4, 5};  // (2, top_k)
    recorder.begin_pass({tokens.data(), 2}, {});
    recorder.show(Site::attn_sink_share, 1, {shares.data(), 2, 6});
    recorder.show_ids(Site::mlp_expert_ids, 1, {ids.data(), 2, 3});

    const TempFolder folder;
    write_dump(folder / "run.safetensors", recorder, hugging_face_config_text(preset_odd()));
    const Dump read = read_dump(folder / "run.safetensors", {});
    const Dump kept = dump_of(recorder, "run");
    CHECK(read.tokens == kept.tokens);
    CHECK(read.config == kept.config);
    CHECK(read.unknown_names.empty());
    REQUIRE(read.sites.size() == 2);
    for (const auto& [key, activation] : kept.sites) {
        CHECK(read.sites.at(key).shape == activation.shape);
        CHECK(read.sites.at(key).values == activation.values);
        CHECK(read.sites.at(key).ids == activation.ids);
        CHECK(read.sites.at(key).dtype == activation.dtype);
    }
}

TEST_CASE("read dump: a golden of the last tokens says which", "[read_dump]") {
    const Dump nano = read_dump(GPTOSS_GOLDEN_DIR "/nano.safetensors", {});
    CHECK(nano.tokens->size() == 45);
    CHECK(nano.first_row == 33);
    CHECK(nano.sites.at({Site::attn_q, 0}).shape[0] == 45 - 33);
    CHECK(read_dump(GPTOSS_GOLDEN_DIR "/tiny.safetensors", {}).first_row == 0);
}

TEST_CASE("read dump: a folder of npy files, with tokens and a config", "[read_dump]") {
    const TempFolder folder;
    write_bytes(folder / "block.0.attn.q.npy", npy_bytes("<f4", "(1, 2)", floats({1.5f, 2})));
    write_bytes(folder / "tokens.npy", npy_bytes("<i8", "(1,)", bytes_of<std::int64_t>({7})));
    write_bytes(folder / "notes.npy", npy_bytes("<f4", "(1,)", floats({0})));
    write_bytes(folder / "readme.txt", "not an array");
    write_bytes(folder / "config.json", hugging_face_config_text(preset_tiny()));
    const Dump dump = read_dump(folder.path, {});
    CHECK(dump.sites.at(kQ).values == std::vector<float>{1.5f, 2});
    CHECK(dump.tokens == std::vector<std::int32_t>{7});
    CHECK(dump.config == preset_tiny());
    CHECK(dump.unknown_names == std::vector<std::string>{"notes"});
}

TEST_CASE("read dump: an npz of stored arrays, in 32 and in 64 bits", "[read_dump]") {
    const TempFolder folder;
    const Files files = {{"block.0.attn.q.npy", npy_bytes("<f2", "(1, 2)", "\x00\x3C\x00\xC0"s)},
                         {"tokens.npy", npy_bytes("<i4", "(1, 1)", bytes_of<std::int32_t>({7}))}};
    for (const bool zip64 : {false, true}) {
        write_bytes(folder / "x.npz", zip_bytes(files, zip64));
        const Dump dump = read_dump(folder / "x.npz", {});
        CHECK(dump.sites.at(kQ).values == std::vector<float>{1, -2});
        CHECK(dump.sites.at(kQ).dtype == "F16");
        CHECK(dump.tokens == std::vector<std::int32_t>{7});
    }
}

TEST_CASE("read dump: names of others through a map", "[read_dump]") {
    const TempFolder folder;
    write_toy(folder / "x.safetensors",
              {{"layers.0.q", "F32", {1, 2}, floats({1, 2})},
               {"input_ids", "I64", {1, 1}, bytes_of<std::int64_t>({7})}});
    const NameMap map{{{"layers.{l}.q", "block.{l}.attn.q"}, {"input_ids", "tokens"}}};
    const Dump dump = read_dump(folder / "x.safetensors", map);
    CHECK(dump.sites.count(kQ) == 1);
    CHECK(dump.tokens == std::vector<std::int32_t>{7});
    CHECK(read_dump(folder / "x.safetensors", {}).unknown_names.size() == 2);
}

// --- Dtypes -----------------------------------------------------------------------------------

TEST_CASE("read dump: floats of other widths are read, others refused with a reason",
          "[read_dump]") {
    const auto q = [](const char* dtype, const std::string& bytes) {
        return read_toy({{"block.0.attn.q", dtype, {1, 1}, bytes}}).sites.at(kQ);
    };
    CHECK(q("F64", bytes_of<double>({1.5})).values == std::vector<float>{1.5f});
    CHECK(q("BF16", "\x80\x3F").values == std::vector<float>{1});
    CHECK(q("I32", "1234").refusal == "dtype is I32, expected F32, F64, F16 or BF16");
    CHECK(q("U16", "12").refusal == "dtype is U16, expected F32, F64, F16 or BF16");
    const auto ids = [](const char* dtype, const std::string& bytes) {
        return read_toy({{"block.0.mlp.expert_ids", dtype, {1, 1}, bytes}}).sites.at(kIds);
    };
    CHECK(ids("I64", bytes_of<std::int64_t>({3})).ids == std::vector<std::int32_t>{3});
    CHECK(ids("F32", floats({3})).refusal == "dtype is F32, expected I32 or I64");
}

TEST_CASE("read dump: an object array is refused by name, the others are read",
          "[read_dump][errors]") {
    const TempFolder folder;
    write_bytes(folder / "block.0.attn.q.npy", npy_bytes("|O", "(1,)", "pickle"));
    write_bytes(folder / "block.0.attn.k.npy", npy_bytes("<f4", "(1, 1)", floats({3})));
    const Dump dump = read_dump(folder.path, {});
    CHECK_THAT(dump.sites.at(kQ).refusal, StartsWith("dtype is \"|O\", Python objects"));
    CHECK(dump.sites.at({Site::attn_k, 0}).values == std::vector<float>{3});
}

TEST_CASE("read dump: the Python lines of docs/compare.md write one", "[read_dump][docs]") {
    if (std::system("python3 -c 'import numpy' 2> /dev/null") != 0) {
        skip_test("python3 has no numpy");
    }
    const std::string page = read_bytes(GPTOSS_SOURCE_DIR "/docs/compare.md");
    const std::string fence = "```python\n";
    const std::size_t begin = page.find(fence) + fence.size();
    std::string lines = page.substr(begin, page.find("```", begin) - begin);
    CHECK(std::count(lines.begin(), lines.end(), '\n') == 10);
    const std::string pass = "# ... your forward pass ...\n";
    REQUIRE(lines.find(pass) != std::string::npos);
    lines.replace(lines.find(pass), pass.size(),
                  "keep('block.0.attn.q', numpy.array([[0.5], [2]]))\n"
                  "keep('block.0.mlp.expert_ids', [[3], [4]])\n");
    const TempFolder folder;
    write_bytes(folder / "write.py", lines);
    REQUIRE(std::system(("cd '" + folder.path.string() + "' && python3 write.py").c_str()) == 0);
    const Dump dump = read_dump(folder / "yours.npz", {});
    CHECK(dump.tokens == std::vector<std::int32_t>{1, 2, 3, 5, 8});
    CHECK(dump.sites.at(kQ).values == std::vector<float>{0.5f, 2});
    CHECK(dump.sites.at(kIds).ids == std::vector<std::int32_t>{3, 4});
    CHECK(dump.unknown_names.empty());
}

// --- Errors -----------------------------------------------------------------------------------

TEST_CASE("read dump: a compressed npz is refused with the line that converts it",
          "[read_dump][errors]") {
    // numpy.savez_compressed(a=numpy.zeros(2, "f4")), numpy 2.4.6.
    const std::string bytes = from_hex(
        "504b03042d00000008000000210085b0b6acffffffffffffffff05001400612e6e7079010010008800000000"
        "00000047000000000000009bec17ea1b10c9c850c650ad9e925a9c5ca46ea5a06e9366a2aea3a09e965f5452"
        "9498179f5f94920a12774bcc294e058a17672416a402f91a463a9a3a0ab50a14002e06280000504b01022d03"
        "2d00000008000000210085b0b6ac4700000088000000050000000000000000000000800100000000612e6e70"
        "79504b05060000000001000100330000007e0000000000");
    const TempFolder folder;
    write_bytes(folder / "x.npz", bytes);
    const std::string path = (folder / "x.npz").string();
    REQUIRE_THROWS_WITH(read_dump(path, {}),
                        path +
                            ": \"a.npy\" is compressed (method 8), expected stored members; "
                            "convert it with: python3 -c 'import numpy; "
                            "numpy.savez(\"stored.npz\", **numpy.load(\"" +
                            path + "\"))'");
}

TEST_CASE("read dump: files that are none", "[read_dump][errors]") {
    CHECK_THAT(complaint("hello, this is no dump"),
               ContainsSubstring("is no dump: neither safetensors"));
    CHECK_THAT(complaint(npy_bytes("<f4", "(1,)", floats({0})), "x.npy"),
               ContainsSubstring("is one array, expected a folder"));
    CHECK_THAT(complaint(zip_bytes({{"archive/data.pkl", "x"}}), "x.pt"),
               ContainsSubstring("a .pt file cannot be read"));
    CHECK_THAT(complaint(""), ContainsSubstring("is empty"));
    const TempFolder folder;
    CHECK_THROWS_WITH(read_dump(folder.path, {}), folder.path.string() + ": has no .npy files");
    CHECK_THROWS_WITH(read_dump(folder / "none", {}), ContainsSubstring("cannot be opened"));
}

TEST_CASE("read dump: cut short, all three kinds", "[read_dump][errors]") {
    const TempFolder folder;
    write_toy(folder / "x.safetensors", {{"block.0.attn.q", "F32", {1, 2}, floats({1, 2})}});
    const std::string whole = read_bytes(folder / "x.safetensors");
    CHECK_THAT(complaint(whole.substr(0, whole.size() - 1)), ContainsSubstring("cut short"));

    const std::string npy = npy_bytes("<f4", "(1, 2)", floats({1, 2}));
    const std::string npz = zip_bytes({{"block.0.attn.q.npy", npy}});
    CHECK_THAT(complaint(npz.substr(0, npz.size() - 9), "x.npz"), ContainsSubstring("cut short"));
    const std::string short_npy = npy.substr(0, npy.size() - 1);
    CHECK_THAT(complaint(zip_bytes({{"block.0.attn.q.npy", short_npy}}), "x.npz"),
               ContainsSubstring("\"block.0.attn.q.npy\": holds 7 bytes of data"));
    std::filesystem::create_directory(folder / "run");
    write_bytes(folder / "run" / "block.0.attn.q.npy", short_npy);
    CHECK_THROWS_WITH(read_dump(folder / "run", {}), ContainsSubstring("is it cut short?"));
}

TEST_CASE("read dump: two arrays for one site", "[read_dump][errors]") {
    const TempFolder folder;
    write_toy(folder / "x.safetensors",
              {{"block.0.attn.q", "F32", {1, 1}, floats({1})}, {"q", "F32", {1, 1}, floats({1})}});
    CHECK_THROWS_WITH(read_dump(folder / "x.safetensors", {{{"q", "block.0.attn.q"}}}),
                      EndsWith("\"q\": is block.0.attn.q, which another array is too"));
}

TEST_CASE("read dump: tokens and config that make no sense", "[read_dump][errors]") {
    const auto with = [](const std::string& key, const std::string& text) {
        try {
            read_toy({{"logits", "F32", {1, 1}, floats({1})}}, {{key, text}});
        } catch (const Error& error) {
            return std::string(error.what());
        }
        return std::string("none");
    };
    CHECK_THAT(with("tokens", "{}"), EndsWith("metadata tokens: is no list of token ids"));
    CHECK_THAT(with("tokens", "[1,-2]"), EndsWith("holds -2, expected token ids"));
    CHECK_THAT(with("tokens", "[1"), ContainsSubstring("not valid JSON"));
    CHECK_THAT(with("config", "{}"), ContainsSubstring("has no num_hidden_layers"));
    CHECK_THAT(with("first_row", "2"),
               EndsWith("metadata first_row: is 2, expected one of the 0 tokens"));
    CHECK_THAT(with("edited", "{}"), EndsWith("metadata edited: is no list of names"));
    CHECK_THAT(with("edited", "[1]"), EndsWith("metadata edited: holds 1, expected names"));
    CHECK(with("anything", "else") == "none");
    CHECK_THROWS_WITH(read_toy({{"tokens", "F32", {1}, floats({1})}}),
                      EndsWith("\"tokens\": is F32 (1), expected I32 or I64 (T) or (1, T)"));
    CHECK_THROWS_WITH(
        read_toy({{"block.0.mlp.expert_ids", "I64", {1, 1}, bytes_of<std::int64_t>({1LL << 40})}}),
        EndsWith("holds 1099511627776, expected an id"));
}

// What llama-results --output writes: tokens, and rows of logits under extents in the other order.
std::string llama_results(const std::string& logits_name) {
    std::string bytes = "GGUF";
    const auto number = [&bytes](auto value) {
        bytes.append(reinterpret_cast<const char*>(&value), sizeof value);
    };
    const auto tensor = [&](const std::string& name, std::vector<std::uint64_t> extents,
                            std::uint32_t type, std::uint64_t offset) {
        number(std::uint64_t(name.size()));
        bytes += name;
        number(std::uint32_t(extents.size()));
        for (const std::uint64_t extent : extents) {
            number(extent);
        }
        number(type);
        number(offset);
    };
    const auto pad = [&bytes] { bytes.resize((bytes.size() + 31) / 32 * 32); };
    number(std::uint32_t(3));
    number(std::uint64_t(2));
    number(std::uint64_t(0));
    tensor("tokens", {2}, 26, 0);        // I32
    tensor(logits_name, {2, 3}, 0, 32);  // F32: innermost first, so said to be (3, 2)
    pad();
    number(std::int32_t(7));
    number(std::int32_t(9));
    pad();
    for (int i = 0; i < 6; ++i) {
        number(float(i));
    }
    return bytes;
}

TEST_CASE("read dump: llama.cpp's tokens and logits, as llama-results writes them", "[read_dump]") {
    const TempFolder folder;
    write_bytes(folder / "run.gguf", llama_results("logits"));
    const Dump dump = read_dump(folder / "run.gguf", {});
    CHECK(dump.is_llama_cpp);
    CHECK(*dump.tokens == std::vector<std::int32_t>{7, 9});
    CHECK(dump.sites.at({Site::logits}).shape == Shape{2, 3});
    CHECK(dump.sites.at({Site::logits}).values == std::vector<float>{0, 1, 2, 3, 4, 5});
}

TEST_CASE("read dump: a model's GGUF is no dump", "[read_dump][errors]") {
    CHECK_THROWS_WITH(read_dump(GPTOSS_GOLDEN_DIR "/tiny2.gguf", {}),
                      ContainsSubstring("holds no \"tokens\" and no site"));
}
