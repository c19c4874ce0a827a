#include "gptoss/compare/verdict.hpp"

#include <vector>

#include "catch.hpp"

using namespace gptoss;
using namespace gptoss::compare;
using namespace gptoss::dump;

namespace {

// Outcomes of attn_q, attn_k, ... of layer 0, in a row.
Comparison verdict_on(const std::vector<Outcome>& outcomes) {
    Comparison c;
    int site = int(Site::attn_q);
    for (const Outcome outcome : outcomes) {
        CompareRow row{{Site(site++), 0}};
        row.outcome = outcome;
        row.note = "a note";
        c.rows.push_back(row);
    }
    give_verdict(Dump{"a"}, Dump{"b"}, c);
    return c;
}

}  // namespace

TEST_CASE("verdict: all good is a pass", "[verdict]") {
    const Comparison c = verdict_on({Outcome::ok, Outcome::flipped, Outcome::ok});
    CHECK(c.verdict == Verdict::pass);
    CHECK(c.reason == "3 sites within tolerance");
    CHECK_FALSE(c.first_divergence);
}

TEST_CASE("verdict: the first divergence in execution order is named", "[verdict]") {
    const Comparison c = verdict_on({Outcome::ok, Outcome::diverged, Outcome::diverged});
    CHECK(c.verdict == Verdict::diverged);
    CHECK(c.first_divergence == 1);
    CHECK(c.reason == "first divergence at block.0.attn.k: a note");
    CHECK(verdict_on({Outcome::ok, Outcome::nan}).first_divergence == 1);
}

TEST_CASE("verdict: what could not be compared never passes", "[verdict]") {
    for (const Outcome outcome : {Outcome::shape, Outcome::dtype, Outcome::missing,
                                  Outcome::missing_reference, Outcome::nan_reference}) {
        const Comparison c = verdict_on({Outcome::ok, outcome, Outcome::ok});
        INFO(outcome_name(outcome));
        CHECK(c.verdict == Verdict::unusable);
        CHECK_THAT(c.reason,
                   StartsWith("1 site could not be compared; the first is block.0.attn.k"));
    }
}

TEST_CASE("verdict: a divergence counts although a site is missing", "[verdict]") {
    const Comparison c = verdict_on({Outcome::missing, Outcome::diverged});
    CHECK(c.verdict == Verdict::diverged);
    REQUIRE(c.notes.size() == 1);
    CHECK_THAT(c.notes[0], ContainsSubstring("block.0.attn.q (missing)"));
}

TEST_CASE("verdict: nothing compared, or nothing left at the end, never passes", "[verdict]") {
    CHECK(verdict_on({}).verdict == Verdict::unusable);
    CHECK(verdict_on({Outcome::left_out}).verdict == Verdict::unusable);
    CHECK(verdict_on({Outcome::ok, Outcome::left_out}).verdict == Verdict::unusable);
    CHECK(verdict_on({Outcome::left_out, Outcome::ok}).verdict == Verdict::pass);
    Comparison only_ids;
    only_ids.rows = {CompareRow{{Site::mlp_expert_ids, 0}}};
    give_verdict(Dump{"a"}, Dump{"b"}, only_ids);
    CHECK(only_ids.verdict == Verdict::unusable);
}

TEST_CASE("verdict: names that are no sites are told", "[verdict]") {
    Dump other{"b"};
    other.unknown_names = {"q", "k", "v", "o"};
    Comparison c;
    give_verdict(Dump{"a"}, other, c);
    REQUIRE(c.notes.size() == 1);
    CHECK(c.notes[0] ==
          "b: 4 arrays have no site's name: \"q\", \"k\", \"v\", ...; a name map can name them");
}
