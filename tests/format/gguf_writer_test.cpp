#include "gptoss/format/gguf_writer.hpp"

#include <vector>

#include "catch.hpp"
#include "temp_folder.hpp"

using namespace gptoss;
using namespace gptoss::format;

TEST_CASE("gguf writer: what was written is read back", "[gguf_writer]") {
    const TempFolder folder;
    GgufKeyList keys;
    keys.add_text("t", "text");
    keys.add_integer("i", 7);
    keys.add_number("n", 0.5f);
    keys.add_texts("ts", {"a", "bc"});
    keys.add_integers("is", {3, -4});
    const std::vector<float> a{1, 2, 3, 4, 5, 6};
    const std::vector<std::uint8_t> b(17, 9);
    GgufWriter writer(folder / "m.gguf", keys, {{"a", "F32", {2, 3}}, {"b", "MXFP4", {32}}});
    writer.write(a.data(), 8);
    writer.write(a.data() + 2, 16);
    writer.write(b.data(), 17);
    writer.finish();

    const Gguf file = open_gguf(folder / "m.gguf");
    CHECK(gguf_text("", "t", file.keys.at("t")) == "text");
    CHECK(gguf_integer("", "i", file.keys.at("i")) == 7);
    CHECK(gguf_number("", "n", file.keys.at("n")) == 0.5);
    CHECK(gguf_texts("", "ts", file.keys.at("ts")) == std::vector<std::string_view>{"a", "bc"});
    CHECK(gguf_integers("", "is", file.keys.at("is")) == std::vector<std::int64_t>{3, -4});
    CHECK(file.tensors.at("a").shape == Shape{2, 3});
    CHECK(std::memcmp(file.tensors.at("a").bytes, a.data(), 24) == 0);
    CHECK(std::memcmp(file.tensors.at("b").bytes, b.data(), 17) == 0);
}

TEST_CASE("gguf writer: data that does not fit its header", "[gguf_writer][errors]") {
    const TempFolder folder;
    const std::vector<float> values(9);
    const std::string path = (folder / "m.gguf").string();
    {
        GgufWriter writer(path, {}, {{"a", "F32", {2}}});
        CHECK_THROWS_WITH(writer.write(values.data(), 12),
                          path + ": more data than its header announces");
        CHECK_THROWS_WITH(writer.finish(), path + ": the data of 1 tensors is missing");
    }
    CHECK(!std::filesystem::exists(path));
    CHECK_THROWS_WITH(GgufWriter(path, {}, {{"a", "Q8_0", {31}}}),
                      "gguf: a: cannot be written as Q8_0 (31)");
}
