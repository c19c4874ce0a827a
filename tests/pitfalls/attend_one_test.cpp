#include "gptoss/pitfalls/attend_one.hpp"

#include <vector>

#include "catch.hpp"
#include "gptoss/ops/scalar.hpp"

using namespace gptoss;
using namespace gptoss::pitfalls;

TEST_CASE("attend one: token by token it is attend of them all, record included", "[pitfalls]") {
    const int n_tokens = 3, n_heads = 2,
              n_positions = 4;  // the second pass: position 0 is behind it
    std::vector<float> q(n_tokens * 4), keys(n_positions * 2), values(n_positions * 2);
    for (std::vector<float>* made : {&q, &keys, &values}) {
        for (std::size_t i = 0; i < made->size(); ++i) {
            (*made)[i] = float((7 * i + made->size()) % 11) / 4 - 1;
        }
    }
    const float sinks[2] = {0.5f, -1};
    const std::int32_t positions[3] = {1, 2, 3};
    struct Result {
        std::vector<float> scores = std::vector<float>(24), weights = std::vector<float>(24),
                           share = std::vector<float>(6), mix = std::vector<float>(12);
        bool operator==(const Result&) const = default;
        AttentionRecord record() {
            return {{scores.data(), 6, 4}, {weights.data(), 6, 4}, {share.data(), 3, 2}};
        }
    };
    for (const int window : {0, 2}) {
        Result at_once, one_by_one;
        const ConstMatrixView all_q{q.data(), n_tokens, 2 * n_heads};
        const ConstMatrixView k{keys.data(), n_positions, 2}, v{values.data(), n_positions, 2};
        attend(all_q, k, v, {sinks, 2}, {positions, 3}, window, at_once.record(),
               {at_once.mix.data(), n_tokens, 4});
        for (int t = 0; t < n_tokens; ++t) {
            attend_one<ScalarOps>(t, all_q, k, v, {sinks, 2}, positions[t], window,
                                  one_by_one.record(), {one_by_one.mix.data(), n_tokens, 4});
        }
        CHECK(one_by_one == at_once);
        CHECK(at_once.mix[0] != 0);
    }
}
