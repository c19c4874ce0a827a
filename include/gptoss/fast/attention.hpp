// Twin of layers/attention.hpp, which holds formula, shapes and pitfalls. What differs: the queries
// that share a kv head meet its keys 32 at a time, and no row of scores is ever kept. The softmax
// runs along (Milakov and Gimelshein 2018, Online normalizer calculation for softmax, algorithm 3):
//
//     m' = max(m, scores)     p = exp(scores - m')     d = d * exp(m - m') + sum p
//     mix = mix * exp(m - m') + sum_s p[s] * v[s]      in the end  mix / d
//
// The sink comes first: m = sink, d = 1, mix = 0. Keys outside every query's window are skipped.
//
//   lanes   the queries of up to 16 tokens with one kv head, rounded up to 16: lane
//           t * queries_per_kv_head + h; all arrays below have one column per lane
//   scores  (32, lanes)        a row per key, then p in place
//   mix     (head_dim, lanes)  transposed, so that no key and no value is ever copied
//
// A record of scores or weights is left to the plain version.
#pragma once
#include <cmath>
#include <limits>

#include "gptoss/fast/kernels/kernels.hpp"
#include "gptoss/fast/kernels/parallel.hpp"
#include "gptoss/layers/attention.hpp"

namespace gptoss::fast {

inline constexpr int kTokensPerBlock = 16;
inline constexpr int kKeysPerBlock = 32;

// One kv head and the queries of a few tokens that share it.
struct QueryBlock {
    ConstMatrixView q;       // (n_tokens, n_heads * head_dim)
    ConstIdsView positions;  // (n_tokens)
    ConstVectorView sinks;   // (n_heads)
    int window = 0;
    int head_dim = 0;
    int first_head = 0;
    int n_heads = 0;  // that share the kv head
    int first_token = 0;
    int n_tokens = 0;

