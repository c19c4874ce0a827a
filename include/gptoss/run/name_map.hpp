// Name map: every tensor and every activation, as OpenAI, Hugging Face, llama.cpp and we call it.
//
//     name_map_text()   two tables in Markdown, which docs/names.md holds and inspect --names prints
//
// Our side comes from the tables that the loader and the Watch use (run/tensor_table.hpp,
// trace/sites.hpp); the other sides of an activation, and GGUF, are listed here.
//
// Source   Hugging Face transformers 5.23: modeling_gpt_oss.py; official model 0.0.9: torch/model.py;
//          llama.cpp: src/llama-arch.cpp (LLM_ARCH_OPENAI_MOE), src/models/openai-moe-iswa.cpp,
//          build_moe_ffn in src/llama-graph.cpp, and its converter, class GptOssModel.
// Errors   none.
// Pitfalls GGUF lists extents in the opposite order (ne[0] is the contiguous one); the tables here
//          have rows first, as everywhere else.
#pragma once
#include <string>
#include <string_view>

#include "gptoss/run/tensor_table.hpp"
#include "gptoss/trace/sites.hpp"

namespace gptoss {

struct GgufTensor {
    Slot slot;
    std::string_view name;  // {l} is the layer
    std::string_view change;
};

// clang-format off
inline constexpr GgufTensor kGgufTensors[] = {
    {Slot::embedding, "token_embd.weight", ""},
    {Slot::attn_norm, "blk.{l}.attn_norm.weight", ""},
    {Slot::q, "blk.{l}.attn_q.weight", ""},
    {Slot::k, "blk.{l}.attn_k.weight", ""},
    {Slot::v, "blk.{l}.attn_v.weight", ""},
    {Slot::q_bias, "blk.{l}.attn_q.bias", ""},
    {Slot::k_bias, "blk.{l}.attn_k.bias", ""},
    {Slot::v_bias, "blk.{l}.attn_v.bias", ""},
    {Slot::sinks, "blk.{l}.attn_sinks.weight", ""},
    {Slot::out, "blk.{l}.attn_output.weight", ""},
    {Slot::out_bias, "blk.{l}.attn_output.bias", ""},
    {Slot::mlp_norm, "blk.{l}.post_attention_norm.weight", ""},
    {Slot::router, "blk.{l}.ffn_gate_inp.weight", ""},
    {Slot::router_bias, "blk.{l}.ffn_gate_inp.bias", ""},
    {Slot::gate_up_codes, "blk.{l}.ffn_gate_exps.weight, blk.{l}.ffn_up_exps.weight",
        "even rows, odd rows; 17 bytes per 32"},
    {Slot::gate_up_scales, "(in the two above)", "first of the 17 bytes"},
    {Slot::gate_up_bf16, "(as gate_up.codes)", "transposed back"},
    {Slot::gate_up_bias, "blk.{l}.ffn_gate_exps.bias, blk.{l}.ffn_up_exps.bias",
        "even channels, odd channels"},
    {Slot::down_codes, "blk.{l}.ffn_down_exps.weight", "17 bytes per 32"},
    {Slot::down_scales, "(in the one above)", "first of the 17 bytes"},
    {Slot::down_bf16, "(as down.codes)", "transposed back"},
    {Slot::down_bias, "blk.{l}.ffn_down_exps.bias", ""},
    {Slot::final_norm, "output_norm.weight", ""},
    {Slot::unembedding, "output.weight", ""},
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
    {Site::embedding, "embedding", "model.embed_tokens", ""},
    {Site::attn_norm, "block[l].attn.norm", "layers[l].input_layernorm", "attn_norm"},
    {Site::attn_q, "block[l].attn.qkv, first n_heads * head_dim",
        "layers[l].self_attn.q_proj", "Qcur, the second of its name"},
    {Site::attn_k, "block[l].attn.qkv, next n_kv_heads * head_dim",
        "layers[l].self_attn.k_proj", "Kcur, the second"},
    {Site::attn_v, "block[l].attn.qkv, the rest",
        "layers[l].self_attn.v_proj", "Vcur, the second"},
    {Site::attn_q_rope, "argument Q of sdpa", "apply_rotary_pos_emb, first; heads before T",
        "Qcur, the third"},
    {Site::attn_k_rope, "argument K of sdpa", "apply_rotary_pos_emb, second; heads before T",
        "Kcur, the third"},
    {Site::attn_scores, "argument of softmax in sdpa without its last column", "not kept", ""},
    {Site::attn_weights, "result of softmax in sdpa without its last column",
        "eager_attention_forward, second", ""},
    {Site::attn_sink_share, "last column of that result", "not kept", ""},
    {Site::attn_mix, "result of sdpa", "argument of layers[l].self_attn.o_proj", "kqv_out"},
    {Site::attn_out, "block[l].attn.out", "layers[l].self_attn.o_proj", "attn_out"},
    {Site::attn_residual, "block[l].attn", "argument of layers[l].post_attention_layernorm",
        "ffn_inp"},
    {Site::mlp_norm, "block[l].mlp.norm", "layers[l].post_attention_layernorm",
        "attn_post_norm"},
    {Site::mlp_router_logits, "block[l].mlp.gate", "layers[l].mlp.router, first",
        "ffn_moe_logits_biased"},
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
inline std::string_view field_of(Slot slot) {
    // clang-format off
    switch (slot) {
        case Slot::embedding:      return "embedding";
        case Slot::attn_norm:      return "attn.norm_gain";
        case Slot::q:              return "attn.q";
        case Slot::k:              return "attn.k";
        case Slot::v:              return "attn.v";
        case Slot::q_bias:         return "attn.q_bias";
        case Slot::k_bias:         return "attn.k_bias";
        case Slot::v_bias:         return "attn.v_bias";
        case Slot::sinks:          return "attn.sinks";
        case Slot::out:            return "attn.out";
        case Slot::out_bias:       return "attn.out_bias";
        case Slot::mlp_norm:       return "mlp.norm_gain";
        case Slot::router:         return "mlp.router";
        case Slot::router_bias:    return "mlp.router_bias";
        case Slot::gate_up_codes:  return "mlp.gate_up.codes";
        case Slot::gate_up_scales: return "mlp.gate_up.scales";
        case Slot::gate_up_bf16:   return "mlp.gate_up.bf16_transposed";
        case Slot::gate_up_bias:   return "mlp.gate_up_bias";
        case Slot::down_codes:     return "mlp.down.codes";
        case Slot::down_scales:    return "mlp.down.scales";
        case Slot::down_bf16:      return "mlp.down.bf16_transposed";
        case Slot::down_bias:      return "mlp.down_bias";
        case Slot::final_norm:     return "final_norm_gain";
        case Slot::unembedding:    return "unembedding";
    }
    // clang-format on
    return "";
}

inline std::string_view words_of(Extent extent) {
    // clang-format off
    switch (extent) {
        case Extent::none:                return "";
        case Extent::vocab:               return "vocab_size";
        case Extent::hidden:              return "hidden_size";
        case Extent::q:                   return "n_heads * head_dim";
        case Extent::kv:                  return "n_kv_heads * head_dim";
        case Extent::heads:               return "n_heads";
        case Extent::experts:             return "n_experts";
        case Extent::intermediate:        return "intermediate_size";
        case Extent::gate_up:             return "2 * intermediate_size";
        case Extent::hidden_blocks:       return "hidden_size / 32";
        case Extent::intermediate_blocks: return "intermediate_size / 32";
        case Extent::block_bytes:         return "16";
    }
    // clang-format on
    return "";
}

inline std::string code(std::string_view name) {
    return name.empty() ? "" : "`" + std::string(name) + "`";
}

inline std::string tensor_line(const TensorRow& row) {
    std::string shape;
    for (const Extent extent : row.shape) {
        if (extent == Extent::none) continue;
        shape += (shape.empty() ? "" : ", ") + std::string(words_of(extent));
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
    for (const TensorRow& row : tensor_table::kRows) {
        text += tensor_line(row);
    }
    text += "\n| site | OpenAI's torch model | Hugging Face | llama.cpp |\n|---|---|---|---|\n";
    for (const SiteElsewhere& elsewhere : kSitesElsewhere) {
        text += site_line(elsewhere);
    }
    return text;
}

}  // namespace gptoss
