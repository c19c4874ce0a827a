// Lesson 6, what is remembered: the cache, the window, and attention over them.
#include <cmath>

#include "functions.hpp"
#include "lessons.hpp"

namespace gptoss::course {
namespace {

using FirstVisible = Remote<"first_visible_position", &gptoss::first_visible_position>;

constexpr float kNoSink = -std::numeric_limits<float>::infinity();

Numbers hidden_first(Random& random) {
    Numbers firsts;
    for (int n = 0; n < 6; ++n) {
        const int position = random.below(300);
        firsts.push_back(FirstVisible::call(position, n % 3 == 0 ? 0 : random.between(1, 200)));
    }
    return firsts;
}

Numbers stored(const Matrix& x, const Ids& positions, Matrix cache) {
    CacheStore::call(x.view(), {positions.data(), x.rows}, cache.out());
    return numbers(cache.values);
}

Numbers hidden_store(Random& random) {
    const int n_tokens = random.between(1, 4);
    const int width = random.between(1, 8);
    const Matrix cache = random.matrix(n_tokens + random.below(5), width);
    Ids positions;
    for (int t = 0, first = random.below(50); t < n_tokens; ++t) {
        positions.push_back(first + t);
    }
    return stored(random.matrix(n_tokens, width), positions, cache);
}

// The mix, then the sinks' shares.
Numbers attended(const Matrix& q, const Matrix& keys, const Matrix& values, const Floats& sinks,
                 const Ids& positions, int window) {
    const int n_heads = int(sinks.size());
    Matrix mix = unwritten(q.rows, q.cols);
    Matrix share = unwritten(q.rows, n_heads);
    AttentionRecord record;
    record.sink_share = share.out();
    Attend::call(q.view(), keys.view(), values.view(), {sinks.data(), n_heads},
                 {positions.data(), q.rows}, window, record, mix.out());
    Numbers all = numbers(mix.values);
    append(all, share.values);
    return all;
}

Numbers hidden_attend(Random& random) {
    const int head_dim = 2 * random.between(1, 6);
    const int n_kv_heads = random.between(2, 3);
    const int n_heads = 2 * n_kv_heads;
    const int n_tokens = random.between(2, 4);
    const int first = random.between(3, 6);
    Ids positions;
    for (int t = 0; t < n_tokens; ++t) {
        positions.push_back(first + t);
    }
    const int window = random.between(0, 3);
    const int n_rows = window == 0 ? first + n_tokens : window - 1 + n_tokens;
    const Matrix keys = random.matrix(n_rows, n_kv_heads * head_dim, 3);
    const Matrix values = random.matrix(n_rows, n_kv_heads * head_dim);
    return attended(random.matrix(n_tokens, n_heads * head_dim, 3), keys, values,
                    random.floats(n_heads, 2), positions, window);
}

// One head of one channel: keys and values of three positions.
const Matrix kColumn{{1, 2, 4}, 3, 1};
const Matrix kZeros{{0, 0, 0}, 3, 1};
const Matrix kTwoKvHeads{{10, 20}, 1, 2};  // one position, two kv heads of one channel

}  // namespace

std::vector<Exercise> lesson_6() {
    std::vector<WorkedCase> first{
        {"window 0: everything from 0 on",
         {0},
         [] { return Numbers{double(FirstVisible::call(5, 0))}; }},
        {"position 5, window 3: 3, 4 and itself",
         {3},
         [] { return Numbers{double(FirstVisible::call(5, 3))}; }},
        {"position 1, window 3: never before 0",
         {0},
         [] { return Numbers{double(FirstVisible::call(1, 3))}; }},
        {"window 128: position 127 sees 0, position 128 does not",
         {0, 1},
         [] {
             return Numbers{double(FirstVisible::call(127, 128)),
                            double(FirstVisible::call(128, 128))};
         }},
    };
    std::vector<WorkedCase> store{
        {"position 0 of a new cache", {7, 0, 0}, [] { return stored({{7}, 1, 1}, {0}, kZeros); }},
        {"positions 1 and 2; row 0 is left alone",
         {1, 8, 9},
         [] { return stored({{8, 9}, 2, 1}, {1, 2}, kColumn); }},
        {"position 4 of a ring of 3 is in row 1",
         {1, 5, 4},
         [] { return stored({{5}, 1, 1}, {4}, kColumn); }},
    };
    std::vector<WorkedCase> attend{
        {"the first token without a sink has only itself: mix is v",
         {1, 0},
         [] { return attended({{3}, 1, 1}, kZeros, kColumn, {kNoSink}, {0}, 0); }},
        {"two equal keys: half of 1 and half of 2",
         {1.5, 0},
         [] { return attended({{0}, 1, 1}, kColumn, kColumn, {kNoSink}, {1}, 0); }},
        {"and a sink of 0: a third of 1, of 2, and of nothing",
         {1, 1.0 / 3},
         [] { return attended({{0}, 1, 1}, kColumn, kColumn, {0}, {1}, 0); }},
        {"head_dim 4: q . k = 2 counts 1, so shares 0.269 and 0.731",
         {0.73105858, 0, 0, 0, 0},
         [] {
             return attended({{2, 0, 0, 0}, 1, 4}, {{0, 0, 0, 0, 1, 0, 0, 0}, 2, 4},
                             {{0, 0, 0, 0, 1, 0, 0, 0}, 2, 4}, {kNoSink}, {1}, 0);
         }},
        {"head_dim 4, sink 2 unscaled: v / (1 + e^2)",
         {0.11920292, 0, 0, 0, 0.88079708},
         [] {
             return attended({{0, 0, 0, 0}, 1, 4}, {{1, 0, 0, 0}, 1, 4}, {{1, 0, 0, 0}, 1, 4}, {2},
                             {0}, 0);
         }},
        {"heads 0, 1 read kv head 0; heads 2, 3 read kv head 1",
         {10, 10, 20, 20, 0, 0, 0, 0},
         [] {
             return attended({{1, 1, 1, 1}, 1, 4}, kTwoKvHeads, kTwoKvHeads, Floats(4, kNoSink),
                             {0}, 0);
         }},
        {"window 2, sink 0: position 2 sees 1 and 2: (2 + 4) / 3",
         {2, 1.0 / 3},
         [] { return attended({{0}, 1, 1}, kColumn, kColumn, {0}, {2}, 2); }},
        {"three tokens in one pass, none sees a later one",
         {1, 1.5, 7.0 / 3, 0, 0, 0},
         [] { return attended({{0, 0, 0}, 3, 1}, kZeros, kColumn, {kNoSink}, {0, 1, 2}, 0); }},
        {"the same under a window of 2",
         {1, 1.5, 3, 0, 0, 0},
         [] { return attended({{0, 0, 0}, 3, 1}, kZeros, kColumn, {kNoSink}, {0, 1, 2}, 2); }},
    };
    return {{"first_visible_position", first, hidden_first},
            {"cache_store", store, hidden_store},
            {"attend", attend, hidden_attend}};
}

}  // namespace gptoss::course
