#include "gptoss/layers/attention.hpp"

#include <cmath>
#include <limits>
#include <numeric>
#include <vector>

#include "catch.hpp"
#include "golden.hpp"
#include "gptoss/ops/scalar.hpp"

using namespace gptoss;
using namespace gptoss::test;

namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();
constexpr float kNoSink = -kInfinity;
constexpr int kFull = 0;  // the window of a full layer

std::vector<std::int32_t> positions_from(int first, int count) {
    std::vector<std::int32_t> positions{};
    positions.resize(std::size_t(count));
    std::iota(positions.begin(), positions.end(), first);
    return positions;
}

// Numbers between -1 and 1 without a pattern, the same on every run.
std::vector<float> noise(int count, std::uint32_t state) {
    std::vector<float> values{};
    for (int i = 0; i < count; ++i) {
        state = state * 1664525u + 1013904223u;
        values.push_back(float(state >> 8) / float(1 << 23) - 1);
    }
    return values;
}

// A record of one layer that owns its memory.
struct OwnedRecord {
    OwnedRecord(int n_heads, int n_tokens, int n_positions)
        : scores(std::size_t(n_heads * n_tokens * n_positions), 7.0f),
          weights(scores.size(), 7.0f),
          sink_share(std::size_t(n_tokens * n_heads), 7.0f),
          view{{scores.data(), n_heads * n_tokens, n_positions},
               {weights.data(), n_heads * n_tokens, n_positions},
               {sink_share.data(), n_tokens, n_heads}} {}

    std::vector<float> scores;
    std::vector<float> weights;
    std::vector<float> sink_share;
    AttentionRecord view;
};

// One query head of one channel with q = 0: all scores are 0, so all visible keys count alike.
template <class Ops>
std::vector<float> weights_of_equal_keys(int position, int window, int n_positions, float sink) {
    const std::vector<float> q{0}, keys(std::size_t(n_positions), 1.0f);
    const std::int32_t at = position;
    std::vector<float> mix(1);
    OwnedRecord record(1, 1, n_positions);
    Ops::attend({q.data(), 1, 1}, {keys.data(), n_positions, 1}, {keys.data(), n_positions, 1},
                {&sink, 1}, {&at, 1}, window, record.view, {mix.data(), 1, 1});
    return record.weights;
}

}  // namespace

// --- Worked by hand ---------------------------------------------------------------------------

TEMPLATE_TEST_CASE("attention: one query, two keys and a sink, worked by hand", "[attention]",
                   ScalarOps) {
    // head_dim 4, so the scale is 1/2. Scores 2 * 0 / 2 = 0 and 2 * log 3 / 2 = log 3; the sink's
    // logit is 0. Shares 1 : 3 : 1, so 0.2 of the first value and 0.6 of the second.
    std::vector<float> q{2, 0, 0, 0};
    std::vector<float> keys{0, 0, 0, 0, std::log(3.0f), 0, 0, 0};
    std::vector<float> values{10, 0, 0, 0, 0, 10, 0, 0};
    std::vector<float> sinks{0}, mix(4, 7.0f);  // what was in mix does not count
    const std::int32_t position = 1;
    OwnedRecord record(1, 1, 2);
    TestType::attend({q.data(), 1, 4}, {keys.data(), 2, 4}, {values.data(), 2, 4},
                     {sinks.data(), 1}, {&position, 1}, kFull, record.view, {mix.data(), 1, 4});
    CHECK_THAT(record.scores[0], WithinAbs(0, 1e-7));
    CHECK_THAT(record.scores[1], WithinAbs(std::log(3.0), 1e-6));
    CHECK_THAT(record.weights[0], WithinAbs(0.2, 1e-6));
    CHECK_THAT(record.weights[1], WithinAbs(0.6, 1e-6));
    CHECK_THAT(record.sink_share[0], WithinAbs(0.2, 1e-6));
    CHECK_THAT(mix[0], WithinAbs(2, 1e-5));
    CHECK_THAT(mix[1], WithinAbs(6, 1e-5));
    CHECK(mix[2] == 0.0f);
    CHECK(mix[3] == 0.0f);
}

TEST_CASE("attention: with a window of 4, query 5 sees keys 2 to 5 and query 1 keys 0 and 1",
          "[attention]") {
    CHECK(first_visible_position(5, 4) == 2);
    CHECK(first_visible_position(4, 4) == 1);
    CHECK(first_visible_position(3, 4) == 0);
    CHECK(first_visible_position(1, 4) == 0);
    CHECK(first_visible_position(1000, kFull) == 0);
}

