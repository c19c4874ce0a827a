#include "gptoss/compare/where.hpp"

#include "catch.hpp"

using namespace gptoss;
using namespace gptoss::compare;
using namespace gptoss::dump;
using namespace gptoss::format;

namespace {

// A site of zeros, and the same with ones where off says so.
template <class Off>
SitePair pair_of(Site site, const Shape& shape, const Off& off) {
    SitePair pair;
    pair.in = token_rows(site, shape);
    pair.shape = shape;
    pair.has_partner.assign(std::size_t(pair.in.rows), true);
    for (int row = 0; row < pair.in.rows; ++row) {
        for (int col = 0; col < pair.in.cols; ++col) {
            pair.expected.push_back(0);
            pair.got.push_back(off(row, col) ? 1.0f : 0.0f);
        }
    }
    return pair;
}

}  // namespace

TEST_CASE("where: numbers as a range, a list or a count", "[where]") {
    CHECK(numbers_text("layer", {}) == "");
    CHECK(numbers_text("layer", {3}) == "layer 3");
    CHECK(numbers_text("layer", {3, 4}) == "layers 3 and 4");
    CHECK(numbers_text("layer", {3, 4, 5}) == "layers 3 to 5");
    CHECK(numbers_text("token", {2, 20, 40}) == "tokens 2, 20 and 40");
    CHECK(numbers_text("channel", {0, 2, 4, 6, 8}) == "5 channels");
}

TEST_CASE("where: an axis is named unless all of it is off", "[where]") {
    const auto where = [](Site site, const Shape& shape, const auto& off) {
        return where_text(pair_of(site, shape, off), 0.5, 4);
    };
    CHECK(where(Site::attn_norm, {6, 8}, [](int, int) { return true; }) == "");
    CHECK(where(Site::attn_norm, {6, 8}, [](int t, int) { return t >= 2; }) == "from token 2 on");
    CHECK(where(Site::attn_norm, {6, 8}, [](int t, int) { return t == 1 || t == 4; }) ==
          "tokens 1 and 4 of 6");
    CHECK(where(Site::attn_norm, {6, 8}, [](int, int c) { return c > 4; }) ==
          "channels 5 to 7 of 8");
    // Two heads of four channels
    CHECK(where(Site::attn_q, {6, 8}, [](int, int c) { return c >= 4; }) == "head 1 of 2");
    CHECK(where(Site::attn_q, {6, 8}, [](int, int c) { return c % 4 == 0; }) == "channel 0 of 4");
    // (n_heads, T, S), and (T, top_k, n)
    CHECK(where(Site::attn_weights, {4, 3, 3}, [](int row, int) { return row >= 6; }) ==
          "heads 2 and 3 of 4");
    CHECK(where(Site::mlp_expert_out, {3, 4, 8}, [](int row, int) { return row % 4 > 0; }) ==
          "ranks 1 to 3 of 4");
    CHECK(where(Site::mlp_router_logits, {3, 8}, [](int t, int e) { return t == 1 && e == 5; }) ==
          "token 1 of 3, expert 5 of 8");
}

TEST_CASE("where: hidden on one side only is off, and a row without a partner is not", "[where]") {
    SitePair pair = pair_of(Site::attn_scores, {2, 3, 3}, [](int, int) { return false; });
    pair.got[4] = -std::numeric_limits<float>::infinity();
    CHECK(where_text(pair, 0.5, 0) == "token 1 of 3, head 0 of 2, position 1 of 3");
    pair.has_partner[1] = false;
    CHECK(where_text(pair, 0.5, 0) == "");
}

TEST_CASE("where: sites with their layers, those in the same ones together", "[where]") {
    const Site q = Site::attn_q_rope, k = Site::attn_k_rope;
    CHECK(sites_text({{q, 0}, {k, 0}, {q, 1}, {k, 1}}, 2) ==
          "attn.q_rope, attn.k_rope in every layer");
    CHECK(sites_text({{q, 0}, {Site::mlp_out, 0}, {q, 2}, {Site::logits}}, 4) ==
          "attn.q_rope in layers 0 and 2, mlp.out in layer 0, logits");
}
