// Name map: every tensor and every activation, as OpenAI, Hugging Face, llama.cpp and we call it.
//
//     name_map_text()   two tables in Markdown, which docs/names.md holds and inspect --names prints
//
// Our side comes from the tables that the loader and the Watch use (checkpoint/tensor_table.hpp,
// trace/sites.hpp); the other sides of an activation, and GGUF, are listed here.
//
// Source   Hugging Face transformers 5.23: modeling_gpt_oss.py; official model 0.0.9: torch/model.py;
//          llama.cpp: src/llama-arch.cpp (LLM_ARCH_OPENAI_MOE), src/models/openai-moe-iswa.cpp,
//          build_moe_ffn in src/llama-graph.cpp, and its converter, class GptOssModel.
// Pitfalls GGUF lists extents in the opposite order (ne[0] is the contiguous one); the tables here
//          have rows first, as everywhere else.
#pragma once
#include <string>
#include <string_view>

#include "gptoss/checkpoint/tensor_table.hpp"
#include "gptoss/trace/sites.hpp"

namespace gptoss::tool {

struct GgufTensor {
    checkpoint::Slot slot;
    std::string_view name;  // {l} is the layer
    std::string_view change;
};

// clang-format off
inline constexpr GgufTensor kGgufTensors[] = {
    {checkpoint::Slot::embedding, "token_embd.weight", ""},
    {checkpoint::Slot::attn_norm, "blk.{l}.attn_norm.weight", ""},
    {checkpoint::Slot::q, "blk.{l}.attn_q.weight", ""},
    {checkpoint::Slot::k, "blk.{l}.attn_k.weight", ""},
    {checkpoint::Slot::v, "blk.{l}.attn_v.weight", ""},
    {checkpoint::Slot::q_bias, "blk.{l}.attn_q.bias", ""},
    {checkpoint::Slot::k_bias, "blk.{l}.attn_k.bias", ""},
    {checkpoint::Slot::v_bias, "blk.{l}.attn_v.bias", ""},
    {checkpoint::Slot::sinks, "blk.{l}.attn_sinks.weight", ""},
    {checkpoint::Slot::out, "blk.{l}.attn_output.weight", ""},
    {checkpoint::Slot::out_bias, "blk.{l}.attn_output.bias", ""},
    {checkpoint::Slot::mlp_norm, "blk.{l}.post_attention_norm.weight", ""},
    {checkpoint::Slot::router, "blk.{l}.ffn_gate_inp.weight", ""},
    {checkpoint::Slot::router_bias, "blk.{l}.ffn_gate_inp.bias", ""},
    {checkpoint::Slot::gate_up_codes, "blk.{l}.ffn_gate_exps.weight, blk.{l}.ffn_up_exps.weight",
        "even rows, odd rows; 17 bytes per 32"},
    {checkpoint::Slot::gate_up_scales, "(in the two above)", "first of the 17 bytes"},
    {checkpoint::Slot::gate_up_bf16, "(as gate_up.codes)", "transposed back"},
    {checkpoint::Slot::gate_up_bias, "blk.{l}.ffn_gate_exps.bias, blk.{l}.ffn_up_exps.bias",
        "even channels, odd channels"},
    {checkpoint::Slot::down_codes, "blk.{l}.ffn_down_exps.weight", "17 bytes per 32"},
    {checkpoint::Slot::down_scales, "(in the one above)", "first of the 17 bytes"},
    {checkpoint::Slot::down_bf16, "(as down.codes)", "transposed back"},
    {checkpoint::Slot::down_bias, "blk.{l}.ffn_down_exps.bias", ""},
    {checkpoint::Slot::final_norm, "output_norm.weight", ""},
    {checkpoint::Slot::unembedding, "output.weight", ""},
};

// Where an activation is found in somebody else's run: a module stands for its output, llama.cpp's
// names are those of its callback, with "-l" behind them.
struct SiteElsewhere {
    Site site;
    std::string_view openai;
    std::string_view hugging_face;
    std::string_view llama_cpp;
};

inline constexpr SiteElsewhere kSitesElsewhere[] = {
    {Site::embedding, "embedding", "model.embed_tokens", "embd"},
    {Site::attn_norm, "block[l].attn.norm", "layers[l].input_layernorm", "attn_norm"},
    {Site::attn_q, "block[l].attn.qkv, first n_heads * head_dim",
        "layers[l].self_attn.q_proj", "Qcur, the second of its name"},
    {Site::attn_k, "block[l].attn.qkv, next n_kv_heads * head_dim",
        "layers[l].self_attn.k_proj", "Kcur, the second"},
    {Site::attn_v, "block[l].attn.qkv, the rest",
        "layers[l].self_attn.v_proj", "Vcur, the second"},
    {Site::attn_q_rope, "argument Q of sdpa", "apply_rotary_pos_emb, first; heads before T",
        "Qcur, the fourth"},
    {Site::attn_k_rope, "argument K of sdpa", "apply_rotary_pos_emb, second; heads before T",
        "Kcur, the fourth"},
    {Site::attn_scores, "argument of softmax in sdpa without its last column", "not kept", ""},
    {Site::attn_weights, "result of softmax in sdpa without its last column",
        "eager_attention_forward, second",
        "kq_soft_max without flash attention, S padded to 256"},
    {Site::attn_sink_share, "last column of that result", "not kept", ""},
    {Site::attn_mix, "result of sdpa", "argument of layers[l].self_attn.o_proj", "kqv_out"},
    {Site::attn_out, "block[l].attn.out", "layers[l].self_attn.o_proj", "attn_out"},
    {Site::attn_residual, "block[l].attn", "argument of layers[l].post_attention_layernorm",
        "ffn_inp"},
    {Site::mlp_norm, "block[l].mlp.norm", "layers[l].post_attention_layernorm",
        "attn_post_norm"},
    {Site::mlp_router_logits, "block[l].mlp.gate", "layers[l].mlp.router, first",
        "ffn_moe_probs"},
    {Site::mlp_expert_ids, "topk, indices", "layers[l].mlp.router, third", "ffn_moe_topk"},
    {Site::mlp_expert_weights, "second argument of the last einsum",
        "layers[l].mlp.router, second", "ffn_moe_weights_softmax"},
    {Site::mlp_gate_up, "argument of swiglu",
        "argument of GptOssExperts._apply_gate, expert by expert",
        "ffn_moe_gate_biased and ffn_moe_up_biased, apart"},
    {Site::mlp_swiglu, "result of swiglu", "result of _apply_gate, expert by expert",
        "ffn_moe_swiglu_oai"},
    {Site::mlp_expert_out, "first argument of the last einsum", "not kept",
        "ffn_moe_down_biased"},
    {Site::mlp_out, "result of the last einsum", "layers[l].mlp.experts", "ffn_moe_out"},
    {Site::mlp_residual, "block[l].mlp", "layers[l]", "l_out"},
    {Site::final_norm, "norm", "model.norm", "result_norm"},
    {Site::logits, "unembedding", "lm_head", "result_output"},
};
// clang-format on

// --- In words ---------------------------------------------------------------------------------

// Where a tensor goes in Weights (model/weights.hpp), without layers[l].
inline std::string_view field_of(checkpoint::Slot slot) {
    // clang-format off
    switch (slot) {
        case checkpoint::Slot::embedding:      return "embedding";
        case checkpoint::Slot::attn_norm:      return "attn.norm_gain";
        case checkpoint::Slot::q:              return "attn.q";
        case checkpoint::Slot::k:              return "attn.k";
        case checkpoint::Slot::v:              return "attn.v";
        case checkpoint::Slot::q_bias:         return "attn.q_bias";
        case checkpoint::Slot::k_bias:         return "attn.k_bias";
        case checkpoint::Slot::v_bias:         return "attn.v_bias";
        case checkpoint::Slot::sinks:          return "attn.sinks";
        case checkpoint::Slot::out:            return "attn.out";
        case checkpoint::Slot::out_bias:       return "attn.out_bias";
        case checkpoint::Slot::mlp_norm:       return "mlp.norm_gain";
        case checkpoint::Slot::router:         return "mlp.router";
        case checkpoint::Slot::router_bias:    return "mlp.router_bias";
        case checkpoint::Slot::gate_up_codes:  return "mlp.gate_up.codes";
        case checkpoint::Slot::gate_up_scales: return "mlp.gate_up.scales";
        case checkpoint::Slot::gate_up_bf16:   return "mlp.gate_up.transposed";
        case checkpoint::Slot::gate_up_bias:   return "mlp.gate_up_bias";
        case checkpoint::Slot::down_codes:     return "mlp.down.codes";
        case checkpoint::Slot::down_scales:    return "mlp.down.scales";
        case checkpoint::Slot::down_bf16:      return "mlp.down.transposed";
        case checkpoint::Slot::down_bias:      return "mlp.down_bias";
        case checkpoint::Slot::final_norm:     return "final_norm_gain";
        case checkpoint::Slot::unembedding:    return "unembedding";
    }
    // clang-format on
    return "";
}

inline std::string code(std::string_view name) {
    return name.empty() ? "" : "`" + std::string(name) + "`";
}

inline std::string tensor_line(const checkpoint::TensorRow& row) {
    std::string shape;
    for (const Dim dim : row.shape) {
        if (dim == Dim::none) continue;
        shape += (shape.empty() ? "" : ", ") + std::string(dim_words(dim));
    }
    for (const GgufTensor& gguf : kGgufTensors) {
        if (gguf.slot != row.slot) continue;
        return "| " + code(field_of(row.slot)) + " | " + shape + " | " + std::string(row.dtype) +
               " | " + code(row.openai_name) + " | " + code(row.hugging_face_name) + " | " +
               code(gguf.name) + " | " + std::string(gguf.change) + " |\n";
    }
    return "";
}

inline std::string site_line(const SiteElsewhere& elsewhere) {
    return "| " + code(site_info(elsewhere.site).name) + " | " + std::string(elsewhere.openai) +
           " | " + std::string(elsewhere.hugging_face) + " | " + std::string(elsewhere.llama_cpp) +
           " |\n";
}

inline std::string name_map_text() {
    std::string text =
        "| ours | shape | type | OpenAI | Hugging Face | GGUF | changed in GGUF |\n"
        "|---|---|---|---|---|---|---|\n";
    for (const checkpoint::TensorRow& row : checkpoint::tensor_table::kRows) {
        text += tensor_line(row);
    }
    text += "\n| site | OpenAI's torch model | Hugging Face | llama.cpp |\n|---|---|---|---|\n";
    for (const SiteElsewhere& elsewhere : kSitesElsewhere) {
        text += site_line(elsewhere);
    }
    return text;
}

}  // namespace gptoss::tool
