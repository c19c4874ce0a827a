// Norm pitfalls: eps in the wrong place, a mean subtracted, norms moved or left out, a residual taken
// after the norm.
//
//     y[t,i] = x[t,i] / sqrt( mean_i x[t,i]^2 + eps ) * gain[i]      eps = 1e-5
//     before attention, before the experts, and once before the unembedding
//
// Where    rmsnorm and add_residual, and an edit of the Config.
// Source   the threads that each pitfall names; layers/rmsnorm.hpp for what is right.
#pragma once
#include <algorithm>
#include <cmath>

#include "gptoss/layers/residual.hpp"
#include "gptoss/layers/rmsnorm.hpp"
#include "gptoss/pitfalls/pitfall.hpp"

namespace gptoss::pitfalls {

struct EpsSmall {
    static constexpr Facts facts{
        "eps_small",
        "eps is 1e-6, another model's value, instead of 1e-5",
        "apache/tvm#15856 (hard coded; another model)",
        "errors of one part in 10,000 where activations are small",
        "the first token in attn.norm",
        Site::attn_norm,
    };
    static void edit(Config& c) { c.eps = 1e-6f; }
};

template <class Right>
struct EpsOutsideRoot : Right {
    static constexpr Facts facts{
        "eps_outside_root",
        "x / (rms + eps) instead of x / sqrt(mean square + eps)",
        "EleutherAI/gpt-neox#1342 (another model)",
        "errors of a few parts per million; larger only where activations are small",
        "the first token in attn.norm",
        Site::attn_norm,
    };
    // (rms + eps)^2 = mean square + (2 rms + eps) eps, so the right op needs another eps per row.
    static void rmsnorm(ConstMatrixView x, ConstVectorView gain, float eps, MatrixView y) {
        for (int t = 0; t < x.rows; ++t) {
            double sum_of_squares = 0;
            for (int i = 0; i < x.cols; ++i) {
                sum_of_squares += double(x.row(t)[i]) * double(x.row(t)[i]);
            }
            const float rms = float(std::sqrt(sum_of_squares / x.cols));
            const float eps_inside = (2.0f * rms + eps) * eps;
            Right::rmsnorm(rows_of(x, t, 1), gain, eps_inside, {y.row(t), 1, y.cols});
        }
    }
};

template <class Right>
struct MeanSubtracted : Right {
    static constexpr Facts facts{
        "mean_subtracted",
        "LayerNorm's mean is subtracted first",
        kNotSeen,
        "small errors everywhere, worse with depth",
        "the first token in attn.norm",
        Site::attn_norm,
    };
    static void rmsnorm(ConstMatrixView x, ConstVectorView gain, float eps, MatrixView y) {
        MadeMatrix centered = copy_of(x);
        for (int t = 0; t < x.rows; ++t) {
            double sum = 0;
            for (int i = 0; i < x.cols; ++i) {
                sum += double(x.row(t)[i]);
            }
            for (int i = 0; i < x.cols; ++i) {
                centered.view().row(t)[i] -= float(sum / x.cols);
            }
        }
        Right::rmsnorm(centered.view(), gain, eps, y);
    }
};

// Of the 2 * n_layers + 1 norms of a pass, is this the one before the unembedding?
inline bool is_final_norm() {
    return notes().n_norms == 2 * notes().config.n_layers + 1;
}

template <class Right>
struct NormAfterSublayer : Noting<Right> {
    static constexpr Facts facts{
        "norm_after_sublayer",
        "post-norm: what attention and experts return is normed, not what enters",
        "NVIDIA-NeMo/Megatron-Bridge#4201 (post_attention_layernorm taken for the wrong norm, "
        "another model)",
        "nonsense from the first token on",
        "the first token in attn.norm",
        Site::attn_norm,
    };
    static void rmsnorm(ConstMatrixView x, ConstVectorView gain, float eps, MatrixView y) {
        notes().n_norms += 1;
        notes().norm_gain = gain;
        notes().norm_eps = eps;
        if (is_final_norm()) return Right::rmsnorm(x, gain, eps, y);
        std::copy_n(x.data, std::size_t(x.rows) * std::size_t(x.cols), y.data);
    }

    static void add_residual(ConstMatrixView x, ConstMatrixView y, MatrixView out) {
        MadeMatrix normed(y.rows, y.cols);
        Right::rmsnorm(y, notes().norm_gain, notes().norm_eps, normed.view());
        Right::add_residual(x, normed.view(), out);
    }
};

template <class Right>
struct FinalNormMissing : Noting<Right> {
    static constexpr Facts facts{
        "final_norm_missing",
        "the unembedding reads the residual stream without the last norm",
        "awslabs/keys_values#139 (other models)",
        "logits several times too large: sampling behaves as at a low temperature",
        "the first token in final_norm",
        Site::final_norm,
    };
    static void rmsnorm(ConstMatrixView x, ConstVectorView gain, float eps, MatrixView y) {
        notes().n_norms += 1;
        if (!is_final_norm()) return Right::rmsnorm(x, gain, eps, y);
        std::copy_n(x.data, std::size_t(x.rows) * std::size_t(x.cols), y.data);
    }
};

template <class Right>
struct ResidualNormed : Right {
    static constexpr Facts facts{
        "residual_normed",
        "the norm's output is what attention and experts are added to, not its input",
        "pytorch/pytorch#61165, lbcb-sci/RiNALMo#9 (other models)",
        "nonsense from the first token on",
        "the first token in attn.residual",
        Site::attn_residual,
    };
    static void rmsnorm(ConstMatrixView x, ConstVectorView gain, float eps, MatrixView y) {
        notes().norm_gain = gain;
        notes().norm_eps = eps;
        Right::rmsnorm(x, gain, eps, y);
    }

    static void add_residual(ConstMatrixView x, ConstMatrixView y, MatrixView out) {
        MadeMatrix normed(x.rows, x.cols);
        Right::rmsnorm(x, notes().norm_gain, notes().norm_eps, normed.view());
        Right::add_residual(normed.view(), y, out);
    }
};

template <class Right>
struct AttentionResidualNormed : Noting<Right> {
    static constexpr Facts facts{
        "attention_residual_normed",
        "the norm's output is what attention is added to; the experts are added rightly",
        "pytorch/pytorch#61165 (another model)",
        "nonsense from the first token on",
        "the first token in attn.residual",
        Site::attn_residual,
    };
    static void rmsnorm(ConstMatrixView x, ConstVectorView gain, float eps, MatrixView y) {
        notes().n_norms += 1;
        notes().norm_gain = gain;
        notes().norm_eps = eps;
        Right::rmsnorm(x, gain, eps, y);
    }

    static void add_residual(ConstMatrixView x, ConstMatrixView y, MatrixView out) {
        const bool is_attention = notes().n_norms % 2 == 1;
        if (!is_attention) return Right::add_residual(x, y, out);
        MadeMatrix normed(x.rows, x.cols);
        Right::rmsnorm(x, notes().norm_gain, notes().norm_eps, normed.view());
        Right::add_residual(normed.view(), y, out);
    }
};

}  // namespace gptoss::pitfalls
