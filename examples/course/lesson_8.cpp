// Lesson 8, the blocks, and sampling.
#include "adapt_blocks.hpp"
#include "adapt_sampling.hpp"
#include "functions.hpp"
#include "in_model.hpp"
#include "lessons.hpp"

namespace gptoss::course {
namespace {

using AttentionBlock = Remote<"attention_block", &attention_block_of>;
using ExpertBlock = Remote<"expert_block", &expert_block_of>;
using NKept = Remote<"n_kept", &gptoss::n_kept>;

using Sampled = Remote<"sample", &gptoss::sample>;

// --- Blocks in a model --------------------------------------------------------------------------

void attention(const Weights& w, int layer, Activations& a, Watch* watch) {
    AttentionBlock::call(
        w.config, w.layers[std::size_t(layer)].attn, layer, a.residual_in,
        {a.attn_norm, a.attn_q, a.attn_k, a.attn_v, a.attn_q_rope, a.attn_k_rope, a.attn_scores,
         a.attn_weights, a.attn_sink_share, a.attn_mix, a.attn_out, a.attn_residual});
    const auto show = [&](Site site, MatrixView m) { see<ScalarOps>(watch, site, layer, m); };
    show(Site::attn_norm, a.attn_norm);
    show(Site::attn_q, a.attn_q);
    show(Site::attn_k, a.attn_k);
    show(Site::attn_v, a.attn_v);
    show(Site::attn_q_rope, a.attn_q_rope);
    show(Site::attn_k_rope, a.attn_k_rope);
    show(Site::attn_scores, a.attn_scores);
    show(Site::attn_weights, a.attn_weights);
    show(Site::attn_sink_share, a.attn_sink_share);
    show(Site::attn_mix, a.attn_mix);
    show(Site::attn_out, a.attn_out);
    show(Site::attn_residual, a.attn_residual);
}

void experts(const Weights& w, int layer, Activations& a, Watch* watch) {
    ExpertBlock::call(w.config, w.layers[std::size_t(layer)].mlp, a.attn_residual,
                      {a.mlp_norm, a.mlp_router_logits, a.mlp_expert_ids, a.mlp_expert_weights,
                       a.mlp_gate_up, a.mlp_swiglu, a.mlp_expert_out, a.mlp_out, a.mlp_residual});
    const auto show = [&](Site site, MatrixView m) { see<ScalarOps>(watch, site, layer, m); };
    show(Site::mlp_norm, a.mlp_norm);
    show(Site::mlp_router_logits, a.mlp_router_logits);
    see<ScalarOps>(watch, Site::mlp_expert_ids, layer, a.mlp_expert_ids, w.config.n_experts);
    show(Site::mlp_expert_weights, a.mlp_expert_weights);
    show(Site::mlp_gate_up, a.mlp_gate_up);
    show(Site::mlp_swiglu, a.mlp_swiglu);
    show(Site::mlp_expert_out, a.mlp_expert_out);
    show(Site::mlp_out, a.mlp_out);
    show(Site::mlp_residual, a.mlp_residual);
}

// Nothing passes by leaving what the right model left.
void forget(Activations& a) {
    const float nan = std::numeric_limits<float>::quiet_NaN();
    for (const MatrixView m :
         {a.attn_norm, a.attn_q, a.attn_k, a.attn_v, a.attn_q_rope, a.attn_k_rope, a.attn_mix,
          a.attn_out, a.attn_residual, a.mlp_norm, a.mlp_gate_up, a.mlp_router_logits,
          a.mlp_expert_weights, a.mlp_swiglu, a.mlp_expert_out, a.mlp_out, a.mlp_residual}) {
        std::fill_n(m.data, std::size_t(m.rows) * std::size_t(m.cols), nan);
    }
    std::fill_n(a.mlp_expert_ids.data, a.mlp_expert_ids.rows * a.mlp_expert_ids.cols, 0);
}

// model/transformer.hpp's forward, but for who is asked for a block.
Finding blocks_in_model() {
    const Weights& w = course_weights();
    const std::vector<std::int32_t>& tokens = course_tokens();
    RecordingPass pass(w.config);
    KvCache cache;
    Activations a;
    begin_pass<HostMemory>(w.config, cache, a, {tokens.data(), int(tokens.size())}, LogitRows::all,
                           &pass);
    embed(a.tokens, w.embedding, a.embedding);
    see<ScalarOps>(&pass, Site::embedding, kNoLayer, a.embedding);
    std::vector<float> stream(a.embedding.data, a.embedding.row(a.embedding.rows));
    a.residual_in = {stream.data(), a.embedding.rows, a.embedding.cols};
    for (int layer = 0; layer < w.config.n_layers; ++layer) {
        forget(a);
        attention(w, layer, a, &pass);
        experts(w, layer, a, &pass);
        std::copy_n(a.mlp_residual.data, stream.size(), stream.data());
    }
    rmsnorm(a.residual_in, w.final_norm_gain, w.config.eps, a.final_norm);
    see<ScalarOps>(&pass, Site::final_norm, kNoLayer, a.final_norm);
    unembed(a.final_norm, w.unembedding, a.logits);
    see<ScalarOps>(&pass, Site::logits, kNoLayer, a.logits);
    return finding_of(dump::dump_of(pass.recorder, "yours"), pitfalls::kOnePass);
}

// --- Blocks by hand -----------------------------------------------------------------------------

// One head of two channels; every matrix is the identity times a factor, every bias as given.
struct SmallAttention {
    Config config;
    Matrix one, projection;
    Floats gain{1, 1}, zeros{0, 0}, v_bias, out_bias,
        sinks{-std::numeric_limits<float>::infinity()};

