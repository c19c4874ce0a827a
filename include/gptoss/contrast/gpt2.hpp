// GPT-2, built from the ops of gpt-oss: what the two share is called, what differs stands beside it.
//
//     x = embedding[ids] + positions
//     per layer:  x = x + out( attend( q, k, v of layernorm(x) ) )
//                 x = x + down( gelu( up( layernorm(x) ) ) )
//     logits = embedding * layernorm(x)
//
// Multi-head attention is attend with as many kv heads as query heads, sinks of minus infinity and
// window 0. There is no cache: all tokens are computed in one pass.
//
// Source   Radford et al. 2019, Language Models are Unsupervised Multitask Learners, section 2.3;
//          Hugging Face transformers: GPT2LMHeadModel.
// Pitfalls The norms stand before the sublayers, and one more before the unembedding: articles that
//          call GPT-2 post-norm are wrong (NormPlace::after is what they describe). The unembedding
//          is the embedding. Files hold (in, out): transposed here. q, k and v are one tensor there.
#pragma once
#include <limits>
#include <string>
#include <vector>

#include "gptoss/contrast/gelu.hpp"
#include "gptoss/contrast/layernorm.hpp"
#include "gptoss/contrast/learned_positions.hpp"
#include "gptoss/contrast/made_weights.hpp"
#include "gptoss/layers/attention.hpp"
#include "gptoss/layers/embedding.hpp"
#include "gptoss/layers/linear.hpp"
#include "gptoss/layers/residual.hpp"
#include "gptoss/layers/unembedding.hpp"

