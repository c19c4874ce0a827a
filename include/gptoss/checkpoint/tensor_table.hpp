// The tensors of a checkpoint: one table for the loader, the synthesizer and the documentation.
//
// A row says where a tensor goes in Weights (Slot), what it is called in OpenAI's and in Hugging
// Face's layout ({l} is the layer), its shape and dtype, and how synthetic values are made
// (core/generator.hpp). Rows are in the order of the files that we write.
//
//   * Rows with the same OpenAI name are stacked there along the first axis: q, k, v in one qkv.
//   * Matrices are (out, in); MXFP4 is split into codes (.., in / 32, 16) and scales (.., in / 32).
//   * gate_up interleaves: row 2 i is gate unit i, row 2 i + 1 is up unit i.
//   * The rows without an OpenAI name belong to Hugging Face files that were unpacked to BF16.
//     Their matrices are (in, out), transposed. They replace the U8 rows.
//
// Source   official model: classes Checkpoint (PARAM_NAME_MAP), AttentionBlock and MLPBlock;
//          Hugging Face transformers: classes GptOssAttention, GptOssExperts, GptOssTopKRouter.
// Pitfalls .blocks and .scales with a dot, _blocks and _scales with an underscore; mlp1_bias has no
//          dot; Hugging Face's post_attention_layernorm is the norm before the experts. Where
//          hidden_size equals intermediate_size a transposed down_proj has the right shape, so the
//          two forms are told apart by name alone.
#pragma once
#include <string_view>

#include "gptoss/core/dim.hpp"

namespace gptoss::checkpoint {

enum class Layout { openai, hugging_face, hugging_face_bf16 };

// clang-format off
// The fields of Weights that tensors fill, in the order of model/weights.hpp.
enum class Slot {
    embedding,
    attn_norm, q, k, v, q_bias, k_bias, v_bias, sinks, out, out_bias,
    mlp_norm, router, router_bias,
    gate_up_codes, gate_up_scales, gate_up_bf16, gate_up_bias,
    down_codes, down_scales, down_bf16, down_bias,
    final_norm, unembedding,
};

// clang-format on

// One rule of core/generator.hpp. The exponent of uniform is exponent - half_log2(fan_in).
enum class Values { not_made, uniform, norm_gain, codes, scales };
struct ValueRule {
    Values kind = Values::not_made;
    int exponent = 0;
    Dim fan_in = Dim::none;
};

struct TensorRow {
    Slot slot;
    std::string_view openai_name;
    std::string_view hugging_face_name;
    Dim shape[4];
    std::string_view dtype;
    ValueRule values;

