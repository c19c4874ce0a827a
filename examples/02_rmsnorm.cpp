// Example 02: what RMSNorm does to one token.  Read with docs/02-rmsnorm.md.
// Try: multiply x by 1000. Which printed numbers change, and why?
#include <cstdio>

#include "gptoss/layers/rmsnorm.hpp"

int main() {
    const float x[4] = {3, -4, 0, 12};
    const float gain[4] = {1, 1, 1, 0.5f};
    float y[4];

    gptoss::rmsnorm({x, 1, 4}, {gain, 4}, 1e-5f, {y, 1, 4});

    for (int i = 0; i < 4; ++i) {
        std::printf("x[%d] = %6.2f   y[%d] = %7.4f\n", i, double(x[i]), i, double(y[i]));
    }
}
// Expected output:
// x[0] =   3.00   y[0] =  0.4615
// x[1] =  -4.00   y[1] = -0.6154
// x[2] =   0.00   y[2] =  0.0000
// x[3] =  12.00   y[3] =  0.9231
