// Activations: one view for every named tensor of a pass. The names are those of trace/sites.hpp.
//
// All layers share them: a layer writes over what the layer before left. residual_in points at the
// stream that enters a block, which is embedding at first and mlp_residual afterwards.
//
// Shapes   behind each view; T = n_tokens of this pass, S = positions seen so far, L = rows of
//          logits that were asked for (1 or T).
// Units    floats; about 170 MB at 20b for a pass of 512 tokens with one row of logits.
#pragma once
#include <cstddef>

#include "gptoss/core/buffer.hpp"
#include "gptoss/core/config.hpp"
#include "gptoss/core/view.hpp"
#include "gptoss/layers/attention.hpp"
#include "gptoss/trace/watch.hpp"

namespace gptoss {

struct Activations {
    IdsView tokens;         // (T)
    IdsView positions;      // (T)
    MatrixView rope_table;  // (T, head_dim)

    MatrixView embedding;    // (T, hidden_size)
    MatrixView residual_in;  // (T, hidden_size), embedding or mlp_residual

    MatrixView attn_norm;        // (T, hidden_size)
    MatrixView attn_q;           // (T, n_heads * head_dim)
    MatrixView attn_k;           // (T, n_kv_heads * head_dim)
    MatrixView attn_v;           // (T, n_kv_heads * head_dim)
    MatrixView attn_q_rope;      // (T, n_heads * head_dim)
    MatrixView attn_k_rope;      // (T, n_kv_heads * head_dim)
    MatrixView attn_scores;      // (n_heads * T, S) while watched, else empty
    MatrixView attn_weights;     // (n_heads * T, S) while watched, else empty
    MatrixView attn_sink_share;  // (T, n_heads), written while watched
    MatrixView attn_mix;         // (T, n_heads * head_dim)
    MatrixView attn_out;         // (T, hidden_size)
    MatrixView attn_residual;    // (T, hidden_size)

    MatrixView mlp_norm;            // (T, hidden_size)
    MatrixView mlp_router_logits;   // (T, n_experts)
    IdsView mlp_expert_ids;         // (T, top_k)
    MatrixView mlp_expert_weights;  // (T, top_k)
    MatrixView mlp_gate_up;         // (T * top_k, 2 * intermediate_size)
    MatrixView mlp_swiglu;          // (T * top_k, intermediate_size)
    MatrixView mlp_expert_out;      // (T * top_k, hidden_size)
    MatrixView mlp_out;             // (T, hidden_size)
    MatrixView mlp_residual;        // (T, hidden_size)

    MatrixView final_norm;  // (T, hidden_size)
    MatrixView logits;      // (L, vocab_size): of the last L tokens
    IdsView next_token;     // (1)

    Buffer memory;         // of all views but attn_scores and attn_weights
    Buffer record_memory;  // of these two
};

// Cuts views off a buffer one after the other. Run over no memory it only counts bytes.
struct ViewCutter {
    const Buffer* buffer = nullptr;
    std::size_t offset = 0;

