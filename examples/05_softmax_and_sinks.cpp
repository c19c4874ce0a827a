// Example 05: a sink takes its share of the attention.  Read with docs/05-softmax-and-sinks.md.
// Try: add 1000 to all scores and to the sinks. Then take the maximum out of the function.
#include <cstdio>

#include "gptoss/layers/softmax.hpp"

int main() {
    const float scores[3] = {1, 2, -1};
    float weights[3];

    gptoss::softmax({scores, 3}, {weights, 3});
    std::printf("  sink   weights                   sum   sink_share\n");
    std::printf("  none   %.4f  %.4f  %.4f   %.4f\n", double(weights[0]), double(weights[1]),
                double(weights[2]), double(weights[0] + weights[1] + weights[2]));

    for (const float sink : {-4.0f, 0.5f, 2.0f, 6.0f}) {
        const float sink_share = gptoss::softmax_with_sink({scores, 3}, sink, {weights, 3});
        std::printf("%6.1f   %.4f  %.4f  %.4f   %.4f       %.4f\n", double(sink),
                    double(weights[0]), double(weights[1]), double(weights[2]),
                    double(weights[0] + weights[1] + weights[2]), double(sink_share));
    }
}
// Expected output:
//   sink   weights                   sum   sink_share
//   none   0.2595  0.7054  0.0351   1.0000
//   -4.0   0.2590  0.7042  0.0351   0.9983       0.0017
//    0.5   0.2242  0.6095  0.0303   0.8640       0.1360
//    2.0   0.1522  0.4136  0.0206   0.5864       0.4136
//    6.0   0.0066  0.0179  0.0009   0.0253       0.9747
