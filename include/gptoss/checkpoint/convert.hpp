// Converting: the weights of one checkpoint written in another layout, a piece at a time.
//
//     hf       config.json, model.safetensors, tokenizer.json     MXFP4, or experts unpacked to BF16
//     openai   config.json, model.safetensors, tokenizer.json     MXFP4
//     gguf     one file                                           MXFP4, or experts unpacked to BF16
//
// MXFP4 stays as it is bit for bit, and so does BF16. Experts that are to become MXFP4 are rounded
// (checkpoint/expert_bytes.hpp). In hf and openai dense matrices, gains, biases and sinks are BF16:
// those of a GGUF file that are not BF16 numbers are rounded to it, and counted.
//
// Where    gptoss convert. The GGUF side is checkpoint/convert_gguf.hpp.
// Source   llama.cpp: conversion/gpt_oss.py; official model: class Checkpoint.
// Errors   Error for a config that a layout cannot say, a folder that holds a checkpoint, a full disk.
// Pitfalls llama.cpp wants vectors and the router in F32. Files appear under their names only once
//          they are whole, config.json last.
#pragma once
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "gptoss/checkpoint/slot_view.hpp"
#include "gptoss/checkpoint/tensor_inventory.hpp"
#include "gptoss/core/check.hpp"
#include "gptoss/format/safetensors_writer.hpp"
#include "gptoss/model/weights.hpp"

namespace gptoss::checkpoint {

enum class ExpertForm { mxfp4, bf16 };

// What was lost, if anything.
struct Conversion {
    std::uint64_t bytes_written = 0;
    int n_tensors = 0;
    int n_rounded_to_bf16 = 0;             // tensors, the experts aside
    RoundingError dense_error;             // of those
    std::vector<RoundingError> of_layers;  // of the experts of each layer
};

inline void write_experts(const ExpertStack& s, ExpertPart part, const Sink& sink,
                          RoundingError& error) {
    for (int e = 0; e < s.n_experts; ++e) {
        for (int o = 0; o < s.rows; ++o) {
            const std::vector<std::uint8_t> row = mxfp4_row_bytes(s, e, o, part, error);
            sink(row.data(), row.size());
        }
    }
}

inline void write_experts_transposed(const ExpertStack& s, const Sink& sink, RoundingError& error) {
    for (int e = 0; e < s.n_experts; ++e) {
        const std::vector<std::uint8_t> bytes = transposed_bf16(s, e, error);
        sink(bytes.data(), bytes.size());
    }
}

inline void write_slot(const Weights& w, Slot slot, int layer, const Sink& sink,
                       Conversion& result) {
    const SlotView view = view_of(w, slot, layer);
    RoundingError error;
    if (view.dense.bytes != nullptr) write_dense_as_bf16(view.dense, sink, error);
    if (view.vector.data != nullptr) {
        write_as_bf16(view.vector.data, std::size_t(view.vector.size), sink, error);
    }
    if (view.dense.bytes != nullptr || view.vector.data != nullptr) {
        if (error.sum_of_squared_errors == 0) return;
        ++result.n_rounded_to_bf16;
        result.dense_error.sum_of_squares += error.sum_of_squares;
        result.dense_error.sum_of_squared_errors += error.sum_of_squared_errors;
        return;
    }
    const ExpertWeights& mlp = w.layers[std::size_t(layer)].mlp;
    RoundingError& of_layer = result.of_layers[std::size_t(layer)];
    RoundingError not_counted;  // scales and codes are made by the same rounding
    // clang-format off
    switch (slot) {
        case Slot::gate_up_codes:  write_experts(mlp.gate_up, ExpertPart::codes, sink, of_layer); break;
        case Slot::gate_up_scales: write_experts(mlp.gate_up, ExpertPart::scales, sink, not_counted); break;
        case Slot::gate_up_bf16:   write_experts_transposed(mlp.gate_up, sink, of_layer); break;
        case Slot::down_codes:     write_experts(mlp.down, ExpertPart::codes, sink, of_layer); break;
        case Slot::down_scales:    write_experts(mlp.down, ExpertPart::scales, sink, not_counted); break;
        case Slot::down_bf16:      write_experts_transposed(mlp.down, sink, of_layer); break;
        default: throw Error("convert: a slot has no tensor");
    }
    // clang-format on
}

inline Conversion convert_to_safetensors(const Weights& w, Layout layout,
                                         const std::filesystem::path& path, const Sink& on_bytes) {
    Conversion result;
    result.of_layers.resize(w.layers.size());
    const std::vector<TensorSpec> specs = tensor_inventory(w.config, layout);
    std::vector<format::TensorHeader> headers;
    for (const TensorSpec& spec : specs)
        headers.push_back({spec.name, spec.dtype, spec.shape});
    format::SafetensorsWriter writer(path, headers, {{"format", "pt"}});
    const Sink sink = [&](const void* bytes, std::uint64_t n_bytes) {
        writer.write(bytes, n_bytes);
        result.bytes_written += n_bytes;
        if (on_bytes) on_bytes(bytes, n_bytes);
    };
    for (const TensorSpec& spec : specs) {
        for (const TensorRow* row : spec.rows) {
            write_slot(w, row->slot, spec.layer, sink, result);
        }
        ++result.n_tensors;
    }
    writer.finish();
    return result;
}

}  // namespace gptoss::checkpoint
