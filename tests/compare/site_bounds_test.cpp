#include "gptoss/compare/site_bounds.hpp"

#include "catch.hpp"
#include "gptoss/core/presets.hpp"

using namespace gptoss;
using namespace gptoss::compare;
using namespace gptoss::dump;

namespace {

SiteBounds bounds_of(const Config& config, const CompareOptions& options) {
    return site_bounds(Dump{}, &config, 8, options);
}

}  // namespace

TEST_CASE("site bounds: float32 at small widths is the goldens' tolerance", "[site_bounds]") {
    const SiteBounds bounds = bounds_of(preset_odd(), {});
    CHECK(bounds.at({Site::attn_q, 4}) == tolerance(Site::attn_q).in_pass);
    CHECK(bounds.at({Site::logits}) == tolerance(Site::logits).in_pass);
    CHECK(bounds.at({Site::embedding}) == 0);
    CHECK(bounds.relative_at({Site::attn_q, 4}) == bounds.at({Site::attn_q, 4}));
}

TEST_CASE("site bounds: more layers than were measured are allowed in proportion",
          "[site_bounds]") {
    const SiteBounds narrow = bounds_of(with_layers(preset_odd(), 10), {});
    CHECK_THAT(narrow.at({Site::attn_q, 9}), WithinAbs(2 * tolerance(Site::attn_q).in_pass, 1e-9));
    const SiteBounds wide = bounds_of(preset_20b(), {});
    CHECK(wide.at({Site::attn_q, 0}) == tolerance(Site::attn_q).at_20b);
    CHECK_THAT(wide.at({Site::attn_q, 23}), WithinAbs(24 * tolerance(Site::attn_q).at_20b, 1e-9));
    CHECK(wide.at({Site::final_norm}) == 24 * tolerance(Site::final_norm).at_20b);
}

TEST_CASE("site bounds: bf16 is far wider, for every site, and grows with depth", "[site_bounds]") {
    CompareOptions options;
    options.policy = Policy::bf16;
    const SiteBounds bounds = bounds_of(preset_odd(), options);
    for (const SiteInfo& info : kSites) {
        INFO(info.name);
        CHECK(bf16_tolerance(info.site).site == info.site);
        const bool is_exact = info.site == Site::embedding || info.site == Site::mlp_expert_ids;
        if (is_exact) continue;
        const int layer = is_per_layer(info.site) ? 0 : kNoLayer;
        CHECK(bounds.at({info.site, layer}) > 100 * tolerance(info.site).in_pass);
        CHECK(bounds.relative_at({info.site, layer}) < bounds.at({info.site, layer}));
        if (layer == 0) CHECK(bounds.at({info.site, 1}) > bounds.at({info.site, 0}));
    }
}

TEST_CASE("site bounds: one number for every site but the ids", "[site_bounds]") {
    CompareOptions options;
    options.tolerance = 0.25;
    const SiteBounds bounds = bounds_of(preset_odd(), options);
    CHECK(bounds.at({Site::embedding}) == 0.25);
    CHECK(bounds.at({Site::logits}) == 0.25);
    CHECK(bounds.at({Site::mlp_expert_ids, 0}) == 0);
    CHECK(bounds.text == "0.25 for every site");
}

TEST_CASE("site bounds: without a config the widths are the reference's", "[site_bounds]") {
    Dump dump;
    CHECK_FALSE(is_wide(dump, nullptr));
    dump.sites[{Site::logits}].shape = {1, 300};
    CHECK_FALSE(is_wide(dump, nullptr));
    dump.sites[{Site::logits}].shape = {1, 201088};
    CHECK(is_wide(dump, nullptr));
    dump.sites.clear();
    dump.sites[{Site::attn_out, 0}].shape = {7, 2880};
    CHECK(is_wide(dump, nullptr));
}

TEST_CASE("site bounds: a run longer than the goldens is allowed more, weights the most",
          "[site_bounds]") {
    const Config config = preset_odd();
    const SiteBounds bounds = site_bounds(Dump{}, &config, 240, {});
    CHECK(bounds.at({Site::attn_weights, 0}) == 4 * tolerance(Site::attn_weights).in_pass);
    CHECK(bounds.at({Site::attn_norm, 0}) == 2 * tolerance(Site::attn_norm).in_pass);
}
