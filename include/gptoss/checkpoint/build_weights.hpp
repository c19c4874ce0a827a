// Building Weights: from the bytes of tensors to the views that the ops take.
//
// Matrices become views of the bytes as they are. Gains, biases and sinks are widened to float,
// once and exactly, and kept in the store that Weights.owner points to. Where the bytes come from
// (a mapped file, checkpoint/load.hpp; memory, checkpoint/synth.hpp) makes no difference here.
//
// Errors   none: shapes and dtypes have been checked (checkpoint/check_tensors.hpp).
#pragma once
#include <cstdint>
#include <map>
#include <memory>
#include <utility>
#include <vector>

#include "gptoss/checkpoint/tensor_inventory.hpp"
#include "gptoss/core/bf16.hpp"
#include "gptoss/core/view.hpp"
#include "gptoss/format/mapped_file.hpp"
#include "gptoss/format/tensor.hpp"
#include "gptoss/model/weights.hpp"

namespace gptoss::checkpoint {

// What a Weights keeps alive.
struct WeightStore {
    std::vector<std::shared_ptr<const format::MappedFile>> files;
    std::vector<std::vector<std::uint8_t>> tensors;                          // generated ones
    std::vector<std::shared_ptr<const std::vector<std::uint8_t>>> gathered;  // of pieces
    std::vector<std::vector<float>> widened;
};

// The bytes of every slot of every layer, whatever the layout they came in.
class SlotTensors {
public:
    // A tensor that fills several slots is cut along its first axis (OpenAI's qkv).
    void add(const TensorSpec& spec, const Config& c, const std::uint8_t* bytes) {
        for (const TensorRow* row : spec.rows) {
            format::TensorView part{spec.dtype, shape_of(*row, c), bytes, 0};
            part.n_bytes =
                element_count(part.shape) * std::uint64_t(format::dtype_bytes(part.dtype));
            bytes += part.n_bytes;
            tensors_[{row->slot, spec.layer}] = part;
        }
    }
    bool has(Slot slot, int layer) const { return tensors_.contains({slot, layer}); }
    const format::TensorView& at(Slot slot, int layer) const { return tensors_.at({slot, layer}); }

private:
    std::map<std::pair<Slot, int>, format::TensorView> tensors_;
};

inline Storage storage_of_float(const std::string& dtype) {
    if (dtype == "F16") return Storage::f16;
    return dtype == "F32" ? Storage::f32 : Storage::bf16;
}

inline DenseMatrix dense_matrix(const format::TensorView& tensor) {
    return {tensor.bytes, int(tensor.shape[0]), int(tensor.shape[1]),
            storage_of_float(tensor.dtype)};
}

inline ConstVectorView widened_vector(const format::TensorView& tensor, WeightStore& store) {
    const Storage storage = storage_of_float(tensor.dtype);
    const std::size_t size = std::size_t(element_count(tensor.shape));
    std::vector<float> values(size);
    for (std::size_t i = 0; i < size; ++i)
        values[i] = load_stored(storage, tensor.bytes, i);
    store.widened.push_back(std::move(values));
    return {store.widened.back().data(), int(size)};
}

// Zeros where the config leaves the biases of attention out.
inline ConstVectorView bias_or_zeros(const SlotTensors& tensors, Slot slot, int layer, int size,
                                     WeightStore& store) {
    if (tensors.has(slot, layer)) return widened_vector(tensors.at(slot, layer), store);
    store.widened.emplace_back(std::size_t(size), 0.0f);
    return {store.widened.back().data(), size};
}

inline ConstMatrixView widened_matrix(const format::TensorView& tensor, WeightStore& store) {
    const ConstVectorView values = widened_vector(tensor, store);
    return {values.data, int(tensor.shape[0]), int(tensor.shape[1])};
}

inline ExpertStack mxfp4_experts(const format::TensorView& codes,
                                 const format::TensorView& scales) {
    ExpertStack stack;
    stack.codes = codes.bytes;    // (n_experts, rows, cols / 32, 16)
    stack.scales = scales.bytes;  // (n_experts, rows, cols / 32)
    stack.n_experts = int(codes.shape[0]);
    stack.rows = int(codes.shape[1]);
    stack.cols = int(codes.shape[2]) * kMxfp4BlockSize;
    return stack;
}

inline ExpertStack bf16_experts(const format::TensorView& transposed) {
    ExpertStack stack;
    stack.transposed = transposed.bytes;  // (n_experts, cols, rows)
    stack.storage = storage_of_float(transposed.dtype);
    stack.n_experts = int(transposed.shape[0]);
    stack.rows = int(transposed.shape[2]);
    stack.cols = int(transposed.shape[1]);
    return stack;
}

inline AttentionWeights attention_weights(const SlotTensors& tensors, int layer,
                                          WeightStore& store) {
    AttentionWeights w;
    w.norm_gain = widened_vector(tensors.at(Slot::attn_norm, layer), store);
    w.q = dense_matrix(tensors.at(Slot::q, layer));
    w.q_bias = bias_or_zeros(tensors, Slot::q_bias, layer, w.q.rows, store);
    w.k = dense_matrix(tensors.at(Slot::k, layer));
    w.k_bias = bias_or_zeros(tensors, Slot::k_bias, layer, w.k.rows, store);
    w.v = dense_matrix(tensors.at(Slot::v, layer));
    w.v_bias = bias_or_zeros(tensors, Slot::v_bias, layer, w.v.rows, store);
    w.sinks = widened_vector(tensors.at(Slot::sinks, layer), store);
    w.out = dense_matrix(tensors.at(Slot::out, layer));
    w.out_bias = bias_or_zeros(tensors, Slot::out_bias, layer, w.out.rows, store);
    return w;
}

inline ExpertWeights expert_weights(const SlotTensors& tensors, int layer, WeightStore& store) {
    ExpertWeights w;
    w.norm_gain = widened_vector(tensors.at(Slot::mlp_norm, layer), store);
    w.router = dense_matrix(tensors.at(Slot::router, layer));
    w.router_bias = widened_vector(tensors.at(Slot::router_bias, layer), store);
    if (tensors.has(Slot::gate_up_bf16, layer)) {
        w.gate_up = bf16_experts(tensors.at(Slot::gate_up_bf16, layer));
        w.down = bf16_experts(tensors.at(Slot::down_bf16, layer));
    } else {
        w.gate_up = mxfp4_experts(tensors.at(Slot::gate_up_codes, layer),
                                  tensors.at(Slot::gate_up_scales, layer));
        w.down = mxfp4_experts(tensors.at(Slot::down_codes, layer),
                               tensors.at(Slot::down_scales, layer));
    }
    w.gate_up_bias = widened_matrix(tensors.at(Slot::gate_up_bias, layer), store);
    w.down_bias = widened_matrix(tensors.at(Slot::down_bias, layer), store);
    return w;
}

// store already keeps the bytes behind tensors; it ends as the owner of the result.
inline Weights build_weights(const Config& c, const SlotTensors& tensors,
                             std::shared_ptr<WeightStore> store) {
    Weights weights;
    weights.config = c;
    weights.embedding = dense_matrix(tensors.at(Slot::embedding, kOutsideLayers));
    for (int layer = 0; layer < c.n_layers; ++layer) {
        LayerWeights w;
        w.attn = attention_weights(tensors, layer, *store);
        w.mlp = expert_weights(tensors, layer, *store);
        weights.layers.push_back(w);
    }
    const format::TensorView& final_norm = tensors.at(Slot::final_norm, kOutsideLayers);
    weights.final_norm_gain = widened_vector(final_norm, *store);
    weights.unembedding = dense_matrix(tensors.at(Slot::unembedding, kOutsideLayers));
    weights.owner = std::move(store);
    return weights;
}

}  // namespace gptoss::checkpoint
