// 8-bit dense weights: the matrices of attention and the unembedding rounded to Q8_0, as most GGUF
// files have them, at about half the bytes of BF16.
//
//     Transformer<FastOps> transformer(with_dense_q8_0(weights));
//
// The mapped file stays as it is. Router and embedding keep what they have: they are a thousandth of
// what a token reads, and the router decides by small margins.
//
// Where    --dense q8_0. It changes numbers; docs/performance.md has how much.
// Errors   none; a matrix whose rows are no multiple of 32 stays as it is.
// Pitfalls The copies cost memory: 1.3 GB for 20b. All passes read them, prefill too: keys that
//          prefill and decode compute must come from the same weights.
#pragma once
#include <memory>
#include <utility>
#include <vector>

#include "gptoss/core/q8_0.hpp"
#include "gptoss/fast/kernels/parallel.hpp"
#include "gptoss/model/weights.hpp"

namespace gptoss {

struct DenseCopies {
    std::shared_ptr<const void> files;
    std::vector<std::unique_ptr<std::uint8_t[]>> copies;
};

inline void round_to_q8_0(DenseMatrix& w, DenseCopies& store) {
    if (w.cols % kQ8_0BlockSize != 0 || w.storage == Storage::q8_0) return;
    const DenseMatrix rounded{nullptr, w.rows, w.cols, Storage::q8_0};
    const std::size_t n_bytes = std::size_t(w.rows) * rounded.row_bytes();
    // Not zeroed: each thread is the first to touch its part.
    std::unique_ptr<std::uint8_t[]> copy(new std::uint8_t[n_bytes]);
    fast::for_ranges(w.rows, std::int64_t(w.rows) * w.cols, [&](int first_o, int last_o) {
        std::uint8_t* block = copy.get() + std::size_t(first_o) * rounded.row_bytes();
        float weights[kQ8_0BlockSize];
        for (int o = first_o; o < last_o; ++o) {
            const DenseRow w_o = w.row(o);  // (cols)
            for (int first = 0; first < w.cols; first += kQ8_0BlockSize) {
                for (int i = 0; i < kQ8_0BlockSize; ++i) {
                    weights[i] = w_o[first + i];
                }
                q8_0_encode_block(weights, block);
                block += kQ8_0BlockBytes;
            }
        }
    });
    w.bytes = copy.get();
    store.copies.push_back(std::move(copy));
    w.storage = Storage::q8_0;
}

inline Weights with_dense_q8_0(Weights weights) {
    const auto store = std::make_shared<DenseCopies>();
    for (LayerWeights& layer : weights.layers) {
        AttentionWeights& attn = layer.attn;
        for (DenseMatrix* w : {&attn.q, &attn.k, &attn.v, &attn.out}) {
            round_to_q8_0(*w, *store);
        }
    }
    round_to_q8_0(weights.unembedding, *store);
    store->files = std::move(weights.owner);
    weights.owner = store;
    return weights;
}

}  // namespace gptoss
