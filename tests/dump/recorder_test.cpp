#include "gptoss/dump/recorder.hpp"

#include <vector>

#include "catch.hpp"
#include "gptoss/core/presets.hpp"

using namespace gptoss;
using namespace gptoss::dump;

namespace {

const std::vector<std::int32_t> kTokens = {4, 5};

// odd: 6 heads, 3 experts per token. Two tokens in one pass.
Recorder two_tokens(std::set<Site> sites, bool last_only) {
    Recorder recorder(preset_odd(), std::move(sites), last_only);
    recorder.begin_pass({kTokens.data(), 2}, {});
    return recorder;
}

std::vector<float> counted(int n_values) {
    std::vector<float> values;
    for (int i = 0; i < n_values; ++i) {
        values.push_back(float(i));
    }
    return values;
}

}  // namespace

TEST_CASE("recorder: keeps tokens and values in the order they are shown", "[recorder]") {
    Recorder recorder = two_tokens({Site::attn_out, Site::attn_mix}, false);
    const std::vector<float> values = counted(4);
    recorder.show(Site::attn_mix, 1, {values.data(), 2, 2});
    recorder.show(Site::attn_out, 0, {values.data(), 2, 1});

    CHECK(recorder.tokens() == kTokens);
    REQUIRE(recorder.recorded().size() == 2);
    CHECK(recorder.recorded()[0].site == Site::attn_mix);
    CHECK(recorder.recorded()[0].layer == 1);
    CHECK(recorder.recorded()[0].passes[0].values == values);
    CHECK(recorder.recorded()[1].passes[0].values == std::vector<float>{0, 1});
}

TEST_CASE("recorder: wants the sites it was made for, by default all but the two large ones",
          "[recorder]") {
    Recorder usual(preset_odd());
    CHECK(usual.wants(Site::attn_q, 0));
    CHECK_FALSE(usual.wants(Site::attn_scores, 0));
    CHECK_FALSE(usual.wants(Site::attn_weights, 0));
    Recorder one(preset_odd(), {Site::attn_scores});
    CHECK(one.wants(Site::attn_scores, 3));
    CHECK_FALSE(one.wants(Site::attn_q, 3));
    CHECK(all_sites().size() == kSites.size());
}

TEST_CASE("recorder: the last token has one row, a row per rank, or one row per head",
          "[recorder]") {
    Recorder recorder = two_tokens(all_sites(), true);
    const std::vector<float> rows = counted(12);
    recorder.show(Site::attn_norm, 0, {rows.data(), 2, 1});     // (T, 1)
    recorder.show(Site::mlp_swiglu, 0, {rows.data(), 6, 1});    // (T * 3, 1)
    recorder.show(Site::attn_scores, 0, {rows.data(), 12, 1});  // (6 heads * T, 1)

    const auto& recorded = recorder.recorded();
    CHECK(recorded[0].passes[0].values == std::vector<float>{1});
    CHECK(recorded[1].passes[0].values == std::vector<float>{3, 4, 5});
    CHECK(recorded[2].passes[0].values == std::vector<float>{1, 3, 5, 7, 9, 11});
}

TEST_CASE("recorder: with the last token only, a later pass replaces an earlier one",
          "[recorder]") {
    Recorder recorder = two_tokens({Site::mlp_expert_ids}, true);
    const std::vector<std::int32_t> first = {0, 1, 2, 3, 4, 5};
    const std::vector<std::int32_t> second = {5, 3, 1};
    recorder.show_ids(Site::mlp_expert_ids, 0, {first.data(), 2, 3});
    recorder.begin_pass({kTokens.data(), 1}, {});
    recorder.show_ids(Site::mlp_expert_ids, 0, {second.data(), 1, 3});

    REQUIRE(recorder.recorded()[0].passes.size() == 1);
    CHECK(recorder.recorded()[0].passes[0].ids == second);
}
