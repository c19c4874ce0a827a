#include "gptoss/diagnose/suspects.hpp"

#include <initializer_list>

#include "catch.hpp"
#include "gptoss/core/presets.hpp"

using namespace gptoss;
using namespace gptoss::compare;
using namespace gptoss::diagnose;
using gptoss::dump::SiteKey;

namespace {

// Errors at q, q_rope, k_rope and mix of layer 0.
Comparison errors(const std::vector<double>& relative) {
    const Site sites[4] = {Site::attn_q, Site::attn_q_rope, Site::attn_k_rope, Site::attn_mix};
    Comparison c;
    for (std::size_t i = 0; i < relative.size(); ++i) {
        CompareRow row{{sites[i], 0}};
        row.metrics.n_values = 1;
        row.metrics.relative = relative[i];
        c.rows.push_back(row);
    }
    return c;
}

Evidence evidence_of(const std::vector<double>& right) {
    Evidence evidence{preset_tiny()};
    evidence.policy = Policy::bf16;
    evidence.anchored = true;
    evidence.right = errors(right);
    find_divergence(evidence);
    return evidence;
}

pitfalls::Facts named(const char* name) {
    return {name, "", "", "", "", Site::attn_q};
}

}  // namespace

TEST_CASE("suspects: a hundredth left at two of two sites", "[suspects]") {
    const Evidence evidence = evidence_of({0, 0.5, 0.5, 0});
    const Suspect s =
        suspect(evidence, named("a"), errors({0, 0.005, 0.005, 0}), evidence.divergent);
    CHECK_THAT(s.left, WithinAbs(0.01, 1e-9));
    CHECK(s.explains_first);
    CHECK(s.n_explained == 2);
    CHECK(s.evidence.size() == 2);
}

TEST_CASE("suspects: what was right and is not with the mistake counts against it", "[suspects]") {
    const Evidence evidence = evidence_of({0, 0.5, 0, 0});
    const double tolerance = evidence.tolerance_at(3);
    const Suspect s =
        suspect(evidence, named("a"), errors({0, 0.005, 0, 100 * tolerance}), evidence.divergent);
    CHECK_THAT(s.left, WithinAbs(1, 1e-9));  // 1/100 and 100
    CHECK(s.evidence.size() == 2);
    CHECK(s.n_made_wrong == 1);
    CHECK(!s.explains_first);  // it is refuted
    const Suspect within_rounding =
        suspect(evidence, named("a"), errors({0, 0.005, 0, 2 * tolerance}), evidence.divergent);
    CHECK(within_rounding.explains_first);
}

TEST_CASE(
    "suspects: what mends an op in one layer, or one of its sites, is not what is wrong with it",
    "[suspects]") {
    const auto rows_of = [](const std::vector<double>& relative) {
        const SiteKey keys[4] = {{Site::attn_scores, 0},
                                 {Site::attn_mix, 0},
                                 {Site::attn_scores, 1},
                                 {Site::mlp_swiglu, 1}};
        Comparison c = errors(relative);
        for (std::size_t i = 0; i < c.rows.size(); ++i) {
            c.rows[i].key = keys[i];
        }
        return c;
    };
    Evidence evidence{preset_tiny()};
    evidence.anchored = true;
    evidence.right = rows_of({0.5, 0.5, 0.5, 0.5});
    find_divergence(evidence);
    const auto explains = [&](const std::vector<double>& left) {
        return suspect(evidence, named("a"), rows_of(left), evidence.divergent).explains_first;
    };
    CHECK(explains({0, 0, 0, 0}));
    CHECK(explains({0, 0, 0, 0.5}));  // another op: a second mistake
    CHECK(!explains({0, 0.5, 0, 0}));
    CHECK(!explains({0, 0, 0.5, 0}));
    evidence.anchored = false;
    CHECK(explains({0, 0.05, 0.5, 0}));  // what stands before it may be why
}

TEST_CASE("suspects: the first divergent site decides, then what is left", "[suspects]") {
    const Evidence evidence = evidence_of({0, 0.5, 0.5, 0.5});
    std::vector<Suspect> suspects = {
        suspect(evidence, named("only_later"), errors({0, 0.5, 0, 0}), evidence.divergent),
        suspect(evidence, named("only_first"), errors({0, 0, 0.5, 0.5}), evidence.divergent),
        suspect(evidence, named("all"), errors({0, 0, 0, 0}), evidence.divergent)};
    rank(suspects);
    CHECK(std::string(suspects[0].facts.name) == "all");
    CHECK(std::string(suspects[1].facts.name) == "only_first");
    CHECK(std::string(suspects[2].facts.name) == "only_later");
    CHECK(suspects[0].confidence > 0.99);
    CHECK(suspects[2].confidence == 0);
}

TEST_CASE("suspects: two that leave the same share the confidence", "[suspects]") {
    const Evidence evidence = evidence_of({0, 0.5, 0, 0});
    std::vector<Suspect> suspects;
    for (const char* name : {"a", "b"}) {
        suspects.push_back(
            suspect(evidence, named(name), errors({0, 1e-4, 0, 0}), evidence.divergent));
    }
    rank(suspects);
    CHECK_THAT(suspects[0].confidence, WithinAbs(0.5, 1e-3));
    CHECK(n_as_likely(suspects) == 2);
    suspects[1].left *= 2;
    CHECK(n_as_likely(suspects) == 1);
    suspects[0].explains_first = false;
    CHECK(n_as_likely(suspects) == 0);
}