TEMPLATE_TEST_CASE("attention: cache_store writes a token to the row of its position",
                   "[attention]", ScalarOps) {
    // Three rows, positions 4 and 5: rows 4 % 3 = 1 and 5 % 3 = 2. Row 0 keeps position 3.
    std::vector<float> cache{30, 31, 10, 11, 20, 21}, x{40, 41, 50, 51};
    const std::vector<std::int32_t> positions{4, 5};
    TestType::cache_store({x.data(), 2, 2}, {positions.data(), 2}, {cache.data(), 3, 2});
    CHECK(cache == std::vector<float>{30, 31, 40, 41, 50, 51});
}

// --- The pitfalls, one by one -----------------------------------------------------------------

TEMPLATE_TEST_CASE("attention: query heads share kv heads in consecutive groups", "[attention]",
                   ScalarOps) {
    // Four query heads, two kv heads, one position. h % 2 would give 10, 20, 10, 20.
    std::vector<float> q(4), keys(2), values{10, 20}, sinks(4, kNoSink), mix(4);
    const std::int32_t position = 0;
    TestType::attend({q.data(), 1, 4}, {keys.data(), 1, 2}, {values.data(), 1, 2},
                     {sinks.data(), 4}, {&position, 1}, kFull, {}, {mix.data(), 1, 4});
    CHECK(mix == std::vector<float>{10, 10, 20, 20});
}

TEMPLATE_TEST_CASE("attention: a query head is scored with the keys of its own group",
                   "[attention]", ScalarOps) {
    // All queries are 1, so a score is the key: of kv head 0 for heads 0 and 1, else of kv head 1.
    std::vector<float> q(4, 1.0f), keys{3, 5}, values(2), sinks(4), mix(4);
    const std::int32_t position = 0;
    OwnedRecord record(4, 1, 1);
    TestType::attend({q.data(), 1, 4}, {keys.data(), 1, 2}, {values.data(), 1, 2},
                     {sinks.data(), 4}, {&position, 1}, kFull, record.view, {mix.data(), 1, 4});
    CHECK(record.scores == std::vector<float>{3, 3, 5, 5});
}

TEMPLATE_TEST_CASE("attention: the scale is 1/sqrt(head_dim)", "[attention]", ScalarOps) {
    // Two heads of 64 ones: a score is 64 / 8. By the root of all 128 channels it would be 5.66.
    std::vector<float> q(128, 1.0f), keys(128, 1.0f), sinks(2), mix(128);
    const std::int32_t position = 0;
    OwnedRecord record(2, 1, 1);
    TestType::attend({q.data(), 1, 128}, {keys.data(), 1, 128}, {keys.data(), 1, 128},
                     {sinks.data(), 2}, {&position, 1}, kFull, record.view, {mix.data(), 1, 128});
    CHECK(record.scores == std::vector<float>{8, 8});
}

TEMPLATE_TEST_CASE("attention: the sink is not scaled", "[attention]", ScalarOps) {
    // The score is 0, the sink log 3: shares 1 : 3. A sink times 1/sqrt(4) would leave 1 : 1.73.
    std::vector<float> q(4), keys(4), values{8, 0, 0, 0}, sinks{std::log(3.0f)}, mix(4);
    const std::int32_t position = 0;
    TestType::attend({q.data(), 1, 4}, {keys.data(), 1, 4}, {values.data(), 1, 4},
                     {sinks.data(), 1}, {&position, 1}, kFull, {}, {mix.data(), 1, 4});
    CHECK_THAT(mix[0], WithinAbs(2, 1e-5));
}

TEMPLATE_TEST_CASE("attention: each query head has its own sink", "[attention]", ScalarOps) {
    std::vector<float> q(2), keys(1), values{8}, sinks{0, std::log(3.0f)}, mix(2);
    const std::int32_t position = 0;
    OwnedRecord record(2, 1, 1);
    TestType::attend({q.data(), 1, 2}, {keys.data(), 1, 1}, {values.data(), 1, 1},
                     {sinks.data(), 2}, {&position, 1}, kFull, record.view, {mix.data(), 1, 2});
    CHECK_THAT(mix[0], WithinAbs(4, 1e-5));
    CHECK_THAT(mix[1], WithinAbs(2, 1e-5));
    CHECK_THAT(record.sink_share[0], WithinAbs(0.5, 1e-6));
    CHECK_THAT(record.sink_share[1], WithinAbs(0.75, 1e-6));
}