    constexpr bool is_per_layer() const {
        return hugging_face_name.find("{l}") != std::string_view::npos;
    }
    constexpr bool belongs_to(Layout layout) const {
        if (layout == Layout::hugging_face_bf16) return dtype == "BF16";
        return !openai_name.empty();
    }
};

namespace tensor_table {

using enum Dim;
using enum Values;
inline constexpr std::string_view kBf16 = "BF16";
inline constexpr std::string_view kBytes = "U8";

// clang-format off
inline constexpr TensorRow kRows[] = {
    {Slot::embedding, "embedding.weight", "model.embed_tokens.weight",
        {vocab, hidden}, kBf16, {uniform, 0}},

    {Slot::attn_norm, "block.{l}.attn.norm.scale", "model.layers.{l}.input_layernorm.weight",
        {hidden}, kBf16, {norm_gain}},
    {Slot::q, "block.{l}.attn.qkv.weight", "model.layers.{l}.self_attn.q_proj.weight",
        {Dim::q, hidden}, kBf16, {uniform, 0, hidden}},
    {Slot::k, "block.{l}.attn.qkv.weight", "model.layers.{l}.self_attn.k_proj.weight",
        {kv, hidden}, kBf16, {uniform, 0, hidden}},
    {Slot::v, "block.{l}.attn.qkv.weight", "model.layers.{l}.self_attn.v_proj.weight",
        {kv, hidden}, kBf16, {uniform, 0, hidden}},
    {Slot::q_bias, "block.{l}.attn.qkv.bias", "model.layers.{l}.self_attn.q_proj.bias",
        {Dim::q}, kBf16, {uniform, -1}},
    {Slot::k_bias, "block.{l}.attn.qkv.bias", "model.layers.{l}.self_attn.k_proj.bias",
        {kv}, kBf16, {uniform, -1}},
    {Slot::v_bias, "block.{l}.attn.qkv.bias", "model.layers.{l}.self_attn.v_proj.bias",
        {kv}, kBf16, {uniform, -1}},
    {Slot::sinks, "block.{l}.attn.sinks", "model.layers.{l}.self_attn.sinks",
        {heads}, kBf16, {uniform, 1}},
    {Slot::out, "block.{l}.attn.out.weight", "model.layers.{l}.self_attn.o_proj.weight",
        {hidden, Dim::q}, kBf16, {uniform, 0, Dim::q}},
    {Slot::out_bias, "block.{l}.attn.out.bias", "model.layers.{l}.self_attn.o_proj.bias",
        {hidden}, kBf16, {uniform, -3}},

    {Slot::mlp_norm, "block.{l}.mlp.norm.scale", "model.layers.{l}.post_attention_layernorm.weight",
        {hidden}, kBf16, {norm_gain}},
    {Slot::router, "block.{l}.mlp.gate.weight", "model.layers.{l}.mlp.router.weight",
        {experts, hidden}, kBf16, {uniform, 2, hidden}},
    {Slot::router_bias, "block.{l}.mlp.gate.bias", "model.layers.{l}.mlp.router.bias",
        {experts}, kBf16, {uniform, -1}},
    {Slot::gate_up_codes, "block.{l}.mlp.mlp1_weight.blocks",
        "model.layers.{l}.mlp.experts.gate_up_proj_blocks",
        {experts, gate_up, hidden_blocks, block_bytes}, kBytes, {codes}},
    {Slot::gate_up_scales, "block.{l}.mlp.mlp1_weight.scales",
        "model.layers.{l}.mlp.experts.gate_up_proj_scales",
        {experts, gate_up, hidden_blocks}, kBytes, {scales, 0, hidden}},
    {Slot::gate_up_bf16, "", "model.layers.{l}.mlp.experts.gate_up_proj",
        {experts, hidden, gate_up}, kBf16, {}},
    {Slot::gate_up_bias, "block.{l}.mlp.mlp1_bias",
        "model.layers.{l}.mlp.experts.gate_up_proj_bias",
        {experts, gate_up}, kBf16, {uniform, 3}},  // large: the clamps at 7 must be met
    {Slot::down_codes, "block.{l}.mlp.mlp2_weight.blocks",
        "model.layers.{l}.mlp.experts.down_proj_blocks",
        {experts, hidden, intermediate_blocks, block_bytes}, kBytes, {codes}},
    {Slot::down_scales, "block.{l}.mlp.mlp2_weight.scales",
        "model.layers.{l}.mlp.experts.down_proj_scales",
        {experts, hidden, intermediate_blocks}, kBytes, {scales, 0, intermediate}},
    {Slot::down_bf16, "", "model.layers.{l}.mlp.experts.down_proj",
        {experts, intermediate, hidden}, kBf16, {}},
    {Slot::down_bias, "block.{l}.mlp.mlp2_bias",
        "model.layers.{l}.mlp.experts.down_proj_bias",
        {experts, hidden}, kBf16, {uniform, -3}},

    {Slot::final_norm, "norm.scale", "model.norm.weight",
        {hidden}, kBf16, {norm_gain}},
    {Slot::unembedding, "unembedding.weight", "lm_head.weight",
        {vocab, hidden}, kBf16, {uniform, 0, hidden}},
};
// clang-format on

}  // namespace tensor_table

}  // namespace gptoss::checkpoint
