// Dim: what one dimension of a tensor counts, so that shapes can stand in tables.
//
//     {Site::attn_q, "block.{l}.attn.q", {Dim::tokens, Dim::q}, ...}      trace/sites.hpp
//     {Slot::sinks, ..., {Dim::heads}, ...}                               the tensors of a checkpoint
//
// Pitfalls tokens and positions belong to a pass, not to a model: extent_of has no number for them.
#pragma once
#include <string_view>

#include "gptoss/core/config.hpp"
#include "gptoss/core/mxfp4.hpp"

namespace gptoss {

// clang-format off
enum class Dim {
    none,
    tokens, positions,  // of a pass: T, S
    vocab, hidden, q, kv, heads, experts, top_k, gate_up, intermediate,
    hidden_blocks, intermediate_blocks, block_bytes,  // of MXFP4
};

inline int extent_of(Dim dim, const Config& c) {
    switch (dim) {
        case Dim::none:                return 1;
        case Dim::tokens:
        case Dim::positions:           return 0;
        case Dim::vocab:               return c.vocab_size;
        case Dim::hidden:              return c.hidden_size;
        case Dim::q:                   return c.q_size();
        case Dim::kv:                  return c.kv_size();
        case Dim::heads:               return c.n_heads;
        case Dim::experts:             return c.n_experts;
        case Dim::top_k:               return c.top_k;
        case Dim::gate_up:             return 2 * c.intermediate_size;
        case Dim::intermediate:        return c.intermediate_size;
        case Dim::hidden_blocks:       return c.hidden_size / kMxfp4BlockSize;
        case Dim::intermediate_blocks: return c.intermediate_size / kMxfp4BlockSize;
        case Dim::block_bytes:         return kMxfp4BlockBytes;
    }
    return 0;
}

// As the tables of docs/ have it.
inline std::string_view dim_words(Dim dim) {
    switch (dim) {
        case Dim::none:                return "";
        case Dim::tokens:              return "T";
        case Dim::positions:           return "S";
        case Dim::vocab:               return "vocab_size";
        case Dim::hidden:              return "hidden_size";
        case Dim::q:                   return "n_heads * head_dim";
        case Dim::kv:                  return "n_kv_heads * head_dim";
        case Dim::heads:               return "n_heads";
        case Dim::experts:             return "n_experts";
        case Dim::top_k:               return "top_k";
        case Dim::gate_up:             return "2 * intermediate_size";
        case Dim::intermediate:        return "intermediate_size";
        case Dim::hidden_blocks:       return "hidden_size / 32";
        case Dim::intermediate_blocks: return "intermediate_size / 32";
        case Dim::block_bytes:         return "16";
    }
    return "";
}
// clang-format on

}  // namespace gptoss