TEMPLATE_TEST_CASE("attention: a window of 128 shows 128 keys, the query's own included",
                   "[attention]", ScalarOps) {
    const std::vector<float> weights = weights_of_equal_keys<TestType>(200, 128, 201, kNoSink);
    CHECK(weights[72] == 0.0f);  // 200 - 128
    CHECK(weights[73] == 1.0f / 128);
    CHECK(weights[200] == 1.0f / 128);
}

TEMPLATE_TEST_CASE("attention: with a window of 4, query 5 weighs keys 2 to 5", "[attention]",
                   ScalarOps) {
    const std::vector<float> weights = weights_of_equal_keys<TestType>(5, 4, 6, kNoSink);
    CHECK(weights == std::vector<float>{0, 0, 0.25f, 0.25f, 0.25f, 0.25f});
}

TEMPLATE_TEST_CASE("attention: a full layer sees every earlier key", "[attention]", ScalarOps) {
    const std::vector<float> weights = weights_of_equal_keys<TestType>(199, kFull, 200, kNoSink);
    CHECK(weights == std::vector<float>(200, 1.0f / 200));
}

TEMPLATE_TEST_CASE("attention: weights sum to less than 1, the sink has the rest", "[attention]",
                   ScalarOps) {
    // A sink of 0 counts as one more key of score 0, in either kind of layer, never masked.
    const std::vector<float> full = weights_of_equal_keys<TestType>(9, kFull, 10, 0);
    const std::vector<float> sliding = weights_of_equal_keys<TestType>(9, 4, 10, 0);
    CHECK_THAT(std::accumulate(full.begin(), full.end(), 0.0), WithinAbs(10.0 / 11, 1e-6));
    CHECK_THAT(std::accumulate(sliding.begin(), sliding.end(), 0.0), WithinAbs(4.0 / 5, 1e-6));
}

TEMPLATE_TEST_CASE("attention: a later key is never seen, also inside one pass", "[attention]",
                   ScalarOps) {
    // Key 1 would win by far, but query 0 cannot see it.
    std::vector<float> q{1, 1}, keys{0, 100}, values{3, 5}, sinks{kNoSink}, mix(2);
    const std::vector<std::int32_t> positions{0, 1};
    TestType::attend({q.data(), 2, 1}, {keys.data(), 2, 1}, {values.data(), 2, 1},
                     {sinks.data(), 1}, {positions.data(), 2}, kFull, {}, {mix.data(), 2, 1});
    CHECK(mix == std::vector<float>{3, 5});
}

namespace {

// 4 query heads and 2 kv heads of 8 channels, over 11 positions.
constexpr int kHeads = 4;
constexpr int kQuerySize = 32;
constexpr int kKeySize = 16;
constexpr int kPositions = 11;

// All positions through a cache of `capacity` rows, `chunk` of them at a time.
template <class Ops>
std::vector<float> mix_in_chunks(int window, int capacity, int chunk, bool with_record = false) {
    const std::vector<float> q = noise(kPositions * kQuerySize, 1);
    const std::vector<float> k = noise(kPositions * kKeySize, 2);
    const std::vector<float> v = noise(kPositions * kKeySize, 3);
    const std::vector<float> sinks = noise(kHeads, 4);
    std::vector<float> keys(std::size_t(capacity * kKeySize), 1e30f);  // not read before written
    std::vector<float> values(keys.size(), 1e30f);
    std::vector<float> mix(q.size());
    const ConstMatrixView all_q{q.data(), kPositions, kQuerySize};
    const ConstMatrixView all_k{k.data(), kPositions, kKeySize};
    const ConstMatrixView all_v{v.data(), kPositions, kKeySize};
    const MatrixView key_cache{keys.data(), capacity, kKeySize};
    const MatrixView value_cache{values.data(), capacity, kKeySize};
    const MatrixView all_mix{mix.data(), kPositions, kQuerySize};

    for (int first = 0; first < kPositions; first += chunk) {
        const int n_tokens = std::min(chunk, kPositions - first);
        const std::vector<std::int32_t> positions = positions_from(first, n_tokens);
        const ConstIdsView at{positions.data(), n_tokens};
        OwnedRecord record(kHeads, n_tokens, kPositions);
        Ops::cache_store(rows_of(all_k, first, n_tokens), at, key_cache);
        Ops::cache_store(rows_of(all_v, first, n_tokens), at, value_cache);
        Ops::attend(rows_of(all_q, first, n_tokens), key_cache, value_cache, {sinks.data(), kHeads},
                    at, window, with_record ? record.view : AttentionRecord{},
                    {all_mix.row(first), n_tokens, kQuerySize});
    }
    return mix;
}

}  // namespace

