// RoPE pitfalls: angles, pairs, lengths and positions that are not those of layers/rope.hpp.
//
//     angle[t,d] = position[t] * inv_freq[d]     inv_freq by YaRN, its bounds real numbers
//     q and k are both multiplied by the concentration c, so scores grow by c squared
//
// Where    rope_table and rope, and edits of the Config.
// Source   the threads that each pitfall names; layers/rope.hpp for what is right.
#pragma once
#include <cmath>
#include <cstdint>
#include <numbers>
#include <utility>
#include <vector>

#include "gptoss/core/bf16.hpp"
#include "gptoss/layers/rope.hpp"
#include "gptoss/pitfalls/pitfall.hpp"

namespace gptoss::pitfalls {

// --- Edits of the Config ----------------------------------------------------------------------

// The n_rotations for which yarn_bound gives this pair index.
inline float rotations_at(const Config& c, double pair) {
    const double freq = std::pow(double(c.rope_theta), 2.0 * pair / c.head_dim);
    return float(c.initial_context_length / (2.0 * std::numbers::pi * freq));
}

struct YarnBoundsRounded {
    static constexpr Facts facts{
        "yarn_bounds_rounded",
        "the bounds of YaRN's ramp are rounded to whole pairs",
        "vllm-project/vllm#27722, sgl-project/sglang#14270; llama.cpp always does",
        "log-probabilities drift, the more the later the position; short prompts look right",
        "the second token in q_rope; hundreds of tokens in text",
        Site::attn_q_rope,
    };
    static void edit(Config& c) {
        const double low = std::floor(yarn_bound(c, c.rope_ntk_beta));
        const double high = std::ceil(yarn_bound(c, c.rope_ntk_alpha));
        c.rope_ntk_beta = rotations_at(c, low);
        c.rope_ntk_alpha = rotations_at(c, high);
    }
};

struct PlainRope {
    static constexpr Facts facts{
        "plain_rope",
        "no YaRN at all: plain frequencies and no concentration",
        "NVIDIA/TensorRT-Model-Connect#399 (the key rope_scaling was not read)",
        "short prompts still make sense, long ones are garbage",
        "the first token in q_rope",
        Site::attn_q_rope,
    };
    static void edit(Config& c) { c.rope_scaling_factor = 1.0f; }
};

struct ThetaDefault {
    static constexpr Facts facts{
        "theta_default",
        "rope_theta is the usual 10,000 instead of 150,000",
        "sgl-project/sglang#30050 (a kernel that would have used base 10000)",
        "text falls apart within a few dozen tokens",
        "the second token in q_rope",
        Site::attn_q_rope,
    };
    static void edit(Config& c) { c.rope_theta = 10000.0f; }
};

struct YarnMaxPositions {
    static constexpr Facts facts{
        "yarn_max_positions",
        "YaRN's bounds come from max_position_embeddings (131,072), not from 4,096",
        kNotSeen,
        "as with rounded bounds, but ten times as strong",
        "the second token in q_rope",
        Site::attn_q_rope,
    };
    static void edit(Config& c) { c.initial_context_length = c.max_context_length; }
};

struct PositionInterpolation {
    static constexpr Facts facts{
        "position_interpolation",
        "all frequencies are divided by the factor, without YaRN's ramp; the concentration stays",
        kNotSeen,
        "nearby words cannot be told apart; text falls apart at once",
        "the second token in q_rope",
        Site::attn_q_rope,
    };
    // No pair turns even once within a context of one token, so every pair is slowed down.
    static void edit(Config& c) { c.initial_context_length = 1; }
};

struct YarnBetasSwapped {
    static constexpr Facts facts{
        "yarn_betas_swapped",
        "beta_fast and beta_slow are exchanged: fast pairs are slowed down and slow ones are not",
        kNotSeen,
        "text falls apart within a few dozen tokens",
        "the second token in q_rope",
        Site::attn_q_rope,
    };
    static void edit(Config& c) { std::swap(c.rope_ntk_alpha, c.rope_ntk_beta); }
};

// --- Wrong ops --------------------------------------------------------------------------------

template <class Right>
struct ConcentrationMissing : Right {
    static constexpr Facts facts{
        "concentration_missing",
        "cos and sin are not multiplied by the concentration",
        "turboderp-org/exllamav3#259 (the factor collapsed to 1)",
        "fluent text that does not follow the prompt",
        "the first token in q_rope",
        Site::attn_q_rope,
    };
    static void rope_table(const Config& config, ConstIdsView positions, MatrixView table) {
        Right::rope_table(config, positions, table);
        multiply(table, 1.0f / rope_concentration(config));
    }
};

template <class Right>
struct LinearRope : Right {
    static constexpr Facts facts{
        "linear_rope",
        "rope_type is taken for linear: all frequencies divided by the factor, no concentration",
        kNotSeen,
        "nearby words cannot be told apart; text falls apart at once",
        "the first token in q_rope",
        Site::attn_q_rope,
    };
    static void rope_table(const Config& config, ConstIdsView positions, MatrixView table) {
        Config linear = config;
        PositionInterpolation::edit(linear);
        ConcentrationMissing<Right>::rope_table(linear, positions, table);
    }
};

template <class Right>
struct RopeMissing : Right {
    static constexpr Facts facts{
        "rope_missing",
        "no rotation at all: q and k go into attention as they come, without the concentration",
        "vllm-project/vllm#30413, sqliteai/warp#27 (other models)",
        "right words in any order; turns of a conversation cannot be told apart",
        "the first token in q_rope: the concentration",
        Site::attn_q_rope,
    };
    static void rope(ConstMatrixView x, ConstMatrixView, MatrixView y) {
        for (int t = 0; t < x.rows; ++t) {
            for (int i = 0; i < x.cols; ++i) {
                y.row(t)[i] = x.row(t)[i];
            }
        }
    }
};

template <class Right>
struct ConcentrationOnce : Noting<Right> {
    static constexpr Facts facts{
        "concentration_once",
        "q carries the concentration, k does not: scores grow by c, not c squared",
        "close kin: pytorch/torchtitan#2216 (c once, in the softmax scale)",
        "attention is too flat; fluent text that misses details",
        "the first token in k_rope",
        Site::attn_k_rope,
    };
    static void rope(ConstMatrixView x, ConstMatrixView table, MatrixView y) {
        Right::rope(x, table, y);
        const bool is_keys = x.cols == notes().config.kv_size();
        if (is_keys) multiply(y, 1.0f / rope_concentration(notes().config));
    }
};

// Moves the channels of every head between the two orders of pairs.
inline void reorder_pairs(ConstMatrixView x, int head_dim, bool to_halves, MatrixView y) {
    for (int t = 0; t < x.rows; ++t) {
        for (int i = 0; i < x.cols; ++i) {
            const int neighbours = as_neighbour(i, head_dim);
            if (to_halves) y.row(t)[i] = x.row(t)[neighbours];
            if (!to_halves) y.row(t)[neighbours] = x.row(t)[i];
        }
    }
}

template <class Right>
struct RopeInterleaved : Right {
    static constexpr Facts facts{
        "rope_interleaved",
        "pairs are neighbours (2d, 2d + 1) instead of halves (d, d + half)",
        "close kin: nntile/nntile#382 (another model); rasbt/LLMs-from-scratch#802 compares the "
        "two",
        "short answers look fine, long ones degrade",
        "the second token in q_rope",
        Site::attn_q_rope,
    };
    static void rope(ConstMatrixView x, ConstMatrixView table, MatrixView y) {
        MadeMatrix halves(x.rows, x.cols);
        reorder_pairs(x, table.cols, true, halves.view());
        Right::rope(halves.view(), table, halves.view());
        reorder_pairs(halves.view(), table.cols, false, y);
    }
};

template <class Right>
struct RopeReversed : Right {
    static constexpr Facts facts{
        "rope_reversed",
        "q and k are turned the other way: the sign of sin is wrong",
        "close kin: karpathy/nanochat#489 (turned that way on purpose)",
        "nearby words in the wrong order; text falls apart within a few dozen tokens",
        "the second token in q_rope",
        Site::attn_q_rope,
    };
    static void rope(ConstMatrixView x, ConstMatrixView table, MatrixView y) {
        MadeMatrix reversed = copy_of(table);
        for (int t = 0; t < table.rows; ++t) {
            for (int d = table.cols / 2; d < table.cols; ++d) {
                reversed.view().row(t)[d] *= -1.0f;
            }
        }
        Right::rope(x, reversed.view(), y);
    }
};

template <class Right>
struct RopeTwice : Right {
    static constexpr Facts facts{
        "rope_twice",
        "q and k are rotated in two places",
        kNotSeen,
        "short answers look fine, long ones degrade",
        "the first token in q_rope: c counts twice too",
        Site::attn_q_rope,
    };
    static void rope(ConstMatrixView x, ConstMatrixView table, MatrixView y) {
        Right::rope(x, table, y);
        Right::rope(y, table, y);
    }
};

template <class Right>
struct PositionsBf16 : Right {
    static constexpr Facts facts{
        "positions_bf16",
        "positions are rounded to bf16: 257 is taken for 256",
        "huggingface/candle#3520, EleutherAI/gpt-neox#1016 (other models)",
        "right up to 256 tokens, then neighbours become one",
        "the 258th token in q_rope",
        Site::attn_q_rope,
    };
    static void rope_table(const Config& config, ConstIdsView positions, MatrixView table) {
        std::vector<std::int32_t> rounded(positions.data, positions.data + positions.rows);
        for (std::int32_t& position : rounded) {
            position = std::int32_t(round_to_bf16(float(position)));
        }
        Right::rope_table(config, {rounded.data(), positions.rows}, table);
    }
};

template <class Right>
struct PositionsFromOne : Right {
    static constexpr Facts facts{
        "positions_from_one",
        "positions begin at 1: harmless, since rotation is relative, but q_rope and k_rope differ",
        kNotSeen,
        "none: scores and all behind them stay as they are",
        "the first token in q_rope",
        Site::attn_q_rope,
    };
    static void rope_table(const Config& config, ConstIdsView positions, MatrixView table) {
        std::vector<std::int32_t> shifted(positions.data, positions.data + positions.rows);
        for (std::int32_t& position : shifted) {
            position += 1;
        }
        Right::rope_table(config, {shifted.data(), positions.rows}, table);
    }
};

template <class Right>
struct PositionsRestart : Right {
    static constexpr Facts facts{
        "positions_restart",
        "the positions of every chunk of the prompt begin at 0 again",
        "huggingface/transformers#43082",
        "right up to the length of a chunk, then the order of the text is lost",
        "the second chunk in q_rope",
        Site::attn_q_rope,
    };
    static void rope_table(const Config& config, ConstIdsView positions, MatrixView table) {
        std::vector<std::int32_t> restarted(positions.data, positions.data + positions.rows);
        for (std::int32_t& position : restarted) {
            position -= positions.data[0];
        }
        Right::rope_table(config, {restarted.data(), positions.rows}, table);
    }
};

}  // namespace gptoss::pitfalls