    std::size_t take(std::int64_t rows, int cols) {
        const std::size_t bytes = std::size_t(rows) * std::size_t(cols) * 4;  // float or int32
        const std::size_t start = offset;
        offset += (bytes + 63) / 64 * 64;  // the next view starts on a cache line
        return start;
    }
    void cut(MatrixView& view, std::int64_t rows, int cols) {
        const std::size_t start = take(rows, cols);
        if (buffer != nullptr) view = buffer->matrix(start, int(rows), cols);
    }
    void cut(IdsView& view, int rows, int cols) {
        const std::size_t start = take(rows, cols);
        if (buffer != nullptr) view = buffer->ids(start, rows, cols);
    }
};

inline void cut_views(Activations& a, ViewCutter& cutter, const Config& c, int n_tokens,
                      int n_logit_rows) {
    const std::int64_t n_expert_rows = std::int64_t(n_tokens) * c.top_k;
    cutter.cut(a.tokens, n_tokens, 1);
    cutter.cut(a.positions, n_tokens, 1);
    cutter.cut(a.rope_table, n_tokens, c.head_dim);
    cutter.cut(a.embedding, n_tokens, c.hidden_size);

    cutter.cut(a.attn_norm, n_tokens, c.hidden_size);
    cutter.cut(a.attn_q, n_tokens, c.q_size());
    cutter.cut(a.attn_k, n_tokens, c.kv_size());
    cutter.cut(a.attn_v, n_tokens, c.kv_size());
    cutter.cut(a.attn_q_rope, n_tokens, c.q_size());
    cutter.cut(a.attn_k_rope, n_tokens, c.kv_size());
    cutter.cut(a.attn_sink_share, n_tokens, c.n_heads);
    cutter.cut(a.attn_mix, n_tokens, c.q_size());
    cutter.cut(a.attn_out, n_tokens, c.hidden_size);
    cutter.cut(a.attn_residual, n_tokens, c.hidden_size);

    cutter.cut(a.mlp_norm, n_tokens, c.hidden_size);
    cutter.cut(a.mlp_router_logits, n_tokens, c.n_experts);
    cutter.cut(a.mlp_expert_ids, n_tokens, c.top_k);
    cutter.cut(a.mlp_expert_weights, n_tokens, c.top_k);
    cutter.cut(a.mlp_gate_up, n_expert_rows, 2 * c.intermediate_size);
    cutter.cut(a.mlp_swiglu, n_expert_rows, c.intermediate_size);
    cutter.cut(a.mlp_expert_out, n_expert_rows, c.hidden_size);
    cutter.cut(a.mlp_out, n_tokens, c.hidden_size);
    cutter.cut(a.mlp_residual, n_tokens, c.hidden_size);

    cutter.cut(a.final_norm, n_tokens, c.hidden_size);
    cutter.cut(a.logits, n_logit_rows, c.vocab_size);
    cutter.cut(a.next_token, 1, 1);
}

inline std::size_t activation_bytes(const Config& c, int n_tokens, int n_logit_rows) {
    Activations nowhere;
    ViewCutter counter;
    cut_views(nowhere, counter, c, n_tokens, n_logit_rows);
    return counter.offset;
}

// Shapes all views for a pass; memory is taken only when the pass is larger than any before it.
template <class Memory>
void shape_activations(Activations& a, const Config& c, int n_tokens, int n_logit_rows) {
    const std::size_t bytes = activation_bytes(c, n_tokens, n_logit_rows);
    if (bytes > a.memory.bytes()) {
        a = Activations();  // release before taking more, and keep no view of what was released
        a.memory = Buffer::allocate<Memory>(bytes);
    }
    ViewCutter cutter{&a.memory, 0};
    cut_views(a, cutter, c, n_tokens, n_logit_rows);
    a.attn_scores = {};
    a.attn_weights = {};
}

// Gives attn_scores and attn_weights room for one layer; n_positions is S.
template <class Memory>
void shape_attention_record(Activations& a, const Config& c, int n_tokens, int n_positions) {
    const int n_rows = c.n_heads * n_tokens;
    const std::size_t half = std::size_t(n_rows) * std::size_t(n_positions) * sizeof(float);
    if (2 * half > a.record_memory.bytes()) {
        a.record_memory = Buffer();
        a.record_memory = Buffer::allocate<Memory>(2 * half);
    }
    a.attn_scores = a.record_memory.matrix(0, n_rows, n_positions);
    a.attn_weights = a.record_memory.matrix(half, n_rows, n_positions);
}

inline bool wants_attention_record(Watch* watch, int n_layers) {
    for (int layer = 0; layer < n_layers; ++layer) {
        if (is_watched(watch, Site::attn_scores, layer)) return true;
        if (is_watched(watch, Site::attn_weights, layer)) return true;
    }
    return false;
}

// What attend is to record in this layer; a fused twin falls back to its plain kernel for it.
inline AttentionRecord attention_record(Watch* watch, int layer, const Activations& a) {
    AttentionRecord record;
    if (is_watched(watch, Site::attn_scores, layer)) record.scores = a.attn_scores;
    if (is_watched(watch, Site::attn_weights, layer)) record.weights = a.attn_weights;
    if (is_watched(watch, Site::attn_sink_share, layer)) record.sink_share = a.attn_sink_share;
    return record;
}

}  // namespace gptoss
