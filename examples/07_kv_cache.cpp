// Example 07: which positions a cache holds, and in which rows.  Read with docs/07-kv-cache.md.
// Try: make the third pass 6 tokens long. How many rows does the ring get, and why?
#include <algorithm>
#include <cstdio>
#include <vector>

#include "gptoss/core/model_size.hpp"
#include "gptoss/core/presets.hpp"
#include "gptoss/model/kv_cache.hpp"
#include "gptoss/ops/scalar.hpp"

using namespace gptoss;

// A pass: room for the new tokens in every layer, then their keys. Here a key is its position.
void store_pass(KvCache& cache, const Config& config, int n_tokens) {
    reserve<HostMemory>(cache, config, n_tokens);
    for (int t = 0; t < n_tokens; ++t) {
        const std::int32_t position[1] = {cache.length + t};
        const std::vector<float> key(std::size_t(config.kv_size()), float(position[0]));
        for (LayerCache& layer : cache.layers) {
            cache_store({key.data(), 1, config.kv_size()}, {position, 1}, layer.keys);
        }
    }
    cache.length += n_tokens;
}

int main() {
    const Config config = with_layers(preset_tiny(), 2);  // window 4; layer 0 slides, 1 is full
    KvCache cache;
    std::printf("tokens  length after  rows of layer 1   position in row 0, 1, ... of layer 0\n");
    for (const int n_tokens : {3, 1, 1, 2, 1, 1}) {
        store_pass(cache, config, n_tokens);
        const MatrixView ring = cache.layers[0].keys;
        std::printf("%6d %13d %16d  ", n_tokens, cache.length, cache.layers[1].keys.rows);
        for (int row = 0; row < std::min(ring.rows, cache.length); ++row) {
            std::printf("%3d", int(ring.row(row)[0]));
        }
        std::printf("\n");
    }

    const Config real = preset_20b();
    const double gib = 1024.0 * 1024.0 * 1024.0;
    std::printf("\n20b, float32, 131,072 positions: %.3f GiB, without rings %.3f GiB\n",
                double(kv_cache_bytes(real, 131072, 128)) / gib,
                double(kv_cache_bytes(real, 131072, 131072)) / gib);
}
// Expected output:
// tokens  length after  rows of layer 1   position in row 0, 1, ... of layer 0
//      3             3                3    0  1  2
//      1             4                6    0  1  2  3
//      1             5                6    4  1  2  3
//      2             7               12    5  6  2  3  4
//      1             8               12    5  6  7  3  4
//      1             9               12    5  6  7  8  4
//
// 20b, float32, 131,072 positions: 6.006 GiB, without rings 12.000 GiB
