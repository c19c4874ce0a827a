// Soft cap pitfalls: Gemma 2's caps, on scores and on logits, in a model that has none.
//
//     scores = 50 * tanh(scores / 50)      logits = 30 * tanh(logits / 30)
//
// attend is not told scores. It is given made-up keys instead, so that q . k is what they shall be:
// channel 0 of a head holds the score and channel 0 of every query is 1, but for the scale.
//
// Where    attend and unembed.
// Source   Gemma Team 2024, Gemma 2, section 2; layers/attention.hpp, layers/unembedding.hpp for what
//          is right.
#pragma once
#include <algorithm>
#include <cmath>
#include <vector>

#include "gptoss/layers/attention_record.hpp"
#include "gptoss/pitfalls/attend_one.hpp"
#include "gptoss/pitfalls/pitfall.hpp"

namespace gptoss::pitfalls {

inline float soft_capped(float x, double cap) {
    return float(cap * std::tanh(double(x) / cap));
}

// A power of 4, whose root and its reciprocal are exact.
inline int head_dim_with_exact_scale(int head_dim) {
    int wide = 1;
    while (wide < head_dim) {
        wide *= 4;
    }
    return wide;
}

// Row s of kv head g becomes row s of all query heads that read it, in wider heads.
inline MadeMatrix heads_repeated(ConstMatrixView cache, int n_heads, int head_dim, int wide) {
    MadeMatrix made(cache.rows, n_heads * wide);
    const int queries_per_kv_head = n_heads * head_dim / cache.cols;
    for (int s = 0; s < cache.rows; ++s) {
        for (int h = 0; h < n_heads; ++h) {
            std::copy_n(cache.row(s) + h / queries_per_kv_head * head_dim, head_dim,
                        made.view().row(s) + h * wide);
        }
    }
    return made;
}

template <class Right>
struct ScoresCapped : Right {
    static constexpr Facts facts{
        "scores_capped",
        "scores are soft-capped at 50, as in Gemma 2",
        "not seen in public, plausible: code of Gemma 2 taken over",
        "off by 0.1 % in a score of 3: no short test shows it",
        "the first token",
        Site::attn_scores,
    };
    static void attend(ConstMatrixView q, ConstMatrixView keys, ConstMatrixView values,
                       ConstVectorView sinks, ConstIdsView positions, int window,
                       AttentionRecord record, MatrixView mix) {
        const int n_heads = sinks.size, head_dim = q.cols / n_heads;
        const int wide = head_dim_with_exact_scale(head_dim);
        MadeMatrix scores(n_heads * q.rows, positions_seen(positions));
        Right::attend(q, keys, values, sinks, positions, window, {scores.view(), {}, {}}, mix);

        MadeMatrix wide_q(q.rows, n_heads * wide), wide_mix(q.rows, n_heads * wide);
        MadeMatrix wide_keys(keys.rows, n_heads * wide);
        MadeMatrix wide_values = heads_repeated(values, n_heads, head_dim, wide);
        for (int t = 0; t < q.rows; ++t) {
            for (int h = 0; h < n_heads; ++h) {
                wide_q.view().row(t)[h * wide] = std::sqrt(float(wide));
                const float* scores_th = scores.view().row(h * q.rows + t);  // (S)
                for (int s = first_visible_position(positions.data[t], window);
                     s <= positions.data[t]; ++s) {
                    wide_keys.view().row(s % keys.rows)[h * wide] = soft_capped(scores_th[s], 50);
                }
            }
            attend_one<Right>(t, wide_q.view(), wide_keys.view(), wide_values.view(), sinks,
                              positions.data[t], window, record, wide_mix.view());
            for (int h = 0; h < n_heads; ++h) {
                std::copy_n(wide_mix.view().row(t) + h * wide, head_dim, mix.row(t) + h * head_dim);
            }
        }
    }
};

template <class Right>
struct LogitsCapped : Right {
    static constexpr Facts facts{
        "logits_capped",
        "logits are soft-capped at 30, as in Gemma 2",
        "not seen in public, plausible: code of Gemma 2 taken over",
        "the same greedy text, sampled as at a somewhat higher temperature",
        "the first token in logits",
        Site::logits,
    };
    static void unembed(ConstMatrixView x, DenseMatrix w, MatrixView logits) {
        Right::unembed(x, w, logits);
        for (int t = 0; t < logits.rows; ++t) {
            for (int o = 0; o < logits.cols; ++o) {
                logits.row(t)[o] = soft_capped(logits.row(t)[o], 30);
            }
        }
    }
};

}  // namespace gptoss::pitfalls
