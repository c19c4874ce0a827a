#include "gptoss/dump/site_shape.hpp"

#include <vector>

#include "catch.hpp"

using namespace gptoss;
using namespace gptoss::dump;
using namespace gptoss::format;

namespace {

bool fits(Site site, const Shape& shape, const Shape& expected) {
    return reading_that_fits(site, shape, expected).has_value();
}

}  // namespace

TEST_CASE("site shape: a batch of one, and heads apart, are the same memory", "[site_shape]") {
    const Shape q = {7, 192};
    CHECK(fits(Site::attn_q, {7, 192}, q));
    CHECK(fits(Site::attn_q, {1, 7, 192}, q));
    CHECK(fits(Site::attn_q, {7, 6, 32}, q));
    CHECK(fits(Site::attn_q, {1, 7, 6, 32}, q));
    CHECK(fits(Site::mlp_gate_up, {1, 7, 3, 128}, {7, 3, 128}));
    CHECK(fits(Site::attn_scores, {1, 6, 7, 7}, {6, 7, 7}));
    CHECK(fits(Site::mlp_expert_weights, {7, 3, 1}, {7, 3}));
    CHECK(fits(Site::logits, {300}, {7, 300}));  // the last position
}

TEST_CASE("site shape: another order, size or rank is refused", "[site_shape]") {
    const Shape q = {7, 192};
    CHECK_FALSE(fits(Site::attn_q, {6, 7, 32}, q));
    CHECK_FALSE(fits(Site::attn_q, {192, 7}, q));
    CHECK_FALSE(fits(Site::attn_q, {2, 7, 192}, q));
    CHECK_FALSE(fits(Site::attn_q, {1344}, q));
    CHECK_FALSE(fits(Site::attn_q, {}, q));
    CHECK_FALSE(fits(Site::attn_q, {8, 192}, q));
    CHECK_FALSE(fits(Site::attn_out, {7, 6, 16}, {7, 96}));  // out has no heads
    CHECK_FALSE(fits(Site::mlp_gate_up, {21, 128}, {7, 3, 128}));
}

TEST_CASE("site shape: extents beyond any model's have no reading", "[site_shape]") {
    const std::int64_t huge = std::int64_t(1) << 40;
    CHECK(
        shape_readings(Site::attn_q, {0, huge, huge}).empty());  // no values, so a file may say it
    CHECK(shape_readings(Site::attn_q, {1, std::int64_t(1) << 62, 8, 0}).empty());
    CHECK(shape_readings(Site::mlp_gate_up, {huge, huge, 0}).empty());
}

TEST_CASE("site shape: the last token alone fits", "[site_shape]") {
    CHECK(reading_that_fits(Site::attn_q, {1, 1, 192}, {7, 192}) == Shape{1, 192});
    CHECK(fits(Site::attn_q, {1, 6, 32}, {7, 192}));
    CHECK(fits(Site::attn_scores, {6, 1, 7}, {6, 7, 7}));
    CHECK_FALSE(fits(Site::attn_scores, {6, 7, 1}, {6, 7, 7}));
}

TEST_CASE("site shape: of two readings the one that fits exactly is taken", "[site_shape]") {
    // (1, 7, 192): a batch of one, or one token with 7 heads of 192.
    CHECK(reading_that_fits(Site::attn_q, {1, 7, 192}, {7, 192}) == Shape{7, 192});
    CHECK(reading_that_fits(Site::attn_q, {1, 7, 192}, {1, 1344}) == Shape{1, 1344});
}

TEST_CASE("site shape: which token a row belongs to", "[site_shape]") {
    const TokenRows gate_up = token_rows(Site::mlp_gate_up, {7, 3, 128});
    CHECK(gate_up.rows == 21);
    CHECK(gate_up.token(20) == 6);
    CHECK(gate_up.token(2) == 0);
    const TokenRows scores = token_rows(Site::attn_scores, {6, 7, 9});
    CHECK(scores.cols == 9);
    CHECK(scores.token(7) == 0);  // head 1
    CHECK(scores.token(20) == 6);
}

TEST_CASE("site shape: the last tokens' rows", "[site_shape]") {
    const std::vector<int> values = {1, 2, 3, 4, 5, 6, 7, 8};
    const TokenRows q = token_rows(Site::attn_q, {4, 2});
    CHECK(last_tokens_of(q, values, 1) == std::vector<int>{7, 8});
    CHECK(last_tokens_of(q, values, 3) == std::vector<int>{3, 4, 5, 6, 7, 8});
    CHECK(last_tokens_of(token_rows(Site::attn_scores, {2, 2, 2}), values, 1) ==
          std::vector<int>{3, 4, 7, 8});
    CHECK(last_tokens_of(token_rows(Site::mlp_gate_up, {2, 2, 2}), values, 1) ==
          std::vector<int>{5, 6, 7, 8});
}