TEMPLATE_TEST_CASE("attention: chunks of 1, 3 and 5 give the bits of one pass", "[attention]",
                   ScalarOps) {
    const std::vector<float> in_one_pass = mix_in_chunks<TestType>(kFull, kPositions, kPositions);
    for (const int chunk : {1, 3, 5}) {
        INFO("chunks of " << chunk);
        CHECK(mix_in_chunks<TestType>(kFull, kPositions, chunk) == in_one_pass);
    }
}

TEMPLATE_TEST_CASE(
    "attention: a rolling cache is masked by position and gives the bits of a full "
    "one",
    "[attention]", ScalarOps) {
    // A ring needs window - 1 rows for earlier keys and one per token of the pass.
    const int window = 4;
    const std::vector<float> in_one_pass = mix_in_chunks<TestType>(window, kPositions, kPositions);
    for (const int chunk : {1, 3, 5}) {
        INFO("chunks of " << chunk);
        CHECK(mix_in_chunks<TestType>(window, window - 1 + chunk, chunk) == in_one_pass);
    }
}

TEMPLATE_TEST_CASE("attention: a ring of window rows is too short for a pass of several tokens",
                   "[attention]", ScalarOps) {
    const int window = 4;
    const std::vector<float> in_one_pass = mix_in_chunks<TestType>(window, kPositions, kPositions);
    CHECK(mix_in_chunks<TestType>(window, window, 3) != in_one_pass);
}

// --- The record -------------------------------------------------------------------------------

TEMPLATE_TEST_CASE("attention: the record has a row per head and token over all positions",
                   "[attention]", ScalarOps) {
    // Two heads, queries at positions 1 and 2, a window of 2. Head 1 asks ten times as loudly.
    std::vector<float> q{1, 10, 1, 10}, keys{1, 2, 3}, values(3), sinks{0, 0}, mix(4);
    const std::vector<std::int32_t> positions{1, 2};
    OwnedRecord record(2, 2, 3);
    TestType::attend({q.data(), 2, 2}, {keys.data(), 3, 1}, {values.data(), 3, 1},
                     {sinks.data(), 2}, {positions.data(), 2}, 2, record.view, {mix.data(), 2, 2});
    CHECK(record.scores == std::vector<float>{1, 2, -kInfinity,      // head 0, position 1
                                              -kInfinity, 2, 3,      // head 0, position 2
                                              10, 20, -kInfinity,    // head 1, position 1
                                              -kInfinity, 20, 30});  // head 1, position 2
    CHECK(record.weights[2] == 0.0f);
    CHECK(record.weights[3] == 0.0f);
    for (std::size_t h = 0; h < 2; ++h) {
        for (std::size_t t = 0; t < 2; ++t) {
            const float* row = record.weights.data() + (h * 2 + t) * 3;
            const float sink_share = record.sink_share[t * 2 + h];
            CHECK_THAT(row[0] + row[1] + row[2] + sink_share, WithinAbs(1, 2e-7));
        }
    }
}

TEMPLATE_TEST_CASE("attention: in a rolling cache the record still counts positions, not rows",
                   "[attention]", ScalarOps) {
    // Three rows hold positions 3, 4 and 5: rows 0, 1 and 2. Query 4 sees 3 and 4.
    std::vector<float> q{1}, keys{3, 4, 5}, sinks{0}, mix(1);
    const std::int32_t position = 4;
    OwnedRecord record(1, 1, 6);
    TestType::attend({q.data(), 1, 1}, {keys.data(), 3, 1}, {keys.data(), 3, 1}, {sinks.data(), 1},
                     {&position, 1}, 2, record.view, {mix.data(), 1, 1});
    CHECK(record.scores ==
          std::vector<float>{-kInfinity, -kInfinity, -kInfinity, 3, 4, -kInfinity});
    CHECK(record.weights[0] == 0.0f);
    CHECK(record.weights[5] == 0.0f);
}

TEMPLATE_TEST_CASE("attention: recording changes no bit of the mix", "[attention]", ScalarOps) {
    const auto recorded = mix_in_chunks<TestType>(4, kPositions, 5, true);
    const auto not_recorded = mix_in_chunks<TestType>(4, kPositions, 5, false);
    if constexpr (requires { TestType::kSumsInAnyOrder; }) {  // a kernel for each of the two
        REQUIRE(recorded.size() == not_recorded.size());
        for (std::size_t i = 0; i < recorded.size(); ++i) {
            CHECK_THAT(recorded[i], WithinAbs(not_recorded[i], 1e-6));
        }
    } else {
        CHECK(recorded == not_recorded);
    }
}

