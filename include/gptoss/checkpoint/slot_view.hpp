// What a Weights has for a slot of the tensor table, and its bytes in the forms that files want.
//
// Where    checkpoint/convert.hpp and convert_gguf.hpp. The experts: checkpoint/expert_bytes.hpp.
// Errors   none.
#pragma once
#include <cstdint>
#include <functional>
#include <vector>

#include "gptoss/checkpoint/expert_bytes.hpp"
#include "gptoss/checkpoint/tensor_table.hpp"
#include "gptoss/model/weights.hpp"

namespace gptoss::checkpoint {

// Takes the bytes of the tensors, in the order of the file.
using Sink = std::function<void(const void* bytes, std::uint64_t n_bytes)>;

// Either the float vector or the dense matrix of a slot; the other one is empty.
struct SlotView {
    DenseMatrix dense = {};
    ConstVectorView vector = {};
};

inline ConstVectorView flat(ConstMatrixView m) {
    return {m.data, m.rows * m.cols};
}

inline SlotView view_of(const Weights& w, Slot slot, int layer) {
    // clang-format off
    switch (slot) {
        case Slot::embedding:   return {w.embedding, {}};
        case Slot::final_norm:  return {{}, w.final_norm_gain};
        case Slot::unembedding: return {w.unembedding, {}};
        default: break;
    }
    const AttentionWeights& attn = w.layers[std::size_t(layer)].attn;
    const ExpertWeights& mlp = w.layers[std::size_t(layer)].mlp;
    switch (slot) {
        case Slot::attn_norm:    return {{}, attn.norm_gain};
        case Slot::q:            return {attn.q, {}};
        case Slot::k:            return {attn.k, {}};
        case Slot::v:            return {attn.v, {}};
        case Slot::q_bias:       return {{}, attn.q_bias};
        case Slot::k_bias:       return {{}, attn.k_bias};
        case Slot::v_bias:       return {{}, attn.v_bias};
        case Slot::sinks:        return {{}, attn.sinks};
        case Slot::out:          return {attn.out, {}};
        case Slot::out_bias:     return {{}, attn.out_bias};
        case Slot::mlp_norm:     return {{}, mlp.norm_gain};
        case Slot::router:       return {mlp.router, {}};
        case Slot::router_bias:  return {{}, mlp.router_bias};
        case Slot::gate_up_bias: return {{}, flat(mlp.gate_up_bias)};
        case Slot::down_bias:    return {{}, flat(mlp.down_bias)};
        default: break;
    }
    // clang-format on
    return {};
}

inline std::vector<float> dense_row(const DenseMatrix& w, int o) {
    std::vector<float> row(std::size_t(w.cols));
    for (int i = 0; i < w.cols; ++i) {
        row[std::size_t(i)] = w.row(o)[i];
    }
    return row;
}

inline void write_as_bf16(const float* values, std::size_t count, const Sink& sink,
                          RoundingError& error) {
    std::vector<std::uint8_t> bytes;
    for (std::size_t i = 0; i < count; ++i) {
        append_bf16(bytes, values[i]);
        error.add(values[i], round_to_bf16(values[i]));
    }
    sink(bytes.data(), bytes.size());
}

inline void write_dense_as_bf16(const DenseMatrix& w, const Sink& sink, RoundingError& error) {
    if (w.storage == Storage::bf16) {
        sink(w.bytes, std::uint64_t(w.rows) * w.row_bytes());
        return;
    }
    for (int o = 0; o < w.rows; ++o) {
        const std::vector<float> row = dense_row(w, o);
        write_as_bf16(row.data(), row.size(), sink, error);
    }
}

inline void write_dense_as_f32(const DenseMatrix& w, const Sink& sink) {
    for (int o = 0; o < w.rows; ++o) {
        const std::vector<float> row = dense_row(w, o);
        sink(row.data(), 4 * row.size());
    }
}

}  // namespace gptoss::checkpoint
