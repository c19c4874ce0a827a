#include "gptoss/compare/unseen_flips.hpp"

#include <limits>

#include "catch.hpp"

using namespace gptoss;
using namespace gptoss::compare;
using namespace gptoss::dump;

namespace {

// Residuals of four tokens of two channels, rms 1; the third is off by error.
SitePair pair_off_by(float error) {
    SitePair pair;
    pair.in = token_rows(Site::mlp_residual, {4, 2});
    pair.shape = {4, 2};
    pair.expected = {1, -1, 1, -1, 1, -1, 1, -1};
    pair.got = pair.expected;
    pair.got[4] += error;
    pair.has_partner.assign(4, true);
    return pair;
}

const int kNone = std::numeric_limits<int>::max();  // no token is near a tie
const Allowance kStrict(4, 0.0);
const Limit kLimit{0.1, 0.05};

}  // namespace

TEST_CASE("unseen flips: a tie is between the last chosen expert and the first left out",
          "[unseen_flips]") {
    const float logits[4] = {1.0f, 3.0f, 2.0f, 1.9f};
    CHECK(is_near_tie(logits, 4, 2, 0.11));
    CHECK(!is_near_tie(logits, 4, 2, 0.09));
    CHECK(!is_near_tie(logits, 4, 1, 0.5));
    CHECK(!is_near_tie(logits, 4, 4, 100));  // all are chosen
}

TEST_CASE("unseen flips: the token that is off was near a tie, or sees one that was",
          "[unseen_flips]") {
    const std::vector<int> third = {2};
    CHECK(tokens_flips_explain(pair_off_by(0.5f), kStrict, 2, kLimit) == third);
    CHECK(tokens_flips_explain(pair_off_by(0.5f), kStrict, 0, kLimit) == third);
    CHECK(tokens_flips_explain(pair_off_by(0.5f), kStrict, 3, kLimit).empty());
    CHECK(tokens_flips_explain(pair_off_by(0.5f), kStrict, kNone, kLimit).empty());
}

TEST_CASE("unseen flips: no flip moves a token by more than eight times the rms",
          "[unseen_flips]") {
    CHECK(tokens_flips_explain(pair_off_by(8.0f), kStrict, 0, kLimit).size() == 1);
    CHECK(tokens_flips_explain(pair_off_by(8.2f), kStrict, 0, kLimit).empty());
}

TEST_CASE("unseen flips: where most tokens are off, it is no flip", "[unseen_flips]") {
    SitePair pair = pair_off_by(0.5f);
    for (float& value : pair.got) {
        value *= 1.5f;
    }
    CHECK(tokens_flips_explain(pair, kStrict, 0, kLimit).empty());
}
