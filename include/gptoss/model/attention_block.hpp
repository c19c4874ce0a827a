// The attention half of a layer: norm, projections, rotation, attention, projection, residual.
//
//     attn_residual = residual_in + out( attend( rope(q), rope(k), v ) )
//     q, k, v = the projections of the normed residual_in
//
// Every line is one op; the line below it shows the result to whoever watches.
// Source   official model: class AttentionBlock.
#pragma once
#include "gptoss/model/activations.hpp"
#include "gptoss/model/attention_terms.hpp"
#include "gptoss/model/kv_cache.hpp"
#include "gptoss/model/weights.hpp"
#include "gptoss/ops/scalar.hpp"
#include "gptoss/trace/watch.hpp"

namespace gptoss {

template <class Ops = ScalarOps>
void attention_block(const AttentionWeights& w, const Config& config, int layer, LayerCache& cache,
                     Activations& a, Watch* watch = nullptr) {
    Ops::rmsnorm(a.residual_in, w.norm_gain, config.eps, a.attn_norm);  // (T, hidden_size)
    see<Ops>(watch, Site::attn_norm, layer, a.attn_norm);

    Ops::linear(a.attn_norm, w.q, w.q_bias, a.attn_q);  // (T, n_heads * head_dim)
    see<Ops>(watch, Site::attn_q, layer, a.attn_q);
    Ops::linear(a.attn_norm, w.k, w.k_bias, a.attn_k);  // (T, n_kv_heads * head_dim)
    see<Ops>(watch, Site::attn_k, layer, a.attn_k);
    Ops::linear(a.attn_norm, w.v, w.v_bias, a.attn_v);  // (T, n_kv_heads * head_dim)
    see<Ops>(watch, Site::attn_v, layer, a.attn_v);

    Ops::rope(a.attn_q, a.rope_table, a.attn_q_rope);  // (T, n_heads * head_dim)
    see<Ops>(watch, Site::attn_q_rope, layer, a.attn_q_rope);
    Ops::rope(a.attn_k, a.rope_table, a.attn_k_rope);  // (T, n_kv_heads * head_dim)
    see<Ops>(watch, Site::attn_k_rope, layer, a.attn_k_rope);

    Ops::cache_store(a.attn_k_rope, a.positions, cache.keys);  // (capacity, n_kv_heads * head_dim)
    Ops::cache_store(a.attn_v, a.positions, cache.values);     // (capacity, n_kv_heads * head_dim)
    const AttentionTerms terms = attention_terms<Ops>(watch, layer, w, config, cache, a);
    const AttentionRecord record = attention_record(watch, layer, a);
    Ops::attend(a.attn_q_rope, cache.keys, cache.values, terms.sinks, a.positions, terms.window,
                record, a.attn_mix);  // (T, n_heads * head_dim)
    see<Ops>(watch, Site::attn_scores, layer, a.attn_scores);
    see<Ops>(watch, Site::attn_weights, layer, a.attn_weights);
    see<Ops>(watch, Site::attn_sink_share, layer, a.attn_sink_share);
    see<Ops>(watch, Site::attn_mix, layer, a.attn_mix);

    Ops::linear(a.attn_mix, w.out, w.out_bias, a.attn_out);  // (T, hidden_size)
    see<Ops>(watch, Site::attn_out, layer, a.attn_out);
    Ops::add_residual(a.residual_in, a.attn_out, a.attn_residual);  // (T, hidden_size)
    see<Ops>(watch, Site::attn_residual, layer, a.attn_residual);
}

}  // namespace gptoss
