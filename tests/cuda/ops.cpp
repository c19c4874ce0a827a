// Every twin against its scalar op, at sizes that fit no block of threads and at extreme values.
#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <numeric>
#include <vector>

#include "catch.hpp"
#include "check_twin.hpp"
#include "device.hpp"
#include "golden.hpp"
#include "random_values.hpp"
#include "stored_weights.hpp"

using namespace gptoss;
using namespace gptoss::test;

namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();
using Ids = std::vector<std::int32_t>;

}  // namespace

// --- Ends -------------------------------------------------------------------------------------

TEST_CASE("embed: the CUDA twin copies the same rows", "[embedding]") {
    RandomValues random;
    for (const int hidden_size : {1, 96, 257, 2880}) {
        const auto table = random.bf16(11 * hidden_size);
        const Ids ids = random.ids(7, 11);
        check_twin(
            7, hidden_size,
            [&](auto ops, MatrixView y) {
                ops.embed({ids.data(), 7}, {table.data(), 11, hidden_size}, y);
            },
            0);
    }
}

TEST_CASE("embed: the CUDA twin names an id outside the table", "[embedding][errors]") {
    RandomValues random;
    const auto table = random.bf16(11 * 4);
    std::vector<float> y(8);
    const Ids ids{3, 11};
    REQUIRE_THROWS_WITH(DeviceOps::embed({ids.data(), 2}, {table.data(), 11, 4}, {y.data(), 2, 4}),
                        "embed: ids[1] is 11, expected 0 <= id < 11 (vocab_size)");
    const Ids good{3, 10};
    REQUIRE_NOTHROW(DeviceOps::embed({good.data(), 2}, {table.data(), 11, 4}, {y.data(), 2, 4}));
}

TEST_CASE("unembed: the CUDA twin is near the scalar op", "[unembedding]") {
    RandomValues random;
    for (const int vocab_size : {1, 300, 1034}) {
        const auto x = random.floats(3 * 96);
        const auto w = random.bf16(vocab_size * 96);
        check_twin(3, vocab_size, [&](auto ops, MatrixView logits) {
            ops.unembed(matrix(x, 3, 96), {w.data(), vocab_size, 96}, logits);
        });
    }
}

TEST_CASE("unembed: the CUDA twin on tensor cores is near the scalar op of rounded x",
          "[unembedding]") {
    RandomValues random;
    struct Size {
        int n_tokens, hidden_size, vocab_size;
    };
    for (const auto& [n_tokens, hidden_size, vocab_size] :
         {Size{15, 96, 300}, {16, 96, 128}, {130, 40, 257}, {257, 8, 1}, {16, 33, 5}}) {
        const auto x = random.rounded_floats(n_tokens * hidden_size);
        const auto w = random.bf16(vocab_size * hidden_size);
        check_twin<TileOps>(
            n_tokens, vocab_size,
            [&, n = n_tokens, in = hidden_size, out = vocab_size](auto ops, MatrixView logits) {
                ops.unembed(matrix(x, n, in), {w.data(), out, in}, logits);
            });
    }
}

namespace {

std::int32_t sampled(const std::vector<float>& logits, SamplingOptions options, double uniform) {
    std::int32_t id = -1;
    sample(matrix(logits, 1, int(logits.size())), options, uniform, {&id, 1, 1});
    return id;
}
std::int32_t sampled_on_device(const std::vector<float>& logits, SamplingOptions options,
                               double uniform) {
    std::int32_t id = -1;
    DeviceOps::sample(matrix(logits, 1, int(logits.size())), options, uniform, {&id, 1, 1});
    return id;
}

// Of 1: p in float may move a running sum across the threshold, if they are this near.
constexpr double kUnsure = 1e-6;

const SamplingOptions kWaysToSample[] = {{0},           {1},
                                         {0.5f},        {1, 3},
                                         {1, 0, 0.9f},  {1.5f, 0, 1, 0.1f},
                                         {1, 40, 0.8f}, {2, 90, 0.99f, 0.03f}};

}  // namespace

