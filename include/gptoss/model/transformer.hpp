// The forward pass, written once for every path, and the Transformer that keeps its state.
//
//     residual = embedding[tokens]
//     for each layer:   residual = expert_block( attention_block( residual ) )
//     logits = unembedding * rmsnorm(residual)
//
// A pass takes the next n_tokens tokens of the context, one or many: prefill in chunks of any size
// and token by token give the same results, to the bit on the scalar path.
//
// Source   official model: class Transformer.
// Errors   Error for an id outside the vocabulary and for a context beyond max_context_length; the
//          state is then as before the call.
#pragma once
#include <numeric>
#include <utility>
#include <vector>

#include "gptoss/model/activations.hpp"
#include "gptoss/model/attention_block.hpp"
#include "gptoss/model/expert_block.hpp"
#include "gptoss/model/kv_cache.hpp"
#include "gptoss/model/weights.hpp"
#include "gptoss/ops/scalar.hpp"
#include "gptoss/trace/watch.hpp"

namespace gptoss {

template <class Ops = ScalarOps>
void forward(const Weights& w, KvCache& cache, Activations& a, Watch* watch = nullptr) {
    const Config& config = w.config;
    Ops::embed(a.tokens, w.embedding, a.embedding);  // (T, hidden_size)
    see<Ops>(watch, Site::embedding, kNoLayer, a.embedding);
    Ops::rope_table(config, a.positions, a.rope_table);  // (T, head_dim)

    a.residual_in = a.embedding;
    for (int layer = 0; layer < config.n_layers; ++layer) {
        const LayerWeights& layer_w = w.layers[std::size_t(layer)];
        LayerCache& layer_cache = cache.layers[std::size_t(layer)];
        attention_block<Ops>(layer_w.attn, config, layer, layer_cache, a, watch);
        expert_block<Ops>(layer_w.mlp, config, layer, a, watch);
        a.residual_in = a.mlp_residual;
    }

    Ops::rmsnorm(a.residual_in, w.final_norm_gain, config.eps, a.final_norm);  // (T, hidden_size)
    see<Ops>(watch, Site::final_norm, kNoLayer, a.final_norm);
    const int n_logit_rows = a.logits.rows;
    const int first_row = a.final_norm.rows - n_logit_rows;
    const ConstMatrixView last_rows = rows_of(a.final_norm, first_row, n_logit_rows);
    Ops::unembed(last_rows, w.unembedding, a.logits);  // (n_logit_rows, vocab_size)
    see<Ops>(watch, Site::logits, kNoLayer, a.logits);
}

// Which rows of logits a pass computes: each costs vocab_size * hidden_size multiply-adds.
enum class LogitRows { last, all };

// Checks tokens, makes room for them in the cache and shapes a.
template <class Memory>
void make_room(const Config& config, KvCache& cache, Activations& a, ConstIdsView tokens,
               LogitRows logit_rows) {
    if (tokens.rows == 0) throw Error("feed: no tokens, expected at least one");
    require_token_ids(tokens, config.vocab_size);
    reserve<Memory>(cache, config, tokens.rows);

    const int n_logit_rows = logit_rows == LogitRows::all ? tokens.rows : 1;
    shape_activations<Memory>(a, config, tokens.rows, n_logit_rows);
}

// The same, and puts tokens and positions where the forward reads them; then it can run.
template <class Memory>
void begin_pass(const Config& config, KvCache& cache, Activations& a, ConstIdsView tokens,
                LogitRows logit_rows, Watch* watch) {
    make_room<Memory>(config, cache, a, tokens, logit_rows);
    if (wants_attention_record(watch, config.n_layers)) {
        const int n_positions = cache.length + tokens.rows;
        shape_attention_record<Memory>(a, config, tokens.rows, n_positions);
    }

    std::vector<std::int32_t> positions(std::size_t(tokens.rows));
    std::iota(positions.begin(), positions.end(), cache.length);
    const std::size_t bytes = positions.size() * sizeof(std::int32_t);
    Memory::upload(a.tokens.data, tokens.data, bytes);
    Memory::upload(a.positions.data, positions.data(), bytes);
    if (watch != nullptr) watch->begin_pass(tokens, {positions.data(), tokens.rows});
}

template <class Ops = ScalarOps>
struct Transformer {
    Weights w;
    KvCache cache;
    Activations a;

    explicit Transformer(Weights weights) : w(std::move(weights)) {}

    // Runs tokens at the positions after those in the cache; a.logits then holds the result.
    void feed(ConstIdsView tokens, LogitRows logit_rows = LogitRows::last, Watch* watch = nullptr) {
        begin_pass<typename Ops::Memory>(w.config, cache, a, tokens, logit_rows, watch);
        forward<Ops>(w, cache, a, watch);
        cache.length += tokens.rows;
    }
};

}  // namespace gptoss
