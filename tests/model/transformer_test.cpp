#include "gptoss/model/transformer.hpp"

#include <cstring>

#include "catch.hpp"
#include "golden.hpp"
#include "gptoss/checkpoint/synth.hpp"
#include "gptoss/core/presets.hpp"
#include "gptoss/run/generate.hpp"

using namespace gptoss;
using namespace gptoss::checkpoint;
using namespace gptoss::test;

namespace {

// The published numbers of the tiny model (float64, seed 1): what an independent program, written
// before this one, printed.
const std::vector<std::int32_t> kTinyTokens = {1, 2, 3, 5, 8, 13, 21, 34, 55, 89, 17, 42};

struct Residual {
    Site site;
    int layer;
    double first[4];
    double sum_of_abs;
};
const Residual kTinyResiduals[] = {
    {Site::attn_residual, 0, {0.870077632, -0.763198534, -0.069559785, -0.145019750}, 33.193288227},
    {Site::mlp_residual, 0, {1.078388287, -5.956258867, 10.124531126, -0.103381059}, 276.805424343},
    {Site::attn_residual,
     1,
     {1.024293280, -5.879390394, 10.022538890, -0.181332925},
     279.414454039},
    {Site::mlp_residual,
     1,
     {-3.972821868, -1.563106371, 21.623744902, 14.796194688},
     519.564743899},
    {Site::attn_residual,
     2,
     {-4.020285647, -1.340351598, 21.202815980, 14.792485821},
     518.310786472},
    {Site::mlp_residual,
     2,
     {-6.090594411, -19.814404677, 25.906829731, 8.615101126},
     697.727248905},
    {Site::attn_residual,
     3,
     {-5.917637675, -19.965474748, 26.125658083, 8.541705835},
     696.334954884},
    {Site::mlp_residual,
     3,
     {-12.043113546, -27.054047419, 17.693906801, 10.123826063},
     815.371119619},
};
const std::int32_t kTinyExperts[4][4] = {{0, 4, 3, 2}, {7, 1, 4, 5}, {1, 5, 4, 7}, {2, 5, 7, 4}};
const double kTinyExpertWeights[4][4] = {{0.45964960, 0.29083941, 0.15297143, 0.09653956},
                                         {0.46320254, 0.34215734, 0.11512286, 0.07951726},
                                         {0.75082874, 0.23858708, 0.00656675, 0.00401743},
                                         {0.35094304, 0.23155222, 0.21471024, 0.20279451}};
const double kTinyLogits[8] = {0.140560604, 0.302871002,  0.934495432, -0.047323038,
                               0.060852495, -0.817603650, 1.498518981, -0.064840094};
const int kTinyArgmax[12] = {111, 42, 42, 117, 1, 96, 93, 10, 19, 6, 93, 89};

ConstIdsView tiny_tokens() {
    return {kTinyTokens.data(), int(kTinyTokens.size())};
}

// Checks the last position of each residual and the routing as they fire.
struct CheckTiny : Watch {
    int n_checked = 0;