TEST_CASE("sample: the CUDA twin chooses what the scalar op chooses", "[sampling]") {
    RandomValues random;
    int n_draws = 0, n_others = 0;
    for (const int vocab_size : {1, 2, 31, 33, 1025, 3001}) {
        const auto logits = random.floats(vocab_size, 5);
        const int n_times =
            vocab_size < 1000 ? 10 : 3;  // each is a hundred barriers of all threads
        for (const SamplingOptions& options : kWaysToSample) {
            for (int n = 0; n < n_times; ++n) {
                const double uniform = random_uniform(7, std::uint64_t(n));
                const std::int32_t expected = sampled(logits, options, uniform);
                const std::int32_t got = sampled_on_device(logits, options, uniform);
                INFO(vocab_size << " tokens, top_k " << options.top_k << ", top_p " << options.top_p
                                << ", uniform " << uniform);
                const double less = std::max(uniform - kUnsure, 0.0), more = uniform + kUnsure;
                const bool is_near =
                    got == sampled(logits, options, less) || got == sampled(logits, options, more);
                REQUIRE((got == expected || is_near));
                n_others += got != expected;
                ++n_draws;
            }
        }
    }
    CHECK(n_others <= n_draws / 100);
}

TEST_CASE("sample: the CUDA twin cuts where the scalar op cuts, also among equal logits",
          "[sampling]") {
    std::vector<float> logits(300, 0.0f);
    for (std::size_t o = 1; o < 300; o += 2) {
        logits[o] = -0.0f;
    }
    logits[150] = 1;
    for (int top_k = 1; top_k < 301; top_k += 57) {
        for (const float top_p : {1.0f, 0.7f}) {
            for (const double uniform : {0.0, 0.3, 0.999999}) {
                const SamplingOptions options{1, top_k, top_p};
                INFO("top_k " << top_k << ", top_p " << top_p << ", uniform " << uniform);
                CHECK(sampled_on_device(logits, options, uniform) ==
                      sampled(logits, options, uniform));
            }
        }
    }
}

TEST_CASE("sample: the CUDA twin passes over NaN and -inf, and takes the lower id on a tie",
          "[sampling]") {
    const float nan = std::numeric_limits<float>::quiet_NaN();
    std::vector<float> logits(700, -kInfinity);
    logits[3] = nan;
    logits[650] = logits[137] = 2;
    for (const float temperature : {0.0f, 1.0f}) {
        for (const double uniform : {0.0, 0.49}) {
            CHECK(sampled_on_device(logits, {temperature}, uniform) == 137);
        }
    }
    CHECK(sampled_on_device(logits, {1}, 0.51) == 650);
    CHECK(sampled_on_device(logits, {1, 1}, 0.51) == 137);
    CHECK(sampled_on_device(logits, {1, 600, 0.99f}, 0.51) == 650);
}

// --- Norm, sums, rotation ---------------------------------------------------------------------

TEST_CASE("rmsnorm: the CUDA twin is near the scalar op", "[rmsnorm]") {
    RandomValues random;
    for (const int hidden_size : {1, 3, 96, 256, 257, 2880}) {
        for (const float scale : {1e-18f, 1.0f, 1e15f}) {
            const auto x = random.floats(7 * hidden_size, scale);
            const auto gain = random.floats(hidden_size);
            check_twin(7, hidden_size, [&](auto ops, MatrixView y) {
                ops.rmsnorm(matrix(x, 7, hidden_size), {gain.data(), hidden_size}, 1e-5f, y);
            });
        }
    }
}

TEST_CASE("linear: the CUDA twin is near the scalar op", "[linear]") {
    struct Size {
        int n_tokens, in, out;
    };
    RandomValues random;
    for (const auto& [n_tokens, in, out] :
         {Size{7, 96, 192}, {1, 1, 1}, {3, 33, 5}, {2, 257, 300}, {1, 2880, 32}, {4, 2, 1000}}) {
        const auto x = random.floats(n_tokens * in);
        const auto w = random.bf16(out * in);
        const auto bias = random.floats(out);
        check_twin(n_tokens, out, [&, in = in, out = out, n = n_tokens](auto ops, MatrixView y) {
            ops.linear(matrix(x, n, in), {w.data(), out, in}, {bias.data(), out}, y);
        });
    }
}

