// Qwen3 with experts, built from the ops of gpt-oss: what differs stands beside it.
//
//     q, k = rope( rmsnorm per head of the projections of rmsnorm(x) )
//     x = x + out( attend(q, k, v) )
//     x = x + combine( down( plain_swiglu( gate, up ) ) )     for the top_k experts of a token
//
// The norm of queries and keys is rmsnorm, called with a row for every head. Its router says softmax
// over all experts, then the best ones divided by their sum: that is route, with the steps exchanged.
//
// Source   Qwen Team 2025, Qwen3 Technical Report, section 2; Hugging Face transformers:
//          Qwen3MoeForCausalLM with norm_topk_prob, as in Qwen3-30B-A3B.
// Pitfalls No bias anywhere, no sinks, no window, plain RoPE with base 1,000,000, eps 1e-6. All heads
//          of q share one gain of head_dim numbers, and all of k another.
#pragma once
#include <limits>
#include <string>
#include <vector>

#include "gptoss/contrast/made_weights.hpp"
#include "gptoss/contrast/plain_swiglu.hpp"
#include "gptoss/core/config.hpp"
#include "gptoss/layers/attention.hpp"
#include "gptoss/layers/combine.hpp"
#include "gptoss/layers/embedding.hpp"
#include "gptoss/layers/expert_linear.hpp"
#include "gptoss/layers/linear.hpp"
#include "gptoss/layers/residual.hpp"
#include "gptoss/layers/rmsnorm.hpp"
#include "gptoss/layers/rope.hpp"
#include "gptoss/layers/router.hpp"
#include "gptoss/layers/unembedding.hpp"

