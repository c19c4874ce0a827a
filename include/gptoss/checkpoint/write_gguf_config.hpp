// The keys of a GGUF file that say a config (checkpoint/gguf_config.hpp reads them back).
//
// Source   llama.cpp: conversion/base.py and gpt_oss.py (set_gguf_parameters).
// Errors   Error if a GGUF file has no key for what a config says: another clamp or order of layers.
#pragma once
#include <string>

#include "gptoss/core/check.hpp"
#include "gptoss/core/config.hpp"
#include "gptoss/format/gguf_writer.hpp"

namespace gptoss::checkpoint {

inline void add_gguf_config(format::GgufKeyList& keys, const Config& c) {
    if (c.layer_kinds != alternating_layers(c.n_layers)) {
        throw Error("config: a GGUF file cannot say a layer order other than alternating");
    }
    if (c.swiglu_limit != Config{}.swiglu_limit) {
        throw Error("config: a GGUF file cannot say a swiglu_limit");
    }
    if (c.swiglu_alpha != Config{}.swiglu_alpha || c.rope_truncate || c.rope_attention_factor) {
        throw Error(
            "config: a GGUF file cannot say swiglu_alpha, rope_truncate or an "
            "attention_factor");
    }
    const std::string model = "gpt-oss.";
    keys.add_text("general.architecture", "gpt-oss");
    keys.add_integer(model + "block_count", c.n_layers);
    keys.add_integer(model + "context_length", c.max_context_length);
    keys.add_integer(model + "embedding_length", c.hidden_size);
    keys.add_integer(model + "feed_forward_length", c.intermediate_size);
    keys.add_integer(model + "attention.head_count", c.n_heads);
    keys.add_integer(model + "attention.head_count_kv", c.n_kv_heads);
    keys.add_integer(model + "attention.key_length", c.head_dim);
    keys.add_integer(model + "attention.value_length", c.head_dim);
    keys.add_integer(model + "attention.sliding_window", c.sliding_window);
    keys.add_number(model + "attention.layer_norm_rms_epsilon", c.eps);
    keys.add_integer(model + "expert_count", c.n_experts);
    keys.add_integer(model + "expert_used_count", c.top_k);
    keys.add_integer(model + "expert_feed_forward_length", c.intermediate_size);
    keys.add_number(model + "rope.freq_base", c.rope_theta);
    if (!c.eos_token_ids.empty()) {
        keys.add_integer("tokenizer.ggml.eos_token_id", c.eos_token_ids[0]);
    }
    if (c.pad_token_id >= 0) keys.add_integer("tokenizer.ggml.padding_token_id", c.pad_token_id);
    if (c.rope_scaling_factor == 1.0f) return;  // plain RoPE
    keys.add_text(model + "rope.scaling.type", "yarn");
    keys.add_number(model + "rope.scaling.factor", c.rope_scaling_factor);
    keys.add_integer(model + "rope.scaling.original_context_length", c.initial_context_length);
    if (c.rope_ntk_beta != 32.0f) {
        keys.add_number(model + "rope.scaling.yarn_beta_fast", c.rope_ntk_beta);
    }
    if (c.rope_ntk_alpha != 1.0f) {
        keys.add_number(model + "rope.scaling.yarn_beta_slow", c.rope_ntk_alpha);
    }
}

}  // namespace gptoss::checkpoint
