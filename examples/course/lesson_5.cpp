// Lesson 5, attention: scores, shares and the sink, the mix.
#include "adapt_attention.hpp"
#include "functions.hpp"
#include "lessons.hpp"

namespace gptoss::course {
namespace {

using SoftmaxWithSink = Remote<"softmax_with_sink", &gptoss::softmax_with_sink>;
using ScoreKeys = Remote<"score_keys", &score_keys_of>;
using MixValues = Remote<"mix_values", &mix_values_of>;

constexpr float kNoSink = -std::numeric_limits<float>::infinity();

// The shares of the keys, then the sink's.
Numbers shares(const Floats& scores, float sink) {
    const int n = int(scores.size());
    Floats weights = unwritten(n);
    const float sink_share = SoftmaxWithSink::call({scores.data(), n}, sink, {weights.data(), n});
    weights.push_back(sink_share);
    return numbers(weights);
}

Numbers hidden_softmax(Random& random) {
    const Floats scores = random.floats(random.between(1, 40), 8);
    return shares(scores, random.number(8));
}

Numbers scored(const Floats& q, const Matrix& keys, int g, int first, int n_keys) {
    Floats scores = unwritten(n_keys);
    ScoreKeys::call({q.data(), int(q.size())}, keys.view(), g, first, {scores.data(), n_keys});
    return numbers(scores);
}

Numbers hidden_scores(Random& random) {
    const int head_dim = 2 * random.between(1, 16);
    const int n_kv_heads = random.between(1, 3);
    const Matrix keys = random.matrix(random.between(2, 9), n_kv_heads * head_dim);
    return scored(random.floats(head_dim, 4), keys, random.below(n_kv_heads), random.below(20),
                  random.between(1, keys.rows));
}

Numbers mixed(const Floats& weights, const Matrix& values, int g, int head_dim, int first) {
    Floats mix = unwritten(head_dim);
    MixValues::call({weights.data(), int(weights.size())}, values.view(), g, first,
                    {mix.data(), head_dim});
    return numbers(mix);
}

Numbers hidden_mix(Random& random) {
    const int head_dim = 2 * random.between(1, 16);
    const int n_kv_heads = random.between(1, 3);
    const Matrix values = random.matrix(random.between(2, 9), n_kv_heads * head_dim);
    const Floats weights = random.floats(random.between(1, values.rows));
    return mixed(weights, values, random.below(n_kv_heads), head_dim, random.below(20));
}

const Matrix kKeys{{1, 0, 0, 0, /**/ 0, 2, 0, 0, /**/ 0, 0, 3, 0}, 3, 4};
const Matrix kTwoHeads{{1, 2, 3, 4, /**/ 5, 6, 7, 8}, 2, 4};  // two heads of two channels

}  // namespace

std::vector<Exercise> lesson_5() {
    std::vector<WorkedCase> softmax{
        {"scores 0, 0 without a sink (-inf): halves, and nothing",
         {0.5, 0.5, 0},
         [] { return shares({0, 0}, kNoSink); }},
        {"scores 0, 0 and sink 0: thirds",
         {1.0 / 3, 1.0 / 3, 1.0 / 3},
         [] { return shares({0, 0}, 0); }},
        {"1, 2 and sink 3: exponentials 0.135, 0.368, 1 of 1.503",
         {0.09003057, 0.24472847, 0.66524096},
         [] { return shares({1, 2}, 3); }},
        {"1000, 1000: subtract the largest, or exp overflows",
         {0.5, 0.5, 0},
         [] { return shares({1000, 1000}, 0); }},
        {"a sink of 1000 is the largest then", {0, 0, 1}, [] { return shares({0, 1}, 1000); }},
    };
    std::vector<WorkedCase> scores{
        {"q = (2, 4, 6, 8), keys 1, 2, 3 on their axes: 2/2, 8/2, 18/2",
         {1, 4, 9},
         [] { return scored({2, 4, 6, 8}, kKeys, 0, 0, 3); }},
        {"from position 1 on", {4, 9}, [] { return scored({2, 4, 6, 8}, kKeys, 0, 1, 2); }},
        {"positions 2 and 3 of a ring of 3 are in rows 2 and 0",
         {9, 1},
         [] { return scored({2, 4, 6, 8}, kKeys, 0, 2, 2); }},
        {"kv head 1 is the second half of a row: (3 + 4), (7 + 8), over sqrt(2)",
         {4.9497475, 10.606602},
         [] { return scored({1, 1}, kTwoHeads, 1, 0, 2); }},
    };
    std::vector<WorkedCase> mix{
        {"all the weight on one key: its value",
         {5, 6},
         [] { return mixed({0, 1}, kTwoHeads, 0, 2, 0); }},
        {"half and half", {3, 4}, [] { return mixed({0.5f, 0.5f}, kTwoHeads, 0, 2, 0); }},
        {"a quarter each, half went to the sink: not made up for",
         {2.5, 3},
         [] { return mixed({0.25f, 0.25f}, kTwoHeads, 1, 2, 0); }},
        {"position 3 of a ring of 2 is in row 1",
         {7, 8},
         [] { return mixed({1}, kTwoHeads, 1, 2, 3); }},
    };
    return {{"softmax_with_sink", softmax, hidden_softmax},
            {"score_keys", scores, hidden_scores},
            {"mix_values", mix, hidden_mix}};
}

}  // namespace gptoss::course