TEST_CASE("linear: the CUDA twin reads F16, F32 and Q8_0", "[linear]") {
    for (const Storage storage : {Storage::f16, Storage::f32, Storage::q8_0}) {
        const int n = 9, in = 96, out = 37;
        RandomValues random;
        const StoredWeights w(storage, out, in, random.floats(out * in));
        const std::vector<float> x = random.floats(n * in), bias = random.floats(out);
        INFO(storage_name(storage));
        check_twin<TileOps>(n, out, [&](auto ops, MatrixView y) {
            ops.linear(matrix(x, n, in), w.view(), {bias.data(), out}, y);
        });
        check_twin(n, out,
                   [&](auto ops, MatrixView y) { ops.unembed(matrix(x, n, in), w.view(), y); });
        const Ids ids{36, 0, 5};
        check_twin(3, in, [&](auto ops, MatrixView y) { ops.embed({ids.data(), 3}, w.view(), y); });
    }
}

TEST_CASE("linear: the CUDA twin on tensor cores is near the scalar op of rounded x", "[linear]") {
    struct Size {
        int n_tokens, in, out;
    };
    RandomValues random;
    for (const auto& [n_tokens, in, out] :
         {Size{16, 8, 1}, {129, 96, 5}, {40, 40, 300}, {257, 72, 129}, {15, 96, 8}, {20, 33, 8}}) {
        const auto x = random.rounded_floats(n_tokens * in);
        const auto w = random.bf16(out * in);
        const auto bias = random.floats(out);
        check_twin<TileOps>(
            n_tokens, out, [&, in = in, out = out, n = n_tokens](auto ops, MatrixView y) {
                ops.linear(matrix(x, n, in), {w.data(), out, in}, {bias.data(), out}, y);
            });
    }
}

TEST_CASE("linear: the CUDA twin on tensor cores rounds x to BF16", "[linear]") {
    // Two are half way between two BF16 and go to the even one, which is 1 and 1 + 2^-6. The third is a
    // little more and goes to 1 + 2^-7; as a half float first, it would be half way too.
    std::vector<float> x(16 * 8, 1 + 0x1p-8f);
    std::fill(x.begin() + 8 * 8, x.end(), 1 + 3 * 0x1p-8f);
    std::fill(x.begin() + 12 * 8, x.end(), 1 + 0x1p-8f + 0x1p-20f);
    const std::vector<float> bias(1, 0.0f);
    const auto w = RandomValues{}.bf16(8);
    std::vector<float> sum_of_w(16), got(16);
    std::vector<float> rounded(16 * 8, 1.0f);
    std::fill(rounded.begin() + 8 * 8, rounded.end(), 1 + 0x1p-6f);
    std::fill(rounded.begin() + 12 * 8, rounded.end(), 1 + 0x1p-7f);
    linear(matrix(rounded, 16, 8), {w.data(), 1, 8}, {bias.data(), 1}, {sum_of_w.data(), 16, 1});
    TileOps::linear(matrix(x, 16, 8), {w.data(), 1, 8}, {bias.data(), 1}, {got.data(), 16, 1});
    const Difference d = difference(matrix(got, 16, 1), matrix(sum_of_w, 16, 1));
    CHECK(d.same_infinities);
    CHECK(d.error <= kBound);
}

TEST_CASE("add_residual: the CUDA twin gives the same bits", "[residual]") {
    RandomValues random;
    const auto x = random.floats(7 * 96, 1e30f), y = random.floats(7 * 96, 1e30f);
    check_twin(
        7, 96,
        [&](auto ops, MatrixView out) {
            ops.add_residual(matrix(x, 7, 96), matrix(y, 7, 96), out);
        },
        0);
}

TEST_CASE("rope_table: the CUDA twin is near the scalar op", "[rope]") {
    const Ids positions{0, 1, 130, 4096, 131071};
    for (const int head_dim : {32, 64, 1026}) {  // the last one has more pairs than a launch takes
        Config config;
        config.head_dim = head_dim;
        check_twin(
            5, head_dim,
            [&](auto ops, MatrixView table) {
                ops.rope_table(config, {positions.data(), 5}, table);
            },
            1e-6);
    }
}

