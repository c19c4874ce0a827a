// Sink pitfalls: the extra logit left out, rescaled, given a value, or kept from half of the layers.
//
//     weights[s] = exp(scores[s] - m) / (sum_s exp(scores[s] - m) + exp(sink - m))
//     the sink is in the denominator of every layer, unscaled, and has no value
//
// Where    attend.
// Source   the threads that each pitfall names; layers/softmax.hpp for what is right.
#pragma once
#include <cmath>
#include <limits>
#include <vector>

#include "gptoss/layers/attention.hpp"
#include "gptoss/pitfalls/pitfall.hpp"

namespace gptoss::pitfalls {

template <class Right>
struct SinksMissing : Right {
    static constexpr Facts facts{
        "sinks_missing",
        "a plain softmax: the sinks are ignored",
        "vllm-project/vllm-metal#550, sgl-project/sglang#30050",
        "heads that should attend to nothing attend to something; answers get worse slowly",
        "the first token in attn.weights",
        Site::attn_weights,
    };
    static void attend(ConstMatrixView q, ConstMatrixView keys, ConstMatrixView values,
                       ConstVectorView sinks, ConstIdsView positions, int window,
                       AttentionRecord record, MatrixView mix) {
        const float infinity = std::numeric_limits<float>::infinity();
        const std::vector<float> none(std::size_t(sinks.size), -infinity);
        Right::attend(q, keys, values, {none.data(), sinks.size}, positions, window, record, mix);
    }
};

template <class Right>
struct SinksScaled : Right {
    static constexpr Facts facts{
        "sinks_scaled",
        "the sinks are multiplied by 1 / sqrt(head_dim) like the scores",
        "not seen as a bug; sgl-project/sglang#38142 states the rule",
        "as without sinks, but weaker; no short test shows it",
        "the first token in attn.weights",
        Site::attn_weights,
    };
    static void attend(ConstMatrixView q, ConstMatrixView keys, ConstMatrixView values,
                       ConstVectorView sinks, ConstIdsView positions, int window,
                       AttentionRecord record, MatrixView mix) {
        std::vector<float> scaled(sinks.data, sinks.data + sinks.size);
        for (float& sink : scaled) {
            sink /= std::sqrt(float(q.cols / sinks.size));
        }
        Right::attend(q, keys, values, {scaled.data(), sinks.size}, positions, window, record, mix);
    }
};

template <class Right>
struct SinksWithValue : Right {
    static constexpr Facts facts{
        "sinks_with_value",
        "the sink's share is spent on a value, the oldest visible one",
        "sgl-project/sgl-kernel-npu#216 (a reviewer asks for it)",
        "the start of the window leaks into every token",
        "the first token in attn.mix",
        Site::attn_mix,
    };
    static void attend(ConstMatrixView q, ConstMatrixView keys, ConstMatrixView values,
                       ConstVectorView sinks, ConstIdsView positions, int window,
                       AttentionRecord record, MatrixView mix) {
        MadeMatrix share(q.rows, sinks.size);
        if (record.sink_share.data == nullptr) record.sink_share = share.view();
        Right::attend(q, keys, values, sinks, positions, window, record, mix);
        const int head_dim = q.cols / sinks.size;
        for (int t = 0; t < q.rows; ++t) {
            const int oldest = first_visible_position(positions.data[t], window) % values.rows;
            for (int i = 0; i < q.cols; ++i) {
                const int h = i / head_dim;
                const int g = h / (q.cols / values.cols);
                const float v = values.row(oldest)[g * head_dim + i % head_dim];
                mix.row(t)[i] += record.sink_share.row(t)[h] * v;
            }
        }
    }
};

template <class Right>
struct SinksWithFirstValue : Right {
    static constexpr Facts facts{
        "sinks_with_first_value",
        "the sink's share is spent on the value of the first token, also behind the window",
        "not seen in public, plausible: attention sinks as in StreamingLLM",
        "the first token leaks into every other",
        "the first token in attn.mix",
        Site::attn_mix,
    };
    static void attend(ConstMatrixView q, ConstMatrixView keys, ConstMatrixView values,
                       ConstVectorView sinks, ConstIdsView positions, int window,
                       AttentionRecord record, MatrixView mix) {
        MadeMatrix share(q.rows, sinks.size);
        if (record.sink_share.data == nullptr) record.sink_share = share.view();
        Right::attend(q, keys, values, sinks, positions, window, record, mix);
        const int head_dim = q.cols / sinks.size;
        for (int t = 0; t < q.rows; ++t) {
            for (int i = 0; i < q.cols; ++i) {
                const int h = i / head_dim;
                const int g = h / (q.cols / values.cols);
                const float v = values.row(0)[g * head_dim + i % head_dim];
                mix.row(t)[i] += record.sink_share.row(t)[h] * v;
            }
        }
    }
};

template <class Right>
struct SinksDenseOnly : Right {
    static constexpr Facts facts{
        "sinks_dense_only",
        "only the full layers have sinks, the sliding ones do not",
        kNotSeen,
        "as without sinks, but weaker",
        "the first token in attn.weights",
        Site::attn_weights,
    };
    static void attend(ConstMatrixView q, ConstMatrixView keys, ConstMatrixView values,
                       ConstVectorView sinks, ConstIdsView positions, int window,
                       AttentionRecord record, MatrixView mix) {
        const auto attend = window > 0 ? &SinksMissing<Right>::attend : +Right::attend;
        attend(q, keys, values, sinks, positions, window, record, mix);
    }
};

}  // namespace gptoss::pitfalls
