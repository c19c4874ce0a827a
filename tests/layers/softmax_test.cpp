#include "gptoss/layers/softmax.hpp"

#include <cmath>
#include <limits>
#include <vector>

#include "catch.hpp"
#include "golden.hpp"

using namespace gptoss;
using namespace gptoss::test;

namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();

std::vector<float> softmax_of(std::vector<float> scores) {
    const int n = int(scores.size());
    softmax({scores.data(), n}, {scores.data(), n});
    return scores;
}

struct Shares {
    std::vector<float> weights;
    float sink_share;
};

Shares shares_of(const std::vector<float>& scores, float sink) {
    const int n = int(scores.size());
    Shares shares{std::vector<float>(scores.size()), 0};
    shares.sink_share = softmax_with_sink({scores.data(), n}, sink, {shares.weights.data(), n});
    return shares;
}

}  // namespace

// --- Worked by hand ---------------------------------------------------------------------------

TEST_CASE("softmax: the logarithms of 1 and 3 become a quarter and three", "[softmax]") {
    const std::vector<float> weights = softmax_of({0, std::log(3.0f)});
    CHECK_THAT(weights[0], WithinAbs(0.25, 1e-7));
    CHECK_THAT(weights[1], WithinAbs(0.75, 1e-7));
}

TEST_CASE("softmax: a sink of log 4 takes half of them", "[softmax]") {
    // 1 / (1 + 3 + 4), 3 / 8, and 4 / 8 for the sink
    const Shares shares = shares_of({0, std::log(3.0f)}, std::log(4.0f));
    CHECK_THAT(shares.weights[0], WithinAbs(0.125, 1e-7));
    CHECK_THAT(shares.weights[1], WithinAbs(0.375, 1e-7));
    CHECK_THAT(shares.sink_share, WithinAbs(0.5, 1e-7));
}

TEST_CASE("softmax: scores 1 and 2 with and without a sink of 0.5", "[softmax]") {
    const std::vector<float> plain = softmax_of({1, 2});
    CHECK_THAT(plain[0], WithinAbs(0.2689414, 1e-7));
    CHECK_THAT(plain[1], WithinAbs(0.7310586, 1e-7));
    const Shares shares = shares_of({1, 2}, 0.5f);
    CHECK_THAT(shares.weights[0], WithinAbs(0.2312239, 1e-7));
    CHECK_THAT(shares.weights[1], WithinAbs(0.6285317, 1e-7));
    CHECK_THAT(shares.sink_share, WithinAbs(1 - 0.8597556, 1e-7));
}

// --- The pitfalls, one by one -----------------------------------------------------------------

TEST_CASE("softmax: the sink stands in the denominator only, the ratio of weights stays",
          "[softmax]") {
    // Equally: plain weights times 1 / (1 + exp(sink - log sum exp of the scores)).
    const std::vector<float> scores{0.5f, -1, 2, 0};
    const std::vector<float> plain = softmax_of(scores);
    const Shares shares = shares_of(scores, 1.5f);
    double sum_of_exps = 0;
    for (const float score : scores) {
        sum_of_exps += std::exp(double(score));
    }
    const double kept = 1 / (1 + std::exp(1.5 - std::log(sum_of_exps)));
    for (std::size_t s = 0; s < scores.size(); ++s) {
        CHECK_THAT(shares.weights[s], WithinAbs(plain[s] * kept, 1e-7));
    }
    CHECK_THAT(shares.sink_share, WithinAbs(1 - kept, 1e-7));
}

TEST_CASE("softmax: weights and the sink's share sum to 1", "[softmax]") {
    const Shares shares = shares_of({3, -2, 0.25f, 1, 1}, -0.5f);
    double sum = shares.sink_share;
    for (const float weight : shares.weights) {
        sum += weight;
    }
    CHECK_THAT(sum, WithinAbs(1, 2e-7));
}

TEST_CASE("softmax: scores of a thousand do not overflow", "[softmax]") {
    const std::vector<float> weights = softmax_of({1000, 1001});
    CHECK_THAT(weights[0], WithinAbs(0.2689414, 1e-7));
    CHECK_THAT(weights[1], WithinAbs(0.7310586, 1e-7));
    const Shares shares = shares_of({1000, 1001}, 999.5f);
    CHECK_THAT(shares.weights[0], WithinAbs(0.2312239, 1e-7));
}

TEST_CASE("softmax: the sink is part of the maximum, a sink of a thousand does not overflow",
          "[softmax]") {
    const Shares shares = shares_of({1, 2}, 1000);
    CHECK(shares.sink_share == 1.0f);
    CHECK(shares.weights == std::vector<float>{0, 0});
}

