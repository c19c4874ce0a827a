// Cache growth: how many rows each layer of the KV cache has, and how many when they are too few.
//
//     full layer      twice as many as before; nothing is ever dropped
//     sliding layer   window - 1 + (tokens per pass) at most
//     scarce memory   what is needed, rounded up to a multiple of 1,024; if need be, what is needed
//
// Where    kv_cache.hpp, reserve, before it moves anything; device_fit.hpp.
// Units    rows of keys, which are positions; as many of values. Bytes of floats.
// Pitfalls All layers are asked for together, before the first one grows: one that doubled could leave
//          too little for the last. While a layer moves, its old rows are there besides the new ones.
#pragma once
#include <algorithm>
#include <cstdint>
#include <vector>

#include "gptoss/core/config.hpp"

namespace gptoss {

using CacheRows = std::vector<int>;  // of each layer

// How many rows a layer needs to add n_tokens behind length positions.
inline int needed_capacity(const Config& c, int layer, int length, int n_tokens) {
    if (!c.slides(layer)) return length + n_tokens;
    return std::min(length, c.sliding_window - 1) + n_tokens;
}

// Growing by doubling copies every row once on average; never beyond what can be needed.
inline int grown_capacity(const Config& c, int layer, int old_capacity, int needed) {
    const int useful = c.slides(layer) ? c.sliding_window : c.max_context_length;
    return std::max(needed, std::min(2 * old_capacity, useful));
}

enum class Growth { doubling, frugal, least };
inline constexpr int kFrugalRows = 1024;  // so that rows are copied once in as many tokens

inline CacheRows rows_after(const Config& c, const CacheRows& old, int length, int n_tokens,
                            Growth growth) {
    CacheRows rows = old;
    for (int layer = 0; layer < c.n_layers; ++layer) {
        int& capacity = rows[std::size_t(layer)];
        const int needed = needed_capacity(c, layer, length, n_tokens);
        if (needed <= capacity) continue;
        const int in_steps = (needed + kFrugalRows - 1) / kFrugalRows * kFrugalRows;
        const int doubled = grown_capacity(c, layer, capacity, needed);
        if (growth == Growth::least) capacity = needed;
        if (growth == Growth::frugal) capacity = std::min(in_steps, std::max(needed, doubled));
        if (growth == Growth::doubling) capacity = doubled;
    }
    return rows;
}

// What is free before must be at least that: all new rows, and the old ones of a layer that moves.
inline std::uint64_t bytes_to_grow(const Config& c, const CacheRows& old, const CacheRows& rows) {
    const std::uint64_t row_bytes = 2 * std::uint64_t(c.kv_size()) * sizeof(float);
    std::uint64_t more = 0;
    std::uint64_t moving = 0;
    for (std::size_t layer = 0; layer < rows.size(); ++layer) {
        if (rows[layer] == old[layer]) continue;
        more += std::uint64_t(rows[layer] - old[layer]);
        moving = std::max(moving, std::uint64_t(old[layer]));
    }
    return (more + moving) * row_bytes;
}

// The rows of each layer that is to take n_tokens behind length. Doubling may take half of what is
// free: a longer pass needs more activations than those before it.
inline CacheRows grown_rows(const Config& c, const CacheRows& old, int length, int n_tokens,
                            std::uint64_t free_bytes) {
    const CacheRows doubled = rows_after(c, old, length, n_tokens, Growth::doubling);
    if (bytes_to_grow(c, old, doubled) <= free_bytes / 2) return doubled;
    const CacheRows frugal = rows_after(c, old, length, n_tokens, Growth::frugal);
    if (bytes_to_grow(c, old, frugal) <= free_bytes) return frugal;
    return rows_after(c, old, length, n_tokens, Growth::least);
}

}  // namespace gptoss
