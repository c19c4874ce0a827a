// The whole forward pass against every site of every golden, and the table of what was compared.
#include "golden.hpp"

#include <cstdio>
#include <map>
#include <set>

#include "catch.hpp"
#include "gptoss/model/transformer.hpp"
#include "gptoss/report/dump.hpp"

using namespace gptoss;
using namespace gptoss::test;

namespace {

// Compares each site as it fires, so that a golden of any size needs no second copy.
struct CompareWithGolden : Watch {
    const Golden& golden;
    std::vector<std::string> mistakes;
    std::map<Site, double> worst;  // error per site, all layers
    std::set<std::string> compared;

    explicit CompareWithGolden(const Golden& g) : golden(g) {}

    double bound(Site site) const {
        const bool real_widths = golden.config().hidden_size == 2880;
        return real_widths ? tolerance(site).at_20b : tolerance(site).in_pass;
    }

    bool wants(Site, int) override { return true; }

    void show(Site site, int layer, ConstMatrixView values) override {
        compared.insert(site_name(site, layer));
        worst[site] = std::max(worst[site], difference(values, golden.at(site, layer)).error);
        const std::string mistake = site_mistake(golden, site, layer, values, bound(site));
        if (!mistake.empty()) mistakes.push_back(mistake);
    }

    void show_ids(Site site, int layer, ConstIdsView ids) override {
        compared.insert(site_name(site, layer));
        const ConstIdsView expected = golden.ids_at(site, layer);
        for (int row = 0; row < ids.rows; ++row) {
            for (int j = 0; j < ids.cols; ++j) {
                if (ids.row(row)[j] == expected.row(row)[j]) continue;
                mistakes.push_back(site_name(site, layer) + " of token " + std::to_string(row));
            }
        }
    }
};

void check_all_sites(const Golden& golden) {
    Transformer<> transformer(golden.weights);
    CompareWithGolden compare(golden);
    transformer.feed(golden.token_ids(), LogitRows::all, &compare);

    std::printf("%s: %zu of %zu recorded sites compared\n", golden.name.c_str(),
                compare.compared.size(), golden.n_sites());
    for (const auto& [site, error] : compare.worst) {
        std::printf("  %-20s max error / rms %.2e, allowed %.2e\n", site_symbol(site).c_str(),
                    error, tolerance(site).in_pass);
    }
    for (const std::string& mistake : compare.mistakes) {
        UNSCOPED_INFO(mistake);
    }
    CHECK(compare.mistakes.size() == 0);
    CHECK(compare.compared.size() == golden.n_sites());
    CHECK(golden.n_sites() == std::size_t(3 + 21 * golden.config().n_layers));
}

}  // namespace

TEST_CASE("forward: tiny matches every site of the float64 golden", "[golden]") {
    check_all_sites(golden_tiny());
}

TEST_CASE("forward: odd, where no two extents are alike, matches every site", "[golden]") {
    check_all_sites(golden_odd());
}

TEST_CASE("forward: one block at 20b widths matches every site", "[golden]") {
    check_all_sites(golden_block20b());
}

TEST_CASE("golden: every site has a tolerance with a reason", "[golden]") {
    for (const SiteInfo& info : kSites) {
        CHECK(std::string(tolerance(info.site).reason) != "");
    }
}