    void show(Site site, int layer, ConstMatrixView values) override {
        const float* last = values.row(values.rows - 1);
        for (const Residual& expected : kTinyResiduals) {
            if (expected.site != site || expected.layer != layer) continue;
            double sum_of_abs = 0;
            for (int i = 0; i < values.cols; ++i) {
                sum_of_abs += std::abs(double(last[i]));
            }
            for (int i = 0; i < 4; ++i) {
                CHECK_THAT(double(last[i]), WithinAbs(expected.first[i], 5e-5));
            }
            CHECK_THAT(sum_of_abs, WithinAbs(expected.sum_of_abs, 2e-3));
            ++n_checked;
        }
        if (site == Site::mlp_expert_weights) {
            for (int j = 0; j < 4; ++j) {
                CHECK_THAT(double(last[j]), WithinAbs(kTinyExpertWeights[layer][j], 5e-6));
            }
            ++n_checked;
        }
    }
    void show_ids(Site, int layer, ConstIdsView ids) override {
        for (int j = 0; j < 4; ++j) {
            CHECK(ids.row(ids.rows - 1)[j] == kTinyExperts[layer][j]);
        }
        ++n_checked;
    }
};

std::vector<float> logits_of(const Transformer<>& transformer) {
    const MatrixView logits = transformer.a.logits;
    return {logits.data, logits.row(logits.rows)};
}

// The logits of every position, with the tokens fed in chunks.
std::vector<float> logits_in_chunks(const Weights& weights, ConstIdsView tokens, int chunk) {
    Transformer<> transformer(weights);
    std::vector<float> all;
    for (int first = 0; first < tokens.rows; first += chunk) {
        const int n_tokens = std::min(chunk, tokens.rows - first);
        transformer.feed({tokens.row(first), n_tokens}, LogitRows::all);
        const std::vector<float> rows = logits_of(transformer);
        all.insert(all.end(), rows.begin(), rows.end());
    }
    return all;
}

bool same_bits(const std::vector<float>& a, const std::vector<float>& b) {
    return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size() * sizeof(float)) == 0;
}

Config short_context(int max_context_length) {
    Config config = preset_tiny();
    config.max_context_length = max_context_length;
    return config;
}

}  // namespace

TEST_CASE("forward: the tiny model gives the published numbers", "[forward]") {
    Transformer<> transformer(synthetic_weights(preset_tiny(), 1));
    CheckTiny check;
    transformer.feed(tiny_tokens(), LogitRows::all, &check);
    CHECK(check.n_checked == 8 + 4 + 4);

    const MatrixView logits = transformer.a.logits;
    const float* last = logits.row(11);
    double sum = 0;
    double sum_of_abs = 0;
    double sum_of_exp = 0;
    for (int o = 0; o < logits.cols; ++o) {
        sum += double(last[o]);
        sum_of_abs += std::abs(double(last[o]));
        sum_of_exp += std::exp(double(last[o]));
    }
    for (int o = 0; o < 8; ++o) {
        CHECK_THAT(double(last[o]), WithinAbs(kTinyLogits[o], 2e-4));
    }
    CHECK_THAT(sum, WithinAbs(-7.827661524, 1e-3));
    CHECK_THAT(sum_of_abs, WithinAbs(62.474552937, 1e-3));
    CHECK_THAT(std::log(sum_of_exp), WithinAbs(4.985632218, 2e-5));
    for (int t = 0; t < 12; ++t) {
        CHECK(greedy({logits.row(t), logits.cols}) == kTinyArgmax[t]);
    }
}

TEST_CASE("forward: chunks of any size give the same bits as one shot", "[forward]") {
    // odd: 60 tokens cross its window of 5 many times, so the rings roll over.
    const Golden& golden = golden_odd();
    const std::vector<float> one_shot =
        logits_in_chunks(golden.weights, golden.token_ids(), golden.n_tokens());
    for (const int chunk : {1, 3, 5, 7, 59}) {
        INFO("chunk " << chunk);
        CHECK(same_bits(one_shot, logits_in_chunks(golden.weights, golden.token_ids(), chunk)));
    }
}

TEST_CASE("forward: a large chunk after small ones finds its keys in a ring that grew",
          "[forward]") {
    const Golden& golden = golden_odd();
    const std::vector<float> one_shot =
        logits_in_chunks(golden.weights, golden.token_ids(), golden.n_tokens());
    Transformer<> transformer(golden.weights);
    std::vector<float> all;
    int first = 0;
    for (const int n_tokens : {2, 1, 9, 3, 30, 1, 14}) {
        transformer.feed({golden.tokens.data() + first, n_tokens}, LogitRows::all);
        const std::vector<float> rows = logits_of(transformer);
        all.insert(all.end(), rows.begin(), rows.end());
        first += n_tokens;
    }
    REQUIRE(first == golden.n_tokens());
    CHECK(same_bits(one_shot, all));
}

