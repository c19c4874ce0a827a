#include "gptoss/format/gguf_files.hpp"

#include <fstream>
#include <string>

#include "catch.hpp"
#include "gptoss/format/gguf_writer.hpp"
#include "temp_folder.hpp"

using namespace gptoss;
using namespace gptoss::format;

namespace {

const std::string kTiny2 = GPTOSS_GOLDEN_DIR "/tiny2.gguf";

void write_part(const std::filesystem::path& path, int no, int count) {
    GgufKeyList keys;
    keys.add_integer("split.no", no);
    keys.add_integer("split.count", count);
    const float value = float(no);
    GgufWriter writer(path, keys, {{"t" + std::to_string(no), "F32", {1}}});
    writer.write(&value, 4);
    writer.finish();
}

}  // namespace

TEST_CASE("gguf files: one is found by name, in a folder, and by its first bytes", "[gguf]") {
    const TempFolder folder;
    CHECK(find_gguf(kTiny2) == std::filesystem::path(kTiny2));
    CHECK(!find_gguf(folder.path));
    std::filesystem::copy_file(kTiny2, folder / "blob");  // as Ollama calls it
    CHECK(find_gguf(folder / "blob") == folder / "blob");
    CHECK(!find_gguf(folder.path));
    std::filesystem::copy_file(kTiny2, folder / "m.gguf");
    CHECK(find_gguf(folder.path) == folder / "m.gguf");
    std::filesystem::copy_file(kTiny2, folder / "n.gguf");
    CHECK_THROWS_WITH(find_gguf(folder.path), folder.path.string() +
                                                  ": holds 2 models, expected one, or --model "
                                                  "FILE: m.gguf, n.gguf");
    std::ofstream(folder / "config.json") << "{}";
    CHECK(!find_gguf(folder.path));  // a folder with a config is a checkpoint of that layout
}

TEST_CASE("gguf files: all parts of a split one are opened, whichever is named", "[gguf]") {
    const TempFolder folder;
    write_part(folder / "m-00001-of-00002.gguf", 0, 2);
    write_part(folder / "m-00002-of-00002.gguf", 1, 2);
    CHECK(find_gguf(folder.path) == folder / "m-00001-of-00002.gguf");
    for (const char* name : {"m-00001-of-00002.gguf", "m-00002-of-00002.gguf"}) {
        const GgufFiles files = open_gguf_files(folder / name);
        REQUIRE(files.parts.size() == 2);
        CHECK(files.parts[0].tensors.contains("t0"));
        CHECK(files.parts[1].tensors.contains("t1"));
    }
}

TEST_CASE("gguf files: a missing or misnamed part is named", "[gguf][errors]") {
    const TempFolder folder;
    const std::string first = (folder / "m-00001-of-00002.gguf").string();
    const std::string second = (folder / "m-00002-of-00002.gguf").string();
    write_part(first, 0, 2);
    CHECK_THROWS_WITH(open_gguf_files(first),
                      second + ": is missing, expected 2 parts (split.count)");
    write_part(second, 0, 2);
    CHECK_THROWS_WITH(open_gguf_files(first), second + ": split.no is 0, expected 1");
    write_part(folder / "m.gguf", 0, 2);
    CHECK_THROWS_WITH(open_gguf_files(folder / "m.gguf"),
                      (folder / "m.gguf").string() +
                          ": split.count is 2, expected a name that ends in -00001-of-00002.gguf "
                          "or so");
}
