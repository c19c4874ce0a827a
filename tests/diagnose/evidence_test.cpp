#include "gptoss/diagnose/evidence.hpp"

#include "catch.hpp"
#include "gptoss/core/presets.hpp"

using namespace gptoss;
using namespace gptoss::compare;
using namespace gptoss::diagnose;
using namespace gptoss::dump;

namespace {

CompareRow row_with(Site site, double relative) {
    CompareRow row{{site, is_per_layer(site) ? 0 : kNoLayer}};
    row.metrics.n_values = 10;
    row.metrics.relative = relative;
    return row;
}

Evidence evidence_of(std::vector<CompareRow> rows) {
    Evidence evidence{preset_tiny()};
    evidence.anchored = true;
    evidence.right.rows = std::move(rows);
    find_divergence(evidence);
    return evidence;
}

}  // namespace

TEST_CASE("evidence: a dump of bf16 numbers is bf16, its embedding says nothing", "[evidence]") {
    Dump dump;
    dump.sites[{Site::embedding, kNoLayer}] = {{1, 2}, {1.0f, 2.0f}, {}};
    dump.sites[{Site::logits, kNoLayer}] = {{1, 2}, {1.1f, 2.3f}, {}};
    CHECK(policy_of(dump) == Policy::float32);
    dump.sites[{Site::logits, kNoLayer}].values = {1.1015625f, 2.296875f};
    CHECK(policy_of(dump) == Policy::bf16);
    dump.sites[{Site::logits, kNoLayer}].values = {1.099609375f, 2.30078125f};  // of float16
    CHECK(policy_of(dump) == Policy::float16);
    dump.sites[{Site::logits, kNoLayer}].values = {1.1f, 2.3f};
    dump.is_llama_cpp = true;  // it keeps float32, but its products round activations to 8 bits
    CHECK(policy_of(dump) == Policy::bf16);
}

TEST_CASE("evidence: keys hidden on one side only are an error, by their share", "[evidence]") {
    CompareRow row = row_with(Site::attn_scores, 0);
    CHECK(error_of(row) == 0);
    row.metrics.n_infinities = 10;
    CHECK(error_of(row) == 0.5);
}

TEST_CASE("evidence: experts are counted", "[evidence]") {
    CompareRow ids = row_with(Site::mlp_expert_ids, 0);
    ids.metrics.equal = 0.75;
    CHECK(error_of(ids) == 0.25);
    CompareRow logits = row_with(Site::logits, 0.5);
    logits.metrics.equal = 0.9;
    CHECK(error_of(logits) == 0.5);
}

TEST_CASE("evidence: what could not be compared has no error", "[evidence]") {
    CompareRow row = row_with(Site::logits, 0.5);
    CHECK(has_error(row));
    row.outcome = Outcome::shape;
    CHECK(!has_error(row));
    row.outcome = Outcome::ok;
    row.metrics.n_values = 0;
    CHECK(!has_error(row));
}

TEST_CASE("evidence: sites beyond their tolerance, in order, but not a flip", "[evidence]") {
    CompareRow flip = row_with(Site::mlp_expert_ids, 0);
    flip.metrics.equal = 0.5;
    flip.outcome = Outcome::flipped;
    const Evidence evidence =
        evidence_of({row_with(Site::embedding, 0), row_with(Site::attn_q, 0.1), flip,
                     row_with(Site::logits, 1e-3)});
    CHECK(evidence.divergent == std::vector<std::size_t>{1, 3});
    CHECK(evidence.diverges(3));
    CHECK(!evidence.diverges(2));
}

TEST_CASE("evidence: a tenth of the error is an explanation if every site is anchored",
          "[evidence]") {
    Evidence evidence = evidence_of({row_with(Site::attn_q, 0.1)});
    evidence.policy = Policy::bf16;
    Comparison wrong;
    wrong.rows = {row_with(Site::attn_q, 0.02)};
    CHECK(!evidence.explained(wrong, 0));
    evidence.anchored = false;
    CHECK(evidence.explained(wrong, 0));
    evidence.anchored = true;
    wrong.rows = {row_with(Site::attn_q, 0.01)};
    CHECK(evidence.explained(wrong, 0));
}

