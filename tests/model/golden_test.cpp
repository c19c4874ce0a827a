// The whole forward pass against every site of every golden, and the table of what was compared.
#include "golden.hpp"

#include <cstdio>
#include <map>
#include <set>

#include "catch.hpp"
#include "gptoss/model/transformer.hpp"

using namespace gptoss;
using namespace gptoss::compare;
using namespace gptoss::test;

namespace {

// Compares each site as it fires, so that a golden of any size needs no second copy.
struct CompareWithGolden : Watch {
    const Golden& golden;
    std::map<Site, std::string> mistakes;  // the first of each site
    std::map<Site, double> worst;          // error per site, all layers
    std::set<std::string> compared;

    explicit CompareWithGolden(const Golden& g) : golden(g) {}

    double bound(Site site) const { return pass_bound(golden.config(), site); }

    bool wants(Site, int) override { return true; }

    void show(Site site, int layer, ConstMatrixView values) override {
        compared.insert(site_name(site, layer));
        worst[site] = std::max(worst[site], difference(values, golden.at(site, layer)).error);
        const std::string mistake = site_mistake(golden, site, layer, values, bound(site));
        if (!mistake.empty()) mistakes.try_emplace(site, mistake);
    }

    void show_ids(Site site, int layer, ConstIdsView ids) override {
        compared.insert(site_name(site, layer));
        const ConstIdsView expected = golden.ids_at(site, layer);
        for (int row = 0; row < ids.rows; ++row) {
            for (int j = 0; j < ids.cols; ++j) {
                if (ids.row(row)[j] == expected.row(row)[j]) continue;
                mistakes.try_emplace(site,
                                     site_name(site, layer) + " of token " + std::to_string(row));
            }
        }
    }
};

// One pass per golden, whatever the number of test cases that ask about it.
const CompareWithGolden& compared(const Golden& golden) {
    static std::map<std::string, CompareWithGolden> passes;
    const auto [place, is_new] = passes.try_emplace(golden.name, golden);
    CompareWithGolden& compare = place->second;
    if (!is_new) return compare;

    Transformer<> transformer(golden.weights);
    if (golden.first_row > 0) transformer.feed(golden.early_ids());
    transformer.feed(golden.recorded_ids(), LogitRows::all, &compare);
    std::printf("%s: %zu of %zu recorded sites compared\n", golden.name.c_str(),
                compare.compared.size(), golden.n_sites());
    for (const auto& [site, error] : compare.worst) {
        std::printf("  %-20s max error / rms %.2e, allowed %.2e\n", site_symbol(site).c_str(),
                    error, compare.bound(site));
    }
    return compare;
}

void check_site(const Golden& golden, Site site) {
    const CompareWithGolden& compare = compared(golden);
    const int n_layers = is_per_layer(site) ? golden.config().n_layers : 1;
    for (int layer = 0; layer < n_layers; ++layer) {
        CHECK(compare.compared.contains(site_name(site, layer)));
    }
    const auto found = compare.mistakes.find(site);
    CHECK((found == compare.mistakes.end() ? "" : found->second) == "");
}

}  // namespace

// The test list shows every pair of golden and site.
#define GOLDEN_TEST(name)                                                                      \
    TEMPLATE_TEST_CASE_SIG(                                                                    \
        name, "[golden]", ((Site site), site), Site::embedding, Site::attn_norm, Site::attn_q, \
        Site::attn_k, Site::attn_v, Site::attn_q_rope, Site::attn_k_rope, Site::attn_scores,   \
        Site::attn_weights, Site::attn_sink_share, Site::attn_mix, Site::attn_out,             \
        Site::attn_residual, Site::mlp_norm, Site::mlp_router_logits, Site::mlp_expert_ids,    \
        Site::mlp_expert_weights, Site::mlp_gate_up, Site::mlp_swiglu, Site::mlp_expert_out,   \
        Site::mlp_out, Site::mlp_residual, Site::final_norm, Site::logits)

GOLDEN_TEST("golden: tiny") {
    check_site(golden_tiny(), site);
}

GOLDEN_TEST("golden: odd, where no two extents are alike") {
    check_site(golden_odd(), site);
}

GOLDEN_TEST("golden: one block at 20b widths") {
    check_site(golden_block20b(), site);
}

GOLDEN_TEST("golden: nano, asked for what its window hides") {
    check_site(golden_nano(), site);
}

GOLDEN_TEST("golden: nano in a chat with tools") {
    check_site(golden_nano_chat(), site);
}

TEST_CASE("golden: every recorded site of every layer was compared", "[golden]") {
    for (const Golden* golden :
         {&golden_tiny(), &golden_odd(), &golden_block20b(), &golden_nano(), &golden_nano_chat()}) {
        CHECK(compared(*golden).compared.size() == golden->n_sites());
        CHECK(golden->n_sites() == std::size_t(3 + 21 * golden->config().n_layers));
    }
}

TEST_CASE("golden: every site has its tolerance", "[golden]") {
    for (const SiteInfo& info : kSites) {
        CHECK(golden_tolerance(info.site).site == info.site);
    }
}
