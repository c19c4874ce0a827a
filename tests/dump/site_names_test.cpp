#include "gptoss/dump/site_names.hpp"

#include <string>

#include "catch.hpp"
#include "temp_folder.hpp"

using namespace gptoss;
using namespace gptoss::dump;
using namespace gptoss::format;

namespace {

NameMap map_of(const std::string& json) {
    return name_map_from_json("map.json", parse_ordered_json("map.json", json));
}

std::string complaint(const std::string& json) {
    try {
        map_of(json);
    } catch (const Error& error) {
        return error.what();
    }
    return "none";
}

}  // namespace

TEST_CASE("site names: every site's name is read back, and nothing else", "[site_names]") {
    for (const SiteInfo& info : kSites) {
        const SiteKey key{info.site, is_per_layer(info.site) ? 35 : kNoLayer};
        CHECK(site_from_name(site_name(key)) == key);
    }
    for (const char* name : {"", "block.0.attn", "block..attn.q", "block.00.attn.q",
                             "block.-1.attn.q", "block.1x.attn.q", "block.{l}.attn.q",
                             "block.99999.attn.q", "block.0.attn.q ", "Embedding"}) {
        INFO(name);
        CHECK_FALSE(site_from_name(name));
    }
}

TEST_CASE("site names: their names become ours, layer by layer", "[site_names]") {
    const NameMap map = map_of(
        R"({"model.layers.{l}.self_attn.q_proj": "block.{l}.attn.q", "norm": "final_norm",
            "h.0": "block.7.mlp.out", "input_ids": "tokens"})");
    CHECK(map.ours("model.layers.12.self_attn.q_proj") == "block.12.attn.q");
    CHECK(map.ours("norm") == "final_norm");
    CHECK(map.ours("h.0") == "block.7.mlp.out");
    CHECK(map.ours("input_ids") == "tokens");
    CHECK(map.ours("block.3.attn.k") == "block.3.attn.k");
    CHECK(map.ours("model.layers.x.self_attn.q_proj") == "model.layers.x.self_attn.q_proj");
}

TEST_CASE("site names: of two entries that fit the first is taken", "[site_names]") {
    const NameMap map = map_of(R"({"a.0": "block.5.attn.q", "a.{l}": "block.{l}.attn.k"})");
    CHECK(map.ours("a.0") == "block.5.attn.q");
    CHECK(map.ours("a.1") == "block.1.attn.k");
}

TEST_CASE("site names: gate and up are every second channel of a site that has them",
          "[site_names]") {
    CHECK(site_channels_from_name("block.2.mlp.gate_up[1::2]")->channels == Channels::odd);
    CHECK(site_channels_from_name("block.2.mlp.gate_up[0::2]")->key ==
          SiteKey{Site::mlp_gate_up, 2});
    CHECK(site_channels_from_name("block.2.mlp.gate_up")->channels == Channels::all);
    CHECK_FALSE(site_channels_from_name("block.2.attn.q[0::2]"));
    CHECK_FALSE(site_channels_from_name("[0::2]"));
    CHECK(complaint(R"({"q.{l}": "block.{l}.attn.q[0::2]"})") ==
          "map.json: \"q.{l}\": \"block.{l}.attn.q[0::2]\" is no site, expected one of "
          "docs/sites.md");
}

TEST_CASE("site names: mistakes name the file and the entry", "[site_names][errors]") {
    CHECK(complaint("[]") == "map.json: is no object {\"their name\": \"our name\"}");
    CHECK(complaint(R"({"q": 3})") == "map.json: \"q\": is 3, expected a site's name");
    CHECK(complaint(R"({"q": "attn_q"})") ==
          "map.json: \"q\": \"attn_q\" is no site, expected one of docs/sites.md");
    CHECK(complaint(R"({"q.{l}": "logits"})") ==
          "map.json: \"q.{l}\": {l} is on one side only of \"logits\"");
    CHECK_THAT(complaint(R"({"q": "block.{l}.attn.q"})"), ContainsSubstring("one side only"));
    CHECK_THAT(complaint(R"({"{l}.{l}": "block.{l}.attn.q"})"), ContainsSubstring("{l} twice"));
    CHECK_THAT(complaint(R"({"q": "final_norm", "q": "logits"})"),
               ContainsSubstring("occurs twice"));
    const TempFolder folder;
    CHECK_THROWS_WITH(read_name_map(folder / "none.json"), ContainsSubstring("cannot be opened"));
}