TEST_CASE("evidence: anchored in float32 an explanation leaves no more than rounding",
          "[evidence]") {
    const Evidence evidence = evidence_of({row_with(Site::attn_q, 0.1)});
    Comparison wrong;
    wrong.rows = {row_with(Site::attn_q, 31 * evidence.tolerance_at(0))};
    CHECK(!evidence.explained(wrong, 0));  // the same op is wrong, in another way
    wrong.rows = {row_with(Site::attn_q, 29 * evidence.tolerance_at(0))};
    CHECK(evidence.explained(wrong, 0));
}

TEST_CASE("evidence: tolerances are those of one op, or of a pass that is not held in place",
          "[evidence]") {
    const auto bound = [](Policy policy, bool anchored) {
        Evidence evidence{preset_tiny(), 8, policy};
        evidence.anchored = anchored;
        return evidence.bound({Site::attn_mix, 2});
    };
    CHECK(bound(Policy::float32, true) < bound(Policy::float32, false));
    CHECK(bound(Policy::float32, false) < bound(Policy::bf16, true));
    CHECK(bound(Policy::bf16, true) < bound(Policy::bf16, false));
}

TEST_CASE("evidence: a port multiplies in 16 bits if nearly all its products are off by that much",
          "[evidence]") {
    Evidence evidence = evidence_of({row_with(Site::attn_norm, 1e-7), row_with(Site::attn_q, 2e-4),
                                     row_with(Site::attn_k, 2e-4), row_with(Site::attn_v, 2e-4)});
    CHECK(policy_of_products(evidence) == Policy::float16);
    evidence.right.rows[2].metrics.relative = 1e-7;  // k is exact: then q and v are wrong
    CHECK(policy_of_products(evidence) == Policy::float32);
    evidence.right.rows[2].metrics.relative = 0.1;  // k is wrong
    CHECK(policy_of_products(evidence) == Policy::float32);
    evidence.right.rows[2].metrics.relative = 2e-3;
    CHECK(policy_of_products(evidence) == Policy::bf16);
    evidence.anchored = false;
    CHECK(policy_of_products(evidence) == Policy::float32);
}

TEST_CASE("evidence: activations of 8 bits show in the products with experts alone", "[evidence]") {
    Evidence evidence =
        evidence_of({row_with(Site::attn_q, 1e-7), row_with(Site::mlp_gate_up, 5e-3),
                     row_with(Site::mlp_expert_out, 5e-3)});
    CHECK(policy_of_products(evidence) == Policy::bf16);
    evidence.right.rows[2].metrics.relative = 1e-7;  // then gate_up is wrong
    CHECK(policy_of_products(evidence) == Policy::float32);
}

TEST_CASE("evidence: complete is every site that an op reads", "[evidence]") {
    const Config config = preset_tiny();
    Dump dump;
    for (const SiteInfo& info : kSites) {
        const bool is_read = info.site != Site::logits && info.site != Site::attn_scores &&
                             info.site != Site::attn_weights && info.site != Site::attn_sink_share;
        for (int layer = 0; is_read && layer < config.n_layers; ++layer) {
            dump.sites[{info.site, is_per_layer(info.site) ? layer : kNoLayer}] = {};
        }
    }
    CHECK(is_complete(dump, config));
    dump.sites.erase({Site::mlp_out, 3});
    CHECK(!is_complete(dump, config));
}

TEST_CASE("evidence: what turns with the position may be off by more in a long run", "[diagnose]") {
    const auto bound = [](Site site, int n_tokens) {
        Evidence evidence{preset_tiny(), n_tokens};
        evidence.anchored = true;
        return evidence.bound({site, 1});
    };
    CHECK(bound(Site::attn_q_rope, 60) == bound(Site::attn_q_rope, 8));
    CHECK(bound(Site::attn_q_rope, 600) == 10 * bound(Site::attn_q_rope, 60));
    CHECK_THAT(bound(Site::attn_q, 600),
               WithinAbs(std::sqrt(10.0) * bound(Site::attn_q, 60), 1e-15));
}
