// The tuned table's whole forward pass against the goldens, by the tolerances of the plain path: it
// adds in more chains, so it should be nearer. Scores and weights are not asked for, since their
// record would replace the kernel of attend by the plain one.
//
// Once with FastOps, which takes this machine's best kernels, and once forced to each instruction set
// that the machine has, as on a machine that has no more.
#include <string>
#include <vector>

#include "catch.hpp"
#include "golden.hpp"
#include "gptoss/model/transformer.hpp"
#include "gptoss/ops/fast.hpp"

using namespace gptoss;
using namespace gptoss::test;

namespace {

// FastOps as it is on a machine whose best is another instruction set.
struct ForcedOps : ScalarOps {
    static inline const fast::Kernels* kernels = nullptr;

    static void linear(ConstMatrixView x, Bf16Matrix w, ConstVectorView bias, MatrixView y) {
        fast::linear_with(*kernels, nullptr, x, w, bias, y);
    }
    static void attend(ConstMatrixView q, ConstMatrixView keys, ConstMatrixView values,
                       ConstVectorView sinks, ConstIdsView positions, int window,
                       AttentionRecord record, MatrixView mix) {
        fast::attend_with(*kernels, q, keys, values, sinks, positions, window, record, mix);
    }
    static void expert_linear(ConstMatrixView x, ConstIdsView ids, ExpertStack all_experts,
                              ConstMatrixView bias, MatrixView y) {
        fast::expert_linear_with(*kernels, nullptr, x, ids, all_experts, bias, y);
    }
    static void swiglu(ConstMatrixView h, float limit, MatrixView y) {
        fast::swiglu_with(*kernels, h, limit, y);
    }
    static void unembed(ConstMatrixView x, Bf16Matrix w, MatrixView logits) {
        fast::unembed_with(*kernels, x, w, logits);
    }
};

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

template <class Ops>
void check_run(const Golden& golden) {
    CompareFastRun compare(golden);
    Transformer<Ops> transformer(golden.weights);
    transformer.feed(golden.token_ids(), LogitRows::all, &compare);
    CHECK(compare.mistakes == "");
    CHECK(compare.n_compared == 3 + 19 * golden.config().n_layers);
}

// Token by token, as decoding goes: other kernels, and caches that roll over.
template <class Ops>
void check_decoding(const Golden& golden) {
    Transformer<Ops> transformer(golden.weights);
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

void check_every_set(const Golden& golden) {
    check_run<FastOps>(golden);
    check_decoding<FastOps>(golden);
    for (const fast::InstructionSet set : fast::kInstructionSets) {
        if (!fast::can_run(set)) continue;
        INFO("forced to " << fast::instruction_set_name(set));
        const fast::Kernels kernels = fast::kernels_for(set);
        ForcedOps::kernels = &kernels;
        check_run<ForcedOps>(golden);
        check_decoding<ForcedOps>(golden);
    }
}

}  // namespace

TEST_CASE("fast golden: tiny, every site", "[golden][fast]") {
    check_every_set(golden_tiny());
}

TEST_CASE("fast golden: odd, where no two extents are alike, every site", "[golden][fast]") {
    check_every_set(golden_odd());
}

TEST_CASE("fast golden: one block at 20b widths, every site", "[golden][fast]") {
#ifndef __OPTIMIZE__
    skip_test("takes minutes without optimization; the release build runs it");
#endif
    check_every_set(golden_block20b());
}

TEST_CASE("fast: a prompt on a BF16 unit is as near as BF16 activations leave it", "[fast]") {
    if (fast::bf16_unit() == fast::Bf16Unit::none) skip_test("no BF16 unit on this machine");
    const Golden& golden = golden_odd();
    Transformer<FastOps> exact(golden.weights);
    Transformer<FastTileOps> rounded(golden.weights);
    exact.feed(golden.token_ids(), LogitRows::all);
    rounded.feed(golden.token_ids(), LogitRows::all);
    const Difference d = difference(rounded.a.logits, exact.a.logits);
    CHECK(d.same_infinities);
    CHECK(d.error > 1e-4);  // it has rounded
    CHECK(d.error < 0.1);   // 0.052 of the rms by AVX-512 BF16; twice that for another unit
}