TEST_CASE("rope: the CUDA twin is near the scalar op", "[rope]") {
    RandomValues random;
    for (const int head_dim : {2, 32, 64, 70}) {
        const int cols = 6 * head_dim;
        const auto x = random.floats(7 * cols), table = random.floats(7 * head_dim);
        check_twin(7, cols, [&](auto ops, MatrixView y) {
            ops.rope(matrix(x, 7, cols), matrix(table, 7, head_dim), y);
        });
    }
}

// --- Attention --------------------------------------------------------------------------------

namespace {

struct AttendCase {
    int n_heads, n_kv_heads, head_dim;
    int first_position, n_tokens;
    int capacity;  // of the cache
    int window;
    float sink_scale;
    bool is_rounded = false;  // q, keys and values are exact in BF16
};

// mix, scores, weights and sink_share below each other, as far as they are recorded.
template <class Ops>
std::vector<std::vector<float>> attended(const AttendCase& c, bool is_recorded) {
    RandomValues random{99};
    const int n_positions = c.first_position + c.n_tokens;
    const int q_size = c.n_heads * c.head_dim, kv_size = c.n_kv_heads * c.head_dim;
    const auto floats = [&](int count, float scale) {
        std::vector<float> all = random.floats(count, scale);
        for (float& value : all) {
            if (c.is_rounded) value = round_to_bf16(value);
        }
        return all;
    };
    const auto q = floats(c.n_tokens * q_size, 3);
    auto keys = floats(c.capacity * kv_size, 3);
    auto values = floats(c.capacity * kv_size, 1);
    for (std::size_t i = std::size_t(n_positions * kv_size); i < keys.size(); ++i) {
        keys[i] = values[i] = std::numeric_limits<float>::quiet_NaN();  // nothing is stored here
    }
    const auto sinks = random.floats(c.n_heads, c.sink_scale);
    Ids positions(std::size_t(c.n_tokens));
    std::iota(positions.begin(), positions.end(), c.first_position);

    std::vector<float> mix(q.size()), sink_share(std::size_t(c.n_tokens * c.n_heads));
    std::vector<float> scores(std::size_t(c.n_heads * c.n_tokens * n_positions)), weights = scores;
    AttentionRecord record;
    if (is_recorded) {
        record.scores = {scores.data(), c.n_heads * c.n_tokens, n_positions};
        record.weights = {weights.data(), c.n_heads * c.n_tokens, n_positions};
        record.sink_share = {sink_share.data(), c.n_tokens, c.n_heads};
    }
    Ops::attend(matrix(q, c.n_tokens, q_size), matrix(keys, c.capacity, kv_size),
                matrix(values, c.capacity, kv_size), {sinks.data(), c.n_heads},
                {positions.data(), c.n_tokens}, c.window, record, {mix.data(), c.n_tokens, q_size});
    return {mix, scores, weights, sink_share};
}

}  // namespace

TEST_CASE("attend: the CUDA twin is near the scalar op, and so is what it records", "[attention]") {
    for (const AttendCase& c : {AttendCase{6, 2, 32, 0, 7, 7, 0, 1},  // full
                                {6, 2, 32, 20, 7, 11, 5, 1},          // a ring that rolled over
                                {4, 4, 10, 0, 1, 3, 5, 1},            // one token, odd head_dim
                                {8, 1, 64, 40, 1, 64, 0, 30},         // decode, strong sinks
                                {300, 100, 2, 3, 2, 5, 0, 1},         // more heads than threads
                                {2, 1, 130, 5, 3, 8, 3, 1},           // wide heads
                                {16, 2, 32, 700, 2, 702, 0, 1},       // a long context
                                {8, 1, 64, 299, 1, 600, 0, 30},     // splits: one has 44, two none
                                {10, 1, 8, 256, 1, 257, 0, 1},      // one has 1; ten heads share
                                {8, 2, 32, 900, 1, 210, 200, 1},    // in a ring
                                {64, 8, 4, 600, 16, 616, 0, 1}}) {  // splits of 256
        INFO(c.n_heads << " heads of " << c.head_dim << ", window " << c.window << ", "
                       << c.n_tokens << " tokens from " << c.first_position);
        for (const bool is_recorded : {false, true}) {
            const auto expected = attended<ScalarOps>(c, is_recorded);
            const auto got = attended<DeviceOps>(c, is_recorded);
            for (std::size_t part = 0; part < expected.size(); ++part) {
                if (part > 0 && !is_recorded) continue;
                const int size = int(expected[part].size());
                const Difference d =
                    difference(matrix(got[part], 1, size), matrix(expected[part], 1, size));
                INFO("part " << part << "[" << d.col << "]: got " << d.got << ", expected "
                             << d.expected);
                CHECK(d.same_infinities);
                // Scores of up to 100 are summed in float32, where a last bit is 7.6e-6, and exp
                // passes it on; measured 5.8e-5.
                CHECK(d.error <= 1.2e-4);
            }
        }
    }
}

