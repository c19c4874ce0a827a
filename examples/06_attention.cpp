// Example 06: who looks at whom, on a full and on a sliding layer.  Read with docs/06-attention.md.
// Try: give head 1 the sink 5. What happens to its rows, and to those of head 0?
#include <cstdint>
#include <cstdio>

#include "gptoss/layers/attention.hpp"

// Four tokens, two query heads on one kv head of two channels. Every token asks the same: head 0
// for keys with a large channel 0, head 1 for keys with a large channel 1.
void print_attention(const char* title, int window) {
    const float q[4 * 4] = {1, 0, 0, 1, 1, 0, 0, 1, 1, 0, 0, 1, 1, 0, 0, 1};
    const float keys[4 * 2] = {0, 3, 1, 2, 2, 1, 3, 0};
    const float values[4 * 2] = {10, 0, 20, 0, 30, 0, 40, 0};
    const float sinks[2] = {-1, 1};
    const std::int32_t positions[4] = {0, 1, 2, 3};

    float scores[8 * 4];
    float weights[8 * 4];
    float sink_share[4 * 2];
    float mix[4 * 4];
    gptoss::attend({q, 4, 4}, {keys, 4, 2}, {values, 4, 2}, {sinks, 2}, {positions, 4}, window,
                   {{scores, 8, 4}, {weights, 8, 4}, {sink_share, 4, 2}}, {mix, 4, 4});
    std::printf("%s\nhead query   weights of keys 0 to 3       sink   mix[0]\n", title);
    for (int h = 0; h < 2; ++h) {
        for (int t = 0; t < 4; ++t) {
            const float* weights_ht = weights + (h * 4 + t) * 4;
            std::printf("%4d %5d    %.4f %.4f %.4f %.4f   %.4f  %7.4f\n", h, t,
                        double(weights_ht[0]), double(weights_ht[1]), double(weights_ht[2]),
                        double(weights_ht[3]), double(sink_share[t * 2 + h]),
                        double(mix[t * 4 + h * 2]));
        }
    }
}

int main() {
    print_attention("full layer", 0);
    print_attention("sliding layer, window 2", 2);
}
// Expected output:
// full layer
// head query   weights of keys 0 to 3       sink   mix[0]
//    0     0    0.7311 0.0000 0.0000 0.0000   0.2689   7.3106
//    0     1    0.2945 0.5972 0.0000 0.0000   0.1083  14.8888
//    0     2    0.1332 0.2701 0.5478 0.0000   0.0490  23.1661
//    0     3    0.0631 0.1279 0.2595 0.5263   0.0232  32.0253
//    1     0    0.7542 0.0000 0.0000 0.0000   0.2458   7.5423
//    1     1    0.5498 0.2711 0.0000 0.0000   0.1791  10.9193
//    1     2    0.4850 0.2391 0.1179 0.0000   0.1580  13.1690
//    1     3    0.4583 0.2260 0.1114 0.0549   0.1493  14.6431
// sliding layer, window 2
// head query   weights of keys 0 to 3       sink   mix[0]
//    0     0    0.7311 0.0000 0.0000 0.0000   0.2689   7.3106
//    0     1    0.2945 0.5972 0.0000 0.0000   0.1083  14.8888
//    0     2    0.0000 0.3116 0.6319 0.0000   0.0565  25.1888
//    0     3    0.0000 0.0000 0.3208 0.6505   0.0287  35.6448
//    1     0    0.7542 0.0000 0.0000 0.0000   0.2458   7.5423
//    1     1    0.5498 0.2711 0.0000 0.0000   0.1791  10.9193
//    1     2    0.0000 0.4643 0.2289 0.0000   0.3068  16.1528
//    1     3    0.0000 0.0000 0.3529 0.1740   0.4730  17.5490
