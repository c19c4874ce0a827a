// Every op of the tuned table against the plain one, on the sizes where kernels change over, with
// each instruction set of this machine.
//
// Bounds: both sides round a sum of n products at most n times (twice with portable, which rounds
// products too), each time by 2^-24 of at most sum |w x|; in practice by its square root of that.
#include "gptoss/ops/fast.hpp"

#include <cmath>
#include <limits>
#include <vector>

#include "all_kernels.hpp"
#include "bf16_weights.hpp"
#include "catch.hpp"
#include "gguf_experts.hpp"
#include "gptoss/core/generator.hpp"
#include "stored_weights.hpp"

using namespace gptoss;
using namespace gptoss::test;
using fast::instruction_set_name;
using fast::Kernels;

namespace {

std::vector<float> numbers(int n, std::uint64_t seed, float size = 1) {
    std::vector<float> values;
    for (int i = 0; i < n; ++i) {
        const double uniform = double(mix(seed + std::uint64_t(i)) >> 11) * 0x1p-53;
        values.push_back(size * float(2 * uniform - 1));
    }
    return values;
}

double largest_difference(const std::vector<float>& a, const std::vector<float>& b) {
    double largest = 0;
    for (std::size_t i = 0; i < a.size(); ++i) {
        const double difference = std::fabs(double(a[i]) - double(b[i]));
        if (std::isnan(difference)) return difference;
        largest = std::max(largest, difference);
    }
    return largest;
}

// Of n products of numbers up to 1: each of n additions rounds a sum of about sqrt(n / 9) by 2^-24,
// and such errors add up like their square root. Four times that, once per side.
double sum_bound(int n) {
    return 4 * 2 * std::sqrt(n) * std::sqrt(n / 9.0 + 1) * 0x1p-24;
}

}  // namespace

// --- linear and unembed -----------------------------------------------------------------------

TEST_CASE("fast: linear is the plain one's twin for any number of tokens", "[fast]") {
    for (const int n_tokens : {1, 4, 5, 6, 7, 8, 17, 33, 70, 530}) {
        for (const int in_size : {32, 96, 33, 250}) {
            const int out_size = in_size == 96 ? 100 : 31;
            const Bf16Weights w(out_size, in_size, numbers(out_size * in_size, 1));
            const std::vector<float> x = numbers(n_tokens * in_size, 2),
                                     bias = numbers(out_size, 3);
            const ConstMatrixView x_view{x.data(), n_tokens, in_size};
            std::vector<float> expected(std::size_t(n_tokens * out_size));
            linear(x_view, w.view(), {bias.data(), out_size},
                   {expected.data(), n_tokens, out_size});
            for (const Kernels& k : all_kernels()) {
                INFO(instruction_set_name(k.set) << ": " << n_tokens << " x " << in_size);
                std::vector<float> y(expected.size(), 9.0f);
                fast::linear_with(k, nullptr, x_view, w.view(), {bias.data(), out_size},
                                  {y.data(), n_tokens, out_size});
                CHECK(largest_difference(y, expected) <= sum_bound(in_size));
            }
        }
    }
}

TEST_CASE("fast: tile_linear is linear of tokens rounded to BF16, from eight tokens on", "[fast]") {
    if (fast::bf16_unit().multiply == nullptr) skip_test("no BF16 unit on this machine");
    for (const int n_tokens : {1, 7, 8, 33, 70}) {
        for (const int out_size : {5, 32, 100}) {
            const int in_size = 96;
            const Bf16Weights w(out_size, in_size, numbers(out_size * in_size, 1));
            const std::vector<float> x = numbers(n_tokens * in_size, 2),
                                     bias = numbers(out_size, 3);
            std::vector<float> rounded = x;
            for (float& value : rounded) {
                if (n_tokens >= 8) value = round_to_bf16(value);
            }
            std::vector<float> expected(std::size_t(n_tokens * out_size)), y(expected.size());
            linear({rounded.data(), n_tokens, in_size}, w.view(), {bias.data(), out_size},
                   {expected.data(), n_tokens, out_size});
            FastTileOps::linear({x.data(), n_tokens, in_size}, w.view(), {bias.data(), out_size},
                                {y.data(), n_tokens, out_size});
            CHECK(largest_difference(y, expected) <= sum_bound(in_size));
        }
    }
}