TEMPLATE_TEST_CASE("attention: views of the record are filled one by one", "[attention]",
                   ScalarOps) {
    std::vector<float> q{0}, keys{1}, sinks{0}, mix(1);
    const std::int32_t position = 0;
    OwnedRecord record(1, 1, 1);
    TestType::attend({q.data(), 1, 1}, {keys.data(), 1, 1}, {keys.data(), 1, 1}, {sinks.data(), 1},
                     {&position, 1}, kFull, {{}, {}, record.view.sink_share}, {mix.data(), 1, 1});
    CHECK(record.sink_share[0] == 0.5f);
    CHECK(record.scores[0] == 7.0f);
    CHECK(record.weights[0] == 7.0f);
}

TEMPLATE_TEST_CASE("attention: no tokens, nothing done", "[attention]", ScalarOps) {
    std::vector<float> keys(4), sinks(2);
    CHECK_NOTHROW(TestType::cache_store({nullptr, 0, 4}, {nullptr, 0}, {keys.data(), 1, 4}));
    CHECK_NOTHROW(TestType::attend({nullptr, 0, 8}, {keys.data(), 1, 4}, {keys.data(), 1, 4},
                                   {sinks.data(), 2}, {nullptr, 0}, kFull, {}, {nullptr, 0, 8}));
}

// --- Errors -----------------------------------------------------------------------------------

namespace {

// Two query heads and one kv head of two channels, one token at position 2 of three; all zero.
struct Operands {
    std::vector<float> memory = std::vector<float>(64);
    std::vector<std::int32_t> position_memory = {2, 3};
    ConstMatrixView q{memory.data(), 1, 4};
    ConstMatrixView keys{memory.data(), 3, 2};
    ConstMatrixView values{memory.data(), 3, 2};
    ConstVectorView sinks{memory.data(), 2};
    ConstIdsView positions{position_memory.data(), 1};
    AttentionRecord record;
    MatrixView mix{memory.data() + 32, 1, 4};
    void attend() { gptoss::attend(q, keys, values, sinks, positions, 0, record, mix); }
};

}  // namespace

TEST_CASE("attention: heads that do not divide are named in the error", "[attention][errors]") {
    Operands a;
    a.q.cols = 5;
    REQUIRE_THROWS_WITH(a.attend(), "attend: q.cols is 5, expected a multiple of 2 (sinks.size)");
    REQUIRE_THROWS_AS(a.attend(), ShapeError);
    Operands b;
    b.sinks.size = 0;
    REQUIRE_THROWS_WITH(b.attend(), "attend: q.cols is 4, expected a multiple of 0 (sinks.size)");
    Operands c;
    c.keys.cols = 3;
    REQUIRE_THROWS_WITH(c.attend(), "attend: keys.cols is 3, expected a multiple of 2 (head_dim)");
    Operands d;
    d.keys.cols = 6;
    REQUIRE_THROWS_WITH(
        d.attend(), "attend: sinks.size is 2, expected a multiple of 3 (kv heads in keys.cols)");
}

TEST_CASE("attention: values unlike keys are named in the error", "[attention][errors]") {
    Operands a;
    a.values.rows = 2;
    REQUIRE_THROWS_WITH(a.attend(), "attend: values is (2, 2), expected (3, 2)");
}

TEST_CASE("attention: positions for other tokens are named in the error", "[attention][errors]") {
    Operands a;
    a.positions.rows = 2;
    REQUIRE_THROWS_WITH(a.attend(), "attend: positions.rows is 2, expected 1 (q.rows)");
}

TEST_CASE("attention: a mix of the wrong shape is named in the error", "[attention][errors]") {
    Operands a;
    a.mix.cols = 2;
    REQUIRE_THROWS_WITH(a.attend(), "attend: mix is (1, 2), expected (1, 4)");
}

TEST_CASE("attention: a cache shorter than what is visible is named in the error",
          "[attention][errors]") {
    Operands a;
    a.position_memory[0] = 3;
    REQUIRE_THROWS_WITH(a.attend(),
                        "attend: keys.rows is 3, expected at least 4 (visible positions)");
}