    int n_queries() const { return n_tokens * n_heads; }
    int lanes() const { return (n_queries() + 15) / 16 * 16; }
    int token(int lane) const { return first_token + lane / n_heads; }
    int head(int lane) const { return first_head + lane % n_heads; }
    int position(int lane) const { return positions.data[token(lane)]; }
};

struct OnlineSoftmax {
    std::vector<float> packed_q;      // (head_dim, lanes), times 1/sqrt(head_dim)
    std::vector<float> maxima;        // (lanes)
    std::vector<float> denominators;  // (lanes)
    std::vector<float> rescale;       // (lanes)
    std::vector<float> scores;        // (32, lanes)
    std::vector<float> mix;           // (head_dim, lanes)
};

inline OnlineSoftmax begin_softmax(const QueryBlock& block) {
    const std::size_t lanes = std::size_t(block.lanes());
    const std::size_t head_dim = std::size_t(block.head_dim);
    OnlineSoftmax state;
    state.packed_q.resize(head_dim * lanes);
    state.maxima.resize(lanes);
    state.denominators.assign(lanes, 1.0f);
    state.rescale.resize(lanes);
    state.scores.resize(kKeysPerBlock * lanes);
    state.mix.resize(head_dim * lanes);

    const float scale = 1.0f / std::sqrt(float(block.head_dim));
    for (int lane = 0; lane < block.n_queries(); ++lane) {
        const int h = block.head(lane);
        const float* q_th = block.q.row(block.token(lane)) + h * block.head_dim;  // (head_dim)
        for (std::size_t d = 0; d < head_dim; ++d) {
            state.packed_q[d * lanes + std::size_t(lane)] = q_th[d] * scale;
        }
        state.maxima[std::size_t(lane)] = block.sinks.data[h];
    }
    return state;
}

// Keys s .. s + n_keys - 1: -inf where a query may not see one.
inline void hide_keys(const QueryBlock& block, int s, int n_keys, float* scores) {
    const int lanes = block.lanes();
    for (int lane = 0; lane < block.n_queries(); ++lane) {
        const int position = block.position(lane);
        const int first = first_visible_position(position, block.window);
        const bool sees_all = first <= s && s + n_keys <= position + 1;
        for (int i = 0; i < n_keys && !sees_all; ++i) {
            const bool is_visible = first <= s + i && s + i <= position;
            if (!is_visible) scores[i * lanes + lane] = -std::numeric_limits<float>::infinity();
        }
    }
}

inline void soften(const Kernels& k, int lanes, int n_keys, OnlineSoftmax& state) {
    k.soften({state.scores.data(), n_keys, lanes}, state.maxima.data(), state.denominators.data(),
             state.rescale.data());
    // Behind the first keys, a new maximum is rare.
    const auto stays = [](float rescale) { return rescale == 1.0f; };
    if (std::all_of(state.rescale.begin(), state.rescale.end(), stays)) return;
    const std::size_t head_dim = state.mix.size() / std::size_t(lanes);
    for (std::size_t d = 0; d < head_dim; ++d) {
        float* mix_d = state.mix.data() + d * std::size_t(lanes);  // (lanes)
        for (int lane = 0; lane < lanes; ++lane) {
            mix_d[lane] *= state.rescale[std::size_t(lane)];
        }
    }
}

// Asks for the n_rows rows of one head behind those at hand: they lie a whole token apart, which
// hardware does not see coming. They go to the second cache: in the first, rows that lie so fall into
// a few sets and push each other out.
inline void prefetch_rows(ConstMatrixView m, int first_row, int n_rows, int first_col, int n_cols) {
    const int last_row = std::min(first_row + n_rows, m.rows);
    for (int r = first_row; r < last_row; ++r) {
        for (int c = first_col; c < first_col + n_cols; c += 16) {
            __builtin_prefetch(m.row(r) + c, 0, 2);
        }
    }
}

// All visible keys of one block of queries, as far as they lie in one piece at a time.
inline OnlineSoftmax attend_block(const Kernels& k, const QueryBlock& block, ConstMatrixView keys,
                                  ConstMatrixView values, int g) {
    OnlineSoftmax state = begin_softmax(block);
    const int lanes = block.lanes();
    const int head_dim = block.head_dim;
    int begin = std::numeric_limits<int>::max();
    int end = 0;
    for (int t = block.first_token; t < block.first_token + block.n_tokens; ++t) {
        const int position = block.positions.data[t];
        begin = std::min(begin, first_visible_position(position, block.window));
        end = std::max(end, position + 1);
    }
    for (int s = begin; s < end;) {
        const int slot = s % keys.rows;
        const int n_keys = std::min({kKeysPerBlock, end - s, keys.rows - slot});
        const float* k_sg = keys.row(slot) + g * head_dim;    // (n_keys, head_dim), strided
        const float* v_sg = values.row(slot) + g * head_dim;  // (n_keys, head_dim), strided
        prefetch_rows(keys, slot + n_keys, kKeysPerBlock, g * head_dim, head_dim);
        std::fill(state.scores.begin(), state.scores.end(), 0.0f);
        k.multiply_add({k_sg, keys.cols, 1, n_keys, head_dim}, state.packed_q.data(), lanes,
                       state.scores.data());
        prefetch_rows(values, slot + n_keys, kKeysPerBlock, g * head_dim, head_dim);
        hide_keys(block, s, n_keys, state.scores.data());
        soften(k, lanes, n_keys, state);
        k.multiply_add({v_sg, 1, values.cols, head_dim, n_keys}, state.scores.data(), lanes,
                       state.mix.data());
        s += n_keys;
    }
    return state;
}

inline void attend_with(const Kernels& k, ConstMatrixView q, ConstMatrixView keys,
                        ConstMatrixView values, ConstVectorView sinks, ConstIdsView positions,
                        int window, AttentionRecord record, MatrixView mix) {
    if (record.scores.data != nullptr || record.weights.data != nullptr) {
        gptoss::attend(q, keys, values, sinks, positions, window, record, mix);
        return;
    }
    require_attend_shapes(q, keys, values, sinks, positions, window, record, mix);
    const int n_heads = sinks.size;
    const int head_dim = q.cols / n_heads;
    const int n_kv_heads = keys.cols / head_dim;
    const int queries_per_kv_head = n_heads / n_kv_heads;
    std::int64_t n_scores = 0;
    for (int t = 0; t < q.rows; ++t) {
        const int position = positions.data[t];
        const int n_visible = position - first_visible_position(position, window) + 1;
        n_scores += std::int64_t(n_visible) * n_heads;
    }

    const int n_blocks = (q.rows + kTokensPerBlock - 1) / kTokensPerBlock;
    const auto some_blocks = [&](int first, int last) {
        for (int item = first; item < last; ++item) {
            const int g = item / n_blocks;
            const int first_token = item % n_blocks * kTokensPerBlock;
            const int n_tokens = std::min(kTokensPerBlock, q.rows - first_token);
            const QueryBlock block = {q,
                                      positions,
                                      sinks,
                                      window,
                                      head_dim,
                                      g * queries_per_kv_head,
                                      queries_per_kv_head,
                                      first_token,
                                      n_tokens};
            const OnlineSoftmax state = attend_block(k, block, keys, values, g);
            const std::size_t lanes = std::size_t(block.lanes());
            for (int lane = 0; lane < block.n_queries(); ++lane) {
                const std::size_t column = std::size_t(lane);
                const int t = block.token(lane);
                const int h = block.head(lane);
                const float denominator = state.denominators[column];
                float* mix_th = mix.row(t) + h * head_dim;  // (head_dim)
                for (int d = 0; d < head_dim; ++d) {
                    mix_th[d] = state.mix[std::size_t(d) * lanes + column] / denominator;
                }
                if (record.sink_share.data == nullptr) continue;
                const float sink_exp = std::exp(sinks.data[h] - state.maxima[column]);
                record.sink_share.row(t)[h] = sink_exp / denominator;
            }
        }
    };
    for_ranges(n_kv_heads * n_blocks, 2 * n_scores * head_dim, some_blocks);
}

inline void attend(ConstMatrixView q, ConstMatrixView keys, ConstMatrixView values,
                   ConstVectorView sinks, ConstIdsView positions, int window,
                   AttentionRecord record, MatrixView mix) {
    attend_with(kernels(), q, keys, values, sinks, positions, window, record, mix);
}

}  // namespace gptoss::fast