TEST_CASE("softmax: scores far below zero still sum to 1", "[softmax]") {
    const std::vector<float> weights = softmax_of({-1000, -1000});
    CHECK(weights == std::vector<float>{0.5f, 0.5f});
}

TEST_CASE("softmax: a hidden score of minus infinity gets exactly 0", "[softmax]") {
    const Shares shares = shares_of({-kInfinity, 1, -kInfinity, 2}, 0.5f);
    CHECK(shares.weights[0] == 0.0f);
    CHECK(shares.weights[2] == 0.0f);
    CHECK_THAT(shares.weights[3], WithinAbs(0.6285317, 1e-7));
}

TEST_CASE("softmax: a sink of minus infinity is no sink", "[softmax]") {
    const std::vector<float> scores{0.5f, -1, 2, 0};
    const Shares shares = shares_of(scores, -kInfinity);
    CHECK(shares.weights == softmax_of(scores));
    CHECK(shares.sink_share == 0.0f);
}

TEST_CASE("softmax: one score alone, without a sink 1, with an equal sink a half", "[softmax]") {
    CHECK(softmax_of({-3}) == std::vector<float>{1});
    const Shares shares = shares_of({-3}, -3);
    CHECK(shares.weights[0] == 0.5f);
    CHECK(shares.sink_share == 0.5f);
}

TEST_CASE("softmax: weights may be scores", "[softmax]") {
    std::vector<float> scores{0.5f, -1, 2, 0};
    const Shares apart = shares_of(scores, 1.5f);
    const float sink_share = softmax_with_sink({scores.data(), 4}, 1.5f, {scores.data(), 4});
    CHECK(scores == apart.weights);
    CHECK(sink_share == apart.sink_share);
}

// --- Errors -----------------------------------------------------------------------------------

TEST_CASE("softmax: weights of another length are named in the error", "[softmax][errors]") {
    std::vector<float> scores(3), weights(2);
    REQUIRE_THROWS_WITH(softmax({scores.data(), 3}, {weights.data(), 2}),
                        "softmax: weights has 2 elements, expected 3 (scores.size)");
    REQUIRE_THROWS_WITH(softmax_with_sink({scores.data(), 3}, 0, {weights.data(), 2}),
                        "softmax_with_sink: weights has 2 elements, expected 3 (scores.size)");
    REQUIRE_THROWS_AS(softmax({scores.data(), 3}, {weights.data(), 2}), ShapeError);
}

// --- Goldens ----------------------------------------------------------------------------------

namespace {

// Whole rows of the recorded scores, hidden ones (-inf) included.
void check_attention_softmax(const Golden& golden) {
    for (int layer = 0; layer < golden.config().n_layers; ++layer) {
        const ConstVectorView sinks = golden.weights.layers[std::size_t(layer)].attn.sinks;
        const ConstMatrixView scores = golden.at(Site::attn_scores, layer);
        const int n_tokens = golden.n_tokens();
        const int n_heads = sinks.size;
        std::vector<float> weights(std::size_t(scores.rows) * std::size_t(scores.cols));
        std::vector<float> sink_share(std::size_t(scores.rows));
        const MatrixView weights_view{weights.data(), scores.rows, scores.cols};
        const MatrixView sink_share_view{sink_share.data(), n_tokens, n_heads};
        for (int h = 0; h < n_heads; ++h) {
            for (int t = 0; t < n_tokens; ++t) {
                const int row = h * n_tokens + t;
                sink_share_view.row(t)[h] =
                    softmax_with_sink({scores.row(row), scores.cols}, sinks.data[h],
                                      {weights_view.row(row), scores.cols});
            }
        }
        CHECK_SITE(golden, Site::attn_weights, layer, weights_view,
                   alone_bound(golden, Site::attn_weights));
        CHECK_SITE(golden, Site::attn_sink_share, layer, sink_share_view,
                   alone_bound(golden, Site::attn_sink_share));
    }
}

}  // namespace

TEST_CASE("softmax: tiny golden, attn.weights and attn.sink_share", "[softmax][golden]") {
    check_attention_softmax(golden_tiny());
}

TEST_CASE("softmax: odd golden, attn.weights and attn.sink_share", "[softmax][golden]") {
    check_attention_softmax(golden_odd());
}

TEST_CASE("softmax: 20b golden, attn.weights and attn.sink_share", "[softmax][golden]") {
    check_attention_softmax(golden_block20b());
}