TEST_CASE("forward: logits of the last position only are the last row of all", "[forward]") {
    const Weights weights = synthetic_weights(preset_tiny(), 1);
    Transformer<> transformer(weights);
    transformer.feed(tiny_tokens());
    REQUIRE(transformer.a.logits.rows == 1);
    const std::vector<float> all = logits_in_chunks(weights, tiny_tokens(), 12);
    const std::vector<float> last(all.end() - transformer.a.logits.cols, all.end());
    CHECK(same_bits(logits_of(transformer), last));
}

TEST_CASE("forward: watching changes no bit", "[forward]") {
    const Weights weights = synthetic_weights(preset_tiny(), 1);
    struct WatchAll : Watch {
        bool wants(Site, int) override { return true; }
        void show(Site, int, ConstMatrixView) override {}
    } watch_all;
    Transformer<> watched(weights);
    watched.feed(tiny_tokens(), LogitRows::all, &watch_all);
    CHECK(same_bits(logits_of(watched), logits_in_chunks(weights, tiny_tokens(), 12)));
}

TEST_CASE("forward: once its cache is moved away, a transformer begins anew", "[forward]") {
    const Weights weights = synthetic_weights(preset_tiny(), 1);
    Transformer<> transformer(weights);
    transformer.feed(tiny_tokens());
    const KvCache saved = std::move(transformer.cache);
    transformer.feed(tiny_tokens(), LogitRows::all);
    CHECK(same_bits(logits_of(transformer), logits_in_chunks(weights, tiny_tokens(), 12)));
    CHECK(saved.length == 12);
}

TEST_CASE("forward: another end behind a common prefix", "[forward]") {
    const Weights weights = synthetic_weights(preset_tiny(), 1);
    Transformer<> transformer(weights);
    transformer.feed(tiny_tokens());  // a ring of 12 has lost nothing yet
    transformer.cache.length = 9;
    transformer.feed({kTinyTokens.data() + 9, 3});
    const std::vector<float> all = logits_in_chunks(weights, tiny_tokens(), 12);
    const std::vector<float> last(all.end() - transformer.a.logits.cols, all.end());
    CHECK(same_bits(logits_of(transformer), last));
}

TEST_CASE("forward: an id outside the vocabulary is named and changes nothing",
          "[forward][errors]") {
    Transformer<> transformer(synthetic_weights(preset_tiny(), 1));
    const std::int32_t bad[2] = {5, 128};
    REQUIRE_THROWS_WITH(transformer.feed({bad, 2}),
                        "embed: ids[1] is 128, expected 0 <= id < 128 (vocab_size)");
    CHECK(transformer.cache.length == 0);
    const std::int32_t negative[1] = {-1};
    REQUIRE_THROWS_AS(transformer.feed({negative, 1}), Error);
    REQUIRE_THROWS_AS(transformer.feed({negative, 0}), Error);
}

TEST_CASE("forward: a context beyond the maximum is refused before it runs", "[forward][errors]") {
    Transformer<> transformer(synthetic_weights(short_context(10), 1));
    transformer.feed({kTinyTokens.data(), 8});
    REQUIRE_THROWS_WITH(transformer.feed({kTinyTokens.data(), 3}),
                        "context: 8 tokens and 3 more, expected at most 10 (max_context_length)");
    CHECK(transformer.cache.length == 8);
    transformer.feed({kTinyTokens.data(), 2});
    CHECK(transformer.cache.length == 10);
}

TEST_CASE("forward: memory grows with the context, not with its maximum", "[forward]") {
    // 131,072 positions of tiny would be 4 layers * 128 keys and values * 4 bytes each: 537 MB.
    Transformer<> transformer(synthetic_weights(preset_tiny(), 1));
    transformer.feed(tiny_tokens());
    CHECK(bytes_of(transformer.cache) < 100'000);
}
