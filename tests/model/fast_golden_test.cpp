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
#include "model_of_unit.hpp"

using namespace gptoss;
using namespace gptoss::compare;
using namespace gptoss::test;

namespace {

// FastOps as it is on a machine whose best is another instruction set.
struct ForcedOps : ScalarOps {
    static inline const fast::Kernels* kernels = nullptr;

    static void linear(ConstMatrixView x, DenseMatrix w, ConstVectorView bias, MatrixView y) {
        fast::linear_with(*kernels, nullptr, x, w, bias, y);
    }
    static void attend(ConstMatrixView q, ConstMatrixView keys, ConstMatrixView values,
                       ConstVectorView sinks, ConstIdsView positions, int window,
                       AttentionRecord record, MatrixView mix) {
        fast::attend_with(*kernels, q, keys, values, sinks, positions, window, record, mix);
    }
    static void expert_linear(ConstMatrixView x, XRows x_rows, ConstIdsView ids,
                              ExpertStack all_experts, ConstMatrixView bias, MatrixView y) {
        fast::expert_linear_with(*kernels, nullptr, x, x_rows, ids, all_experts, bias, y);
    }
    static void swiglu(ConstMatrixView h, float limit, double alpha, MatrixView y) {
        fast::swiglu_with(*kernels, h, limit, alpha, y);
    }
    static void unembed(ConstMatrixView x, DenseMatrix w, MatrixView logits) {
        fast::unembed_with(*kernels, x, w, logits);
    }
};

// FastTileOps as it is on a machine with a matrix unit.
struct ModelTileOps : FastOps {
    static constexpr fast::MultiplyBf16 unit = &fast::multiply_tiles_with<ModelOfUnit>;

    static void linear(ConstMatrixView x, DenseMatrix w, ConstVectorView bias, MatrixView y) {
        fast::linear_with(fast::kernels(), unit, x, w, bias, y);
    }
    static void expert_linear(ConstMatrixView x, XRows x_rows, ConstIdsView ids,
                              ExpertStack all_experts, ConstMatrixView bias, MatrixView y) {
        fast::expert_linear_with(fast::kernels(), unit, x, x_rows, ids, all_experts, bias, y);
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
        const double bound = tuned_bound(golden.config(), site);
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
    CHECK(worst <= tuned_bound(golden.config(), Site::logits));
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

// What a pass over the prompt leaves, off by so much of the rms of the exact logits.
template <class TileOps>
void check_prompt_on_unit() {
    const Golden& golden = golden_odd();
    Transformer<FastOps> exact(golden.weights);
    Transformer<TileOps> rounded(golden.weights);
    exact.feed(golden.token_ids(), LogitRows::all);
    rounded.feed(golden.token_ids(), LogitRows::all);
    const Difference d = difference(rounded.a.logits, exact.a.logits);
    CHECK(d.same_infinities);
    CHECK(d.error > 1e-4);  // it has rounded
    CHECK(d.error < 0.1);   // 0.052 by AVX-512 BF16; twice that for another unit
}

// A question to nano, and the 64 tokens behind it that are likeliest to the plain path. Where the
// other path has another one in front, the plain one must have them nearly tied.
template <class TileOps>
void check_greedy_on_unit() {
    const Golden& golden = golden_nano_chat();
    Transformer<> plain(golden.weights);
    Transformer<TileOps> rounded(golden.weights);
    plain.feed(golden.token_ids());
    rounded.feed(golden.token_ids());
    for (int n = 0; n < 64; ++n) {
        INFO("token " << n);
        const ConstVectorView logits{plain.a.logits.data, plain.a.logits.cols};
        const std::int32_t id = greedy(logits);
        const std::int32_t got = greedy({rounded.a.logits.data, rounded.a.logits.cols});
        const float lead = logits.data[id] - logits.data[got];
        CHECK(lead <= 0.1f);  // the two paths' logits are up to 0.042 apart by the model
        if (got != id) WARN("a near-tie, " << lead << " apart");
        plain.feed({&id, 1});
        rounded.feed({&id, 1});
    }
}

TEST_CASE("fast: a prompt on a BF16 unit is as near as BF16 activations leave it", "[fast]") {
    check_prompt_on_unit<ModelTileOps>();
    if (fast::bf16_unit().multiply == nullptr) skip_test("no BF16 unit on this machine");
    check_prompt_on_unit<FastTileOps>();
}

TEST_CASE("fast: nano's greedy tokens behind a prompt on a BF16 unit are the plain path's",
          "[fast]") {
#ifndef __OPTIMIZE__
    skip_test("takes half a minute without optimization; the release build runs it");
#endif
    check_greedy_on_unit<ModelTileOps>();
    if (fast::bf16_unit().multiply == nullptr) skip_test("no BF16 unit on this machine");
    check_greedy_on_unit<FastTileOps>();
}
