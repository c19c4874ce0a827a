// Bias pitfalls: one bias of a layer left out, the others added.
//
//     q = x W_q + b_q, and so on: q, k, v, out of attention; gate_up and down of every expert
//
// The edits change views of a copy; the bytes of the right model stay as they are. All four of
// attention, or both of the experts, are mistakes of their own (pitfalls/weight_pitfalls.hpp,
// pitfalls/expert_pitfalls.hpp).
//
// Source   the threads that each pitfall names; checkpoint/build_weights.hpp for what is right.
#pragma once
#include "gptoss/pitfalls/weight_pitfalls.hpp"

namespace gptoss::pitfalls {

inline ConstMatrixView zeros_kept_by(Weights& w, ConstMatrixView like) {
    return {zeros_kept_by(w, like.rows * like.cols).data, like.rows, like.cols};
}

struct QBiasMissing {
    static constexpr Facts facts{
        "q_bias_missing",
        "q goes without its bias",
        kNotSeen,
        "heads look at other places; fluent text that misses details",
        "the first token in q",
        Site::attn_q,
    };
    static void edit(Weights& w) {
        for (LayerWeights& layer : w.layers) {
            layer.attn.q_bias = zeros_kept_by(w, layer.attn.q_bias.size);
        }
    }
};

struct KBiasMissing {
    static constexpr Facts facts{
        "k_bias_missing",
        "k goes without its bias",
        kNotSeen,
        "heads look at other places; fluent text that misses details",
        "the first token in k",
        Site::attn_k,
    };
    static void edit(Weights& w) {
        for (LayerWeights& layer : w.layers) {
            layer.attn.k_bias = zeros_kept_by(w, layer.attn.k_bias.size);
        }
    }
};

struct VBiasMissing {
    static constexpr Facts facts{
        "v_bias_missing",
        "v goes without its bias",
        kNotSeen,
        "a constant is missing from every head: a weaker model",
        "the first token in v",
        Site::attn_v,
    };
    static void edit(Weights& w) {
        for (LayerWeights& layer : w.layers) {
            layer.attn.v_bias = zeros_kept_by(w, layer.attn.v_bias.size);
        }
    }
};

struct OutBiasMissing {
    static constexpr Facts facts{
        "out_bias_missing",
        "attention's output projection goes without its bias",
        "not seen in public, plausible: Qwen2 has biases on q, k and v alone",
        "a constant is missing from the residual stream: a weaker model",
        "the first token in attn.out",
        Site::attn_out,
    };
    static void edit(Weights& w) {
        for (LayerWeights& layer : w.layers) {
            layer.attn.out_bias = zeros_kept_by(w, layer.attn.out_bias.size);
        }
    }
};

struct GateUpBiasMissing {
    static constexpr Facts facts{
        "gate_up_bias_missing",
        "the experts' first matrix goes without its bias",
        kNotSeen,
        "nonsense from the first token on",
        "the first token in gate_up",
        Site::mlp_gate_up,
    };
    static void edit(Weights& w) {
        for (LayerWeights& layer : w.layers) {
            layer.mlp.gate_up_bias = zeros_kept_by(w, layer.mlp.gate_up_bias);
        }
    }
};

struct DownBiasMissing {
    static constexpr Facts facts{
        "down_bias_missing",
        "the experts' second matrix goes without its bias",
        kNotSeen,
        "every expert block adds too little: a weaker model",
        "the first token in expert_out",
        Site::mlp_expert_out,
    };
    static void edit(Weights& w) {
        for (LayerWeights& layer : w.layers) {
            layer.mlp.down_bias = zeros_kept_by(w, layer.mlp.down_bias);
        }
    }
};

}  // namespace gptoss::pitfalls
