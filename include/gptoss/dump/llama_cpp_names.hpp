// llama.cpp's names: what the callback of its graph calls each site, and how its arrays lie.
//
//     Qcur-3 ADD      -> block.3.attn.q          the operation is behind a name that a layer uses again
//     Qcur-3 MUL_MAT  -> block.3.attn.q          if the model has no bias, and so no ADD
//     ffn_moe_topk-3  -> block.3.mlp.expert_ids
//     result_norm     -> final_norm
//
// A dump without operations keeps the last tensor of a name, which is the rotated one.
//
// Where    dump/read_dump.hpp, for names that neither are a site's nor in a map.
// Source   llama.cpp b11434: src/models/openai-moe.cpp; build_qkv, build_attn_mha and build_moe_ffn in
//          src/llama-graph.cpp.
// Pitfalls Router logits are ffn_moe_probs: gpt-oss takes its softmax later, over the chosen experts.
//          A file of GGUF drops outer extents of 1, which every array of a single token has.
#pragma once
#include <string>
#include <vector>

#include "gptoss/dump/run_dump.hpp"
#include "gptoss/dump/site_names.hpp"

namespace gptoss::dump {

inline const NameMap& llama_cpp_names() {
    static const NameMap names{{
        {"embd", "embedding"},
        {"attn_norm-{l}", "block.{l}.attn.norm"},
        {"Qcur-{l} ADD", "block.{l}.attn.q"},
        {"Kcur-{l} ADD", "block.{l}.attn.k"},
        {"Vcur-{l} ADD", "block.{l}.attn.v"},
        {"Qcur-{l} MUL_MAT", "block.{l}.attn.q"},
        {"Kcur-{l} MUL_MAT", "block.{l}.attn.k"},
        {"Vcur-{l} MUL_MAT", "block.{l}.attn.v"},
        {"Qcur-{l} ROPE", "block.{l}.attn.q_rope"},
        {"Kcur-{l} ROPE", "block.{l}.attn.k_rope"},
        {"Qcur-{l}", "block.{l}.attn.q_rope"},
        {"Kcur-{l}", "block.{l}.attn.k_rope"},
        {"Vcur-{l}", "block.{l}.attn.v"},
        {"kq_soft_max-{l}", "block.{l}.attn.weights"},
        {"kqv_out-{l}", "block.{l}.attn.mix"},
        {"attn_out-{l}", "block.{l}.attn.out"},
        {"ffn_inp-{l}", "block.{l}.attn.residual"},
        {"attn_post_norm-{l}", "block.{l}.mlp.norm"},
        {"ffn_moe_probs-{l}", "block.{l}.mlp.router_logits"},
        {"ffn_moe_topk-{l}", "block.{l}.mlp.expert_ids"},
        {"ffn_moe_weights_softmax-{l}", "block.{l}.mlp.expert_weights"},
        {"ffn_moe_gate_biased-{l}", "block.{l}.mlp.gate_up[0::2]"},
        {"ffn_moe_up_biased-{l}", "block.{l}.mlp.gate_up[1::2]"},
        {"ffn_moe_swiglu_oai-{l}", "block.{l}.mlp.swiglu"},
        {"ffn_moe_down_biased-{l}", "block.{l}.mlp.expert_out"},
        {"ffn_moe_out-{l}", "block.{l}.mlp.out"},
        {"l_out-{l}", "block.{l}.mlp.residual"},
        {"result_norm", "final_norm"},
        {"result_output", "logits"},
    }};
    return names;
}

// Weights of attention have as many columns as the cache has places, a multiple of 256: those behind
// the last token go.
inline void cut_places(Activation& weights, std::int64_t n_tokens) {
    format::Shape& shape = weights.shape;
    if (shape.size() != 3 || shape[2] <= n_tokens || weights.values.empty()) return;
    const std::int64_t n_rows = shape[0] * shape[1];
    std::vector<float> kept;
    for (std::int64_t row = 0; row < n_rows; ++row) {
        const auto begin = weights.values.begin() + std::ptrdiff_t(row * shape[2]);
        kept.insert(kept.end(), begin, begin + std::ptrdiff_t(n_tokens));
    }
    weights.values = std::move(kept);
    shape[2] = n_tokens;
}

// The arrays as a site has them, as far as that takes more than another reading of the shape.
inline void tidy_llama_cpp(Dump& dump) {
    if (!dump.tokens) return;
    const std::int64_t n_tokens = std::int64_t(dump.tokens->size());
    for (auto& [key, activation] : dump.sites) {
        if (key.site == Site::attn_weights) {
            cut_places(activation, n_tokens);
        } else if (n_tokens == 1 && !activation.shape.empty() && activation.shape[0] != 1) {
            activation.shape.insert(activation.shape.begin(), 1);
        }
    }
}

}  // namespace gptoss::dump