TEST_CASE("fast: linear of weights in any form is that of the scalar op", "[fast]") {
    for (const Storage storage : {Storage::f16, Storage::f32, Storage::q8_0}) {
        const StoredWeights w(storage, 40, 224, numbers(40 * 224, 5));
        for (const int n_tokens : {1, 7, 40}) {
            const std::vector<float> x = numbers(n_tokens * 224, 6), bias = numbers(40, 7);
            std::vector<float> expected(std::size_t(n_tokens * 40));
            linear({x.data(), n_tokens, 224}, w.view(), {bias.data(), 40},
                   {expected.data(), n_tokens, 40});
            for (const Kernels& k : all_kernels()) {
                INFO(storage_name(storage)
                     << ", " << instruction_set_name(k.set) << ": " << n_tokens << " tokens");
                std::vector<float> y(expected.size());
                fast::linear_with(k, fast::bf16_unit().multiply, {x.data(), n_tokens, 224},
                                  w.view(), {bias.data(), 40}, {y.data(), n_tokens, 40});
                CHECK(largest_difference(y, expected) <= sum_bound(224));
            }
        }
    }
}

TEST_CASE("fast: unembed is linear without a bias", "[fast]") {
    const Bf16Weights w(300, 96, numbers(300 * 96, 4));
    const std::vector<float> x = numbers(9 * 96, 5), bias(300);
    for (const int n_rows : {1, 9}) {
        std::vector<float> logits(std::size_t(n_rows * 300)), y(logits.size());
        FastOps::unembed({x.data(), n_rows, 96}, w.view(), {logits.data(), n_rows, 300});
        FastOps::linear({x.data(), n_rows, 96}, w.view(), {bias.data(), 300},
                        {y.data(), n_rows, 300});
        CHECK(logits == y);
    }
}

TEST_CASE("fast: no tokens, nothing done", "[fast]") {
    const Bf16Weights w(2, 32, std::vector<float>(64));
    const std::vector<float> bias(2);
    CHECK_NOTHROW(FastOps::linear({nullptr, 0, 32}, w.view(), {bias.data(), 2}, {nullptr, 0, 2}));
    CHECK_NOTHROW(FastOps::swiglu({nullptr, 0, 2}, 7, 1.702, {nullptr, 0, 1}));
    const std::vector<float> sinks(1), cache(4);
    CHECK_NOTHROW(FastOps::attend({nullptr, 0, 4}, {cache.data(), 1, 4}, {cache.data(), 1, 4},
                                  {sinks.data(), 1}, {nullptr, 0}, 0, {}, {nullptr, 0, 4}));
}

// --- expert_linear ----------------------------------------------------------------------------

namespace {

struct Experts {
    std::vector<std::uint8_t> codes, scales;
    ExpertStack stack;
    Experts(int n_experts, int rows, int cols)
        : codes(std::size_t(n_experts * rows * cols / 2)), scales(codes.size() / 16, 126) {
        generate_bytes(9, 0, codes.size(), codes.data());
        for (std::size_t i = 0; i < scales.size(); ++i) {
            scales[i] = std::uint8_t(124 + i % 3);  // weights up to 3
        }
        stack = {codes.data(), scales.data(), nullptr, n_experts, rows, cols};
    }
};

void check_experts(int rows, int cols, int n_tokens, int top_k, XRows x_rows,
                   const std::vector<std::int32_t>& ids) {
    const int n_experts = 8, n_rows = n_tokens * top_k;
    const Experts experts(n_experts, rows, cols);
    const int n_x = x_rows == XRows::per_rank ? n_rows : n_tokens;
    const std::vector<float> x = numbers(n_x * cols, 12), bias = numbers(n_experts * rows, 13);
    const ConstMatrixView x_view{x.data(), n_x, cols};
    const ConstIdsView ids_view{ids.data(), n_tokens, top_k};
    const ConstMatrixView bias_view{bias.data(), n_experts, rows};
    std::vector<float> expected(std::size_t(n_rows * rows));
    expert_linear(x_view, x_rows, ids_view, experts.stack, bias_view,
                  {expected.data(), n_rows, rows});
    for (const Kernels& k : all_kernels()) {
        INFO(instruction_set_name(k.set) << ": " << n_tokens << " tokens");
        std::vector<float> y(expected.size(), 9.0f);
        fast::expert_linear_with(k, nullptr, x_view, x_rows, ids_view, experts.stack, bias_view,
                                 {y.data(), n_rows, rows});
        CHECK(largest_difference(y, expected) <= 3 * sum_bound(cols));  // weights up to 3

        const GgufForm gguf(experts.stack, rows % 2 == 0 ? 2 : 1);
        std::vector<float> of_gguf(expected.size(), 9.0f);
        fast::expert_linear_with(k, nullptr, x_view, x_rows, ids_view, gguf.stack, bias_view,
                                 {of_gguf.data(), n_rows, rows});
        CHECK(largest_difference(of_gguf, expected) <= 3 * sum_bound(cols));
    }
}

}  // namespace