namespace gptoss::contrast {

enum class NormPlace { before, after };  // of the sublayer; after: norm(x + sublayer(x))

struct Gpt2Config {
    int n_layers = 2;  // of the smallest GPT-2: 12
    int hidden_size = 64;
    int n_heads = 4;
    int intermediate_size = 256;
    int n_positions = 32;
    int vocab_size = 96;
    float eps = 1e-5f;
    NormPlace norm_place = NormPlace::before;  // GPT-2's; as the next one, for comparison
    GeluForm gelu = GeluForm::by_tanh;
};

struct Gpt2Norm {
    ConstVectorView gain, bias;
};

struct Gpt2Linear {
    DenseMatrix w;
    ConstVectorView bias;
};

struct Gpt2Layer {
    Gpt2Norm norm_1, norm_2;
    Gpt2Linear q, k, v, out, up, down;
    ConstVectorView no_sinks;
};

struct Gpt2Weights {
    DenseMatrix embedding, positions;
    std::vector<Gpt2Layer> layers;
    Gpt2Norm final_norm;
};

inline Gpt2Norm made_norm(MadeWeights& made, const std::string& name, int size) {
    return {made.gain(name + ".weight", size), made.vector(name + ".bias", size, -1)};
}

inline Gpt2Linear made_linear(MadeWeights& made, const std::string& name, int out, int in) {
    return {made.matrix(name + ".weight", out, in, exponent_for(in)),
            made.vector(name + ".bias", out, -1)};
}

// The weights live as long as made does.
inline Gpt2Weights gpt2_weights(const Gpt2Config& c, MadeWeights& made) {
    const int hidden = c.hidden_size;
    Gpt2Weights w;
    w.embedding = made.matrix("gpt2.wte.weight", c.vocab_size, hidden, 0);
    w.positions = made.matrix("gpt2.wpe.weight", c.n_positions, hidden, 0);
    for (int layer = 0; layer < c.n_layers; ++layer) {
        const std::string h = "gpt2.h." + std::to_string(layer) + ".";
        Gpt2Layer& l = w.layers.emplace_back();
        l.norm_1 = made_norm(made, h + "ln_1", hidden);
        l.norm_2 = made_norm(made, h + "ln_2", hidden);
        l.q = made_linear(made, h + "attn.q", hidden, hidden);
        l.k = made_linear(made, h + "attn.k", hidden, hidden);
        l.v = made_linear(made, h + "attn.v", hidden, hidden);
        l.out = made_linear(made, h + "attn.c_proj", hidden, hidden);
        l.up = made_linear(made, h + "mlp.c_fc", c.intermediate_size, hidden);
        l.down = made_linear(made, h + "mlp.c_proj", hidden, c.intermediate_size);
        l.no_sinks = made.constant(-std::numeric_limits<float>::infinity(), c.n_heads);
    }
    w.final_norm = made_norm(made, "gpt2.ln_f", hidden);
    return w;
}

inline void gpt2_attention(const Gpt2Layer& w, ConstIdsView positions, ConstMatrixView x,
                           MatrixView out) {
    Matrix q(x.rows, x.cols), k(x.rows, x.cols), v(x.rows, x.cols), mix(x.rows, x.cols);
    linear(x, w.q.w, w.q.bias, q.view());  // (T, hidden_size), as k, v and mix
    linear(x, w.k.w, w.k.bias, k.view());
    linear(x, w.v.w, w.v.bias, v.view());
    const int window = 0;  // everything before
    attend(q.view(), k.view(), v.view(), w.no_sinks, positions, window, {}, mix.view());
    linear(mix.view(), w.out.w, w.out.bias, out);
}

inline void gpt2_dense(const Gpt2Layer& w, GeluForm form, ConstMatrixView x, MatrixView out) {
    Matrix inner(x.rows, w.up.w.rows);
    linear(x, w.up.w, w.up.bias, inner.view());  // (T, intermediate_size)
    gelu(inner.view(), form, inner.view());
    linear(inner.view(), w.down.w, w.down.bias, out);
}

inline void gpt2_layer(const Gpt2Layer& w, const Gpt2Config& c, ConstIdsView positions,
                       MatrixView x) {
    const bool is_before = c.norm_place == NormPlace::before;
    Matrix normed(x.rows, x.cols), added(x.rows, x.cols);

    if (is_before) layernorm(x, w.norm_1.gain, w.norm_1.bias, c.eps, normed.view());
    gpt2_attention(w, positions, is_before ? normed.view() : x, added.view());
    add_residual(x, added.view(), x);
    if (!is_before) layernorm(x, w.norm_1.gain, w.norm_1.bias, c.eps, x);

    if (is_before) layernorm(x, w.norm_2.gain, w.norm_2.bias, c.eps, normed.view());
    gpt2_dense(w, c.gelu, is_before ? normed.view() : x, added.view());
    add_residual(x, added.view(), x);
    if (!is_before) layernorm(x, w.norm_2.gain, w.norm_2.bias, c.eps, x);
}

struct Gpt2Run {
    std::vector<Matrix> residuals;  // (T, hidden_size): behind the embedding and behind every layer
    Matrix logits;                  // (T, vocab_size)
};

inline Gpt2Run gpt2_forward(const Gpt2Weights& w, const Gpt2Config& c, ConstIdsView ids) {
    const int n_tokens = ids.rows;
    std::vector<std::int32_t> counted;
    for (int t = 0; t < n_tokens; ++t) {
        counted.push_back(t);
    }
    const ConstIdsView positions = {counted.data(), n_tokens};

    Gpt2Run run{{}, Matrix(n_tokens, c.vocab_size)};
    Matrix x(n_tokens, c.hidden_size);
    embed(ids, w.embedding, x.view());
    add_positions(x.view(), positions, w.positions, x.view());
    run.residuals.push_back(x);
    for (const Gpt2Layer& layer : w.layers) {
        gpt2_layer(layer, c, positions, x.view());
        run.residuals.push_back(x);
    }

    if (c.norm_place == NormPlace::before) {
        layernorm(x.view(), w.final_norm.gain, w.final_norm.bias, c.eps, x.view());
    }
    unembed(x.view(), w.embedding, run.logits.view());
    return run;
}

}  // namespace gptoss::contrast
