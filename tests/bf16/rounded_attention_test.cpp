#include "gptoss/bf16/rounded_attention.hpp"

#include <limits>
#include <vector>

#include "catch.hpp"

using namespace gptoss;

namespace {

constexpr float kNoSink = -std::numeric_limits<float>::infinity();

// What one query head at position n_keys - 1 of a full layer leaves behind.
struct OneHead {
    std::vector<float> scores, weights, sink_share, mix;
};

OneHead attend_one_head(std::vector<float> q, std::vector<float> keys, std::vector<float> values,
                        float sink) {
    const int head_dim = int(q.size());
    const int n_keys = int(keys.size()) / head_dim;
    const std::int32_t position = n_keys - 1;
    OneHead out{std::vector<float>(std::size_t(n_keys)), std::vector<float>(std::size_t(n_keys)),
                std::vector<float>(1), std::vector<float>(q.size())};
    const AttentionRecord record{{out.scores.data(), 1, n_keys},
                                 {out.weights.data(), 1, n_keys},
                                 {out.sink_share.data(), 1, 1}};
    bf16::attend({q.data(), 1, head_dim}, {keys.data(), n_keys, head_dim},
                 {values.data(), n_keys, head_dim}, {&sink, 1}, {&position, 1}, 0, record,
                 {out.mix.data(), 1, head_dim});
    return out;
}

}  // namespace

// --- By hand ----------------------------------------------------------------------------------

TEST_CASE("rounded attention: a dot product is rounded, then scaled and rounded again", "[bf16]") {
    // q . k = 256 + 1 -> 256; 1 / sqrt(2) in float32 times 256 = 181.0193 -> 181.
    // Scaled before any rounding: 181.7265 -> 182.
    const OneHead head = attend_one_head({16, 1}, {16, 1}, {0, 0}, kNoSink);
    CHECK(head.scores[0] == 181.0f);
}

TEST_CASE("rounded attention: three equal keys and a sink weigh a quarter each", "[bf16]") {
    const OneHead head = attend_one_head({0}, {1, 1, 1}, {4, 8, 16}, 0.0f);
    CHECK(head.weights == std::vector<float>{0.25f, 0.25f, 0.25f});
    CHECK(head.sink_share[0] == 0.25f);
    CHECK(head.mix[0] == 7.0f);
}

TEST_CASE("rounded attention: rounded weights need not sum to one", "[bf16]") {
    // A third is 85.33 / 256: each weight becomes 0.333984375, and three of them 1.001953125.
    const OneHead head = attend_one_head({0}, {1, 1, 1}, {1, 1, 1}, kNoSink);
    CHECK(head.weights == std::vector<float>{0.333984375f, 0.333984375f, 0.333984375f});
    CHECK(head.sink_share[0] == 0.0f);
    CHECK(head.mix[0] == 1.0f);  // 1.001953125 lies below the middle of 1 and 1.0078125
}

TEST_CASE("rounded attention: the mix uses the rounded weights", "[bf16]") {
    // 771 * 0.333984375 = 257.5 -> 258. With exact thirds 257 -> 256.
    const OneHead head = attend_one_head({0}, {1, 1, 1}, {768, 2, 1}, kNoSink);
    CHECK(head.mix[0] == 258.0f);
}

TEST_CASE("rounded attention: a sliding window hides older keys", "[bf16]") {
    std::vector<float> q{0}, keys{1, 1, 1, 1}, mix(1), scores(4), weights(4), share(1);
    const float no_sink = kNoSink;
    const std::int32_t position = 3;
    const AttentionRecord record{
        {scores.data(), 1, 4}, {weights.data(), 1, 4}, {share.data(), 1, 1}};
    bf16::attend({q.data(), 1, 1}, {keys.data(), 4, 1}, {keys.data(), 4, 1}, {&no_sink, 1},
                 {&position, 1}, 2, record, {mix.data(), 1, 1});
    CHECK(weights == std::vector<float>{0, 0, 0.5f, 0.5f});
}

// --- Errors -----------------------------------------------------------------------------------

TEST_CASE("rounded attention: a wrong extent is named as by the scalar op", "[bf16][errors]") {
    std::vector<float> x(4);
    const std::int32_t position = 0;
    REQUIRE_THROWS_WITH(bf16::attend({x.data(), 1, 4}, {x.data(), 1, 4}, {x.data(), 1, 4},
                                     {x.data(), 1}, {&position, 1}, 0, {}, {x.data(), 1, 2}),
                        "attend: mix is (1, 2), expected (1, 4)");
}