TEST_CASE("fast: expert_linear, where most experts have no token, some few and some many",
          "[fast]") {
    for (const int n_tokens : {1, 7, 40}) {
        std::vector<std::int32_t> ids;
        for (int t = 0; t < n_tokens; ++t) {
            ids.insert(ids.end(), {5, t % 7 == 0 ? 2 : 1});
        }
        check_experts(37, 96, n_tokens, 2, XRows::per_token, ids);
        check_experts(37, 96, n_tokens, 2, XRows::per_rank, ids);
        check_experts(74, 224, n_tokens, 2, XRows::per_rank, ids);
    }
}

TEST_CASE("fast: expert_linear with all tokens to one expert", "[fast]") {
    check_experts(37, 96, 50, 1, XRows::per_rank, std::vector<std::int32_t>(50, 7));
}

TEST_CASE("fast: expert_linear takes files that were unpacked to BF16", "[fast]") {
    const std::vector<std::uint16_t> ones(2 * 32 * 3, 0x3F80);  // 1.0
    ExpertStack stack{nullptr, nullptr, reinterpret_cast<const std::uint8_t*>(ones.data()),
                      2,       3,       32};
    const std::vector<float> x(32, 0.5f), bias{1, 2, 3, 4, 5, 6};
    const std::vector<std::int32_t> ids{1};
    std::vector<float> y(3);
    FastOps::expert_linear({x.data(), 1, 32}, XRows::per_token, {ids.data(), 1, 1}, stack,
                           {bias.data(), 2, 3}, {y.data(), 1, 3});
    CHECK(y == std::vector<float>{20, 21, 22});
}

// --- attend -----------------------------------------------------------------------------------

namespace {

struct AttentionCase {
    int n_tokens;
    int first_position;
    int window;
    int capacity;
    int head_dim = 24;
    float size = 1;  // of queries and keys
    float sink = 0.3f;
};

// Weights are off by what the scores are, which are sums of head_dim products of size^2 each, and
// by 3e-7 for exp; mix is a mean of values up to 1.
double attend_bound(const AttentionCase& c) {
    const double score_error =
        c.size * c.size * sum_bound(c.head_dim) / std::sqrt(double(c.head_dim));
    return 2 * score_error + 2e-6;
}

void check_attend(const AttentionCase& c) {
    const int n_heads = 6, n_kv_heads = 2;
    const int q_size = n_heads * c.head_dim, kv_size = n_kv_heads * c.head_dim;
    const std::vector<float> q = numbers(c.n_tokens * q_size, 20, c.size);
    const std::vector<float> keys = numbers(c.capacity * kv_size, 21, c.size);
    const std::vector<float> values = numbers(c.capacity * kv_size, 22);
    const std::vector<float> sinks(n_heads, c.sink);
    std::vector<std::int32_t> positions;
    for (int t = 0; t < c.n_tokens; ++t) {
        positions.push_back(c.first_position + t);
    }
    std::vector<float> expected(q.size()), expected_share(std::size_t(c.n_tokens * n_heads));
    const auto run = [&](const auto& attend_op, std::vector<float>& mix,
                         std::vector<float>& share) {
        AttentionRecord record;
        record.sink_share = {share.data(), c.n_tokens, n_heads};
        attend_op(ConstMatrixView{q.data(), c.n_tokens, q_size},
                  ConstMatrixView{keys.data(), c.capacity, kv_size},
                  ConstMatrixView{values.data(), c.capacity, kv_size},
                  ConstVectorView{sinks.data(), n_heads},
                  ConstIdsView{positions.data(), c.n_tokens}, c.window, record,
                  MatrixView{mix.data(), c.n_tokens, q_size});
    };
    run(gptoss::attend, expected, expected_share);
    for (const Kernels& k : all_kernels()) {
        INFO(instruction_set_name(k.set) << ": tokens " << c.n_tokens << " from "
                                         << c.first_position << ", window " << c.window);
        std::vector<float> mix(q.size(), 9.0f), share(expected_share.size(), 9.0f);
        const auto with_these = [&](auto... operands) { fast::attend_with(k, operands...); };
        run(with_these, mix, share);
        CHECK(largest_difference(mix, expected) <= attend_bound(c));
        CHECK(largest_difference(share, expected_share) <= attend_bound(c));
    }
}

}  // namespace

