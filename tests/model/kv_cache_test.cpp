#include "gptoss/model/kv_cache.hpp"

#include <algorithm>
#include <numeric>
#include <vector>

#include "catch.hpp"
#include "gptoss/core/presets.hpp"
#include "gptoss/ops/scalar.hpp"

using namespace gptoss;

namespace {

constexpr int kSliding = 0;  // even layers slide
constexpr int kFull = 1;

// Window 4 and a row of 2 floats: one head of two channels.
Config small_config(int max_context_length = 131072) {
    Config config = with_layers(preset_tiny(), 2);
    config.n_heads = 1;
    config.n_kv_heads = 1;
    config.head_dim = 2;
    config.max_context_length = max_context_length;
    return config;
}

struct ScarceMemory : HostMemory {
    static std::size_t free_bytes() { return 80'000; }  // 16 bytes a row
};

// What a pass of n_tokens does to the cache: make room, store, move on. The key of position s holds
// s + 0.25, its value s + 0.5, so that a row says where it came from.
template <class Memory = HostMemory>
void store_tokens(KvCache& cache, const Config& config, int n_tokens) {
    reserve<Memory>(cache, config, n_tokens);
    std::vector<std::int32_t> positions;
    std::vector<float> keys, values;
    for (int t = 0; t < n_tokens; ++t) {
        const int s = cache.length + t;
        positions.push_back(s);
        keys.insert(keys.end(), std::size_t(config.kv_size()), float(s) + 0.25f);
        values.insert(values.end(), std::size_t(config.kv_size()), float(s) + 0.5f);
    }
    for (LayerCache& layer : cache.layers) {
        const ConstIdsView at{positions.data(), n_tokens, 1};
        cache_store({keys.data(), n_tokens, config.kv_size()}, at, layer.keys);
        cache_store({values.data(), n_tokens, config.kv_size()}, at, layer.values);
    }
    cache.length += n_tokens;
}

// The position of the key in each row, as far as rows were written.
std::vector<int> positions_in_rows(const LayerCache& layer, int length) {
    std::vector<int> positions;
    for (int row = 0; row < std::min(layer.keys.rows, length); ++row) {
        positions.push_back(int(layer.keys.row(row)[0]));
    }
    return positions;
}

// The first of the positions that a later query, at first_query, can see.
int first_needed(const Config& config, int layer, int first_query) {
    return first_visible_position(first_query, config.window(layer));
}

bool holds(const LayerCache& layer, int s) {
    const int row = s % layer.keys.rows;
    return layer.keys.row(row)[1] == float(s) + 0.25f &&
           layer.values.row(row)[1] == float(s) + 0.5f;
}

}  // namespace

// --- Worked by hand ---------------------------------------------------------------------------

TEST_CASE("kv_cache: six tokens, one at a time, in a ring of window 4", "[kv_cache]") {
    const Config config = small_config();
    KvCache cache;
    for (int t = 0; t < 6; ++t) {
        store_tokens(cache, config, 1);
    }
    const LayerCache& sliding = cache.layers[kSliding];
    CHECK(positions_in_rows(sliding, 6) == std::vector<int>{4, 5, 2, 3});  // 4 and 5 came round
    const LayerCache& full = cache.layers[kFull];
    CHECK(positions_in_rows(full, 6) == std::vector<int>{0, 1, 2, 3, 4, 5});
}

TEST_CASE("kv_cache: capacities while ten tokens arrive one by one", "[kv_cache]") {
    const Config config = small_config();
    KvCache cache;
    std::vector<int> sliding_rows, full_rows;
    for (int t = 0; t < 10; ++t) {
        store_tokens(cache, config, 1);
        sliding_rows.push_back(cache.layers[kSliding].keys.rows);
        full_rows.push_back(cache.layers[kFull].keys.rows);
    }
    CHECK(sliding_rows == std::vector<int>{1, 2, 4, 4, 4, 4, 4, 4, 4, 4});  // never past window
    CHECK(full_rows == std::vector<int>{1, 2, 4, 4, 8, 8, 8, 8, 16, 16});   // doubling
}

// --- The claims of the header, one by one -----------------------------------------------------

TEST_CASE("kv_cache: a sliding layer needs window - 1 rows besides the chunk", "[kv_cache]") {
    const Config config = small_config();
    CHECK(needed_capacity(config, kSliding, 0, 5) == 5);
    CHECK(needed_capacity(config, kSliding, 2, 5) == 7);
    CHECK(needed_capacity(config, kSliding, 100, 1) == 4);
    CHECK(needed_capacity(config, kSliding, 100, 5) == 8);
    CHECK(needed_capacity(config, kFull, 100, 5) == 105);

    KvCache cache;
    store_tokens(cache, config, 5);
    store_tokens(cache, config, 5);
    store_tokens(cache, config, 5);
    CHECK(cache.layers[kSliding].keys.rows == 3 + 5);
}

TEST_CASE("kv_cache: after storing a chunk its first query still finds its whole window",
          "[kv_cache]") {
    const Config config = small_config();
    const std::vector<std::vector<int>> runs = {
        {1, 1, 1, 1, 1, 1, 1}, {3, 3, 3, 3, 3}, {5, 1, 1, 7, 2}, {1, 2, 4, 8, 16}, {16, 1, 1, 5}};
    for (const std::vector<int>& chunks : runs) {
        KvCache cache;
        for (const int n_tokens : chunks) {
            const int first_query = cache.length;
            store_tokens(cache, config, n_tokens);
            for (const int layer : {kSliding, kFull}) {
                for (int s = first_needed(config, layer, first_query); s < cache.length; ++s) {
                    INFO("layer " << layer << ", chunk of " << n_tokens << " at " << first_query
                                  << ", position " << s);
                    CHECK(holds(cache.layers[std::size_t(layer)], s));
                }
            }
        }
    }
}

TEST_CASE("kv_cache: a ring of exactly window rows would lose what a chunk's first query needs",
          "[kv_cache]") {
    // Positions 0 .. 3 fill the ring; a chunk of 3 overwrites 0, 1 and 2. Its first query, at
    // position 4, sees 1, 2, 3 and 4.
    const Config config = small_config();
    LayerCache ring;
    grow<HostMemory>(ring, config, 0, config.sliding_window);
    std::vector<std::int32_t> positions(7);
    std::iota(positions.begin(), positions.end(), 0);
    std::vector<float> keys;
    for (int s = 0; s < 7; ++s) {
        keys.insert(keys.end(), 2, float(s));
    }
    cache_store({keys.data(), 4, 2}, {positions.data(), 4, 1}, ring.keys);
    cache_store({keys.data() + 8, 3, 2}, {positions.data() + 4, 3, 1}, ring.keys);
    CHECK(positions_in_rows(ring, 7) == std::vector<int>{4, 5, 6, 3});
    CHECK(needed_capacity(config, kSliding, 4, 3) == 6);  // so two more rows are asked for
}

TEST_CASE("kv_cache: growing moves every row to its new place", "[kv_cache]") {
    // A ring of 4 holds 6 .. 9 as rows 8, 9, 6, 7; in a ring of 8 they belong in 0, 1, 6 and 7.
    const Config config = small_config();
    KvCache cache;
    for (int t = 0; t < 10; ++t) {
        store_tokens(cache, config, 1);
    }
    LayerCache& ring = cache.layers[kSliding];
    REQUIRE(positions_in_rows(ring, 10) == std::vector<int>{8, 9, 6, 7});
    grow<HostMemory>(ring, config, cache.length, 8);
    CHECK(ring.keys.rows == 8);
    CHECK(ring.values.rows == 8);
    for (int s = 6; s < 10; ++s) {
        CHECK(holds(ring, s));
    }
    CHECK(int(ring.keys.row(0)[0]) == 8);
    CHECK(int(ring.keys.row(7)[0]) == 7);
}

TEST_CASE("kv_cache: memory that says no is asked for less", "[kv_cache]") {
    const Config config = small_config();
    KvCache cache;
    store_tokens<ScarceMemory>(cache, config, 3000);
    store_tokens<ScarceMemory>(cache, config, 1);
    CHECK(cache.layers[kFull].keys.rows == 3 * 1024);  // and not 6000
    for (int s = 0; s < 3001; ++s) {
        CHECK(holds(cache.layers[kFull], s));
    }
}

TEST_CASE("kv_cache: a full layer doubles, but never past the longest context", "[kv_cache]") {
    const Config config = small_config(100);
    CHECK(grown_capacity(config, kFull, 0, 1) == 1);
    CHECK(grown_capacity(config, kFull, 16, 17) == 32);
    CHECK(grown_capacity(config, kFull, 16, 50) == 50);
    CHECK(grown_capacity(config, kFull, 64, 65) == 100);

    KvCache cache;
    for (int t = 0; t < 100; ++t) {
        store_tokens(cache, config, 1);
    }
    CHECK(cache.layers[kFull].keys.rows == 100);
    for (int s = 0; s < 100; ++s) {
        CHECK(holds(cache.layers[kFull], s));
    }
}

TEST_CASE("kv_cache: memory follows the context, not its maximum", "[kv_cache]") {
    // 20b, 131,072 positions: 12 GiB of float32 if all were allocated. Ten tokens: 24 layers of ten
    // rows, 4,096 bytes each.
    const Config config = preset_20b();
    REQUIRE(config.max_context_length == 131072);
    KvCache cache;
    CHECK(bytes_of(cache) == 0);
    reserve<HostMemory>(cache, config, 10);
    CHECK(bytes_of(cache) == 24 * 10 * 4096);
}

TEST_CASE("kv_cache: room that is there is not taken again", "[kv_cache]") {
    const Config config = small_config();
    KvCache cache;
    store_tokens(cache, config, 8);
    const float* keys = cache.layers[kSliding].keys.data;
    store_tokens(cache, config, 1);
    store_tokens(cache, config, 5);
    CHECK(cache.layers[kSliding].keys.data == keys);
}

TEST_CASE("kv_cache: keys and values are apart, and so are the layers", "[kv_cache]") {
    const Config config = small_config();
    KvCache cache;
    reserve<HostMemory>(cache, config, 3);
    const LayerCache& layer = cache.layers[kFull];
    CHECK(layer.values.data == layer.keys.row(layer.keys.rows));
    CHECK(layer.memory.bytes() == 2 * 3 * 2 * sizeof(float));
    CHECK(cache.layers[kSliding].keys.data != layer.keys.data);
}

TEST_CASE("kv_cache: a cache that was moved away is empty", "[kv_cache]") {
    const Config config = small_config();
    KvCache cache;
    store_tokens(cache, config, 6);
    KvCache saved = std::move(cache);
    CHECK(cache.length == 0);
    CHECK(cache.layers.empty());
    CHECK(saved.length == 6);
    CHECK(holds(saved.layers[kFull], 5));

    store_tokens(cache, config, 2);
    cache = std::move(saved);
    CHECK(saved.length == 0);
    CHECK(cache.length == 6);
    CHECK(holds(cache.layers[kFull], 5));
}

TEST_CASE("kv_cache: length goes back as far as a ring holds what is seen from there",
          "[kv_cache]") {
    const Config config = small_config();
    KvCache cache;
    store_tokens(cache, config, 5);
    store_tokens(cache, config, 1);  // position 5 over position 0, in a ring of 5
    CHECK(cache.layers[kSliding].first_held == 1);
    cache.length = 3;
    REQUIRE_THROWS_WITH(reserve<HostMemory>(cache, config, 1),
                        "kv_cache: length is 3, so positions from 0 on are seen, but those before "
                        "1 are written over");
    cache.length = 4;
    CHECK_NOTHROW(store_tokens(cache, config, 1));
    CHECK(cache.layers[kSliding].first_held == 1);  // position 0 stays lost
    store_tokens(cache, config, 1);
    for (int s = 1; s < 6; ++s) {
        CHECK(holds(cache.layers[kSliding], s));
        CHECK(holds(cache.layers[kFull], s));
    }
    cache.length = 0;
    CHECK_NOTHROW(store_tokens(cache, config, 2));
    CHECK_NOTHROW(store_tokens(cache, config, 2));
}

// --- Errors -----------------------------------------------------------------------------------

TEST_CASE("kv_cache: a context beyond the maximum is refused, and the cache stays as it was",
          "[kv_cache][errors]") {
    const Config config = small_config(10);
    KvCache cache;
    store_tokens(cache, config, 8);
    REQUIRE_THROWS_WITH(reserve<HostMemory>(cache, config, 3),
                        "context: 8 tokens and 3 more, expected at most 10 (max_context_length)");
    CHECK(cache.length == 8);
    CHECK(cache.layers[kFull].keys.rows == 8);
    CHECK_NOTHROW(store_tokens(cache, config, 2));
    REQUIRE_THROWS_WITH(reserve<HostMemory>(cache, config, 1),
                        "context: 10 tokens and 1 more, expected at most 10 (max_context_length)");
    CHECK(cache.layers[kFull].keys.rows == 10);
}

TEST_CASE("kv_cache: positions without rows are refused", "[kv_cache][errors]") {
    const Config config = small_config();
    KvCache cache;
    cache.length = 6;  // a sliding layer would have the last 3, a full one all
    REQUIRE_THROWS_WITH(reserve<HostMemory>(cache, config, 1),
                        "kv_cache: keys.rows is 0, expected at least 3 (positions that are seen)");
    cache.length = 0;
    store_tokens(cache, config, 5);
    cache.length = 9;
    REQUIRE_THROWS_WITH(reserve<HostMemory>(cache, config, 1),
                        "kv_cache: keys.rows is 5, expected at least 9 (positions that are seen)");
}
