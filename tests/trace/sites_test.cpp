#include "gptoss/trace/sites.hpp"

#include <fstream>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "catch.hpp"
#include "gptoss/core/presets.hpp"

using namespace gptoss;

// --- By hand ----------------------------------------------------------------------------------

TEST_CASE("sites: a name, its symbol, and the same with a layer", "[sites]") {
    CHECK(site_name(Site::attn_q, 3) == "block.3.attn.q");
    CHECK(site_name(Site::mlp_expert_out, 11) == "block.11.mlp.expert_out");
    CHECK(site_name(Site::logits, kNoLayer) == "logits");
    CHECK(site_symbol(Site::attn_q_rope) == "attn_q_rope");
    CHECK(site_symbol(Site::mlp_router_logits) == "mlp_router_logits");
    CHECK(site_symbol(Site::final_norm) == "final_norm");
}

TEST_CASE("sites: shapes of odd for 7 tokens of 9 positions", "[sites]") {
    using Shape = std::vector<int>;
    const Config c = preset_odd();
    CHECK(site_shape(Site::embedding, c, 7, 9) == Shape{7, 96});
    CHECK(site_shape(Site::attn_q, c, 7, 9) == Shape{7, 192});           // 6 heads of 32
    CHECK(site_shape(Site::attn_v, c, 7, 9) == Shape{7, 64});            // 2 heads of 32
    CHECK(site_shape(Site::attn_scores, c, 7, 9) == Shape{6, 7, 9});     // heads, T, S
    CHECK(site_shape(Site::attn_sink_share, c, 7, 9) == Shape{7, 6});    // T, heads
    CHECK(site_shape(Site::mlp_router_logits, c, 7, 9) == Shape{7, 6});  // 6 experts
    CHECK(site_shape(Site::mlp_expert_ids, c, 7, 9) == Shape{7, 3});     // top 3
    CHECK(site_shape(Site::mlp_gate_up, c, 7, 9) == Shape{7, 3, 128});   // 2 * 64
    CHECK(site_shape(Site::mlp_swiglu, c, 7, 9) == Shape{7, 3, 64});
    CHECK(site_shape(Site::mlp_expert_out, c, 7, 9) == Shape{7, 3, 96});
    CHECK(site_shape(Site::logits, c, 7, 9) == Shape{7, 300});
}

// --- The list ---------------------------------------------------------------------------------

TEST_CASE("sites: 24 of them, in the order of the enumeration, no name twice", "[sites]") {
    REQUIRE(kSites.size() == 24);
    std::set<std::string> names;
    std::set<std::string> symbols;
    for (std::size_t i = 0; i < kSites.size(); ++i) {
        CHECK(kSites[i].site == Site(i));
        names.insert(std::string(kSites[i].name));
        symbols.insert(site_symbol(kSites[i].site));
        CHECK_FALSE(kSites[i].meaning.empty());
    }
    CHECK(names.size() == 24);
    CHECK(symbols.size() == 24);
}

TEST_CASE("sites: all but embedding, final_norm and logits are per layer", "[sites]") {
    int n_outside = 0;
    for (const SiteInfo& info : kSites) {
        if (!is_per_layer(info.site)) ++n_outside;
    }
    CHECK(n_outside == 3);
    CHECK_FALSE(is_per_layer(Site::embedding));
    CHECK_FALSE(is_per_layer(Site::final_norm));
    CHECK_FALSE(is_per_layer(Site::logits));
}

TEST_CASE("sites: a symbol leads back to its site", "[sites]") {
    for (const SiteInfo& info : kSites) {
        CHECK(site_from_symbol(site_symbol(info.site)) == info.site);
    }
}

// --- Errors -----------------------------------------------------------------------------------

TEST_CASE("sites: an unknown symbol is named in the error", "[sites][errors]") {
    REQUIRE_THROWS_WITH(site_from_symbol("queries"),
                        "site: 'queries' is unknown, expected one of docs/sites.md");
    REQUIRE_THROWS_WITH(site_from_symbol(""), "site: '' is unknown, expected one of docs/sites.md");
}

TEST_CASE("sites: a name of a dump leads to its symbol", "[sites][errors]") {
    for (const SiteInfo& info : kSites) {
        const std::string symbol = site_symbol(info.site);
        CHECK(near_site_symbols(info.name) == std::vector<std::string>{symbol});
        CHECK(near_site_symbols(site_name(info.site, 17)) == std::vector<std::string>{symbol});
    }
    const std::string hint = "' is unknown, expected one of docs/sites.md; did you mean attn_q?";
    REQUIRE_THROWS_WITH(site_from_symbol("attn.q"), "site: 'attn.q" + hint);
    REQUIRE_THROWS_WITH(site_from_symbol("block.0.attn.q"), "site: 'block.0.attn.q" + hint);
}

TEST_CASE("sites: a symbol with a slip leads to the nearest ones", "[sites][errors]") {
    REQUIRE_THROWS_WITH(site_from_symbol("mlp_swigul"), EndsWith("; did you mean mlp_swiglu?"));
    REQUIRE_THROWS_WITH(site_from_symbol("block.3.atn.q_rope"),
                        EndsWith("; did you mean attn_q_rope?"));
    REQUIRE_THROWS_WITH(site_from_symbol("attn_p"),
                        EndsWith("; did you mean attn_q or attn_k or attn_v?"));
}

// --- The page ---------------------------------------------------------------------------------

namespace {

std::string table_row(const SiteInfo& info) {
    std::string shape;
    for (const Dim dim : info.dims) {
        if (dim == Dim::none) continue;
        shape += (shape.empty() ? "" : ", ") + std::string(dim_words(dim));
    }
    return "| `" + std::string(info.name) + "` | `" + site_symbol(info.site) + "` | " + shape +
           " | " + std::string(info.meaning) + " |";
}

}  // namespace

TEST_CASE("sites: docs/sites.md has exactly the rows of kSites", "[sites][docs]") {
    std::ifstream page(GPTOSS_SOURCE_DIR "/docs/sites.md");
    REQUIRE(page.good());
    std::vector<std::string> rows;
    std::string line;
    while (std::getline(page, line)) {
        if (line.starts_with("| `")) rows.push_back(line);
    }
    std::vector<std::string> expected;
    for (const SiteInfo& info : kSites) {
        expected.push_back(table_row(info));
    }
    CHECK(rows == expected);
}
