#include "gptoss/diagnose/anchored_run.hpp"

#include <algorithm>
#include <concepts>
#include <limits>

#include "catch.hpp"
#include "gptoss/checkpoint/synth.hpp"
#include "gptoss/core/presets.hpp"
#include "planted_dump.hpp"

using namespace gptoss;
using namespace gptoss::checkpoint;
using namespace gptoss::diagnose;
using namespace gptoss::dump;
using namespace gptoss::pitfalls;
using namespace gptoss::test;

namespace {

const std::vector<std::int32_t> kTokens{1, 2, 3, 5, 8, 13};

struct TinyRun {
    Weights weights = synthetic_weights(preset_tiny(), 1);
    Pitfall right = right_model<ScalarOps>();
    Dump dump = planted_dump(right, weights, kTokens);

    Activation& at(Site site, int layer) { return dump.sites.at({site, layer}); }
    std::vector<float> anchored(Site site, int layer, int tokens_per_pass = kOnePass) {
        return anchored_run(right, weights, dump, tokens_per_pass).sites.at({site, layer}).values;
    }
};

// A recorder keeps a reference to its track.
static_assert(std::constructible_from<AnchoredRecorder, const Config&, const Dump&>);
static_assert(!std::constructible_from<AnchoredRecorder, const Config&, Dump>);

}  // namespace

TEST_CASE("anchored run: held on its own track the right model is itself, in any passes",
          "[anchored_run]") {
    TinyRun run;
    for (const int tokens_per_pass : {kOnePass, 4, 1}) {
        const Dump again = anchored_run(run.right, run.weights, run.dump, tokens_per_pass);
        CHECK(again.sites.size() == run.dump.sites.size());
        for (const auto& [key, activation] : run.dump.sites) {
            INFO(site_name(key));
            CHECK(again.sites.at(key).values == activation.values);
            CHECK(again.sites.at(key).ids == activation.ids);
        }
    }
}

TEST_CASE("anchored run: what is off at one site reaches the op behind it and no further",
          "[anchored_run]") {
    TinyRun run;
    const TinyRun right;
    for (float& value : run.at(Site::attn_q, 1).values) {
        value *= 2;
    }
    CHECK(run.anchored(Site::attn_q, 1) == right.dump.sites.at({Site::attn_q, 1}).values);
    CHECK(run.anchored(Site::attn_q_rope, 1) != run.at(Site::attn_q_rope, 1).values);
    CHECK(run.anchored(Site::attn_mix, 1) == run.at(Site::attn_mix, 1).values);
    CHECK(run.anchored(Site::logits, kNoLayer) == run.at(Site::logits, kNoLayer).values);
}

TEST_CASE("anchored run: a site that the dump lacks is carried on", "[anchored_run]") {
    TinyRun run;
    for (float& value : run.at(Site::attn_norm, 1).values) {
        value *= 2;
    }
    run.dump.sites.erase({Site::attn_q, 1});
    run.dump.sites.erase({Site::attn_q_rope, 1});
    CHECK(run.anchored(Site::attn_mix, 1) != run.at(Site::attn_mix, 1).values);
}

TEST_CASE("anchored run: chosen experts are taken from the dump", "[anchored_run]") {
    TinyRun run;
    std::vector<std::int32_t>& ids = run.at(Site::mlp_expert_ids, 0).ids;
    std::swap(ids[0], ids[1]);
    const std::vector<float> swapped = run.anchored(Site::mlp_gate_up, 0);
    const std::vector<float>& gate_up = run.at(Site::mlp_gate_up, 0).values;
    const std::size_t cols = 64;
    CHECK(std::vector<float>(swapped.begin(), swapped.begin() + cols) ==
          std::vector<float>(gate_up.begin() + cols, gate_up.begin() + 2 * cols));
}

TEST_CASE("anchored run: experts that both chose stand in the dump's order", "[anchored_run]") {
    TinyRun run;
    std::vector<std::int32_t>& ids = run.at(Site::mlp_expert_ids, 1).ids;
    std::swap(ids[4], ids[5]);  // token 1 of top_k 4: the first two ranks
    for (const Site site :
         {Site::mlp_expert_weights, Site::mlp_gate_up, Site::mlp_swiglu, Site::mlp_expert_out}) {
        std::vector<float>& values = run.at(site, 1).values;
        const auto n = std::ptrdiff_t(values.size() / ids.size());  // of a rank
        std::swap_ranges(values.begin() + 4 * n, values.begin() + 5 * n, values.begin() + 5 * n);
    }
    const Dump again = anchored_run(run.right, run.weights, run.dump, kOnePass);
    for (const auto& [key, activation] : run.dump.sites) {
        INFO(site_name(key));
        CHECK(again.sites.at(key).values == activation.values);
        CHECK(again.sites.at(key).ids == activation.ids);
    }
}

TEST_CASE("anchored run: NaN, impossible experts and other shapes are not put back",
          "[anchored_run]") {
    TinyRun run;
    const TinyRun right;
    run.at(Site::attn_q, 0).values[0] = std::numeric_limits<float>::quiet_NaN();
    run.at(Site::mlp_expert_ids, 0).ids[0] = 1000000;
    run.at(Site::mlp_norm, 0).shape = {2, 2};
    run.at(Site::mlp_out, 0).refusal = "dtype is C64";
    const Dump again = anchored_run(run.right, run.weights, run.dump, kOnePass);
    for (const auto& [key, activation] : right.dump.sites) {
        INFO(site_name(key));
        CHECK(again.sites.at(key).values == activation.values);
    }
}

TEST_CASE("anchored run: a dump of the last token holds that token in place", "[anchored_run]") {
    TinyRun run;
    Activation& embedding = run.at(Site::embedding, kNoLayer);
    embedding.values.assign(64, 1.0f);
    embedding.shape = {1, 64};
    const TinyRun right;
    const std::vector<float> normed = run.anchored(Site::attn_norm, 0);
    const std::vector<float>& before = right.dump.sites.at({Site::attn_norm, 0}).values;
    CHECK(std::equal(normed.begin(), normed.begin() + 5 * 64, before.begin()));
    CHECK_THAT(normed[5 * 64], WithinAbs(run.weights.layers[0].attn.norm_gain.data[0], 1e-4));
}

TEST_CASE("anchored run: a dump without tokens is refused", "[anchored_run][errors]") {
    TinyRun run;
    run.dump.tokens = {};
    REQUIRE_THROWS_WITH(anchored_run(run.right, run.weights, run.dump, kOnePass),
                        "planted: has no tokens, expected the ids that were run (--ids gives "
                        "them)");
}
