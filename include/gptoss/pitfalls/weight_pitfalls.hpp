// Weight pitfalls: mistakes made while loading, as edits of a Weights.
//
// The edits change views of a copy; the bytes of the right model stay as they are.
//
// Source   the threads that each pitfall names; checkpoint/build_weights.hpp for what is right.
#pragma once
#include <algorithm>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "gptoss/model/weights.hpp"
#include "gptoss/pitfalls/pitfall.hpp"

namespace gptoss::pitfalls {

// Values that live as long as w.
template <class T>
const T* keep_with(Weights& w, std::vector<T> values) {
    using Kept = std::pair<std::shared_ptr<const void>, std::vector<T>>;
    const auto kept = std::make_shared<Kept>(w.owner, std::move(values));
    w.owner = kept;
    return kept->second.data();
}

inline ConstVectorView kept_by(Weights& w, std::vector<float> values) {
    const int size = int(values.size());
    return {keep_with(w, std::move(values)), size};
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

struct SinksZero {
    static constexpr Facts facts{
        "sinks_zero",
        "the sinks are not loaded and stay 0: each takes a share as a score of 0 would",
        "close kin: vllm-project/vllm#57805 (a reload of weights that does not reach them)",
        "as without sinks, but weaker",
        "the first token in attn.weights",
        Site::attn_weights,
    };
    static void edit(Weights& w) {
        for (LayerWeights& layer : w.layers) {
            layer.attn.sinks = zeros_kept_by(w, layer.attn.sinks.size);
        }
    }
};

// Row d of every head's second half comes behind row d of its first half.
inline DenseMatrix interleaved_kept_by(Weights& w, DenseMatrix m, int head_dim) {
    std::vector<std::uint8_t> bytes(std::size_t(m.rows) * m.row_bytes());
    for (int row = 0; row < m.rows; ++row) {
        const std::size_t to = std::size_t(as_neighbour(row, head_dim)) * m.row_bytes();
        std::copy_n(m.row(row).bytes, m.row_bytes(), bytes.data() + to);
    }
    m.bytes = keep_with(w, std::move(bytes));
    return m;
}

inline ConstVectorView interleaved_kept_by(Weights& w, ConstVectorView bias, int head_dim) {
    std::vector<float> made(bias.data, bias.data + bias.size);
    for (int i = 0; i < bias.size; ++i) {
        made[std::size_t(as_neighbour(i, head_dim))] = bias.data[i];
    }
    return kept_by(w, std::move(made));
}

struct QkRowsInterleaved {
    static constexpr Facts facts{
        "qk_rows_interleaved",
        "the rows of q and k are in the order for neighbouring pairs, as a converter of Llama puts "
        "them; rope turns halves",
        "close kin: karpathy/llama2.c#286, jzhang38/TinyLlama#24 (other models)",
        "short answers look fine, long ones degrade",
        "the first token in q",
        Site::attn_q,
    };
    static void edit(Weights& w) {
        const int head_dim = w.config.head_dim;
        for (LayerWeights& layer : w.layers) {
            AttentionWeights& attn = layer.attn;
            attn.q = interleaved_kept_by(w, attn.q, head_dim);
            attn.k = interleaved_kept_by(w, attn.k, head_dim);
            attn.q_bias = interleaved_kept_by(w, attn.q_bias, head_dim);
            attn.k_bias = interleaved_kept_by(w, attn.k_bias, head_dim);
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
