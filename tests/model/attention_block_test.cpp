#include "gptoss/model/attention_block.hpp"

#include <algorithm>

#include "catch.hpp"
#include "golden.hpp"

using namespace gptoss;
using namespace gptoss::compare;
using namespace gptoss::test;

namespace {

// A layer by itself: what entered it in the golden goes in, and every site is compared.
struct LayerAlone : Watch {
    const Golden& golden;
    Activations a;
    KvCache cache;
    int n_shown = 0;

    explicit LayerAlone(const Golden& g) : golden(g) {
        shape_activations<HostMemory>(a, g.config(), g.n_tokens(), 1);
        shape_attention_record<HostMemory>(a, g.config(), g.n_tokens(), g.n_tokens());
        reserve<HostMemory>(cache, g.config(), g.n_tokens());
        for (int t = 0; t < g.n_tokens(); ++t) {
            a.positions.data[t] = t;
        }
        ScalarOps::rope_table(g.config(), a.positions, a.rope_table);
        a.residual_in = a.embedding;
    }

    bool wants(Site, int) override { return true; }

    void show(Site site, int layer, ConstMatrixView values) override {
        ++n_shown;
        CHECK_SITE(golden, site, layer, values, golden_tolerance(site).in_pass);
    }

    void run(int layer) {
        const ConstMatrixView in = layer == 0 ? golden.at(Site::embedding, kNoLayer)
                                              : golden.at(Site::mlp_residual, layer - 1);
        std::copy(in.data, in.row(in.rows), a.residual_in.data);
        attention_block(golden.weights.layers[std::size_t(layer)].attn, golden.config(), layer,
                        cache.layers[std::size_t(layer)], a, this);
    }
};

}  // namespace

TEST_CASE("attention_block: a layer by itself, every site, sliding and full", "[attention_block]") {
    for (const Golden* golden : {&golden_tiny(), &golden_odd()}) {
        LayerAlone alone(*golden);
        for (int layer = 0; layer < golden->config().n_layers; ++layer) {
            alone.n_shown = 0;
            alone.run(layer);
            CHECK(alone.n_shown == 12);  // norm to residual: each site of the block once
        }
    }
}

TEST_CASE("attention_block: what enters is left as it was", "[attention_block]") {
    LayerAlone alone(golden_tiny());
    alone.run(0);
    const ConstMatrixView in = golden_tiny().at(Site::embedding, kNoLayer);
    CHECK(std::equal(in.data, in.row(in.rows), alone.a.residual_in.data));
}