TEST_CASE("attend: the CUDA twin records what the sink takes, also -inf", "[attention]") {
    RandomValues random;
    const std::vector<float> sinks = {-1, 0.5f, -kInfinity, 9};
    for (const int n_positions : {20, 300}) {  // one split and three
        const auto q = random.floats(4 * 32, 3), cache = random.floats(n_positions * 64, 3);
        const Ids position{n_positions - 1};
        check_twin(1, 4, [&](auto ops, MatrixView sink_share) {
            std::vector<float> mix(q.size());
            AttentionRecord record;
            record.sink_share = sink_share;
            ops.attend(matrix(q, 1, 128), matrix(cache, n_positions, 64),
                       matrix(cache, n_positions, 64), {sinks.data(), 4}, {position.data(), 1}, 0,
                       record, {mix.data(), 1, 128});
        });
    }
}

TEST_CASE("attend: the CUDA twin is near where a split has scores beyond a float's exp, or -inf",
          "[attention]") {
    const int n_positions = 300;  // three splits
    const std::vector<float> q(4, 1e20f), sinks(1, 0.0f);
    const auto values = RandomValues{}.floats(n_positions * 4);
    const Ids position{n_positions - 1};
    for (const float key : {1e-18f, -1e20f}) {  // scores of 200 and -inf
        std::vector<float> keys(std::size_t(n_positions * 4), 0.0f);
        std::fill(keys.begin() + 256 * 4, keys.end(), key);
        check_twin(1, 4, [&](auto ops, MatrixView mix) {
            ops.attend(matrix(q, 1, 4), matrix(keys, n_positions, 4),
                       matrix(values, n_positions, 4), {sinks.data(), 1}, {position.data(), 1}, 0,
                       {}, mix);
        });
    }
}

TEST_CASE("attend: the last position of the longest context is near the scalar op", "[attention]") {
    const int n_positions = 131072;  // 512 splits of 256
    RandomValues random;
    const auto q = random.floats(8 * 4, 3), sinks = random.floats(8, 9);
    const auto keys = random.floats(n_positions * 4, 3), values = random.floats(n_positions * 4);
    const Ids position{n_positions - 1};
    check_twin(1, 8 * 4, [&](auto ops, MatrixView mix) {
        ops.attend(matrix(q, 1, 8 * 4), matrix(keys, n_positions, 4),
                   matrix(values, n_positions, 4), {sinks.data(), 8}, {position.data(), 1}, 0, {},
                   mix);
    });
}

TEST_CASE("attend: the CUDA twin gives the same bits whatever the cache has room for",
          "[attention]") {
    RandomValues random;
    const int n_positions = 333, n_heads = 8;
    const auto q = random.floats(n_heads * 64, 3), sinks = random.floats(n_heads);
    auto keys = random.floats(n_positions * 64, 3), values = random.floats(n_positions * 64);
    const Ids position{n_positions - 1};
    std::vector<float> first;
    for (const int capacity : {n_positions, 384, 385, 3000}) {  // 3, 3, 4 and 24 splits
        INFO("room for " << capacity);
        keys.resize(std::size_t(capacity * 64), std::numeric_limits<float>::quiet_NaN());
        values.resize(keys.size(), std::numeric_limits<float>::quiet_NaN());
        std::vector<float> mix(q.size());
        DeviceOps::attend(matrix(q, 1, n_heads * 64), matrix(keys, capacity, 64),
                          matrix(values, capacity, 64), {sinks.data(), n_heads},
                          {position.data(), 1}, 0, {}, {mix.data(), 1, n_heads * 64});
        if (first.empty()) first = mix;
        CHECK(mix == first);
    }
}

