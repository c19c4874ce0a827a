// Router: choose top_k experts for every token and say how much each one counts.
//
//     ids[t]     = the top_k largest logits[t], descending; equal logits: the lower id first
//     weights[t] = softmax(logits[t, ids[t]])           over the chosen ones only: they sum to 1
//
//   logits   (n_tokens, n_experts)   from the router's linear, bias included
//   ids      (n_tokens, top_k)       int32
//   weights  (n_tokens, top_k)
//
// Where    once per layer, between the router's linear and the experts.
// Source   Shazeer et al. 2017, Outrageously Large Neural Networks, section 2.1 (keep top k, then
//          softmax); official model: class MLPBlock, torch.topk and softmax.
// Units    logits are dimensionless.
// Errors   Error if a logit is NaN; ShapeError.
// Pitfalls Select first, softmax after: a softmax over all experts gives weights that sum to less
//          than 1. The bias takes part in both. Nothing is dropped, no capacity, no noise.
#pragma once
#include <cmath>
#include <string>

#include "gptoss/core/check.hpp"
#include "gptoss/core/view.hpp"
#include "gptoss/layers/softmax.hpp"

namespace gptoss {

inline bool is_among(int e, const std::int32_t* chosen, int n_chosen) {
    for (int j = 0; j < n_chosen; ++j) {
        if (chosen[j] == e) return true;
    }
    return false;
}

// The expert with the largest logit that is not among chosen; the lower id on a tie.
inline int best_expert(const float* logits_t, int n_experts, const std::int32_t* chosen,
                       int n_chosen) {
    int best = -1;
    for (int e = 0; e < n_experts; ++e) {
        if (is_among(e, chosen, n_chosen)) continue;
        if (best < 0 || logits_t[e] > logits_t[best]) best = e;
    }
    return best;
}

inline void require_route_shapes(ConstMatrixView logits, IdsView ids, MatrixView weights) {
    require_extent("route", "ids.rows", ids.rows, logits.rows, "logits.rows");
    require_shape("route", "weights", weights, logits.rows, ids.cols);
    require_at_least("route", "logits.cols", logits.cols, ids.cols, "ids.cols");
}

inline void require_no_nan(const float* logits_t, int n_experts, int t) {
    for (int e = 0; e < n_experts; ++e) {
        if (!std::isnan(logits_t[e])) continue;
        throw Error("route: logits[" + std::to_string(t) + ", " + std::to_string(e) +
                    "] is NaN, expected a number");
    }
}

inline void route(ConstMatrixView logits, IdsView ids, MatrixView weights) {
    const int n_tokens = logits.rows;
    const int n_experts = logits.cols;
    const int top_k = ids.cols;
    require_route_shapes(logits, ids, weights);

    for (int t = 0; t < n_tokens; ++t) {
        const float* logits_t = logits.row(t);  // (n_experts)
        std::int32_t* ids_t = ids.row(t);       // (top_k)
        float* weights_t = weights.row(t);      // (top_k)
        require_no_nan(logits_t, n_experts, t);

        for (int j = 0; j < top_k; ++j) {
            ids_t[j] = best_expert(logits_t, n_experts, ids_t, j);
            weights_t[j] = logits_t[ids_t[j]];
        }
        softmax({weights_t, top_k}, {weights_t, top_k});
    }
}

}  // namespace gptoss