TEST_CASE("fast: attend on full layers, at the first token, across blocks of keys and queries",
          "[fast]") {
    check_attend({1, 0, 0, 1});
    check_attend({1, 99, 0, 128});
    check_attend({7, 30, 0, 40});
    check_attend({33, 0, 0, 33, 64});
}

TEST_CASE("fast: attend on sliding layers, at the window's edges and where the ring turns over",
          "[fast]") {
    check_attend({1, 15, 16, 16});
    check_attend({1, 16, 16, 16});
    check_attend({1, 1000, 16, 16, 64});
    check_attend({40, 100, 16, 55});
    check_attend({20, 3, 4, 23, 3});
}

TEST_CASE("fast: attend with scores of hundreds, with no sink and with all of it", "[fast]") {
    const float infinity = std::numeric_limits<float>::infinity();
    check_attend({5, 40, 0, 64, 24, 20});
    check_attend({5, 40, 16, 64, 24, 1, -infinity});
    check_attend({5, 40, 16, 64, 24, 1, 300});
}

TEST_CASE("fast: attend leaves records of scores and weights to the plain version", "[fast]") {
    const std::vector<float> q{1, 2}, keys{3, 4}, values{5, 6}, sinks{0};
    const std::vector<std::int32_t> positions{0};
    std::vector<float> scores(1), weights(1), mix(2);
    AttentionRecord record;
    record.scores = {scores.data(), 1, 1};
    record.weights = {weights.data(), 1, 1};
    FastOps::attend({q.data(), 1, 2}, {keys.data(), 1, 2}, {values.data(), 1, 2}, {sinks.data(), 1},
                    {positions.data(), 1}, 0, record, {mix.data(), 1, 2});
    CHECK_THAT(scores[0], WithinAbs(11 / std::sqrt(2.0), 1e-6));
    CHECK_THAT(mix[1], WithinAbs(6 * weights[0], 1e-6));
}

// --- swiglu -----------------------------------------------------------------------------------

TEST_CASE("fast: swiglu is the plain one's twin, far beyond its clamps too", "[fast]") {
    const std::vector<float> h = numbers(9 * 70, 30, 40);
    std::vector<float> expected(9 * 35);
    swiglu({h.data(), 9, 70}, 7, 1.5, {expected.data(), 9, 35});
    for (const Kernels& k : all_kernels()) {
        std::vector<float> y(expected.size());
        fast::swiglu_with(k, {h.data(), 9, 70}, 7, 1.5, {y.data(), 9, 35});
        // y is up to 56; exp's argument is rounded by 5e-7 where it still counts, exp by 3e-7.
        CHECK(largest_difference(y, expected) <= 56 * 1e-6);
    }
}

// --- Threads ----------------------------------------------------------------------------------

TEST_CASE("fast: ranges cover every item once, for any number of threads", "[fast]") {
    for (const int n_items : {1, 2, 5, 1000}) {
        for (const std::int64_t work : {std::int64_t(1), fast::kWorkWorthThreads}) {
            std::vector<int> visits(std::size_t(n_items), 0);
            fast::for_ranges(n_items, work, [&](int first, int last) {
                for (int i = first; i < last; ++i) {
                    ++visits[std::size_t(i)];
                }
            });
            const std::vector<int> once(visits.size(), 1);
            CHECK(visits == once);
        }
    }
}