TEST_CASE("attend: the CUDA twin on tensor cores is near the scalar op", "[attention]") {
    for (const AttendCase& c : {AttendCase{16, 2, 32, 0, 20, 20, 0, 1, true},  // full
                                {6, 2, 16, 50, 17, 21, 5, 1, true},            // a ring
                                {8, 1, 64, 40, 33, 80, 0, 10, true},  // a chunk, strong sinks
                                {8, 1, 64, 300, 16, 400, 128, 1, true},
                                {64, 2, 64, 0, 16, 16, 3, 1, true},   // a token per tile
                                {3, 1, 48, 90, 21, 130, 0, 1, true},  // tiles that are not full
                                {66, 2, 16, 0, 16, 16, 0, 1, true},   // more heads than a tile has
                                {2, 1, 130, 5, 16, 21, 3, 1, true}}) {  // wide heads
        INFO(c.n_heads << " heads of " << c.head_dim << ", window " << c.window << ", "
                       << c.n_tokens << " tokens from " << c.first_position);
        const auto expected = attended<ScalarOps>(c, false);
        const auto got = attended<TileOps>(c, false);
        const int size = int(expected[0].size());
        const Difference d = difference(matrix(got[0], 1, size), matrix(expected[0], 1, size));
        CHECK(d.same_infinities);
        CHECK(d.error <= 0x1p-7);  // weights are off by 2^-8, and the mix is a sum of both signs
    }
}

TEST_CASE("attend: the CUDA twin on tensor cores records what the sink takes", "[attention]") {
    RandomValues random;
    const int n_tokens = 17;
    const auto q = random.rounded_floats(n_tokens * 64),
               cache = random.rounded_floats(n_tokens * 32);
    const std::vector<float> sinks = {-1, 0.5f};
    Ids positions(n_tokens);
    std::iota(positions.begin(), positions.end(), 0);
    check_twin<TileOps>(n_tokens, 2, [&](auto ops, MatrixView sink_share) {
        std::vector<float> mix(q.size());
        AttentionRecord record;
        record.sink_share = sink_share;
        ops.attend(matrix(q, n_tokens, 64), matrix(cache, n_tokens, 32),
                   matrix(cache, n_tokens, 32), {sinks.data(), 2}, {positions.data(), n_tokens}, 0,
                   record, {mix.data(), n_tokens, 64});
    });
}

TEST_CASE("attend: the CUDA twin names a cache that is too short", "[attention][errors]") {
    REQUIRE_THROWS_WITH(attended<DeviceOps>({6, 2, 32, 20, 7, 11, 0, 1}, false),
                        ContainsSubstring("attend: keys.rows is 11, expected at least 2"));
    REQUIRE_THROWS_WITH(attended<TileOps>({8, 1, 64, 20, 17, 18, 0, 1}, false),
                        ContainsSubstring("attend: keys.rows is 18, expected at least "));
}

TEST_CASE("cache_store: the CUDA twin fills the same rows of a ring", "[attention]") {
    RandomValues random;
    const auto x = random.floats(7 * 64);
    const Ids positions{20, 21, 22, 23, 24, 25, 26};
    check_twin(
        9, 64,
        [&](auto ops, MatrixView cache) {
            ops.cache_store(matrix(x, 7, 64), {positions.data(), 7}, cache);
        },
        0);
}

// --- Experts ----------------------------------------------------------------------------------

TEST_CASE("mxfp4_decode: every code under every scale, to the byte", "[mxfp4]") {
    std::vector<std::uint8_t> codes, scales;
    for (int scale = 0; scale < kMxfp4NanScale; ++scale) {
        for (int block = 0; block < 16; ++block) {
            scales.push_back(std::uint8_t(scale));
            for (int b = 0; b < 16; ++b) {
                codes.push_back(std::uint8_t(16 * block + b));
            }
        }
    }
    const Mxfp4Matrix w{codes.data(), scales.data(), kMxfp4NanScale, 16 * 32};
    std::vector<float> expected(2 * codes.size()), got = expected;
    for (std::size_t block = 0; block < scales.size(); ++block) {
        mxfp4_decode_block(&codes[16 * block], scales[block], &expected[32 * block]);
    }
    device::mxfp4_decode(w, {got.data(), w.rows, w.cols});
    CHECK(std::memcmp(got.data(), expected.data(), 4 * got.size()) == 0);
}

