// Softmax: turn scores into shares that sum to one, with or without a sink that takes a share too.
//
//     m          = max(max_s scores[s], sink)
//     weights[s] = exp(scores[s] - m) / (sum_s exp(scores[s] - m) + exp(sink - m))
//     sink_share =     exp(sink - m)  / (the same)
//
//   scores      (n)   logits
//   sink        1     a learned logit per head; it has no key and no value
//   weights     (n)   sum to 1 - sink_share; may be the same memory as scores
//   returns           sink_share
//
// Where    a helper, not an op: softmax in the router, softmax_with_sink in attention.
// Source   Xiao et al. 2023, Efficient Streaming Language Models with Attention Sinks, section 3.3;
//          official model: function sdpa.
// Errors   ShapeError if weights and scores differ in length.
// Pitfalls The sink stands in the denominator only. It is not scaled by 1/sqrt(head_dim), not
//          rotated and never masked. Subtract the maximum, or exp overflows (a float at 89).
//          Exponentials and their sum are double.
#pragma once
#include <algorithm>
#include <cmath>

#include "gptoss/core/check.hpp"
#include "gptoss/core/view.hpp"

namespace gptoss {

inline float largest(ConstVectorView scores) {
    float maximum = scores.data[0];
    for (int s = 1; s < scores.size; ++s) {
        maximum = std::max(maximum, scores.data[s]);
    }
    return maximum;
}

// weights[s] = exp(scores[s] - maximum); returns their sum.
inline double exponentials(ConstVectorView scores, float maximum, VectorView weights) {
    double sum = 0.0;
    for (int s = 0; s < scores.size; ++s) {
        const double exponential = std::exp(double(scores.data[s]) - maximum);
        weights.data[s] = float(exponential);
        sum += exponential;
    }
    return sum;
}

inline void divide(VectorView weights, double denominator) {
    for (int s = 0; s < weights.size; ++s) {
        weights.data[s] = float(weights.data[s] / denominator);
    }
}

inline void softmax(ConstVectorView scores, VectorView weights) {
    require_size("softmax", "weights", weights, scores.size, "scores.size");
    const float maximum = largest(scores);

    const double denominator = exponentials(scores, maximum, weights);
    divide(weights, denominator);
}

inline float softmax_with_sink(ConstVectorView scores, float sink, VectorView weights) {
    require_size("softmax_with_sink", "weights", weights, scores.size, "scores.size");
    const float maximum = std::max(largest(scores), sink);

    const double sink_exponential = std::exp(double(sink) - maximum);
    const double denominator = exponentials(scores, maximum, weights) + sink_exponential;
    divide(weights, denominator);
    return float(sink_exponential / denominator);
}

}  // namespace gptoss
