// Weight pitfalls: mistakes made while loading, as edits of a Weights.
//
// The edits change views of a copy; the bytes of the right model stay as they are.
//
// Source   the threads that each pitfall names; checkpoint/build_weights.hpp for what is right.
#pragma once
#include <memory>
#include <utility>
#include <vector>

#include "gptoss/model/weights.hpp"
#include "gptoss/pitfalls/pitfall.hpp"

namespace gptoss::pitfalls {

// Values that live as long as w.
inline ConstVectorView kept_by(Weights& w, std::vector<float> values) {
    using Kept = std::pair<std::shared_ptr<const void>, std::vector<float>>;
    const auto kept = std::make_shared<Kept>(w.owner, std::move(values));
    w.owner = kept;
    return {kept->second.data(), int(kept->second.size())};
}

inline ConstVectorView zeros_kept_by(Weights& w, int size) {
    return kept_by(w, std::vector<float>(std::size_t(size)));
}

struct AttentionBiasMissing {
    static constexpr Facts facts{
        "attention_bias_missing",
        "q, k, v and the output projection go without their biases",
        "OminiX-ai/OminiX-MLX#7 (another model), NVIDIA-NeMo/Automodel#3920",
        "nonsense from the first token on",
        "the first token in q",
        Site::attn_q,
    };
    static void edit(Weights& w) {
        for (LayerWeights& layer : w.layers) {
            AttentionWeights& attn = layer.attn;
            for (ConstVectorView* bias :
                 {&attn.q_bias, &attn.k_bias, &attn.v_bias, &attn.out_bias}) {
                *bias = zeros_kept_by(w, bias->size);
            }
        }
    }
};

struct RouterBiasMissing {
    static constexpr Facts facts{
        "router_bias_missing",
        "the router goes without its bias",
        "pytorch/torchtitan#2319, vllm-project/vllm#29237",
        "tokens go to the wrong experts; fluent but confused text",
        "the first token in router_logits",
        Site::mlp_router_logits,
    };
    static void edit(Weights& w) {
        for (LayerWeights& layer : w.layers) {
            layer.mlp.router_bias = zeros_kept_by(w, layer.mlp.router_bias.size);
        }
    }
};

struct NormGainsSwapped {
    static constexpr Facts facts{
        "norm_gains_swapped",
        "the gains of the two norms of a layer are exchanged",
        "close kin: NVIDIA-NeMo/Megatron-Bridge#4201 (another model)",
        "errors of some ten percent everywhere",
        "the first token in attn.norm",
        Site::attn_norm,
    };
    static void edit(Weights& w) {
        for (LayerWeights& layer : w.layers) {
            std::swap(layer.attn.norm_gain, layer.mlp.norm_gain);
        }
    }
};

struct GainPlusOne {
    static constexpr Facts facts{
        "gain_plus_one",
        "the gains of all norms are raised by 1, as in Gemma",
        "Blaizzy/mlx-vlm#2041 (another model)",
        "nonsense from the first token on",
        "the first token in attn.norm",
        Site::attn_norm,
    };
    static void edit(Weights& w) {
        std::vector<ConstVectorView*> gains{&w.final_norm_gain};
        for (LayerWeights& layer : w.layers) {
            gains.push_back(&layer.attn.norm_gain);
            gains.push_back(&layer.mlp.norm_gain);
        }
        for (ConstVectorView* gain : gains) {
            std::vector<float> raised(gain->data, gain->data + gain->size);
            for (float& g : raised) {
                g += 1.0f;
            }
            *gain = kept_by(w, std::move(raised));
        }
    }
};

struct UnembeddingTied {
    static constexpr Facts facts{
        "unembedding_tied",
        "the embedding serves as unembedding; lm_head is not read",
        "pegainfer-project/pegainfer#544 (another model)",
        "nonsense, although every activation before the logits is right",
        "the first token in logits",
        Site::logits,
    };
    static void edit(Weights& w) { w.unembedding = w.embedding; }
};

}  // namespace gptoss::pitfalls
