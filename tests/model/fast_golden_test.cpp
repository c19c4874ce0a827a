// The tuned table's whole forward pass against the goldens, by the tolerances of the plain path: it
// adds in more chains, so it should be nearer. Scores and weights are not asked for, since their
// record would replace the kernel of attend by the plain one.
#include <string>
#include <vector>

#include "catch.hpp"
#include "golden.hpp"
#include "gptoss/model/transformer.hpp"
#include "gptoss/ops/fast.hpp"

using namespace gptoss;
using namespace gptoss::test;

namespace {

struct CompareFastRun : Watch {
    const Golden& golden;
    std::string mistakes;
    int n_compared = 0;

    explicit CompareFastRun(const Golden& g) : golden(g) {}

    bool wants(Site site, int) override {
        return site != Site::attn_scores && site != Site::attn_weights;
    }
    void show(Site site, int layer, ConstMatrixView values) override {
        const bool real_widths = golden.config().hidden_size == 2880;
        const double bound = real_widths ? tolerance(site).at_20b : tolerance(site).in_pass;
        const std::string mistake = site_mistake(golden, site, layer, values, bound);
        if (!mistake.empty()) mistakes += mistake + "\n";
        ++n_compared;
    }
    void show_ids(Site site, int layer, ConstIdsView ids) override {
        const ConstIdsView expected = golden.ids_at(site, layer);
        for (int i = 0; i < ids.rows * ids.cols; ++i) {
            if (ids.data[i] != expected.data[i]) mistakes += site_name(site, layer) + "\n";
        }
        ++n_compared;
    }
};

void check_fast_run(const Golden& golden) {
    CompareFastRun compare(golden);
    Transformer<FastOps> transformer(golden.weights);
    transformer.feed(golden.token_ids(), LogitRows::all, &compare);
    CHECK(compare.mistakes == "");
    CHECK(compare.n_compared == 3 + 19 * golden.config().n_layers);
}

// Token by token, as decoding goes: other kernels, and caches that roll over.
void check_fast_decoding(const Golden& golden) {
    Transformer<FastOps> transformer(golden.weights);
    const ConstMatrixView expected = golden.at(Site::logits, kNoLayer);
    double worst = 0;
    for (int t = 0; t < golden.n_tokens(); ++t) {
        transformer.feed({golden.token_ids().row(t), 1});
        const Difference d = difference(transformer.a.logits, rows_of(expected, t, 1));
        worst = std::max(worst, d.error);
    }
    const bool real_widths = golden.config().hidden_size == 2880;
    const Tolerance& logits = tolerance(Site::logits);
    CHECK(worst <= (real_widths ? logits.at_20b : logits.in_pass));
}

}  // namespace

TEST_CASE("fast golden: tiny, every site", "[golden][fast]") {
    check_fast_run(golden_tiny());
    check_fast_decoding(golden_tiny());
}

TEST_CASE("fast golden: odd, where no two extents are alike, every site", "[golden][fast]") {
    check_fast_run(golden_odd());
    check_fast_decoding(golden_odd());
}

TEST_CASE("fast golden: one block at 20b widths, every site", "[golden][fast]") {
    check_fast_run(golden_block20b());
    check_fast_decoding(golden_block20b());
}
