// The forward pass past position 4,096, against the last 16 positions of Hugging Face's float64 run
// over 4,110 tokens: a rope that is slightly wrong is wrong altogether there.
#include <cstdio>
#include <map>
#include <string>
#include <vector>

#include "catch.hpp"
#include "golden.hpp"
#include "gptoss/core/presets.hpp"
#include "gptoss/model/transformer.hpp"

using namespace gptoss;
using namespace gptoss::test;

namespace {

Config config_of_long() {
    Config config = with_layers(preset_tiny(), 2);
    config.hidden_size = 32;
    config.intermediate_size = 32;
    config.n_heads = 2;
    config.n_kv_heads = 1;
    config.head_dim = 16;
    config.n_experts = 4;
    config.top_k = 2;
    config.sliding_window = 8;
    config.vocab_size = 64;
    config.pad_token_id = 62;
    config.eos_token_ids = {63};
    return config;
}

constexpr int kFirstRow = 4094;

// Measured: 2.5e-6 at attn_q_rope: the last bits of angles of 4,110 radians.
constexpr double kAllowed = 5e-6;

// The largest error, max |got - expected| / rms(expected), of each site in one pass.
struct MeasureErrors : Watch {
    const Golden& golden;
    std::map<Site, double> errors;
    int n_wrong_ids = 0;

    explicit MeasureErrors(const Golden& g) : golden(g) {}

    bool wants(Site site, int) override {
        return site != Site::attn_scores && site != Site::attn_weights;
    }
    void show(Site site, int layer, ConstMatrixView values) override {
        const Difference d = difference(values, golden.at(site, layer));
        CHECK(d.same_shape);
        errors[site] = std::max(errors[site], d.error);
    }
    void show_ids(Site site, int layer, ConstIdsView ids) override {
        const ConstIdsView expected = golden.ids_at(site, layer);
        for (int i = 0; i < ids.rows * ids.cols; ++i) {
            n_wrong_ids += ids.data[i] == expected.data[i] ? 0 : 1;
        }
    }
};

MeasureErrors measure(const Golden& golden, const Config& config) {
    Weights weights = golden.weights;
    weights.config = config;
    Transformer<> transformer(weights);
    for (int first = 0; first < kFirstRow; first += 512) {
        const int n_tokens = std::min(512, kFirstRow - first);
        transformer.feed({golden.tokens.data() + first, n_tokens});
    }
    MeasureErrors errors(golden);
    const int n_kept = golden.n_tokens() - kFirstRow;
    transformer.feed({golden.tokens.data() + kFirstRow, n_kept}, LogitRows::all, &errors);
    return errors;
}

const Golden& golden_long() {
    static const Golden golden("long", config_of_long());
    return golden;
}

}  // namespace

TEST_CASE("long golden: positions 4094 to 4109 of two layers", "[golden]") {
    const Golden& golden = golden_long();
    REQUIRE(golden.n_tokens() == 4110);
    REQUIRE(golden.n_sites() == 3 + 19 * 2);
    const MeasureErrors measured = measure(golden, config_of_long());
    CHECK(measured.n_wrong_ids == 0);
    for (const auto& [site, error] : measured.errors) {
        std::printf("long: %-20s max error / rms %.2e\n", site_symbol(site).c_str(), error);
        INFO(site_symbol(site));
        CHECK(error <= kAllowed);
    }
}

TEST_CASE("long golden: one more turn as YaRN's fast bound is seen", "[golden]") {
    Config config = config_of_long();
    config.rope_ntk_beta = 33;
    const MeasureErrors measured = measure(golden_long(), config);
    CHECK(measured.errors.at(Site::attn_q_rope) > 0.1);
    CHECK(measured.errors.at(Site::logits) > 50 * kAllowed);
}
