// Largest: of a layer's attention weights the k largest of each row, where they stand, and the sum of the
// others: what a page keeps where all of them would be too many. A row is what one head gives for one token.
//
//     block.3.attn.weights.largest   (n_heads, kept)       in order of position
//     block.3.attn.weights.at        (n_heads, kept)       the positions
//     block.3.attn.weights.rest      (n_heads, n_tokens)   the sum of those of the row that are not kept
//
// Rows lie as in page_arrays.hpp, as if the window were k: kept is the sum of min(t + 1, window, k). The share
// of the sink is a site of its own and is not among them.
#pragma once
#include <algorithm>
#include <cstring>
#include <numeric>
#include <string>
#include <vector>

#include "page_arrays.hpp"

namespace gptoss::live {

// How long a run is, and what each layer sees.
struct Extent {
    int n_tokens = 0;
    std::vector<int> windows;  // per layer, 0: sees everything before
};

inline int n_visible(int t, int window) {
    return t + 1 - first_visible_position(t, window);
}

// How many weights of a head are kept.
inline std::size_t n_largest(const Extent& extent, int layer, int k) {
    std::size_t count = 0;
    for (int t = 0; t < extent.n_tokens; ++t) {
        count += std::size_t(std::min(k, n_visible(t, extent.windows[std::size_t(layer)])));
    }
    return count;
}

struct LargestRows {
    std::vector<float> weights;
    std::vector<std::uint16_t> positions;
    std::vector<float> rest;
};

// weights: what token t sees, first_position being that of weights[0]. Equal ones: the earlier.
inline void add_largest(LargestRows& rows, const std::vector<float>& weights, int first_position,
                        int k) {
    std::vector<int> order(weights.size());
    std::iota(order.begin(), order.end(), 0);
    std::sort(order.begin(), order.end(), [&](int a, int b) {
        const float of_a = weights[std::size_t(a)], of_b = weights[std::size_t(b)];
        return of_a != of_b ? of_a > of_b : a < b;
    });
    const auto n_kept = std::min(order.size(), std::size_t(k));
    double rest = 0;
    for (std::size_t i = n_kept; i < order.size(); ++i) {
        rest += weights[std::size_t(order[i])];
    }
    std::sort(order.begin(), order.begin() + std::ptrdiff_t(n_kept));
    for (std::size_t i = 0; i < n_kept; ++i) {
        rows.weights.push_back(weights[std::size_t(order[i])]);
        rows.positions.push_back(std::uint16_t(first_position + order[i]));
    }
    rows.rest.push_back(float(rest));
}

// whole: the array attn.weights of this layer.
inline LargestRows largest_rows(const std::uint8_t* whole, int n_heads, const Extent& extent,
                                int layer, int k) {
    LargestRows rows;
    for (int h = 0; h < n_heads; ++h) {
        for (int t = 0; t < extent.n_tokens; ++t) {
            const int window = extent.windows[std::size_t(layer)];
            std::vector<float> weights(std::size_t(n_visible(t, window)));
            std::memcpy(weights.data(), whole, 4 * weights.size());
            whole += 4 * weights.size();
            add_largest(rows, weights, first_visible_position(t, window), k);
        }
    }
    return rows;
}

inline int layer_of(const std::string& name) {
    return std::stoi(name.substr(std::strlen("block.")));
}

struct LargestChoice {
    int k = 0;                // weights a row
    std::vector<int> layers;  // in which they are kept
};

// As many a row as fit into max_bytes for all layers; or the fewest, of layers that are spread evenly. A weight
// takes n_bytes_each, its position two more.
inline LargestChoice choose_largest(const std::vector<int>& layers, int n_heads,
                                    const Extent& extent, int n_bytes_each, std::size_t max_bytes) {
    const auto bytes_of = [&](int layer, int k) {
        return std::size_t(n_heads) * (n_largest(extent, layer, k) * std::size_t(n_bytes_each + 2) +
                                       std::size_t(extent.n_tokens * n_bytes_each));
    };
    std::size_t n_largest_layer = 1;
    for (const int k : {64, 32, 16, 8}) {
        std::size_t n_bytes = 0;
        n_largest_layer = 1;
        for (const int layer : layers) {
            n_bytes += bytes_of(layer, k);
            n_largest_layer = std::max(n_largest_layer, bytes_of(layer, k));
        }
        if (n_bytes <= max_bytes) return {k, layers};
    }
    LargestChoice choice{8, {}};
    const std::size_t n = max_bytes / n_largest_layer;
    for (std::size_t i = 0; i < n; ++i) {
        const std::size_t last = layers.size() - 1;
        choice.layers.push_back(layers[n == 1 ? last : (i * last + (n - 1) / 2) / (n - 1)]);
    }
    return choice;
}

// In place of attn.weights what was chosen of them; the bytes of the others stay and belong to nothing.
inline void keep_largest(PageArrays& arrays, const Extent& extent, const LargestChoice& choice) {
    const std::vector<PageArray> all = std::move(arrays.arrays);
    arrays.arrays.clear();
    for (const PageArray& array : all) {
        if (!array.name.ends_with(".attn.weights")) {
            arrays.arrays.push_back(array);
            continue;
        }
        const int layer = layer_of(array.name);
        const auto end = choice.layers.end();
        if (std::find(choice.layers.begin(), end, layer) == end) continue;
        const int n_heads = array.shape[0];
        const LargestRows rows =
            largest_rows(arrays.bytes.data() + array.at, n_heads, extent, layer, choice.k);
        const int n_kept = int(rows.weights.size()) / n_heads;
        arrays.add(array.name + ".largest", {n_heads, n_kept}, rows.weights.data(),
                   rows.weights.size());
        arrays.add(array.name + ".at", {n_heads, n_kept}, rows.positions.data(),
                   rows.positions.size());
        arrays.add(array.name + ".rest", {n_heads, extent.n_tokens}, rows.rest.data(),
                   rows.rest.size());
    }
}

}  // namespace gptoss::live
