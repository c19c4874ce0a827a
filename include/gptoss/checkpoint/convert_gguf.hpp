// Converting to a GGUF file: the plan of its tensors, then their bytes.
//
// Dense matrices keep their form, except for the router, which llama.cpp keeps in F32, like all vectors.
// gate_up's even rows become gate, its odd ones up.
//
// Where    gptoss convert; the other layouts: checkpoint/convert.hpp.
// Source   llama.cpp: conversion/gpt_oss.py, conversion/base.py (what stays F32).
// Errors   Error, naming the file: what GgufWriter says.
#pragma once
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "gptoss/checkpoint/convert.hpp"
#include "gptoss/checkpoint/gguf_inventory.hpp"
#include "gptoss/format/gguf_writer.hpp"

namespace gptoss::checkpoint {

// One tensor of a GGUF file: a dense matrix, a vector, or every step-th row of the experts.
struct GgufSource {
    format::TensorHeader header;
    SlotView view = {};
    const ExpertStack* experts = nullptr;
    int first = 0;  // of its rows, or of a bias that gate and up share
    int step = 1;
    int layer = kOutsideLayers;
};

struct GgufPlan {
    const Weights& weights;
    ExpertForm form;
    std::vector<GgufSource> tensors = {};

    void add(Slot slot, const std::string& name, int layer = kOutsideLayers) {
        GgufSource source;
        source.view = view_of(weights, slot, layer);
        source.layer = layer;
        const DenseMatrix& w = source.view.dense;
        const bool keeps_storage = w.bytes != nullptr && slot != Slot::router;
        const std::string dtype = keeps_storage ? storage_name(w.storage) : "F32";
        format::Shape shape{source.view.vector.size};
        if (w.bytes != nullptr) shape = {w.rows, w.cols};
        source.header = {name, dtype, shape};
        tensors.push_back(source);
    }
    void add_experts(const ExpertStack& s, int layer, const char* name, int first, int step) {
        GgufSource source;
        source.experts = &s;
        source.first = first;
        source.step = step;
        source.layer = layer;
        source.header = {in_block(layer, name),
                         form == ExpertForm::mxfp4 ? "MXFP4" : "BF16",
                         {s.n_experts, s.rows / step, s.cols}};
        tensors.push_back(source);
    }
    void add_bias(ConstMatrixView bias, int layer, const char* name, int first, int step) {
        GgufSource source;
        source.view.vector = flat(bias);
        source.first = first;
        source.step = step;
        source.header = {in_block(layer, name), "F32", {bias.rows, bias.cols / step}};
        tensors.push_back(source);
    }
    void add_layer(int layer) {
        const ExpertWeights& mlp = weights.layers[std::size_t(layer)].mlp;
        add(Slot::attn_norm, in_block(layer, "attn_norm.weight"), layer);
        add(Slot::q, in_block(layer, "attn_q.weight"), layer);
        add(Slot::q_bias, in_block(layer, "attn_q.bias"), layer);
        add(Slot::k, in_block(layer, "attn_k.weight"), layer);
        add(Slot::k_bias, in_block(layer, "attn_k.bias"), layer);
        add(Slot::v, in_block(layer, "attn_v.weight"), layer);
        add(Slot::v_bias, in_block(layer, "attn_v.bias"), layer);
        add(Slot::sinks, in_block(layer, "attn_sinks.weight"), layer);
        add(Slot::out, in_block(layer, "attn_output.weight"), layer);
        add(Slot::out_bias, in_block(layer, "attn_output.bias"), layer);
        add(Slot::mlp_norm, in_block(layer, "post_attention_norm.weight"), layer);
        add(Slot::router, in_block(layer, "ffn_gate_inp.weight"), layer);
        add(Slot::router_bias, in_block(layer, "ffn_gate_inp.bias"), layer);
        add_experts(mlp.gate_up, layer, "ffn_gate_exps.weight", 0, 2);
        add_bias(mlp.gate_up_bias, layer, "ffn_gate_exps.bias", 0, 2);
        add_experts(mlp.gate_up, layer, "ffn_up_exps.weight", 1, 2);
        add_bias(mlp.gate_up_bias, layer, "ffn_up_exps.bias", 1, 2);
        add_experts(mlp.down, layer, "ffn_down_exps.weight", 0, 1);
        add_bias(mlp.down_bias, layer, "ffn_down_exps.bias", 0, 1);
    }
};

inline GgufPlan plan_gguf(const Weights& w, ExpertForm form) {
    GgufPlan plan{w, form};
    plan.add(Slot::embedding, "token_embd.weight");
    for (int layer = 0; layer < w.config.n_layers; ++layer) {
        plan.add_layer(layer);
    }
    plan.add(Slot::final_norm, "output_norm.weight");
    plan.add(Slot::unembedding, "output.weight");
    return plan;
}

inline void write_gguf_experts(const GgufSource& source, ExpertForm form, const Sink& sink,
                               RoundingError& error) {
    const ExpertStack& s = *source.experts;
    for (int e = 0; e < s.n_experts; ++e) {
        for (int o = source.first; o < s.rows; o += source.step) {
            const std::vector<std::uint8_t> row =
                form == ExpertForm::mxfp4 ? mxfp4_row_bytes(s, e, o, ExpertPart::gguf_blocks, error)
                                          : bf16_row_bytes(s, e, o, error);
            sink(row.data(), row.size());
        }
    }
}

inline void write_gguf_tensor(const GgufSource& source, ExpertForm form, const Sink& sink,
                              Conversion& result) {
    if (source.experts != nullptr) {
        write_gguf_experts(source, form, sink, result.of_layers[std::size_t(source.layer)]);
        return;
    }
    const DenseMatrix& w = source.view.dense;
    if (w.bytes != nullptr && source.header.dtype == storage_name(w.storage)) {
        sink(w.bytes, std::uint64_t(w.rows) * w.row_bytes());
    } else if (w.bytes != nullptr) {
        write_dense_as_f32(w, sink);
    } else {
        std::vector<float> values;
        for (int i = source.first; i < source.view.vector.size; i += source.step) {
            values.push_back(source.view.vector.data[i]);
        }
        sink(values.data(), 4 * values.size());
    }
}

inline Conversion convert_to_gguf(const Weights& w, const format::GgufKeyList& keys,
                                  ExpertForm form, const std::filesystem::path& path,
                                  const Sink& on_bytes) {
    Conversion result;
    result.of_layers.resize(w.layers.size());
    const GgufPlan plan = plan_gguf(w, form);
    std::vector<format::TensorHeader> headers;
    for (const GgufSource& source : plan.tensors)
        headers.push_back(source.header);
    format::GgufWriter writer(path, keys, headers);
    const Sink sink = [&](const void* bytes, std::uint64_t n_bytes) {
        writer.write(bytes, n_bytes);
        result.bytes_written += n_bytes;
        if (on_bytes) on_bytes(bytes, n_bytes);
    };
    for (const GgufSource& source : plan.tensors) {
        write_gguf_tensor(source, form, sink, result);
        ++result.n_tensors;
    }
    writer.finish();
    return result;
}

}  // namespace gptoss::checkpoint
