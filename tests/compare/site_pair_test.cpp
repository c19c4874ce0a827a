#include "gptoss/compare/site_pair.hpp"

#include <vector>

#include "catch.hpp"
#include "gptoss/core/presets.hpp"

using namespace gptoss;
using namespace gptoss::compare;
using namespace gptoss::dump;
using namespace gptoss::format;

namespace {

const Config kOdd = preset_odd();  // hidden 96, 6 heads of 32, 2 kv heads, 6 experts, top 3

PairedShapes paired(Site site, const Shape& reference, const Shape& other,
                    const RunExtents& run = {&kOdd, 7}) {
    return pair_shapes(site, reference, other, run);
}

using Ids = std::vector<std::int32_t>;

ExpertMatch match_of(const Ids& expected, const Ids& got, int top_k) {
    const int rows = int(expected.size()) / top_k;
    return match_experts({expected.data(), rows, top_k}, {got.data(), rows, top_k});
}

}  // namespace

TEST_CASE("site pair: shapes that fit the config, however they are written", "[site_pair]") {
    const PairedShapes shapes = paired(Site::attn_q, {1, 7, 192}, {7, 6, 32});
    CHECK(shapes.reference == Shape{7, 192});
    CHECK(shapes.other == Shape{7, 192});
}

TEST_CASE("site pair: whose shape is wrong is told", "[site_pair][errors]") {
    CHECK(paired(Site::attn_q, {7, 191}, {7, 192}).reference_mistake ==
          "shape is (7, 191), expected (7, 192)");
    CHECK(paired(Site::attn_q, {8, 192}, {8, 192}).reference_mistake ==
          "shape is (8, 192), expected (7, 192)");
    CHECK(paired(Site::attn_q, {7, 192}, {7, 96}).other_mistake ==
          "shape is (7, 96), expected (7, 192)");
    CHECK(paired(Site::attn_q, {7, 0}, {7, 0}, {nullptr, 0}).reference_mistake ==
          "shape is (7, 0), expected (any, any)");
    CHECK(paired(Site::attn_scores, {6, 7}, {6, 7}, {nullptr, 7}).reference_mistake ==
          "shape is (6, 7), expected (any, 7, 7)");
}

TEST_CASE("site pair: without a config the reference says what is expected", "[site_pair]") {
    const RunExtents unknown = {};
    CHECK(paired(Site::attn_q, {9, 10}, {9, 2, 5}, unknown).other == Shape{9, 10});
    CHECK(paired(Site::attn_q, {9, 10}, {9, 11}, unknown).other.empty());
}

TEST_CASE("site pair: a side with the last token only is compared with the other's last",
          "[site_pair]") {
    const Activation all{{3, 2}, {1, 2, 3, 4, 5, 6}, {}};
    const Activation last{{2}, {50, 60}, {}};
    const PairedShapes shapes = paired(Site::logits, {3, 2}, {2}, {nullptr, 3});
    const SitePair pair = pair_sites(Site::logits, shapes, all, last, 3, nullptr);
    CHECK(pair.expected == std::vector<float>{5, 6});
    CHECK(pair.got == std::vector<float>{50, 60});
    CHECK(pair.in.rows == 1);
    CHECK(pair.token(0) == 2);
}

TEST_CASE("site pair: a side whose first row is a later token has its last rows compared",
          "[site_pair]") {
    const Activation kept{{2, 2}, {30, 40, 50, 60}, {}};
    const Activation all{{3, 2}, {1, 2, 3, 4, 5, 6}, {}};
    const RunExtents run{nullptr, 3, 1, 0};
    const PairedShapes shapes = paired(Site::logits, {2, 2}, {3, 2}, run);
    const SitePair pair = pair_sites(Site::logits, shapes, kept, all, 3, nullptr);
    CHECK(pair.expected == std::vector<float>{30, 40, 50, 60});
    CHECK(pair.got == std::vector<float>{3, 4, 5, 6});
    CHECK(pair.token(0) == 1);
    CHECK(paired(Site::logits, {3, 2}, {3, 2}, run).reference_mistake ==
          "shape is (3, 2), expected (2, any)");
    CHECK(paired(Site::logits, {2, 2}, {2, 2}, run).other_mistake ==
          "shape is (2, 2), expected (3, 2)");
    CHECK(paired(Site::attn_scores, {6, 2, 3}, {6, 3, 3}, run).other == Shape{6, 3, 3});
}

TEST_CASE("site pair: rows of experts are matched by expert, not by rank", "[site_pair]") {
    const ExpertMatch match = match_of({4, 1, 2, 0}, {1, 4, 2, 3}, 2);
    const Activation expected{{2, 2, 1}, {40, 10, 20, 0}, {}};
    const Activation got{{2, 2, 1}, {11, 41, 21, 31}, {}};
    const PairedShapes shapes{{2, 2, 1}, {2, 2, 1}};
    const SitePair pair = pair_sites(Site::mlp_expert_out, shapes, expected, got, 2, &match);
    CHECK(pair.got == std::vector<float>{41, 11, 21, 31});
    CHECK(pair.has_partner == std::vector<bool>{true, true, true, false});
}

TEST_CASE("site pair: expert weights are columns, compared over the same experts only",
          "[site_pair]") {
    const ExpertMatch match = match_of({4, 1, 2, 0}, {1, 4, 2, 3}, 2);
    const Activation expected{{2, 2}, {0.75f, 0.25f, 0.5f, 0.5f}, {}};
    const Activation got{{2, 2}, {0.3f, 0.7f, 0.4f, 0.6f}, {}};
    const PairedShapes shapes{{2, 2}, {2, 2}};
    const SitePair pair = pair_sites(Site::mlp_expert_weights, shapes, expected, got, 2, &match);
    CHECK(pair.got == std::vector<float>{0.7f, 0.3f, 0.4f, 0.6f});
    CHECK(pair.has_partner == std::vector<bool>{true, false});
}

TEST_CASE("site pair: sites without expert order stay as they are", "[site_pair]") {
    const ExpertMatch match = match_of({4, 1, 2, 0}, {1, 4, 2, 3}, 2);
    const Activation x{{2, 2}, {1, 2, 3, 4}, {}};
    const PairedShapes shapes{{2, 2}, {2, 2}};
    const SitePair pair = pair_sites(Site::mlp_out, shapes, x, x, 2, &match);
    CHECK(pair.got == x.values);
    CHECK(pair.has_partner == std::vector<bool>{true, true});
}

TEST_CASE("site pair: a mask of a large negative number hides like -inf", "[site_pair]") {
    const float infinity = std::numeric_limits<float>::infinity();
    std::vector<float> scores{1, -1e9f, -65504, -9999};
    hide_masked(scores);
    CHECK(scores == std::vector<float>{1, -infinity, -infinity, -9999});
}
