// Example 08: a router picks four of six experts.  Read with docs/08-router.md.
// Try: add 10 to every logit. Which columns change? Then make all six logits equal.
#include <cstdint>
#include <cstdio>

#include "gptoss/layers/router.hpp"

int main() {
    const float logits[6] = {0.5f, 2.0f, -1.0f, 1.5f, 1.0f, 0.0f};
    std::int32_t ids[4];
    float weights[4];

    gptoss::route({logits, 1, 6}, {ids, 1, 4}, {weights, 1, 4});

    // The common mistake, for comparison: a softmax over all six, from which four are picked.
    float over_all[6];
    gptoss::softmax({logits, 6}, {over_all, 6});

    std::printf("rank  expert   logit   weight   softmax over all\n");
    float sum = 0;
    float sum_of_mistake = 0;
    for (int j = 0; j < 4; ++j) {
        const int e = ids[j];
        std::printf("%4d %7d %7.1f %8.4f %18.4f\n", j, e, double(logits[e]), double(weights[j]),
                    double(over_all[e]));
        sum += weights[j];
        sum_of_mistake += over_all[e];
    }
    std::printf(" sum %24.4f %18.4f\n", double(sum), double(sum_of_mistake));
}
// Expected output:
// rank  expert   logit   weight   softmax over all
//    0       1     2.0   0.4551             0.4197
//    1       3     1.5   0.2760             0.2546
//    2       4     1.0   0.1674             0.1544
//    3       0     0.5   0.1015             0.0936
//  sum                   1.0000             0.9223
