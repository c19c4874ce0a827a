#include "../../examples/gptoss/name_map.hpp"

#include <fstream>
#include <set>
#include <sstream>
#include <string>

#include "catch.hpp"

using namespace gptoss;
using namespace gptoss::tool;
using namespace gptoss::checkpoint;
using namespace gptoss::dump;

namespace {

std::string text_of(const std::string& path) {
    std::ifstream file(GPTOSS_SOURCE_DIR + ("/" + path));
    REQUIRE(file.good());
    std::ostringstream text;
    text << file.rdbuf();
    return text.str();
}

}  // namespace

// --- By hand ----------------------------------------------------------------------------------

TEST_CASE("name map: the line of one tensor, and of one activation", "[names]") {
    const std::string text = name_map_text();
    CHECK_THAT(text, ContainsSubstring(
                         "| `attn.k` | n_kv_heads * head_dim, hidden_size | BF16 | "
                         "`block.{l}.attn.qkv.weight` | `model.layers.{l}.self_attn.k_proj.weight` "
                         "| `blk.{l}.attn_k.weight` |  |\n"));
    CHECK_THAT(text, ContainsSubstring("| `block.{l}.attn.mix` | result of sdpa | argument of "
                                       "layers[l].self_attn.o_proj | kqv_out |\n"));
}

// --- The lists --------------------------------------------------------------------------------

TEST_CASE("name map: every tensor of the loader's table has its GGUF name, once", "[names]") {
    std::multiset<Slot> named;
    for (const GgufTensor& gguf : kGgufTensors) {
        named.insert(gguf.slot);
    }
    for (const TensorRow& row : tensor_table::kRows) {
        INFO(row.hugging_face_name);
        CHECK(named.count(row.slot) == 1);
        CHECK(field_of(row.slot) != "");
    }
    CHECK(named.size() == std::size(tensor_table::kRows));
}

TEST_CASE("name map: every site is looked up elsewhere, in the order of the pass", "[names]") {
    REQUIRE(std::size(kSitesElsewhere) == kSites.size());
    for (std::size_t i = 0; i < kSites.size(); ++i) {
        CHECK(kSitesElsewhere[i].site == kSites[i].site);
    }
}

// --- The page ---------------------------------------------------------------------------------

TEST_CASE("name map: docs/names.md holds what inspect --names prints", "[names][docs]") {
    CHECK_THAT(text_of("docs/names.md"), ContainsSubstring("\n\n" + name_map_text() + "\n"));
}
