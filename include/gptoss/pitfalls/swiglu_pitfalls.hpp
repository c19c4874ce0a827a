// SwiGLU pitfalls: another activation, other clamps, another order of gate and up.
//
//     gate = min(h[2i], limit)      up = clamp(h[2i+1], -limit, limit)
//     y[i] = gate * sigmoid(alpha * gate) * (up + 1)
//
// The right op computes all of them: it gets gates and ups that were clamped or shifted before,
// and an infinite limit.
//
// Where    swiglu, and an edit of the Config.
// Source   the threads that each pitfall names; layers/swiglu.hpp for what is right.
#pragma once
#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "gptoss/layers/swiglu.hpp"
#include "gptoss/pitfalls/pitfall.hpp"

namespace gptoss::pitfalls {

inline constexpr float kNoLimit = std::numeric_limits<float>::infinity();

// h after the right clamps, so that what is added to it is not clamped any more.
inline MadeMatrix clamped(ConstMatrixView h, float limit) {
    MadeMatrix made = copy_of(h);
    for (std::size_t i = 0; i < made.values.size(); ++i) {
        const bool is_up = i % 2 == 1;
        made.values[i] = std::min(made.values[i], limit);
        if (is_up) made.values[i] = std::max(made.values[i], -limit);
    }
    return made;
}

inline void subtract_1_from_ups(MadeMatrix& h) {
    for (std::size_t i = 1; i < h.values.size(); i += 2) {
        h.values[i] -= 1.0f;
    }
}

template <class Right>
struct SwigluPlain : Right {
    static constexpr Facts facts{
        "swiglu_plain",
        "the usual SiLU(gate) * up: no clamp, no +1, alpha 1",
        "not seen in public, plausible: config.json says hidden_act silu",
        "nonsense from the first token on",
        "the first token in swiglu",
        Site::mlp_swiglu,
    };
    static void swiglu(ConstMatrixView h, float /*limit*/, double /*alpha*/, MatrixView y) {
        MadeMatrix made = copy_of(h);
        subtract_1_from_ups(made);
        Right::swiglu(made.view(), kNoLimit, 1.0, y);
    }
};

template <class Right>
struct SwigluWithoutOne : Right {
    static constexpr Facts facts{
        "swiglu_without_one",        "up is not raised by 1",
        "sgl-project/sglang#39939",  "nonsense, or a model that repeats itself",
        "the first token in swiglu", Site::mlp_swiglu,
    };
    static void swiglu(ConstMatrixView h, float limit, double alpha, MatrixView y) {
        MadeMatrix made = clamped(h, limit);
        subtract_1_from_ups(made);
        Right::swiglu(made.view(), kNoLimit, alpha, y);
    }
};

template <class Right>
struct SwigluWithoutClamp : Right {
    static constexpr Facts facts{
        "swiglu_without_clamp",
        "neither gate nor up is clamped",
        "close kin: sgl-project/sglang#39939 (a runner that ignored swiglu_limit)",
        "right for most tokens, far off for a few",
        "the first token that reaches the limit",
        Site::mlp_swiglu,
    };
    static void swiglu(ConstMatrixView h, float /*limit*/, double alpha, MatrixView y) {
        Right::swiglu(h, kNoLimit, alpha, y);
    }
};

template <class Right>
struct SwigluGateTwoSided : Right {
    static constexpr Facts facts{
        "swiglu_gate_two_sided",
        "the gate is clamped from below too",
        "PrimeIntellect-ai/prime-rl#2365 (a reviewer asks for it)",
        "at most 4e-4 in one activation: no text shows it",
        "the first gate below -7",
        Site::mlp_swiglu,
    };
    static void swiglu(ConstMatrixView h, float limit, double alpha, MatrixView y) {
        MadeMatrix made = copy_of(h);
        for (std::size_t i = 0; i < made.values.size(); i += 2) {
            made.values[i] = std::max(made.values[i], -limit);
        }
        Right::swiglu(made.view(), limit, alpha, y);
    }
};

template <class Right>
struct SwigluAlphaOne : Right {
    static constexpr Facts facts{
        "swiglu_alpha_one",
        "sigmoid(gate) instead of sigmoid(1.702 * gate)",
        "close kin: sgl-project/sglang#39939 (alpha defaults to 1)",
        "a somewhat weaker model",
        "the first token in swiglu",
        Site::mlp_swiglu,
    };
    static void swiglu(ConstMatrixView h, float limit, double /*alpha*/, MatrixView y) {
        MadeMatrix made = clamped(h, limit);
        Right::swiglu(made.view(), kNoLimit, 1.0, y);
    }
};

template <class Right>
struct SwigluHalves : Right {
    static constexpr Facts facts{
        "swiglu_halves",
        "the first half is taken for the gates and the second for the ups",
        "vllm-project/vllm#29273, ROCm/ATOM#885",
        "nonsense from the first token on",
        "the first token in swiglu",
        Site::mlp_swiglu,
    };
    static void swiglu(ConstMatrixView h, float limit, double alpha, MatrixView y) {
        MadeMatrix made(h.rows, h.cols);
        for (int row = 0; row < h.rows; ++row) {
            for (int i = 0; i < h.cols; ++i) {
                const int from = i % 2 * (h.cols / 2) + i / 2;
                made.view().row(row)[i] = h.row(row)[from];
            }
        }
        Right::swiglu(made.view(), limit, alpha, y);
    }
};

template <class Right>
struct SwigluExchanged : Right {
    static constexpr Facts facts{
        "swiglu_exchanged",
        "gate and up are exchanged: odd channels are gates, even ones ups",
        "NVIDIA/TensorRT-LLM#1842, ml-explore/mlx-lm#767 (other models)",
        "nonsense from the first token on",
        "the first token in swiglu",
        Site::mlp_swiglu,
    };
    static void swiglu(ConstMatrixView h, float limit, double alpha, MatrixView y) {
        MadeMatrix made = copy_of(h);
        for (std::size_t i = 0; i < made.values.size(); i += 2) {
            std::swap(made.values[i], made.values[i + 1]);
        }
        Right::swiglu(made.view(), limit, alpha, y);
    }
};

template <class Right>
struct SwigluTanhGelu : Right {
    static constexpr Facts facts{
        "swiglu_tanh_gelu",
        "the gates go through GELU, by tanh, which sigmoid(1.702 x) is close to",
        kNotSeen,
        "off by 0.02 at most in an activation: no text shows it",
        "the first token in swiglu",
        Site::mlp_swiglu,
    };
    // The right op gives gate * sigmoid(1.702 * gate); what it lacks to GELU is a factor.
    static void swiglu(ConstMatrixView h, float limit, double alpha, MatrixView y) {
        Right::swiglu(h, limit, alpha, y);
        for (int row = 0; row < y.rows; ++row) {
            for (int i = 0; i < y.cols; ++i) {
                const double gate = std::min(h.row(row)[2 * i], limit);
                const double cubic = 0.7978845608028654 * (gate + 0.044715 * gate * gate * gate);
                const double gelu = 0.5 * (1 + std::tanh(cubic));
                const double sigmoid = 1 / (1 + std::exp(-alpha * gate));
                y.row(row)[i] *= float(gelu / sigmoid);
            }
        }
    }
};

struct SwigluLimitZero {
    static constexpr Facts facts{
        "swiglu_limit_zero",
        "a missing swiglu_limit becomes 0 and clamps everything to 0",
        "microsoft/onnxruntime#27221",
        "experts that add next to nothing",
        "the first token in swiglu",
        Site::mlp_swiglu,
    };
    static void edit(Config& c) { c.swiglu_limit = 0.0f; }
};

}  // namespace gptoss::pitfalls