    SmallAttention(float v, Floats value_bias, Floats output_bias)
        : one{{1, 0, 0, 1}, 2, 2},
          projection{{v, 0, 0, v}, 2, 2},
          v_bias(std::move(value_bias)),
          out_bias(std::move(output_bias)) {
        config.n_layers = 1;
        config.layer_kinds = {AttentionKind::sliding};
        config.hidden_size = config.head_dim = 2;
        config.n_heads = config.n_kv_heads = 1;
        config.n_experts = config.top_k = 1;
        config.intermediate_size = 32;
        config.vocab_size = 1;
        config.rope_scaling_factor = 1;
        config.eps = 1e-12f;
    }
    AttentionWeights weights() const {
        const ConstVectorView none{zeros.data(), 2};
        return {{gain.data(), 2},
                one.dense(),
                none,
                one.dense(),
                none,
                projection.dense(),
                {v_bias.data(), 2},
                {sinks.data(), 1},
                one.dense(),
                {out_bias.data(), 2}};
    }
};

// The residual of one token behind such a block.
Numbers attention_residual(const SmallAttention& small, const Floats& x) {
    Activations a;
    shape_activations<HostMemory>(a, small.config, 1, 1);
    shape_attention_record<HostMemory>(a, small.config, 1, 1);
    forget(a);
    AttentionBlock::call(
        small.config, small.weights(), 0, {x.data(), 1, 2},
        {a.attn_norm, a.attn_q, a.attn_k, a.attn_v, a.attn_q_rope, a.attn_k_rope, a.attn_scores,
         a.attn_weights, a.attn_sink_share, a.attn_mix, a.attn_out, a.attn_residual});
    return {a.attn_residual.data[0], a.attn_residual.data[1]};
}

Numbers hidden_attention(Random& random) {
    const SmallAttention small(random.number(3), random.floats(2), random.floats(2));
    return attention_residual(small, random.floats(2, 5));
}

// Experts whose matrices are 0: each gives its bias. The first two channels of the residual.
Numbers experts_residual(const Floats& router_bias, const Floats& down_bias, int top_k, float x) {
    SmallAttention base(1, {0, 0}, {0, 0});
    Config c = base.config;
    c.hidden_size = 32;
    c.n_experts = int(router_bias.size());
    c.top_k = top_k;
    const int n = c.n_experts;
    const std::vector<std::uint8_t> codes(std::size_t(n * 64 * 16), 0),
        scales(std::size_t(n * 64), 127);
    const Matrix router{Floats(std::size_t(n * 32), 0), n, 32};
    const Matrix gate_up_bias{Floats(std::size_t(n * 64), 1), n, 64};
    Matrix bias{{}, n, 32};
    for (int i = 0; i < n * 32; ++i) {
        bias.values.push_back(down_bias[std::size_t(i / 32)]);
    }
    const Floats gain(32, 1);
    ExpertWeights w{
        {gain.data(), 32}, router.dense(), {router_bias.data(), n}, {}, gate_up_bias.view(), {},
        bias.view()};
    for (ExpertStack* stack : {&w.gate_up, &w.down}) {
        stack->codes = codes.data();
        stack->scales = scales.data();
        stack->n_experts = n;
        stack->cols = 32;
        stack->rows = stack == &w.gate_up ? 64 : 32;
    }
    const Floats stream(32, x);
    Activations a;
    shape_activations<HostMemory>(a, c, 1, 1);
    forget(a);
    ExpertBlock::call(c, w, {stream.data(), 1, 32},
                      {a.mlp_norm, a.mlp_router_logits, a.mlp_expert_ids, a.mlp_expert_weights,
                       a.mlp_gate_up, a.mlp_swiglu, a.mlp_expert_out, a.mlp_out, a.mlp_residual});
    return {a.mlp_norm.data[0], a.mlp_swiglu.data[0], a.mlp_residual.data[0]};
}

Numbers hidden_experts(Random& random) {
    const int n = random.between(2, 5);
    return experts_residual(random.floats(n, 2), random.floats(n, 5), random.between(1, n),
                            random.number(9));
}

// --- Sampling -----------------------------------------------------------------------------------

std::vector<Candidate> sorted_candidates(const Numbers& p) {
    std::vector<Candidate> sorted;
    for (std::size_t i = 0; i < p.size(); ++i) {
        sorted.push_back({std::int32_t(i), p[i]});
    }
    return sorted;
}

Numbers kept(const Numbers& p, int top_k, float top_p, float min_p) {
    return {double(NKept::call(sorted_candidates(p), {1.0f, top_k, top_p, min_p}))};
}

Numbers hidden_kept(Random& random) {
    Numbers p{1};
    for (int n = random.between(1, 30); n > 0; --n) {
        p.push_back(p.back() * (0.75 + 0.24 * double(random.number())));
    }
    return kept(p, random.below(12), 0.55f + 0.44f * random.number(),
                0.1f + 0.09f * random.number());
}

Numbers sampled_text() {
    const dump::Activation logits =
        right_run(pitfalls::kOnePass).sites.at({Site::logits, kNoLayer});
    const int vocab_size = int(logits.shape[1]);
    Numbers ids;
    for (int draw = 0; draw < 24; ++draw) {
        const float* row = logits.values.data() + draw % 12 * vocab_size;
        const SamplingOptions options{0.8f, 2 + draw, 0.9f, draw % 2 == 0 ? 0.0f : 0.2f};
        std::int32_t id = -1;
        Sampled::call({row, 1, vocab_size}, options, random_uniform(5, std::uint64_t(draw)),
                      {&id, 1});
        ids.push_back(id);
    }
    return ids;
}

}  // namespace

std::vector<Exercise> lesson_8() {
    std::vector<WorkedCase> attention{
        {"x = (1, 1) is its own norm, and v, mix and out: 1 + 1",
         {2, 2},
         [] { return attention_residual({1, {0, 0}, {0, 0}}, {1, 1}); }},
        {"x = (3, 4): x itself is added to, not its norm: 3 + 0.8485281",
         {3.8485281, 5.1313708},
         [] { return attention_residual({1, {0, 0}, {0, 0}}, {3, 4}); }},
        {"biases: v gives (1, 2), out adds (10, 20)",
         {14, 26},
         [] { return attention_residual({0, {1, 2}, {10, 20}}, {3, 4}); }},
    };
    std::vector<WorkedCase> experts{
        {"one expert whose matrices are 0: gate 1, up 1; the residual is x + bias",
         {1, 1.6915915, 6},
         [] { return experts_residual({0}, {5}, 1, 1); }},
        {"the router's bias chooses expert 1 of 3: 2 + 20",
         {1, 1.6915915, 22},
         [] { return experts_residual({0, 1, -1}, {10, 20, 30}, 1, 2); }},
        {"two experts in equal parts: 2 + (10 + 20) / 2",
         {1, 1.6915915, 17},
         [] { return experts_residual({0, 0}, {10, 20}, 2, 2); }},
    };
    std::vector<WorkedCase> n_kept{
        {"nothing is cut", {4}, [] { return kept({1, 0.5, 0.25, 0.125}, 0, 1, 0); }},
        {"top_k 2", {2}, [] { return kept({1, 0.5, 0.25, 0.125}, 2, 1, 0); }},
        {"top_p 0.5: 1 of 1.875 is enough",
         {1},
         [] { return kept({1, 0.5, 0.25, 0.125}, 0, 0.5f, 0); }},
        {"top_p 0.9: 1.75 of 1.875 is, 1.5 is not",
         {3},
         [] { return kept({1, 0.5, 0.25, 0.125}, 0, 0.9f, 0); }},
        {"min_p 0.3 of the largest", {2}, [] { return kept({1, 0.5, 0.25, 0.125}, 0, 1, 0.3f); }},
        {"top_p of what top_k left: 1 of 1.5",
         {1},
         [] { return kept({1, 0.5, 0.25, 0.125}, 2, 0.6f, 0); }},
        {"at least one stays", {1}, [] { return kept({1, 0.5}, 0, 0.01f, 1); }},
    };
    return {{"attention_block", attention, hidden_attention, nullptr, "", blocks_in_model},
            {"expert_block", experts, hidden_experts, nullptr, "", blocks_in_model},
            {"n_kept", n_kept, hidden_kept, sampled_text, "draws from a model's logits"}};
}

}  // namespace gptoss::course
