#include "gptoss/compare/expert_match.hpp"

#include <vector>

#include "catch.hpp"

using namespace gptoss;
using namespace gptoss::compare;

namespace {

using Ids = std::vector<std::int32_t>;

// One token that chose two of four experts; logits as the reference has them.
ExpertChange change_of(const Ids& expected, const Ids& got, const std::vector<float>& logits,
                       double allowed, const std::vector<float>& own = {}) {
    const int top_k = int(expected.size());
    TokenLogits token;
    token.expected = logits.empty() ? nullptr : logits.data();
    token.got = own.empty() ? nullptr : own.data();
    token.n_experts = int(logits.size());
    token.allowed = allowed;
    return expert_change({expected.data(), 1, top_k}, {got.data(), 1, top_k}, 0, token);
}

const std::vector<float> kLogits = {0.5f, 2.0f, 0.75f, -1.0f};  // ranks: 1, 2, 0, 3

}  // namespace

TEST_CASE("expert match: ranks of the same experts, by hand", "[expert_match]") {
    const Ids expected = {1, 2, 3, 0};  // two tokens
    const Ids got = {2, 1, 3, 1};
    const ExpertMatch match = match_experts({expected.data(), 2, 2}, {got.data(), 2, 2});
    CHECK(match.ranks == std::vector<int>{1, 0, 0, -1});
    CHECK(match.same_experts(0));
    CHECK_FALSE(match.same_experts(1));
    CHECK(match.n_reordered == 1);
}

TEST_CASE("expert match: a swap of near-equal logits is a near-tie", "[expert_match]") {
    const ExpertChange change = change_of({1, 2}, {1, 0}, kLogits, 0.3);
    CHECK(change.left == Ids{2});
    CHECK(change.joined == Ids{0});
    CHECK(change.gap == 0.25);
    CHECK(change.is_near_tie);
    CHECK(change_text(change, true) ==
          "token 0: expert 0 instead of 2, whose logits are 0.25 apart (near-tie up to 0.3)");
}

TEST_CASE("expert match: a swap of logits further apart is a mistake", "[expert_match]") {
    CHECK_FALSE(change_of({1, 2}, {1, 0}, kLogits, 0.2).is_near_tie);
    CHECK_FALSE(change_of({1, 2}, {1, 3}, kLogits, 0.3).is_near_tie);
}

TEST_CASE("expert match: of two swapped experts the widest gap counts", "[expert_match]") {
    const ExpertChange change = change_of({1, 2}, {3, 0}, kLogits, 10);
    CHECK(change.gap == 3.0);  // 2.0 - -1.0
}

TEST_CASE("expert match: a choice against its own logits is a mistake", "[expert_match]") {
    CHECK(change_of({1, 2}, {1, 0}, kLogits, 0.3, {0.7f, 2, 0.65f, -1}).is_near_tie);
    CHECK(change_of({1, 2}, {1, 0}, kLogits, 0.3, {0.7f, 2, 0.7f, -1}).is_near_tie);
    const ExpertChange change = change_of({1, 2}, {1, 0}, kLogits, 0.3, {0.6f, 2, 0.65f, -1});
    CHECK_FALSE(change.is_near_tie);
    CHECK_THAT(change_text(change, true), EndsWith("its own logits prefer the other"));
}

TEST_CASE("expert match: without logits nothing is a near-tie", "[expert_match]") {
    const ExpertChange change = change_of({1, 2}, {1, 0}, {}, 10);
    CHECK_FALSE(change.is_near_tie);
    CHECK_THAT(change_text(change, false), EndsWith("a near-tie cannot be told"));
}

TEST_CASE("expert match: ids that are no experts, or twice the same, are mistakes",
          "[expert_match][errors]") {
    CHECK_FALSE(change_of({1, 2}, {1, 4}, kLogits, 10).is_near_tie);
    CHECK_FALSE(change_of({1, 2}, {1, -1}, kLogits, 10).is_near_tie);
    CHECK_FALSE(change_of({1, 2}, {1, 1}, kLogits, 10).is_near_tie);
    CHECK_FALSE(change_of({1, 2147483647}, {1, 2}, kLogits, 10).is_near_tie);
}