namespace gptoss::contrast {

// In Qwen3-30B-A3B: 48 layers, 2048 channels, 32 and 4 heads of 128, 128 experts of 768, 8 of them
// per token, 151936 rows of vocabulary.
inline Config qwen3_config() {
    Config c;
    c.n_layers = 2;
    c.hidden_size = 64;
    c.vocab_size = 96;
    c.n_heads = 4;
    c.n_kv_heads = 2;
    c.head_dim = 32;
    c.layer_kinds = std::vector<AttentionKind>(2, AttentionKind::full);
    c.n_experts = 8;
    c.top_k = 2;
    c.intermediate_size = 32;
    c.rope_theta = 1e6f;
    c.rope_scaling_factor = 1.0f;  // no YaRN
    c.eps = 1e-6f;
    return c;
}

// What gpt-oss has or lacks, for comparison; Qwen3 is as it stands here.
struct Qwen3Switches {
    bool has_qk_norm = true;
    float sink = -std::numeric_limits<float>::infinity();
    int window = 0;
};

struct Qwen3Layer {
    ConstVectorView attn_gain, q_gain, k_gain, mlp_gain;
    DenseMatrix q, k, v, out, router;
    ExpertStack gate, up, down;
};

struct Qwen3Weights {
    DenseMatrix embedding, unembedding;
    std::vector<Qwen3Layer> layers;
    ConstVectorView final_gain;
    Matrix zeros = Matrix(1, 0);  // for the ops that take a bias
};

// The weights live as long as made does.
inline Qwen3Weights qwen3_weights(const Config& c, MadeWeights& made) {
    const int hidden = c.hidden_size, q_size = c.q_size(), kv_size = c.kv_size();
    const int inner = c.intermediate_size;
    const auto matrix = [&made](const std::string& name, int out, int in) {
        return made.matrix(name + ".weight", out, in, exponent_for(in));
    };
    Qwen3Weights w;
    w.embedding = made.matrix("qwen3.embed_tokens.weight", c.vocab_size, hidden, 0);
    w.unembedding = matrix("qwen3.lm_head", c.vocab_size, hidden);
    for (int layer = 0; layer < c.n_layers; ++layer) {
        const std::string l = "qwen3.layers." + std::to_string(layer) + ".";
        Qwen3Layer& to = w.layers.emplace_back();
        to.attn_gain = made.gain(l + "input_layernorm.weight", hidden);
        to.mlp_gain = made.gain(l + "post_attention_layernorm.weight", hidden);
        to.q_gain = made.gain(l + "self_attn.q_norm.weight", c.head_dim);
        to.k_gain = made.gain(l + "self_attn.k_norm.weight", c.head_dim);
        to.q = matrix(l + "self_attn.q_proj", q_size, hidden);
        to.k = matrix(l + "self_attn.k_proj", kv_size, hidden);
        to.v = matrix(l + "self_attn.v_proj", kv_size, hidden);
        to.out = matrix(l + "self_attn.o_proj", hidden, q_size);
        to.router = matrix(l + "mlp.gate", c.n_experts, hidden);
        to.gate = made.experts(l + "mlp.experts.gate", c.n_experts, inner, hidden);
        to.up = made.experts(l + "mlp.experts.up", c.n_experts, inner, hidden);
        to.down = made.experts(l + "mlp.experts.down", c.n_experts, hidden, inner);
    }
    w.final_gain = made.gain("qwen3.norm.weight", hidden);
    const int largest_bias = c.n_experts * hidden + q_size;
    w.zeros = Matrix(1, largest_bias);
    return w;
}

// One rmsnorm per head: the same memory, read as (n_tokens * n_heads, head_dim).
inline void norm_heads(ConstVectorView gain, float eps, MatrixView x) {
    const int head_dim = gain.size;
    const MatrixView by_head = {x.data, x.rows * (x.cols / head_dim), head_dim};
    rmsnorm(by_head, gain, eps, by_head);
}

inline void qwen3_attention(const Qwen3Layer& w, const Config& c, const Qwen3Switches& switches,
                            const float* zeros, ConstIdsView positions, ConstMatrixView x,
                            MatrixView out) {
    const int n_tokens = x.rows, q_size = c.q_size(), kv_size = c.kv_size();
    Matrix q(n_tokens, q_size), k(n_tokens, kv_size), v(n_tokens, kv_size), mix(n_tokens, q_size);
    linear(x, w.q, {zeros, q_size}, q.view());   // (T, n_heads * head_dim)
    linear(x, w.k, {zeros, kv_size}, k.view());  // (T, n_kv_heads * head_dim)
    linear(x, w.v, {zeros, kv_size}, v.view());  // (T, n_kv_heads * head_dim)
    if (switches.has_qk_norm) {
        norm_heads(w.q_gain, c.eps, q.view());
        norm_heads(w.k_gain, c.eps, k.view());
    }

    Matrix table(n_tokens, c.head_dim);
    rope_table(c, positions, table.view());  // (T, head_dim)
    rope(q.view(), table.view(), q.view());
    rope(k.view(), table.view(), k.view());
    const std::vector<float> sinks(std::size_t(c.n_heads), switches.sink);
    attend(q.view(), k.view(), v.view(), {sinks.data(), c.n_heads}, positions, switches.window, {},
           mix.view());  // (T, n_heads * head_dim)
    linear(mix.view(), w.out, {zeros, c.hidden_size}, out);
}

inline void qwen3_experts(const Qwen3Layer& w, const Config& c, const float* zeros,
                          ConstMatrixView x, MatrixView out) {
    const int n_ranks = x.rows * c.top_k, inner = c.intermediate_size;
    Matrix logits(x.rows, c.n_experts), weights(x.rows, c.top_k);
    std::vector<std::int32_t> id_memory(std::size_t(n_ranks), 0);
    const IdsView ids = {id_memory.data(), x.rows, c.top_k};
    linear(x, w.router, {zeros, c.n_experts}, logits.view());  // (T, n_experts)
    route(logits.view(), ids, weights.view());                 // (T, top_k) twice

    Matrix gate(n_ranks, inner), up(n_ranks, inner), expert_out(n_ranks, c.hidden_size);
    const ConstMatrixView no_inner_bias = {zeros, c.n_experts, inner};
    const ConstMatrixView no_bias = {zeros, c.n_experts, c.hidden_size};
    expert_linear(x, XRows::per_token, ids, w.gate, no_inner_bias, gate.view());
    expert_linear(x, XRows::per_token, ids, w.up, no_inner_bias, up.view());
    plain_swiglu(gate.view(), up.view(), gate.view());  // (T * top_k, intermediate_size)
    expert_linear(gate.view(), XRows::per_rank, ids, w.down, no_bias, expert_out.view());
    combine(expert_out.view(), weights.view(), out);  // (T, hidden_size)
}

struct Qwen3Run {
    std::vector<Matrix> residuals;  // (T, hidden_size): behind the embedding and behind every layer
    Matrix logits;                  // (T, vocab_size)
};

inline Qwen3Run qwen3_forward(const Qwen3Weights& w, const Config& c, ConstIdsView ids,
                              const Qwen3Switches& switches = {}) {
    const int n_tokens = ids.rows;
    std::vector<std::int32_t> counted;
    for (int t = 0; t < n_tokens; ++t) {
        counted.push_back(t);
    }
    const ConstIdsView positions = {counted.data(), n_tokens};
    const float* zeros = w.zeros.memory.data();

    Qwen3Run run{{}, Matrix(n_tokens, c.vocab_size)};
    Matrix x(n_tokens, c.hidden_size), normed(n_tokens, c.hidden_size);
    Matrix added(n_tokens, c.hidden_size);
    embed(ids, w.embedding, x.view());
    run.residuals.push_back(x);
    for (const Qwen3Layer& layer : w.layers) {
        rmsnorm(x.view(), layer.attn_gain, c.eps, normed.view());
        qwen3_attention(layer, c, switches, zeros, positions, normed.view(), added.view());
        add_residual(x.view(), added.view(), x.view());
        rmsnorm(x.view(), layer.mlp_gain, c.eps, normed.view());
        qwen3_experts(layer, c, zeros, normed.view(), added.view());
        add_residual(x.view(), added.view(), x.view());
        run.residuals.push_back(x);
    }
    rmsnorm(x.view(), w.final_gain, c.eps, normed.view());
    unembed(normed.view(), w.unembedding, run.logits.view());
    return run;
}

}  // namespace gptoss::contrast
