#include "gptoss/diagnose/difference_hint.hpp"

#include "catch.hpp"

using namespace gptoss;
using namespace gptoss::compare;
using namespace gptoss::diagnose;
using namespace gptoss::dump;

namespace {

// Two tokens of q: four heads of eight channels.
SitePair right_pair() {
    SitePair pair;
    pair.in = token_rows(Site::attn_q, {2, 32});
    pair.shape = {2, 32};
    for (int i = 0; i < 64; ++i) {
        pair.expected.push_back(float((i * 37 + 11) % 61) - 30.5f);
    }
    pair.got = pair.expected;
    pair.has_partner.assign(2, true);
    return pair;
}

}  // namespace

TEST_CASE("difference hint: the same vector at both tokens is a bias", "[difference_hint]") {
    SitePair pair = right_pair();
    for (int i = 0; i < 64; ++i) {
        pair.got[std::size_t(i)] += float(i % 32) / 10;
    }
    CHECK(difference_hint(pair, 8) == "the difference is the same vector at every token: a bias");
}

TEST_CASE("difference hint: a constant factor is told", "[difference_hint]") {
    SitePair pair = right_pair();
    for (float& value : pair.got) {
        value *= 1.41f;
    }
    CHECK(difference_hint(pair, 8) == "theirs is 1.41 times what it should be");
}

TEST_CASE("difference hint: heads in another order", "[difference_hint]") {
    SitePair pair = right_pair();
    for (std::size_t i = 0; i < 64; ++i) {
        pair.got[i] = pair.expected[i % 32 / 8 == 1 ? i + 8 : i % 32 / 8 == 2 ? i - 8 : i];
    }
    CHECK(difference_hint(pair, 8) == "the heads are those of another order: 0, 2, 1, 3");
}

TEST_CASE("difference hint: channels in another order", "[difference_hint]") {
    SitePair pair = right_pair();
    for (std::size_t i = 0; i < 64; ++i) {
        pair.got[i] = pair.expected[i ^ 1];
    }
    CHECK(difference_hint(pair, 8) == "the values are the right ones, in another order");
}

TEST_CASE("difference hint: anything else is no hint", "[difference_hint]") {
    SitePair pair = right_pair();
    for (int i = 0; i < 64; ++i) {
        pair.got[std::size_t(i)] += float((i * 53 + 7) % 41) - 20;
    }
    CHECK(difference_hint(pair, 8) == "");
    pair.got[0] = std::numeric_limits<float>::infinity();
    CHECK(difference_hint(pair, 8) == "");
}
