// Example 04: RoPE's angles under YaRN, and what they do to q . k.  Read with docs/04-rope.md.
// Try: set initial_context_length to 8192. Which way do low and high move, and which pairs change?
#include <cstdint>
#include <cstdio>
#include <vector>

#include "gptoss/core/presets.hpp"
#include "gptoss/layers/rope.hpp"

// A head of 64 ones, rotated as at this position.
std::vector<float> rotated_ones(const gptoss::Config& config, int position) {
    const std::int32_t positions[1] = {position};
    std::vector<float> table(64);
    gptoss::rope_table(config, {positions, 1}, {table.data(), 1, 64});

    std::vector<float> x(64, 1.0f);
    gptoss::rope({x.data(), 1, 64}, {table.data(), 1, 64}, {x.data(), 1, 64});
    return x;
}

double rotated_dot(const gptoss::Config& config, int p_q, int p_k) {
    const std::vector<float> q = rotated_ones(config, p_q);
    const std::vector<float> k = rotated_ones(config, p_k);
    float dot = 0;
    for (std::size_t d = 0; d < 64; ++d) {
        dot += q[d] * k[d];
    }
    return double(dot);
}

int main() {
    gptoss::Config config = gptoss::preset_20b();
    config.initial_context_length = 4096;  // as in the released models
    gptoss::Config plain = config;
    plain.rope_scaling_factor = 1;

    std::printf("low = %.4f, high = %.4f\n\n", gptoss::yarn_bound(config, config.rope_ntk_beta),
                gptoss::yarn_bound(config, config.rope_ntk_alpha));
    std::printf("pair    ramp    plain RoPE     with YaRN   tokens per turn\n");
    for (const int d : {0, 4, 8, 9, 12, 14, 17, 18, 31}) {
        const double inv_freq = double(gptoss::rope_inv_freq(config, d));
        std::printf("%4d  %6.4f  %12.6e  %12.6e  %16.1f\n", d, double(gptoss::yarn_ramp(config, d)),
                    double(gptoss::rope_inv_freq(plain, d)), inv_freq, 6.283185307 / inv_freq);
    }

    const std::vector<float> y = rotated_ones(config, 1);
    std::printf("\npair 0 at position 1: (1, 1) becomes (%.4f, %.4f)\n", double(y[0]),
                double(y[32]));
    std::printf("q at 5, k at 5:       q . k = %7.3f\n", rotated_dot(config, 5, 5));
    std::printf("q at 5, k at 2:       q . k = %7.3f\n", rotated_dot(config, 5, 2));
    std::printf("q at 1005, k at 1002: q . k = %7.3f\n", rotated_dot(config, 1005, 1002));
}
// Expected output:
// low = 8.0928, high = 17.3980
//
// pair    ramp    plain RoPE     with YaRN   tokens per turn
//    0  0.0000  1.000000e+00  1.000000e+00               6.3
//    4  0.0000  2.254180e-01  2.254180e-01              27.9
//    8  0.0000  5.081327e-02  5.081327e-02             123.7
//    9  0.0975  3.501260e-02  3.170570e-02             198.2
//   12  0.4199  1.145423e-02  6.794959e-03             924.7
//   14  0.6348  5.438262e-03  2.093793e-03            3000.9
//   17  0.9572  1.779105e-03  1.293187e-04           48586.8
//   18  1.0000  1.225882e-03  3.830881e-05          164014.1
//   31  1.0000  9.675236e-06  3.023511e-07        20781086.9
//
// pair 0 at position 1: (1, 1) becomes (-0.4055, 1.8607)
// q at 5, k at 5:       q . k = 116.049
// q at 5, k at 2:       q . k =  97.244
// q at 1005, k at 1002: q . k =  97.244
