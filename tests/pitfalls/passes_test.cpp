#include "gptoss/pitfalls/passes.hpp"

#include <vector>

#include "catch.hpp"
#include "gptoss/checkpoint/synth.hpp"
#include "gptoss/core/presets.hpp"

using namespace gptoss;
using namespace gptoss::checkpoint;
using namespace gptoss::pitfalls;

namespace {

struct LengthOfPasses : PassWatch {
    std::vector<int> lengths;
    bool had_activations = true;

    bool wants(Site site, int) override { return site == Site::embedding; }
    void show(Site, int, ConstMatrixView values) override {
        lengths.push_back(values.rows);
        had_activations = had_activations && activations->embedding.rows == values.rows;
    }
};

// Writes 0, 1, 2, ... over the first embedding and looks at what the first norm makes of it.
struct Meddler : PassWatch {
    std::vector<float> normed;

    bool wants(Site site, int layer) override {
        return site == Site::embedding || (site == Site::attn_norm && layer == 0);
    }
    void show(Site site, int, ConstMatrixView values) override {
        if (site == Site::attn_norm) normed.assign(values.row(0), values.row(1));
        if (site != Site::embedding) return;
        for (int i = 0; i < values.cols; ++i) {
            activations->embedding.row(0)[i] = float(i);
        }
    }
};

const std::vector<std::int32_t> kTokens{1, 2, 3, 5, 8};

}  // namespace

TEST_CASE("passes: five tokens in passes of two are two, two and one", "[passes]") {
    LengthOfPasses watch;
    run_in_passes<ScalarOps>(synthetic_weights(preset_tiny(), 1), {kTokens.data(), 5}, 2,
                             LogitRows::all, watch);
    CHECK(watch.lengths == std::vector<int>{2, 2, 1});
    CHECK(watch.had_activations);
    CHECK(watch.activations == nullptr);
}

TEST_CASE("passes: one pass takes the whole prompt", "[passes]") {
    LengthOfPasses watch;
    run_in_passes<ScalarOps>(synthetic_weights(preset_tiny(), 1), {kTokens.data(), 5}, kOnePass,
                             LogitRows::all, watch);
    CHECK(watch.lengths == std::vector<int>{5});
}

TEST_CASE("passes: the next op reads what the watch wrote", "[passes]") {
    Meddler watch;
    const Weights weights = synthetic_weights(preset_tiny(), 1);
    run_in_passes<ScalarOps>(weights, {kTokens.data(), 5}, kOnePass, LogitRows::last, watch);
    // 0, 1, ... 63: the root of the mean square is sqrt(63 * 127 / 6) = 36.517
    const float gain = weights.layers[0].attn.norm_gain.data[63];
    CHECK(watch.normed[0] == 0);
    CHECK_THAT(watch.normed[63] / gain, WithinAbs(63 / 36.5171, 1e-4));
}
