// Attention pitfalls: windows, heads, scales, and a cache that forgets too early.
//
//     score[s] = q[t,h] . k[s,g] / sqrt(head_dim)      g = h / (n_heads / n_kv_heads)
//     sliding layers (the even ones) see p - window < s <= p
//
// Where    attend, and edits of the Config.
// Source   the threads that each pitfall names; layers/attention.hpp for what is right.
#pragma once
#include <algorithm>
#include <cmath>
#include <vector>

#include "gptoss/layers/attention.hpp"
#include "gptoss/pitfalls/pitfall.hpp"

namespace gptoss::pitfalls {

// --- Edits of the Config ----------------------------------------------------------------------

struct WindowShort {
    static constexpr Facts facts{
        "window_short",
        "sliding layers see 127 keys instead of 128, the query's own included",
        "close kin: ml-explore/mlx-lm#390 (the inequality settled by the reference)",
        "tiny errors in long prompts",
        "128 tokens: the window's length",
        Site::attn_scores,
    };
    static void edit(Config& c) { c.sliding_window -= 1; }
};

struct WindowLong {
    static constexpr Facts facts{
        "window_long",
        "sliding layers see 129 keys: the window counts earlier keys only",
        "NVIDIA/Megatron-LM#3690, NVIDIA-NeMo/Megatron-Bridge#2656",
        "tiny errors in long prompts",
        "129 tokens: one more than the window",
        Site::attn_scores,
    };
    static void edit(Config& c) { c.sliding_window += 1; }
};

struct WindowOnOddLayers {
    static constexpr Facts facts{
        "window_on_odd_layers",
        "odd layers slide and even ones see everything",
        "close kin: vllm-project/vllm#33124 (parity coded instead of read from layer_types)",
        "long prompts lose details",
        "129 tokens",
        Site::attn_scores,
    };
    static void edit(Config& c) {
        for (AttentionKind& kind : c.layer_kinds) {
            const bool slides = kind == AttentionKind::sliding;
            kind = slides ? AttentionKind::full : AttentionKind::sliding;
        }
    }
};

struct WindowOnFirstHalf {
    static constexpr Facts facts{
        "window_on_first_half",
        "the first half of the layers slides, not every other one",
        "not seen in public, plausible: a count of sliding layers instead of layer_types",
        "long prompts lose details",
        "129 tokens",
        Site::attn_scores,
    };
    static void edit(Config& c) {
        for (int layer = 0; layer < c.n_layers; ++layer) {
            const bool slides = layer < c.n_layers / 2;
            c.layer_kinds[std::size_t(layer)] =
                slides ? AttentionKind::sliding : AttentionKind::full;
        }
    }
};

struct WindowMissing {
    static constexpr Facts facts{
        "window_missing",
        "every layer sees all earlier positions",
        "NVIDIA/TensorRT-Model-Connect#399, sgl-project/sglang#30050",
        "garbage, but only for prompts longer than the window",
        "129 tokens",
        Site::attn_scores,
    };
    static void edit(Config& c) {
        std::fill(c.layer_kinds.begin(), c.layer_kinds.end(), AttentionKind::full);
    }
};

struct WindowEverywhere {
    static constexpr Facts facts{
        "window_everywhere",
        "every layer slides, the odd ones too",
        kNotSeen,
        "what stands more than 128 tokens back is forgotten",
        "129 tokens, in layer 1",
        Site::attn_scores,
    };
    static void edit(Config& c) {
        std::fill(c.layer_kinds.begin(), c.layer_kinds.end(), AttentionKind::sliding);
    }
};

// --- Wrong ops --------------------------------------------------------------------------------

// Repeats the kv heads so that query head h finds head h % n_kv_heads in place h.
inline MadeMatrix heads_tiled(ConstMatrixView cache, int n_heads, int head_dim) {
    MadeMatrix tiled(cache.rows, n_heads * head_dim);
    for (int row = 0; row < cache.rows; ++row) {
        for (int i = 0; i < tiled.cols; ++i) {
            tiled.view().row(row)[i] = cache.row(row)[i % cache.cols];
        }
    }
    return tiled;
}

template <class Right>
struct HeadsModulo : Right {
    static constexpr Facts facts{
        "heads_modulo",
        "query head h reads kv head h % n_kv_heads instead of h / 8",
        "apple/axlearn#842, ekzhang/jax-js#180 (tile instead of repeat)",
        "nonsense from the first token on",
        "the second token (one key's weight hardly moves the first)",
        Site::attn_scores,
    };
    static void attend(ConstMatrixView q, ConstMatrixView keys, ConstMatrixView values,
                       ConstVectorView sinks, ConstIdsView positions, int window,
                       AttentionRecord record, MatrixView mix) {
        const int head_dim = q.cols / sinks.size;
        MadeMatrix tiled_keys = heads_tiled(keys, sinks.size, head_dim);
        MadeMatrix tiled_values = heads_tiled(values, sinks.size, head_dim);
        Right::attend(q, tiled_keys.view(), tiled_values.view(), sinks, positions, window, record,
                      mix);
    }
};

template <class Right>
struct ScaleSqrtHidden : Noting<Right> {
    static constexpr Facts facts{
        "scale_sqrt_hidden",
        "scores are divided by sqrt(hidden_size), not by sqrt(head_dim)",
        "FareedKhan-dev/train-llm-from-scratch#3, lucidrains/vit-pytorch#65 (other models)",
        "attention is far too flat; text drifts off at once",
        "the first token",
        Site::attn_scores,
    };
    static void attend(ConstMatrixView q, ConstMatrixView keys, ConstMatrixView values,
                       ConstVectorView sinks, ConstIdsView positions, int window,
                       AttentionRecord record, MatrixView mix) {
        const Config& config = notes().config;
        MadeMatrix smaller_q = copy_of(q);
        multiply(smaller_q.view(), std::sqrt(float(config.head_dim) / float(config.hidden_size)));
        Right::attend(smaller_q.view(), keys, values, sinks, positions, window, record, mix);
    }
};

template <class Right>
struct ScaleHiddenOverHeads : Noting<Right> {
    static constexpr Facts facts{
        "scale_hidden_over_heads",
        "scores are divided by sqrt(hidden_size / n_heads): 45 in the released models, not 64",
        "not seen in public, plausible: the usual head_dim where config.json says none",
        "attention is too sharp; fluent text that misses details",
        "the first token",
        Site::attn_scores,
    };
    static void attend(ConstMatrixView q, ConstMatrixView keys, ConstMatrixView values,
                       ConstVectorView sinks, ConstIdsView positions, int window,
                       AttentionRecord record, MatrixView mix) {
        const Config& c = notes().config;
        const float usual_head_dim = float(c.hidden_size) / float(c.n_heads);
        MadeMatrix larger_q = copy_of(q);
        multiply(larger_q.view(), std::sqrt(float(c.head_dim) / usual_head_dim));
        Right::attend(larger_q.view(), keys, values, sinks, positions, window, record, mix);
    }
};

template <class Right>
struct ScaleMissing : Right {
    static constexpr Facts facts{
        "scale_missing",
        "scores are not divided by sqrt(head_dim)",
        "mlc-ai/mlc-llm#3426 (a fallback; another model)",
        "each head looks at one key alone; text drifts off at once",
        "the first token",
        Site::attn_scores,
    };
    static void attend(ConstMatrixView q, ConstMatrixView keys, ConstMatrixView values,
                       ConstVectorView sinks, ConstIdsView positions, int window,
                       AttentionRecord record, MatrixView mix) {
        MadeMatrix larger_q = copy_of(q);
        multiply(larger_q.view(), std::sqrt(float(q.cols / sinks.size)));
        Right::attend(larger_q.view(), keys, values, sinks, positions, window, record, mix);
    }
};

// What position s of such a ring holds once all positions up to last are stored.
inline int overwritten_by(int s, int last, int window) {
    return last - (last - s) % window;
}

template <class Right>
struct RingOverwritten : Right {
    static constexpr Facts facts{
        "ring_overwritten",
        "a chunk of the prompt is stored in a ring of 128 rows before it is read",
        "Lightning-AI/litgpt#2215, pytorch/executorch#20346 (other models)",
        "right while the prompt fits the window and token by token, wrong in one go",
        "129 tokens",
        Site::attn_scores,
    };
    static void attend(ConstMatrixView q, ConstMatrixView keys, ConstMatrixView values,
                       ConstVectorView sinks, ConstIdsView positions, int window,
                       AttentionRecord record, MatrixView mix) {
        MadeMatrix ring_keys = copy_of(keys), ring_values = copy_of(values);
        const int last = positions_seen(positions) - 1;
        for (int s = std::max(0, last + 1 - keys.rows); window > 0 && s <= last; ++s) {
            const int slot = s % keys.rows;
            const int newer = overwritten_by(s, last, window) % keys.rows;
            std::copy_n(keys.row(newer), keys.cols, ring_keys.view().row(slot));
            std::copy_n(values.row(newer), values.cols, ring_values.view().row(slot));
        }
        Right::attend(q, ring_keys.view(), ring_values.view(), sinks, positions, window, record,
                      mix);
    }
};

}  // namespace gptoss::pitfalls
