#include "gptoss/compare/bounds.hpp"

#include "catch.hpp"

using namespace gptoss;
using namespace gptoss::compare;
using namespace gptoss::dump;

namespace {

Bounds bounds_for(const Config& config, int n_tokens = 8, const CompareOptions& options = {}) {
    return bounds_of(Dump{}, &config, n_tokens, options);
}

const SiteRise& of(const SiteRise (&rises)[kSites.size()], Site site) {
    return rises[std::size_t(site)];
}

}  // namespace

TEST_CASE("bounds: every table has every site in order, and float32 a reason", "[bounds]") {
    for (const SiteInfo& info : kSites) {
        INFO(info.name);
        CHECK(of(kShortSums, info.site).site == info.site);
        CHECK(of(kLongSums, info.site).site == info.site);
        CHECK(of(kRoundings, info.site).site == info.site);
        CHECK(std::string(of(kShortSums, info.site).reason) != "");
        CHECK(of(kShortSums, info.site).max.first >= of(kShortSums, info.site).rms.first);
    }
}

TEST_CASE("bounds: a long sum is allowed in proportion to the width", "[bounds]") {
    Config config = preset_20b();
    const SiteKey q{Site::attn_q, 0};
    const double blocks = of(kShortSums, Site::attn_q).max.first;
    const double more = of(kLongSums, Site::attn_q).max.first;
    CHECK_THAT(bounds_for(config).at(q).max, WithinAbs(blocks + more, 1e-12));
    config.hidden_size = 1440;
    CHECK_THAT(bounds_for(config).at(q).max, WithinAbs(blocks + more / 2, 1e-12));
    CHECK(bounds_for(config).in_blocks(q).max == blocks);
}

TEST_CASE("bounds: they rise with each layer, and not if the run is anchored", "[bounds]") {
    Bounds bounds = bounds_for(preset_odd());
    const double first = bounds.at({Site::attn_q, 0}).rms;
    const double rise = bounds.at({Site::attn_q, 1}).rms - first;
    CHECK(rise > 0);
    CHECK_THAT(bounds.at({Site::attn_q, 4}).rms, WithinAbs(first + 4 * rise, 1e-15));
    CHECK(bounds.depth({Site::logits}) == 5);
    CHECK(bounds.at({Site::embedding}).max == 0);
    bounds.is_anchored = true;
    CHECK(bounds.at({Site::attn_q, 4}).rms == first);
    bounds.is_partial = true;  // keys and values of earlier tokens have all layers behind them
    CHECK(bounds.depth({Site::attn_q, 4}) == 0);
    CHECK(bounds.depth({Site::attn_mix, 4}) == 4);
}

TEST_CASE("bounds: float16 and TF32 are allowed a share of what bf16 is", "[bounds]") {
    CompareOptions options;
    options.policy = Policy::bf16;
    const Limit bf16 = bounds_for(preset_odd(), 8, options).at({Site::attn_q, 1});
    options.policy = Policy::float16;
    const Limit float16 = bounds_for(preset_odd(), 8, options).at({Site::attn_q, 1});
    CHECK_THAT(float16.rms, WithinAbs(kShareOf11Bits * bf16.rms, 1e-12));
    CHECK_THAT(float16.max, WithinAbs(kShareOf11Bits * bf16.max, 1e-12));
    CHECK(kShareOf11Bits >= 1.0 / 8);
}

TEST_CASE("bounds: in bf16 the length widens what one weight of attention may be off by, no more",
          "[bounds]") {
    CompareOptions options;
    options.policy = Policy::bf16;
    const Bounds few = bounds_for(preset_odd(), kMeasuredTokens, options);
    const Bounds many = bounds_for(preset_odd(), 4 * kMeasuredTokens, options);
    for (const SiteInfo& info : kSites) {
        INFO(info.name);
        const SiteKey key{info.site, is_per_layer(info.site) ? 1 : kNoLayer};
        const double widened = info.site == Site::attn_weights ? 2 : 1;
        CHECK(many.at(key).max == widened * few.at(key).max);
        CHECK(many.at(key).rms == few.at(key).rms);
    }
}

TEST_CASE("bounds: bf16 is far wider, for every site", "[bounds]") {
    CompareOptions options;
    options.policy = Policy::bf16;
    const Bounds bf16 = bounds_for(preset_odd(), 8, options);
    const Bounds float32 = bounds_for(preset_odd());
    for (const SiteInfo& info : kSites) {
        INFO(info.name);
        if (info.site == Site::embedding || info.site == Site::mlp_expert_ids) continue;
        const SiteKey key{info.site, is_per_layer(info.site) ? 0 : kNoLayer};
        CHECK(bf16.at(key).max > 100 * float32.at(key).max);
        CHECK(bf16.at(key).rms > 100 * float32.at(key).rms);
        CHECK(bf16.at(key).rms < bf16.at(key).max);
    }
}

TEST_CASE("bounds: one number for every site but the ids", "[bounds]") {
    CompareOptions options;
    options.tolerance = 0.25;
    const Bounds bounds = bounds_for(preset_odd(), 8, options);
    CHECK(bounds.at({Site::embedding}).max == 0.25);
    CHECK(bounds.at({Site::logits}).rms == 0.25);
    CHECK(bounds.at({Site::mlp_expert_ids, 0}).max == 0);
    CHECK(bounds_text(bounds) == "0.25 for every site");
}

TEST_CASE("bounds: without a config the width is the reference's", "[bounds]") {
    Dump dump;
    CHECK(hidden_size_of(dump, nullptr) == 0);
    dump.sites[{Site::logits}].shape = {1, 300};
    CHECK(hidden_size_of(dump, nullptr) == 0);
    dump.sites[{Site::logits}].shape = {1, 201088};
    CHECK(hidden_size_of(dump, nullptr) == 2880);
    dump.sites[{Site::attn_out, 0}].shape = {7, 96};
    CHECK(hidden_size_of(dump, nullptr) == 96);
}

TEST_CASE("bounds: a run of over 60 tokens is allowed more, shares of attention the most",
          "[bounds]") {
    const Bounds shorter = bounds_for(preset_odd(), 60);
    const Bounds longer = bounds_for(preset_odd(), 240);
    const SiteKey weights{Site::attn_weights, 0}, norm{Site::attn_norm, 0};
    CHECK(longer.at(weights).max == 4 * shorter.at(weights).max);
    CHECK(longer.at(norm).max == 2 * shorter.at(norm).max);
    CHECK(bounds_for(preset_odd(), 5).at(norm).max == shorter.at(norm).max);
}
