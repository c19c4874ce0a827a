// Copying weights into the memory of a table: once, before the first pass, as they are stored.
//
//     Transformer<CudaOps> transformer(copy_weights<CudaOps::Memory>(weights, progress));
//
// Matrices stay as they are stored, but MXFP4 of a GGUF file is put in the released order, so a device needs as many bytes as the file has (13.8 GB for
// 20b). Everything lies in one buffer, each tensor on a multiple of 256 bytes: what is short of
// memory fails before anything is copied.
//
// Errors   what Memory::allocate throws; a device says how much was needed and how much is free.
#pragma once
#include <cstddef>
#include <functional>
#include <memory>
#include <utility>
#include <vector>

#include "gptoss/core/buffer.hpp"
#include "gptoss/model/weights.hpp"

namespace gptoss {

// Called behind every tensor with the bytes copied so far and all there are.
using OnCopied = std::function<void(std::size_t done, std::size_t total)>;

// codes (rows, cols / 32, 16) and scales (rows, cols / 32) of one expert of a GGUF file.
inline void repack_expert(const ExpertStack& s, int e, std::vector<std::uint8_t>& codes,
                          std::vector<std::uint8_t>& scales) {
    std::size_t n = 0;
    for (int o = 0; o < s.rows; ++o) {
        const Mxfp4Row row = s.mxfp4_row(e, o);
        for (int block = 0; block < s.cols / kMxfp4BlockSize; ++block) {
            mxfp4_codes_from_gguf(row.codes_of(block), &codes[n * kMxfp4BlockBytes]);
            scales[n] = row.scale_of(block);
            ++n;
        }
    }
}

// Lays tensors behind each other. Over no memory it only counts bytes.
template <class Memory>
struct TensorPlacer {
    std::byte* memory = nullptr;
    std::size_t total = 0;
    OnCopied on_copied = {};
    std::size_t offset = 0;

    std::size_t reserve(std::size_t bytes) {
        const std::size_t start = offset;
        offset += (bytes + 255) / 256 * 256;
        return start;
    }

    // Where the bytes lie; the same place again while counting.
    template <class Element>
    const Element* place(const Element* from, std::size_t n_elements) {
        const std::size_t bytes = n_elements * sizeof(Element);
        const std::size_t start = reserve(bytes);
        if (memory == nullptr || from == nullptr) return from;
        Memory::upload(memory + start, from, bytes);
        if (on_copied) on_copied(offset, total);
        return reinterpret_cast<const Element*>(memory + start);
    }

    void place(ConstVectorView& v) { v.data = place(v.data, std::size_t(v.size)); }
    void place(ConstMatrixView& m) {
        m.data = place(m.data, std::size_t(m.rows) * std::size_t(m.cols));
    }
    void place(DenseMatrix& m) { m.bytes = place(m.bytes, std::size_t(m.rows) * m.row_bytes()); }
    void place(ExpertStack& s) {
        const std::size_t n_weights =
            std::size_t(s.n_experts) * std::size_t(s.rows) * std::size_t(s.cols);
        if (s.gguf.is_mxfp4) {
            place_repacked(s);
            return;
        }
        for (int part = 0; part < s.gguf.n_tensors; ++part) {
            const std::size_t bytes = storage_bytes(s.gguf.storage, n_weights);
            s.gguf.tensors[part] =
                place(s.gguf.tensors[part], bytes / std::size_t(s.gguf.n_tensors));
        }
        if (s.gguf.n_tensors > 0) return;
        if (s.transposed != nullptr) {
            s.transposed = place(s.transposed, storage_bytes(s.storage, n_weights));
            return;
        }
        s.codes = place(s.codes, n_weights / 2);
        s.scales = place(s.scales, n_weights / kMxfp4BlockSize);
    }

    // MXFP4 of a GGUF file, as released: the same codes in another order. The place is reserved first,
    // then filled expert by expert.
    void place_repacked(ExpertStack& s) {
        const std::size_t n_blocks = std::size_t(s.rows) * std::size_t(s.cols / kMxfp4BlockSize);
        const std::size_t n_experts = std::size_t(s.n_experts);
        const std::size_t first_code = reserve(n_experts * n_blocks * kMxfp4BlockBytes);
        const std::size_t first_scale = reserve(n_experts * n_blocks);
        if (memory == nullptr) return;
        std::vector<std::uint8_t> codes(n_blocks * kMxfp4BlockBytes), scales(n_blocks);
        for (std::size_t e = 0; e < n_experts; ++e) {
            repack_expert(s, int(e), codes, scales);
            Memory::upload(memory + first_code + e * codes.size(), codes.data(), codes.size());
            Memory::upload(memory + first_scale + e * scales.size(), scales.data(), scales.size());
        }
        s.codes = reinterpret_cast<const std::uint8_t*>(memory + first_code);
        s.scales = reinterpret_cast<const std::uint8_t*>(memory + first_scale);
        s.gguf = {};
        if (on_copied) on_copied(offset, total);
    }

    void place(AttentionWeights& w) {
        place(w.norm_gain);
        place(w.q);
        place(w.q_bias);
        place(w.k);
        place(w.k_bias);
        place(w.v);
        place(w.v_bias);
        place(w.sinks);
        place(w.out);
        place(w.out_bias);
    }
    void place(ExpertWeights& w) {
        place(w.norm_gain);
        place(w.router);
        place(w.router_bias);
        place(w.gate_up);
        place(w.gate_up_bias);
        place(w.down);
        place(w.down_bias);
    }
    void place(Weights& w) {
        place(w.embedding);
        for (LayerWeights& layer : w.layers) {
            place(layer.attn);
            place(layer.mlp);
        }
        place(w.final_norm_gain);
        place(w.unembedding);
    }
};

template <class Memory>
Weights copy_weights(const Weights& weights, const OnCopied& on_copied = {}) {
    Weights copy = weights;
    TensorPlacer<Memory> counter;
    counter.place(copy);

    const auto buffer = std::make_shared<Buffer>(Buffer::allocate<Memory>(counter.offset));
    TensorPlacer<Memory> placer{static_cast<std::byte*>(buffer->data()), counter.offset, on_copied};
    placer.place(copy);
    copy.owner = buffer;
    return copy;
}

}  // namespace gptoss
