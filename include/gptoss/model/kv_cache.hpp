// KV cache: the rotated keys and the values of all earlier positions, per layer.
//
//     full layer     capacity grows with the context (cache_growth.hpp); nothing is ever dropped
//     sliding layer  capacity window - 1 + (tokens per pass) at most: a ring that overwrites what
//                    no later query can see
//     position s is in row s % capacity of both keys and values
//
//   keys, values  (capacity, n_kv_heads * head_dim)   float
//
// Where    cache_store writes, attend reads, once per layer and pass.
// Source   Shazeer 2019, Fast Transformer Decoding, section 2.4; Jiang et al. 2023, Mistral 7B,
//          section 2 (rolling buffer).
// Units    float32: 4,096 bytes per position and layer in the real models.
// Errors   Error when the context would pass max_context_length, and when a layer does not hold what
//          is seen from length on.
// Pitfalls A ring of exactly window rows is too short for a pass of several tokens: its last tokens
//          overwrite keys that its first ones still need. Keys are stored rotated by their absolute
//          position, so a row can move when the ring grows, but its content never changes.
//          Setting length back to a common prefix works as far as no ring has written over what
//          is seen from there, and back to 0 always.
#pragma once
#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "gptoss/core/buffer.hpp"
#include "gptoss/core/check.hpp"
#include "gptoss/core/config.hpp"
#include "gptoss/core/view.hpp"
#include "gptoss/model/cache_growth.hpp"

namespace gptoss {

struct LayerCache {
    MatrixView keys;     // (capacity, n_kv_heads * head_dim)
    MatrixView values;   // (capacity, n_kv_heads * head_dim)
    int first_held = 0;  // positions before it are written over
    Buffer memory;
};

struct KvCache {
    std::vector<LayerCache> layers;
    int length = 0;  // positions stored so far

    // Moved away, it is empty: without its rows it has no positions either.
    KvCache() = default;
    KvCache(KvCache&& other) noexcept
        : layers(std::move(other.layers)), length(std::exchange(other.length, 0)) {}
    KvCache& operator=(KvCache&& other) noexcept {
        layers = std::move(other.layers);
        length = std::exchange(other.length, 0);
        return *this;
    }
};

// Moves the rows of all positions that the cache still holds into a larger one.
template <class Memory>
void grow(LayerCache& cache, const Config& c, int length, int new_capacity) {
    const int kv_size = c.kv_size();
    const std::size_t row_bytes = std::size_t(kv_size) * sizeof(float);
    const std::size_t half = std::size_t(new_capacity) * row_bytes;

    LayerCache grown;
    grown.memory = Buffer::allocate<Memory>(2 * half);
    grown.keys = grown.memory.matrix(0, new_capacity, kv_size);
    grown.values = grown.memory.matrix(half, new_capacity, kv_size);

    const int old_capacity = cache.keys.rows;
    const int first_kept = std::max(0, length - old_capacity);
    for (int s = first_kept, n_rows = 0; s < length; s += n_rows) {
        const int from = s % old_capacity;
        const int to = s % new_capacity;
        n_rows = std::min({length - s, old_capacity - from, new_capacity - to});  // in one piece
        const std::size_t bytes = std::size_t(n_rows) * row_bytes;
        Memory::copy(grown.keys.row(to), cache.keys.row(from), bytes);
        Memory::copy(grown.values.row(to), cache.values.row(from), bytes);
    }
    cache = std::move(grown);
}

// Two texts that begin alike may go on from there: every row that is held, once more.
template <class Memory>
KvCache copy_of(const KvCache& cache) {
    KvCache copy;
    copy.length = cache.length;
    for (const LayerCache& from : cache.layers) {
        const std::size_t bytes = from.memory.bytes();
        LayerCache& to = copy.layers.emplace_back();
        to.memory = Buffer::allocate<Memory>(bytes);
        Memory::copy(to.memory.data(), from.memory.data(), bytes);
        to.keys = to.memory.matrix(0, from.keys.rows, from.keys.cols);
        to.values = to.memory.matrix(bytes / 2, from.values.rows, from.values.cols);
        to.first_held = from.first_held;
    }
    return copy;
}

inline void require_context(const KvCache& cache, const Config& c, int n_tokens) {
    if (n_tokens <= c.max_context_length - cache.length) return;
    throw Error("context: " + std::to_string(cache.length) + " tokens and " +
                std::to_string(n_tokens) + " more, expected at most " +
                std::to_string(c.max_context_length) + " (max_context_length)");
}

// The n_seen positions before length, which the next pass sees, must be there.
inline void require_held(const LayerCache& cache, int length, int n_seen) {
    require_at_least("kv_cache", "keys.rows", cache.keys.rows, n_seen, "positions that are seen");
    const int first_seen = length - n_seen;
    if (n_seen == 0 || first_seen >= cache.first_held) return;
    throw Error("kv_cache: length is " + std::to_string(length) + ", so positions from " +
                std::to_string(first_seen) + " on are seen, but those before " +
                std::to_string(cache.first_held) + " are written over");
}

inline CacheRows rows_of(const KvCache& cache) {
    CacheRows rows;
    for (const LayerCache& layer_cache : cache.layers) {
        rows.push_back(layer_cache.keys.rows);
    }
    return rows;
}

// Makes room for n_tokens more positions in every layer.
template <class Memory>
void reserve(KvCache& cache, const Config& c, int n_tokens) {
    require_context(cache, c, n_tokens);
    cache.layers.resize(std::size_t(c.n_layers));
    const CacheRows old = rows_of(cache);
    CacheRows rows = rows_after(c, old, cache.length, n_tokens, Growth::least);
    if (rows != old) rows = grown_rows(c, old, cache.length, n_tokens, Memory::free_bytes());
    for (int layer = 0; layer < c.n_layers; ++layer) {
        LayerCache& layer_cache = cache.layers[std::size_t(layer)];
        require_held(layer_cache, cache.length, needed_capacity(c, layer, cache.length, 0));
        const int first_held = cache.length == 0 ? 0 : layer_cache.first_held;
        const int new_capacity = rows[std::size_t(layer)];
        if (new_capacity > layer_cache.keys.rows) {
            grow<Memory>(layer_cache, c, cache.length, new_capacity);
        }
        const int first_kept = cache.length + n_tokens - layer_cache.keys.rows;
        layer_cache.first_held = std::max(first_held, first_kept);
    }
}

inline std::size_t bytes_of(const KvCache& cache) {
    std::size_t bytes = 0;
    for (const LayerCache& layer_cache : cache.layers) {
        bytes += layer_cache.memory.bytes();
    }
    return bytes;
}

}  // namespace gptoss
