// 8-bit dense weights: the matrices of attention and the unembedding get a second copy of about half
// the bytes (core/int8.hpp), which the fast path then reads instead.
//
//     Transformer<FastOps> transformer(with_dense_int8(weights));
//
// The mapped file stays as it is, and every other table goes on reading that. Router and embedding
// keep BF16: they are a thousandth of what a token reads, and the router decides by small margins.
//
// Where    --dense int8. It changes numbers; docs/performance.md has how much.
// Errors   none; a matrix whose rows are no multiple of 32 keeps BF16.
// Pitfalls The copies cost memory: 1.4 GB for 20b. All passes read them, prefill too: keys that
//          prefill and decode compute must come from the same weights.
#pragma once
#include <memory>
#include <utility>
#include <vector>

#include "gptoss/core/int8.hpp"
#include "gptoss/model/weights.hpp"

namespace gptoss {

struct Int8Store {
    std::shared_ptr<const void> files;
    std::vector<std::vector<std::uint8_t>> copies;
};

inline void add_int8(Bf16Matrix& w, Int8Store& store) {
    if (w.cols % kInt8BlockSize != 0) return;
    const std::size_t blocks_per_row = std::size_t(w.cols / kInt8BlockSize);
    std::vector<std::uint8_t> copy(std::size_t(w.rows) * blocks_per_row * kInt8BlockBytes);
    std::uint8_t* block = copy.data();
    float weights[kInt8BlockSize];
    for (int o = 0; o < w.rows; ++o) {
        const Bf16Row w_o = w.row(o);  // (cols)
        for (int first = 0; first < w.cols; first += kInt8BlockSize) {
            for (int i = 0; i < kInt8BlockSize; ++i) {
                weights[i] = w_o[first + i];
            }
            int8_encode_block(weights, block);
            block += kInt8BlockBytes;
        }
    }
    store.copies.push_back(std::move(copy));
    w.int8 = store.copies.back().data();
}

// The matrices that get one.
inline std::vector<Bf16Matrix*> dense_matrices(Weights& weights) {
    std::vector<Bf16Matrix*> all;
    for (LayerWeights& layer : weights.layers) {
        AttentionWeights& attn = layer.attn;
        all.insert(all.end(), {&attn.q, &attn.k, &attn.v, &attn.out});
    }
    all.push_back(&weights.unembedding);
    return all;
}

inline Weights with_dense_int8(Weights weights) {
    const auto store = std::make_shared<Int8Store>();
    for (Bf16Matrix* w : dense_matrices(weights)) {
        add_int8(*w, *store);
    }
    store->files = std::move(weights.owner);
    weights.owner = store;
    return weights;
}

}  // namespace gptoss
