// Example 01: one block of MXFP4, the form of nine weights in ten.  Read with docs/01-mxfp4.md.
// Try: change the scale byte from 125 to 126. Which printed numbers change, and how?
#include <cstdint>
#include <cstdio>

#include "gptoss/core/mxfp4.hpp"

int main() {
    // Two codes per byte. The first eight bytes run through all sixteen codes, low nibble first.
    const std::uint8_t codes[16] = {0x10, 0x32, 0x54, 0x76, 0x98, 0xBA, 0xDC, 0xFE,
                                    0x21, 0x7A, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00};
    const std::uint8_t scale = 125;
    float weights[32];

    gptoss::mxfp4_decode_block(codes, scale, weights);

    std::printf("scale byte %d: 2^(%d - 127) = %g\n\n", scale, scale,
                double(gptoss::mxfp4_scale(scale)));
    std::printf("byte        low nibble         high nibble\n");
    for (int b = 0; b < 10; ++b) {
        const int low = codes[b] & 15;
        const int high = codes[b] >> 4;
        std::printf("0x%02X   %4d -> w[%2d] %6.3f   %4d -> w[%2d] %6.3f\n", codes[b], low, 2 * b,
                    double(weights[2 * b]), high, 2 * b + 1, double(weights[2 * b + 1]));
    }

    // Back: the nearest code. Between 4 and 6 there is nothing, above 6 nothing at all.
    std::printf("\nvalue     code   stored as\n");
    const float values[5] = {0.6f, 4.9f, 5.0f, 5.1f, -100.0f};
    for (const float value : values) {
        const int code = gptoss::mxfp4_nearest_code(value);
        std::printf("%6.1f %7d %11.1f\n", double(value), code, double(gptoss::kMxfp4Values[code]));
    }
    std::printf("\n%.2f bits per weight\n", (16 + 1) * 8 / 32.0);
}
// Expected output:
// scale byte 125: 2^(125 - 127) = 0.25
//
// byte        low nibble         high nibble
// 0x10      0 -> w[ 0]  0.000      1 -> w[ 1]  0.125
// 0x32      2 -> w[ 2]  0.250      3 -> w[ 3]  0.375
// 0x54      4 -> w[ 4]  0.500      5 -> w[ 5]  0.750
// 0x76      6 -> w[ 6]  1.000      7 -> w[ 7]  1.500
// 0x98      8 -> w[ 8] -0.000      9 -> w[ 9] -0.125
// 0xBA     10 -> w[10] -0.250     11 -> w[11] -0.375
// 0xDC     12 -> w[12] -0.500     13 -> w[13] -0.750
// 0xFE     14 -> w[14] -1.000     15 -> w[15] -1.500
// 0x21      1 -> w[16]  0.125      2 -> w[17]  0.250
// 0x7A     10 -> w[18] -0.250      7 -> w[19]  1.500
//
// value     code   stored as
//    0.6       1         0.5
//    4.9       6         4.0
//    5.0       6         4.0
//    5.1       7         6.0
// -100.0      15        -6.0
//
// 4.25 bits per weight
