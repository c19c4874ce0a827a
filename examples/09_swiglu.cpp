// Example 09: the clamped SwiGLU of gpt-oss, unit by unit.  Read with docs/09-swiglu.md.
// Try: set the limit to 100. Which rows change?
#include <cmath>
#include <cstdio>

#include "gptoss/layers/swiglu.hpp"

// SwiGLU as in the paper, for comparison: no clamp, alpha 1, nothing added to up.
float paper_swiglu(float gate, float up) {
    return gate / (1.0f + std::exp(-gate)) * up;
}

int main() {
    // gate and up alternate: h[0], h[1] are unit 0, h[2], h[3] are unit 1, ...
    const float h[18] = {0, 0, 1, 0, 1, 1, -1, 2, 7, 0, 8, 0, 100, 100, 3, -9, 3, -1};
    float y[9];

    gptoss::swiglu({h, 1, 18}, 7.0f, 1.702, {y, 1, 9});

    std::printf("  gate      up         y   SwiGLU of the paper\n");
    for (int i = 0; i < 9; ++i) {
        const float gate = h[2 * i];
        const float up = h[2 * i + 1];
        std::printf("%6.1f  %6.1f  %8.4f  %20.4f\n", double(gate), double(up), double(y[i]),
                    double(paper_swiglu(gate, up)));
    }
}
// Expected output:
//   gate      up         y   SwiGLU of the paper
//    0.0     0.0    0.0000                0.0000
//    1.0     0.0    0.8458                0.0000
//    1.0     1.0    1.6916                0.7311
//   -1.0     2.0   -0.4626               -0.5379
//    7.0     0.0    7.0000                0.0000
//    8.0     0.0    7.0000                0.0000
//  100.0   100.0   55.9996            10000.0000
//    3.0    -9.0  -17.8916              -25.7195
//    3.0    -1.0    0.0000               -2.8577
