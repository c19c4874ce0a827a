// Example 03: a linear layer turns three inputs into two outputs.  Read with docs/03-linear.md.
// Try: replace 0.3 by 0.5. Why is every printed digit of y then exact?
#include <cstdint>
#include <cstdio>
#include <cstring>

#include "gptoss/layers/linear.hpp"

int main() {
    const float x[2 * 3] = {1, 2, 3,            // token 0
                            0, 0, 10};          // token 1
    const float weights[2 * 3] = {1, 0, -1,     // row 0 makes output 0
                                  2, 1, 0.3f};  // row 1 makes output 1
    const float bias[2] = {10, -1};

    // A checkpoint stores weights in BF16: 16 bits, of which 8 are significant.
    std::uint8_t bytes[2 * 3 * 2];
    for (int i = 0; i < 6; ++i) {
        const std::uint16_t bits = gptoss::float_to_bf16(weights[i]);
        std::memcpy(bytes + 2 * i, &bits, sizeof bits);
    }
    const gptoss::DenseMatrix w = {bytes, 2, 3};

    float y[2 * 2];
    gptoss::linear({x, 2, 3}, w, {bias, 2}, {y, 2, 2});

    for (int o = 0; o < 2; ++o) {
        std::printf("w[%d] = (%.1f, %.1f, %.10f)   bias[%d] = %.0f\n", o, double(w.row(o)[0]),
                    double(w.row(o)[1]), double(w.row(o)[2]), o, double(bias[o]));
    }
    for (int t = 0; t < 2; ++t) {
        const float* x_t = x + 3 * t;
        const float* y_t = y + 2 * t;
        std::printf("x[%d] = (%.0f, %.0f, %.0f)   y[%d] = (%.2f, %.6f)\n", t, double(x_t[0]),
                    double(x_t[1]), double(x_t[2]), t, double(y_t[0]), double(y_t[1]));
    }
}
// Expected output:
// w[0] = (1.0, 0.0, -1.0000000000)   bias[0] = 10
// w[1] = (2.0, 1.0, 0.3007812500)   bias[1] = -1
// x[0] = (1, 2, 3)   y[0] = (8.00, 3.902344)
// x[1] = (0, 0, 10)   y[1] = (0.00, 2.007812)
