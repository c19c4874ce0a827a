// The tensors of a GGUF file of gpt-oss: names and shapes, for the loader, the writer and inspect.
//
// Rows are those of checkpoint/tensor_table.hpp under llama.cpp's names. Two things differ: gate and up
// are tensors of their own, and MXFP4 has its scales inside (core/mxfp4.hpp).
//
// Source   the gguf package: MODEL_TENSORS of GPT_OSS; llama.cpp: conversion/gpt_oss.py, which permutes
//          nothing but takes gate_up's even rows for gate and its odd ones for up.
// Errors   none; the config is valid.
// Pitfalls The norm before the experts is post_attention_norm. Sinks end in .weight.
#pragma once
#include <string>
#include <vector>

#include "gptoss/core/config.hpp"
#include "gptoss/format/tensor.hpp"

namespace gptoss::checkpoint {

// What a tensor may be stored as: gains, biases and sinks are widened, matrices are read as they are.
enum class GgufUse { vector, dense, experts };

struct GgufSpec {
    std::string name;
    format::Shape shape;
    GgufUse use;
};

inline std::string in_block(int layer, const char* name) {
    return "blk." + std::to_string(layer) + "." + name;
}

inline void append_block(std::vector<GgufSpec>& specs, const Config& c, int layer) {
    const auto add = [&](const char* name, format::Shape shape, GgufUse use) {
        specs.push_back({in_block(layer, name), std::move(shape), use});
    };
    const std::int64_t hidden = c.hidden_size, inner = c.intermediate_size;
    const std::int64_t q = c.q_size(), kv = c.kv_size(), n_experts = c.n_experts;
    using enum GgufUse;
    add("attn_norm.weight", {hidden}, vector);
    add("attn_q.weight", {q, hidden}, dense);
    add("attn_q.bias", {q}, vector);
    add("attn_k.weight", {kv, hidden}, dense);
    add("attn_k.bias", {kv}, vector);
    add("attn_v.weight", {kv, hidden}, dense);
    add("attn_v.bias", {kv}, vector);
    add("attn_sinks.weight", {c.n_heads}, vector);
    add("attn_output.weight", {hidden, q}, dense);
    add("attn_output.bias", {hidden}, vector);
    add("post_attention_norm.weight", {hidden}, vector);
    add("ffn_gate_inp.weight", {n_experts, hidden}, dense);
    add("ffn_gate_inp.bias", {n_experts}, vector);
    add("ffn_gate_exps.weight", {n_experts, inner, hidden}, experts);
    add("ffn_gate_exps.bias", {n_experts, inner}, vector);
    add("ffn_up_exps.weight", {n_experts, inner, hidden}, experts);
    add("ffn_up_exps.bias", {n_experts, inner}, vector);
    add("ffn_down_exps.weight", {n_experts, hidden, inner}, experts);
    add("ffn_down_exps.bias", {n_experts, hidden}, vector);
}

inline std::vector<GgufSpec> gguf_inventory(const Config& c) {
    std::vector<GgufSpec> specs;
    specs.push_back({"token_embd.weight", {c.vocab_size, c.hidden_size}, GgufUse::dense});
    for (int layer = 0; layer < c.n_layers; ++layer) {
        append_block(specs, c, layer);
    }
    specs.push_back({"output_norm.weight", {c.hidden_size}, GgufUse::vector});
    specs.push_back({"output.weight", {c.vocab_size, c.hidden_size}, GgufUse::dense});
    return specs;
}

}  // namespace gptoss::checkpoint
