// Router losses: what training adds to the loss so that the router spreads its tokens.
//
//     p[t]    = softmax(logits[t])                           over all experts
//     f[e]    = the share of tokens that have e among their top_k: sums to top_k
//     P[e]    = mean_t p[t,e]: sums to 1
//     balance = n_experts * sum_e f[e] * P[e]                top_k if the load is even
//     z       = mean_t ( log sum_e exp(logits[t,e]) )^2
//
//   logits  (n_tokens, n_experts)   of one layer, or of several below each other
//
// Where    nowhere in a forward pass: in training, times a small factor (nano: 0.01 and 0.001).
// Source   Fedus et al. 2021, Switch Transformers, section 2.2 (top_k = 1); Hugging Face transformers:
//          load_balancing_loss_func of gpt_oss; Zoph et al. 2022, ST-MoE, equation 5. How OpenAI
//          trained is not published.
// Units    none; balance lies between its least, near top_k, and n_experts.
// Errors   Error if there is no token or a logit is NaN; ShapeError if top_k is not within n_experts.
// Pitfalls f is counted and has no gradient: the loss acts through P. The softmax runs over all
//          experts, while the forward's weights are one over the chosen (layers/router.hpp). Several
//          layers are joined before the mean: an expert that is idle in one layer and busy in
//          another counts as even. z shrinks logits and does not balance anything.
#pragma once
#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

#include "gptoss/core/check.hpp"
#include "gptoss/core/view.hpp"
#include "gptoss/layers/router.hpp"
#include "gptoss/layers/softmax.hpp"

namespace gptoss {

// log sum_e exp(logits_t[e])
inline double log_sum_exp(ConstVectorView logits_t) {
    const double maximum = largest(logits_t);
    double sum = 0.0;
    for (int e = 0; e < logits_t.size; ++e) {
        sum += std::exp(logits_t.data[e] - maximum);
    }
    return maximum + std::log(sum);
}

// Adds p[t] to the sums of all tokens.
inline void add_probabilities(ConstVectorView logits_t, std::vector<double>& sums) {
    const double log_sum = log_sum_exp(logits_t);
    for (int e = 0; e < logits_t.size; ++e) {
        sums[std::size_t(e)] += std::exp(logits_t.data[e] - log_sum);
    }
}

inline void require_tokens(const char* op, ConstMatrixView logits) {
    if (logits.rows == 0 || logits.cols == 0) {
        throw Error(std::string(op) + ": there are no logits, expected a row or more");
    }
}

inline double balance_loss(ConstMatrixView logits, int top_k) {
    require_tokens("balance_loss", logits);
    if (top_k < 1) {
        throw Error("balance_loss: top_k is " + std::to_string(top_k) + ", expected 1 or more");
    }
    require_at_least("balance_loss", "logits.cols", logits.cols, top_k, "top_k");
    const int n_tokens = logits.rows;
    const int n_experts = logits.cols;
    std::vector<std::int32_t> chosen(std::size_t(top_k), -1);
    std::vector<double> n_chosen(std::size_t(n_experts), 0.0);       // tokens that have e
    std::vector<double> probabilities(std::size_t(n_experts), 0.0);  // sum_t p[t,e]

    for (int t = 0; t < n_tokens; ++t) {
        const float* logits_t = logits.row(t);  // (n_experts)
        require_no_nan(logits_t, n_experts, t);
        for (int j = 0; j < top_k; ++j) {
            const int e = best_expert(logits_t, n_experts, chosen.data(), j);
            chosen[std::size_t(j)] = e;
            n_chosen[std::size_t(e)] += 1.0;
        }
        add_probabilities({logits_t, n_experts}, probabilities);
    }

    double sum = 0.0;
    for (int e = 0; e < n_experts; ++e) {
        const double f_e = n_chosen[std::size_t(e)] / n_tokens;
        const double p_e = probabilities[std::size_t(e)] / n_tokens;
        sum += f_e * p_e;
    }
    return n_experts * sum;
}

inline double z_loss(ConstMatrixView logits) {
    require_tokens("z_loss", logits);
    double sum = 0.0;
    for (int t = 0; t < logits.rows; ++t) {
        require_no_nan(logits.row(t), logits.cols, t);
        const double log_sum = log_sum_exp({logits.row(t), logits.cols});
        sum += log_sum * log_sum;
    }
    return sum / logits.rows;
}

}  // namespace gptoss
