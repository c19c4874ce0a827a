#include "gptoss/checkpoint/gguf_config.hpp"

#include <functional>
#include <string>

#include "catch.hpp"
#include "gptoss/checkpoint/write_gguf_config.hpp"
#include "gptoss/core/presets.hpp"
#include "temp_folder.hpp"

using namespace gptoss;
using namespace gptoss::checkpoint;
using namespace gptoss::format;

namespace {

// A file with the keys of a config, some more, and an embedding without bytes.
Config read_back(const Config& c, const std::function<void(GgufKeyList&)>& add_more) {
    const TempFolder folder;
    GgufKeyList keys;
    add_gguf_config(keys, c);
    add_more(keys);
    GgufWriter writer(folder / "m.gguf", keys,
                      {{"token_embd.weight", "F16", {c.vocab_size, c.hidden_size}}});
    const std::vector<std::uint8_t> zeros(2 * std::size_t(c.vocab_size) *
                                          std::size_t(c.hidden_size));
    writer.write(zeros.data(), zeros.size());
    writer.finish();
    try {
        return gguf_config(open_gguf_files(folder / "m.gguf"));
    } catch (const Error& error) {
        const std::string message = error.what();
        throw Error(message.substr(message.find(": ") + 2));  // without the path
    }
}

Config read_back(const Config& c) {
    return read_back(c, [](GgufKeyList&) {});
}

}  // namespace

TEST_CASE("gguf config: what was written is read back", "[gguf]") {
    for (const Config& c : {preset_tiny(), preset_odd(), preset_nano()}) {
        CHECK(read_back(c) == c);
    }
    Config other = preset_tiny();
    other.rope_ntk_beta = 20;
    other.rope_ntk_alpha = 2;
    CHECK(read_back(other) == other);
}

TEST_CASE("gguf config: keys that would change numbers are refused", "[gguf][errors]") {
    const auto with = [](const std::string& key, float value) {
        return read_back(preset_tiny(),
                         [&](GgufKeyList& keys) { keys.add_number("gpt-oss." + key, value); });
    };
    CHECK_NOTHROW(with("rope.scaling.yarn_ext_factor", 1));
    CHECK_THROWS_WITH(with("rope.scaling.yarn_ext_factor", 0),
                      "gpt-oss.rope.scaling.yarn_ext_factor is 0.000000, expected 1.000000");
    CHECK_THROWS_WITH(with("rope.scaling.attn_factor", 2),
                      "gpt-oss.rope.scaling.attn_factor is 2.000000, expected 1.000000");
    CHECK_THROWS_WITH(with("rope.dimension_count", 32),
                      "gpt-oss.rope.dimension_count is 32.000000, expected 64.000000");
}