TEST_CASE("route: the CUDA twin chooses the same experts, also on ties", "[router]") {
    RandomValues random;
    struct Size {
        int n_tokens, n_experts, top_k;
    };
    for (const auto& [n_tokens, n_experts, top_k] : {Size{1, 6, 1},
                                                     {7, 6, 3},
                                                     {300, 6, 6},
                                                     {7, 32, 4},
                                                     {7, 128, 4},
                                                     {3, 1024, 40},
                                                     {3, 1025, 4}}) {
        std::vector<float> logits;
        for (const std::int32_t tenths : random.ids(n_tokens * n_experts, 8)) {
            logits.push_back(float(tenths) / 10);  // many are equal
        }
        Ids expected_ids(std::size_t(n_tokens * top_k)), ids = expected_ids;
        std::vector<float> expected(expected_ids.size()), weights = expected;
        route(matrix(logits, n_tokens, n_experts), {expected_ids.data(), n_tokens, top_k},
              {expected.data(), n_tokens, top_k});
        DeviceOps::route(matrix(logits, n_tokens, n_experts), {ids.data(), n_tokens, top_k},
                         {weights.data(), n_tokens, top_k});
        CHECK(ids == expected_ids);
        const Difference d =
            difference(matrix(weights, n_tokens, top_k), matrix(expected, n_tokens, top_k));
        CHECK(d.error <= 1e-6);
    }
}

TEST_CASE("route: the CUDA twin names the first NaN of a token", "[router][errors]") {
    std::vector<float> logits(3 * 6, 1.0f), weights(6);
    logits[6 + 4] = std::numeric_limits<float>::quiet_NaN();
    Ids ids(6);
    REQUIRE_THROWS_WITH(
        DeviceOps::route(matrix(logits, 3, 6), {ids.data(), 3, 2}, {weights.data(), 3, 2}),
        "route: logits[1, 4] is NaN, expected a number");
}

TEST_CASE("expert_linear: the CUDA twin is near the scalar op", "[experts]") {
    RandomValues random;
    for (const int in : {32, 96, 2880}) {
        for (const int out : {1, 70, 128}) {
            const int n_experts = 6;  // experts 4 and 5 get no token
            const int n_weights = n_experts * out * in;
            const auto codes = random.bytes(n_weights / 2);
            const auto transposed = random.bf16(n_weights);
            std::vector<std::uint8_t> scales = random.bytes(n_weights / 32, 8);
            for (std::uint8_t& scale : scales) {
                scale = std::uint8_t(scale + 120);
            }
            const auto bias = random.floats(n_experts * out);
            const Ids ids = random.ids(7 * 3, 4);
            for (const bool is_packed : {true, false}) {
                for (const XRows x_rows : {XRows::per_token, XRows::per_rank}) {
                    const int n_x = x_rows == XRows::per_rank ? 21 : 7;
                    const auto x = random.floats(n_x * in);
                    ExpertStack stack{nullptr, nullptr, nullptr, n_experts, out, in};
                    if (is_packed) stack.codes = codes.data();
                    if (is_packed) stack.scales = scales.data();
                    if (!is_packed) stack.transposed = transposed.data();
                    check_twin(
                        21, out,
                        [&](auto ops, MatrixView y) {
                            ops.expert_linear(matrix(x, n_x, in), x_rows, {ids.data(), 7, 3}, stack,
                                              matrix(bias, n_experts, out), y);
                        },
                        1e-5);  // weights of 8 sizes: the largest ones round what is added behind
                }
            }
        }
    }
}

TEST_CASE("expert_linear: the CUDA twin decodes every code at every place, to the bit",
          "[experts]") {
    // Row t of x is 1 in channel t and 0 elsewhere, so y[t, o] is weight t of row o.
    const int in = 32, out = 16;
    std::vector<float> x(in * in);
    std::vector<std::uint8_t> codes;
    for (int t = 0; t < in; ++t) {
        x[std::size_t(t * in + t)] = 1;
    }
    for (int o = 0; o < out; ++o) {
        for (int i = 0; i < in; i += 2) {
            codes.push_back(std::uint8_t((o + i) % 16 | (o + i + 1) % 16 << 4));
        }
    }
    const Ids ids(in, 0);
    const std::vector<float> bias(out);
    for (const int scale : {0, 1, 127, 252}) {
        INFO("scale " << scale);
        const std::vector<std::uint8_t> scales(out, std::uint8_t(scale));
        const ExpertStack stack{codes.data(), scales.data(), nullptr, 1, out, in};
        const auto run = [&](auto ops, MatrixView y) {
            ops.expert_linear(matrix(x, in, in), XRows::per_token, {ids.data(), in, 1}, stack,
                              matrix(bias, 1, out), y);
        };
        check_twin(in, out, run, 0);
        check_twin<TileOps>(in, out, run, 0);
    }
}

