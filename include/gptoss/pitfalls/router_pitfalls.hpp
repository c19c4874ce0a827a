// Router pitfalls: a softmax over too many experts or none at all, a bias left out, too few bits.
//
//     ids[t] = the top_k largest logits[t], bias included;  weights[t] = softmax over those alone
//
// Where    linear and route.
// Source   the threads that each pitfall names; layers/router.hpp for what is right.
#pragma once
#include <cmath>
#include <vector>

#include "gptoss/core/bf16.hpp"
#include "gptoss/layers/router.hpp"
#include "gptoss/layers/softmax.hpp"
#include "gptoss/pitfalls/pitfall.hpp"

namespace gptoss::pitfalls {

template <class Right>
struct SoftmaxBeforeTopK : Right {
    static constexpr Facts facts{
        "softmax_before_top_k",
        "softmax over all experts, then top_k, and no renormalization",
        "pytorch/torchtitan#2258, vllm-project/vllm-gaudi#970",
        "every expert block adds too little: a weaker, vaguer model",
        "the first token in expert_weights",
        Site::mlp_expert_weights,
    };
    static void route(ConstMatrixView logits, IdsView ids, MatrixView weights) {
        Right::route(logits, ids, weights);
        std::vector<float> shares(std::size_t(logits.cols));
        for (int t = 0; t < logits.rows; ++t) {
            softmax({logits.row(t), logits.cols}, {shares.data(), logits.cols});
            for (int j = 0; j < ids.cols; ++j) {
                weights.row(t)[j] = shares[std::size_t(ids.row(t)[j])];
            }
        }
    }
};

template <class Right>
struct RouterSigmoid : Right {
    static constexpr Facts facts{
        "router_sigmoid",
        "the weights are sigmoids of the chosen logits over their sum, not a softmax",
        "not seen in public, plausible: DeepSeek-V3's router",
        "the right experts, but almost in equal parts: a vaguer model",
        "the first token in expert_weights",
        Site::mlp_expert_weights,
    };
    static void route(ConstMatrixView logits, IdsView ids, MatrixView weights) {
        Right::route(logits, ids, weights);
        for (int t = 0; t < logits.rows; ++t) {
            float* weights_t = weights.row(t);  // (top_k)
            float sum = 0.0f;
            for (int j = 0; j < ids.cols; ++j) {
                weights_t[j] = 1.0f / (1.0f + std::exp(-logits.row(t)[ids.row(t)[j]]));
                sum += weights_t[j];
            }
            for (int j = 0; j < ids.cols; ++j) {
                weights_t[j] /= sum;
            }
        }
    }
};

// The linear whose rows are the experts.
inline bool is_router(const DenseMatrix& w) {
    return w.rows == notes().config.n_experts;
}

template <class Right>
struct RouterBiasForSelection : Noting<Right> {
    static constexpr Facts facts{
        "router_bias_for_selection",
        "the bias helps to choose the experts but not to weight them",
        "NVIDIA/Megatron-LM#1971 (taken for a load-balancing bias)",
        "the right experts in the wrong proportion",
        "the first token in expert_weights",
        Site::mlp_expert_weights,
    };
    static void linear(ConstMatrixView x, DenseMatrix w, ConstVectorView bias, MatrixView y) {
        if (is_router(w)) notes().router_bias = bias;
        Right::linear(x, w, bias, y);
    }

    static void route(ConstMatrixView logits, IdsView ids, MatrixView weights) {
        Right::route(logits, ids, weights);
        if (notes().router_bias.size != logits.cols) return;
        for (int t = 0; t < logits.rows; ++t) {
            float* weights_t = weights.row(t);  // (top_k)
            for (int j = 0; j < ids.cols; ++j) {
                const int e = ids.row(t)[j];
                weights_t[j] = logits.row(t)[e] - notes().router_bias.data[e];
            }
            softmax({weights_t, ids.cols}, {weights_t, ids.cols});
        }
    }
};

template <class Right>
struct RouterBf16 : Noting<Right> {
    static constexpr Facts facts{
        "router_bf16",
        "router logits are rounded to bf16 in a port that is float32 elsewhere",
        "vllm-project/vllm#14027, vllm-project/vllm#58076 (other models)",
        "now and then a token goes to another expert",
        "the first token in router_logits",
        Site::mlp_router_logits,
        true,
    };
    static void linear(ConstMatrixView x, DenseMatrix w, ConstVectorView bias, MatrixView y) {
        Right::linear(x, w, bias, y);
        if (!is_router(w)) return;
        for (int t = 0; t < y.rows; ++t) {
            for (int e = 0; e < y.cols; ++e) {
                y.row(t)[e] = round_to_bf16(y.row(t)[e]);
            }
        }
    }
};

}  // namespace gptoss::pitfalls