TEST_CASE("fast: what a range throws comes out, whichever thread has it", "[fast]") {
#ifdef _OPENMP
    omp_set_num_threads(3);
#endif
    for (const int bad : {0, 4, 8}) {
        const auto refuse_bad = [&](int first, int last) {
            if (first <= bad && bad < last) throw Error("item " + std::to_string(bad));
        };
        CHECK_THROWS_WITH(fast::for_ranges(9, fast::kWorkWorthThreads, refuse_bad),
                          "item " + std::to_string(bad));
    }
}

TEST_CASE("fast: one thread and three give the same bits", "[fast]") {
#ifdef _OPENMP
    const int hidden_size = 160, n_tokens = 37, n_experts = 8;
    const Bf16Weights w(200, hidden_size, numbers(200 * hidden_size, 40));
    const Experts experts(n_experts, 200, hidden_size);
    const std::vector<float> x = numbers(n_tokens * hidden_size, 41), bias(200 * n_experts);
    const std::vector<float> cache = numbers(64 * 40, 42), sinks(8);
    std::vector<std::int32_t> ids, positions;
    for (int t = 0; t < n_tokens; ++t) {
        positions.push_back(20 + t);
        ids.insert(ids.end(), {t % n_experts, t % 3});
    }
    std::vector<std::vector<float>> results;
    for (const int n : {1, 3}) {
        omp_set_num_threads(n);
        const ConstMatrixView x_view{x.data(), n_tokens, hidden_size};
        std::vector<float> y(std::size_t(n_tokens * 200)), experts_y(2 * y.size()), mix(x.size());
        FastOps::linear(x_view, w.view(), {bias.data(), 200}, {y.data(), n_tokens, 200});
        FastOps::expert_linear(x_view, XRows::per_token, {ids.data(), n_tokens, 2}, experts.stack,
                               {bias.data(), n_experts, 200},
                               {experts_y.data(), 2 * n_tokens, 200});
        FastOps::attend(x_view, {cache.data(), 64, 40}, {cache.data(), 64, 40}, {sinks.data(), 8},
                        {positions.data(), n_tokens}, 0, {}, {mix.data(), n_tokens, hidden_size});
        y.insert(y.end(), experts_y.begin(), experts_y.end());
        y.insert(y.end(), mix.begin(), mix.end());
        results.push_back(y);
    }
    CHECK(results[0] == results[1]);
#else
    skip_test("built without OpenMP");
#endif
}

// --- Errors -----------------------------------------------------------------------------------

TEST_CASE("fast: operands that do not fit are named in the error", "[fast][errors]") {
    const Bf16Weights w(2, 3, std::vector<float>(6));
    std::vector<float> x(64), bias(3), y(64);
    const std::vector<std::int32_t> ids{0};
    REQUIRE_THROWS_WITH(
        FastOps::linear({x.data(), 1, 4}, w.view(), {bias.data(), 2}, {y.data(), 1, 2}),
        "linear: w.cols is 3, expected 4 (x.cols)");
    REQUIRE_THROWS_WITH(FastOps::unembed({x.data(), 1, 3}, w.view(), {y.data(), 1, 3}),
                        "unembed: logits is (1, 3), expected (1, 2)");
    REQUIRE_THROWS_WITH(FastOps::swiglu({x.data(), 1, 4}, 7, 1.702, {y.data(), 1, 3}),
                        "swiglu: y is (1, 3), expected (1, 2)");
    const Experts experts(1, 1, 32);
    REQUIRE_THROWS_WITH(
        FastOps::expert_linear({x.data(), 1, 32}, XRows::per_token, {ids.data(), 1, 1},
                               experts.stack, {bias.data(), 1, 2}, {y.data(), 1, 1}),
        "expert_linear: bias is (1, 2), expected (1, 1)");
    const std::vector<std::int32_t> positions{9};
    REQUIRE_THROWS_WITH(
        FastOps::attend({x.data(), 1, 4}, {x.data(), 2, 4}, {x.data(), 2, 4}, {bias.data(), 1},
                        {positions.data(), 1}, 0, {}, {y.data(), 1, 4}),
        "attend: keys.rows is 2, expected at least 10 (visible positions)");
}
