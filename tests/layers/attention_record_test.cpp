#include "gptoss/layers/attention_record.hpp"

#include <limits>
#include <vector>

#include "catch.hpp"

using namespace gptoss;

namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();

}  // namespace

TEST_CASE("attention_record: a window of 3 shows the query's own position and two before it",
          "[attention_record]") {
    CHECK(first_visible_position(5, 3) == 3);
    CHECK(first_visible_position(1, 3) == 0);
    CHECK(first_visible_position(5, 0) == 0);  // 0: all of them
}

TEST_CASE("attention_record: what is hidden is -infinity in scores and 0 in weights",
          "[attention_record]") {
    // Token 1 of two, head 1 of two, sees positions 2 and 3 of four.
    std::vector<float> scores(2 * 2 * 4, 9), weights(2 * 2 * 4, 9), sink_share(2 * 2, 9);
    const AttentionRecord record = {
        {scores.data(), 4, 4}, {weights.data(), 4, 4}, {sink_share.data(), 2, 2}};
    const float seen_scores[2] = {1, 2}, seen_weights[2] = {0.25f, 0.5f};
    record_head(record, 2, 1, 1, 2, {seen_scores, 2}, {seen_weights, 2}, 0.25f);

    const float* last_row = record.scores.row(1 * 2 + 1);  // head 1, token 1
    CHECK(std::vector<float>(last_row, last_row + 4) ==
          std::vector<float>{-kInfinity, -kInfinity, 1, 2});
    last_row = record.weights.row(1 * 2 + 1);
    CHECK(std::vector<float>(last_row, last_row + 4) == std::vector<float>{0, 0, 0.25f, 0.5f});
    CHECK(sink_share == std::vector<float>{9, 9, 9, 0.25f});  // token 1, head 1
    CHECK(scores[0] == 9);                                    // other rows are left alone
}

TEST_CASE("attention_record: views without data are not asked for", "[attention_record]") {
    const float scores[1] = {1}, weights[1] = {1};
    CHECK_NOTHROW(record_head({}, 1, 0, 0, 0, {scores, 1}, {weights, 1}, 0));
}

TEST_CASE("attention_record: a record too short for the positions is named",
          "[attention_record][errors]") {
    std::vector<float> q(4), cache(8), values(8), sinks(1), mix(4), scores(1);
    const std::int32_t position = 1;
    AttentionRecord record;
    record.scores = {scores.data(), 1, 1};
    CHECK_THROWS_WITH(
        require_attend_shapes({q.data(), 1, 4}, {cache.data(), 2, 4}, {values.data(), 2, 4},
                              {sinks.data(), 1}, {&position, 1}, 0, record, {mix.data(), 1, 4}),
        "attend: record.scores is (1, 1), expected (1, at least 2)");
}
