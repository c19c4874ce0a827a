#include "gptoss/model/expert_block.hpp"

#include <algorithm>

#include "catch.hpp"
#include "golden.hpp"

using namespace gptoss;
using namespace gptoss::compare;
using namespace gptoss::test;

namespace {

// A layer's experts by themselves: the golden's attn.residual goes in, every site is compared.
struct ExpertsAlone : Watch {
    const Golden& golden;
    Activations a;
    int n_shown = 0;

    explicit ExpertsAlone(const Golden& g) : golden(g) {
        shape_activations<HostMemory>(a, g.config(), g.n_tokens(), 1);
    }

    void show(Site site, int layer, ConstMatrixView values) override {
        ++n_shown;
        CHECK_SITE(golden, site, layer, values, golden_tolerance(site).in_pass);
    }
    void show_ids(Site site, int layer, ConstIdsView ids) override {
        ++n_shown;
        const ConstIdsView expected = golden.ids_at(site, layer);
        CHECK(std::equal(ids.data, ids.row(ids.rows), expected.data));
    }

    void run(int layer) {
        const ConstMatrixView in = golden.at(Site::attn_residual, layer);
        std::copy(in.data, in.row(in.rows), a.attn_residual.data);
        expert_block(golden.weights.layers[std::size_t(layer)].mlp, golden.config(), layer, a,
                     this);
    }
};

}  // namespace

TEST_CASE("expert_block: a layer by itself, every site", "[expert_block]") {
    for (const Golden* golden : {&golden_tiny(), &golden_odd()}) {
        ExpertsAlone alone(*golden);
        for (int layer = 0; layer < golden->config().n_layers; ++layer) {
            alone.n_shown = 0;
            alone.run(layer);
            CHECK(alone.n_shown == 9);  // norm to residual: each site of the block once
        }
    }
}

TEST_CASE("expert_block: tokens do not see each other", "[expert_block]") {
    // The last token alone gives the bits that it gave among the others.
    const Golden& golden = golden_odd();
    const Config& config = golden.config();
    ExpertsAlone all(golden);
    all.run(0);
    const int last = golden.n_tokens() - 1;

    Activations a;
    shape_activations<HostMemory>(a, config, 1, 1);
    const ConstMatrixView in = golden.at(Site::attn_residual, 0);
    std::copy(in.row(last), in.row(last + 1), a.attn_residual.data);
    expert_block(golden.weights.layers[0].mlp, config, 0, a);
    CHECK(std::equal(a.mlp_residual.data, a.mlp_residual.row(1), all.a.mlp_residual.row(last)));
}