TEST_CASE("attention: a record too small is named in the error", "[attention][errors]") {
    Operands a;
    a.record.scores = {a.memory.data() + 40, 1, 3};
    REQUIRE_THROWS_WITH(a.attend(), "attend: record.scores is (1, 3), expected (2, at least 3)");
    Operands b;
    b.record.weights = {b.memory.data() + 40, 2, 2};
    REQUIRE_THROWS_WITH(b.attend(), "attend: record.weights is (2, 2), expected (2, at least 3)");
    Operands c;
    c.record.sink_share = {c.memory.data() + 40, 2, 1};
    REQUIRE_THROWS_WITH(c.attend(), "attend: record.sink_share is (2, 1), expected (1, 2)");
}

TEST_CASE("attention: what does not fit the cache is named in the error", "[attention][errors]") {
    std::vector<float> x(4), cache(6);
    const std::vector<std::int32_t> positions{0, 1};
    REQUIRE_THROWS_WITH(cache_store({x.data(), 2, 2}, {positions.data(), 1}, {cache.data(), 3, 2}),
                        "cache_store: positions.rows is 1, expected 2 (x.rows)");
    REQUIRE_THROWS_WITH(cache_store({x.data(), 2, 2}, {positions.data(), 2}, {cache.data(), 2, 3}),
                        "cache_store: cache.cols is 3, expected 2 (x.cols)");
    REQUIRE_THROWS_WITH(cache_store({x.data(), 2, 2}, {positions.data(), 2}, {cache.data(), 1, 2}),
                        "cache_store: cache.rows is 1, expected at least 2 (x.rows)");
}

// --- Goldens ----------------------------------------------------------------------------------

namespace {

template <class Ops>
void check_attention(const Golden& golden, int layer) {
    const Config& config = golden.config();
    const int n_tokens = golden.n_tokens();
    const ConstMatrixView q_rope = golden.at(Site::attn_q_rope, layer);
    const ConstMatrixView k_rope = golden.at(Site::attn_k_rope, layer);
    const ConstMatrixView v = golden.at(Site::attn_v, layer);
    const ConstVectorView sinks = golden.weights.layers[std::size_t(layer)].attn.sinks;
    const std::vector<std::int32_t> positions = positions_from(0, n_tokens);
    const ConstIdsView at{positions.data(), n_tokens};

    std::vector<float> keys(std::size_t(n_tokens * config.kv_size())), values(keys.size());
    const MatrixView key_cache{keys.data(), n_tokens, config.kv_size()};
    const MatrixView value_cache{values.data(), n_tokens, config.kv_size()};
    Ops::cache_store(k_rope, at, key_cache);
    Ops::cache_store(v, at, value_cache);

    OwnedRecord record(config.n_heads, n_tokens, n_tokens);
    std::vector<float> mix(std::size_t(n_tokens * config.q_size()));
    const MatrixView mix_view{mix.data(), n_tokens, config.q_size()};
    Ops::attend(q_rope, key_cache, value_cache, sinks, at, config.window(layer), record.view,
                mix_view);

    CHECK_SITE(golden, Site::attn_scores, layer, record.view.scores,
               alone_bound(golden, Site::attn_scores));
    CHECK_SITE(golden, Site::attn_weights, layer, record.view.weights,
               alone_bound(golden, Site::attn_weights));
    CHECK_SITE(golden, Site::attn_sink_share, layer, record.view.sink_share,
               alone_bound(golden, Site::attn_sink_share));
    CHECK_SITE(golden, Site::attn_mix, layer, mix_view, alone_bound(golden, Site::attn_mix));
}

template <class Ops>
void check_all_attentions(const Golden& golden) {
    for (int layer = 0; layer < golden.config().n_layers; ++layer) {
        check_attention<Ops>(golden, layer);
    }
}

}  // namespace

TEMPLATE_TEST_CASE(
    "attention: tiny golden, attn.scores, attn.weights, attn.sink_share and attn.mix",
    "[attention][golden]", ScalarOps) {
    check_all_attentions<TestType>(golden_tiny());
}

TEMPLATE_TEST_CASE("attention: odd golden, attn.scores, attn.weights, attn.sink_share and attn.mix",
                   "[attention][golden]", ScalarOps) {
    check_all_attentions<TestType>(golden_odd());
}

TEMPLATE_TEST_CASE("attention: 20b golden, attn.scores, attn.weights, attn.sink_share and attn.mix",
                   "[attention][golden]", ScalarOps) {
    check_all_attentions<TestType>(golden_block20b());
}