TEST_CASE("expert_linear: the CUDA twin reads experts unpacked to F16 and F32", "[experts]") {
    RandomValues random;
    const int n_experts = 6, in = 96, out = 70;
    const auto weights = random.floats(n_experts * in * out);
    std::vector<std::uint16_t> halves;
    for (const float weight : weights)
        halves.push_back(float_to_fp16(weight));
    const auto x = random.floats(7 * in);
    const auto bias = random.floats(n_experts * out);
    const Ids ids = random.ids(7 * 3, 4);
    for (const Storage storage : {Storage::f16, Storage::f32}) {
        const void* bytes = halves.data();
        if (storage == Storage::f32) bytes = weights.data();
        ExpertStack stack{nullptr,   nullptr, static_cast<const std::uint8_t*>(bytes),
                          n_experts, out,     in,
                          {},        storage};
        check_twin(21, out, [&](auto ops, MatrixView y) {
            ops.expert_linear(matrix(x, 7, in), XRows::per_token, {ids.data(), 7, 3}, stack,
                              matrix(bias, n_experts, out), y);
        });
    }
}

TEST_CASE("expert_linear: the CUDA twin on tensor cores is near the scalar op of rounded x",
          "[experts]") {
    RandomValues random;
    struct Size {
        int n_tokens, top_k, n_used, in, out;  // the experts behind n_used get no token
    };
    for (const auto& [n_tokens, top_k, n_used, in, out] :
         {Size{16, 1, 1, 32, 1}, {150, 2, 3, 32, 70}, {40, 3, 4, 96, 130}, {15, 3, 4, 96, 5}}) {
        const int n_experts = 6;
        const auto codes = random.bytes(n_experts * out * in / 2);
        std::vector<std::uint8_t> scales = random.bytes(n_experts * out * in / 32, 8);
        for (std::uint8_t& scale : scales) {
            scale = std::uint8_t(scale + 120);
        }
        const auto bias = random.floats(n_experts * out);
        const Ids ids = random.ids(n_tokens * top_k, n_used);
        const ExpertStack stack{codes.data(), scales.data(), nullptr, n_experts, out, in};
        for (const XRows x_rows : {XRows::per_token, XRows::per_rank}) {
            const int n_x = x_rows == XRows::per_rank ? n_tokens * top_k : n_tokens;
            const auto x = random.rounded_floats(n_x * in);
            check_twin<TileOps>(
                n_tokens * top_k, out,
                [&, in = in, out = out, n = n_tokens, k = top_k](auto ops, MatrixView y) {
                    ops.expert_linear(matrix(x, n_x, in), x_rows, {ids.data(), n, k}, stack,
                                      matrix(bias, n_experts, out), y);
                },
                1e-5);
        }
    }
}

TEST_CASE("swiglu: the CUDA twin is near the scalar op", "[swiglu]") {
    RandomValues random;
    for (const float scale : {0.1f, 10.0f, 1e30f}) {
        const auto h = random.floats(21 * 128, scale);
        for (const double alpha : {1.702, 1.5}) {
            check_twin(21, 64, [&](auto ops, MatrixView y) {
                ops.swiglu(matrix(h, 21, 128), 7.0f, alpha, y);
            });
        }
    }
}

TEST_CASE("combine: the CUDA twin is near the scalar op", "[combine]") {
    RandomValues random;
    const auto expert_out = random.floats(21 * 96), weights = random.floats(21);
    check_twin(7, 96, [&](auto ops, MatrixView out) {
        ops.combine(matrix(expert_out, 21, 96), matrix(weights, 7, 3), out);
    });
}
