// Mask pitfalls: tokens of a prompt that see later ones.
//
//     with p = positions[t], position s is visible if s <= p, and in sliding layers s > p - window
//
// Where    attend.
// Source   the threads that each pitfall names; layers/attention.hpp for what is right.
// Pitfalls Up to the window's length the two are the same: diagnose names mask_missing.
#pragma once
#include <algorithm>
#include <vector>

#include "gptoss/layers/attention_record.hpp"
#include "gptoss/pitfalls/attend_one.hpp"
#include "gptoss/pitfalls/pitfall.hpp"

namespace gptoss::pitfalls {

template <class Right>
struct MaskMissing : Right {
    static constexpr Facts facts{
        "mask_missing",
        "no mask: the tokens of a prompt see all keys of their pass, later ones too",
        "huggingface/transformers#27819, panbanda/higgs#203 (other models)",
        "grammatical text that loses the thread; right token by token",
        "two tokens in one pass",
        Site::attn_scores,
    };
    // Every query is moved to the last position, which sees all that the cache still has.
    static void attend(ConstMatrixView q, ConstMatrixView keys, ConstMatrixView values,
                       ConstVectorView sinks, ConstIdsView positions, int /*window*/,
                       AttentionRecord record, MatrixView mix) {
        const int n_positions = positions_seen(positions);
        const std::vector<std::int32_t> last(std::size_t(positions.rows), n_positions - 1);
        const int window = n_positions > keys.rows ? keys.rows : 0;
        Right::attend(q, keys, values, sinks, {last.data(), positions.rows}, window, record, mix);
    }
};

template <class Right>
struct CausalMissing : Right {
    static constexpr Facts facts{
        "causal_missing",
        "no causal mask: later tokens of the pass are seen; the window still hides old keys",
        "jax-ml/jax#39576 (a window that had no right bound)",
        "grammatical text that loses the thread; right token by token",
        "two tokens in one pass; unlike mask_missing from 129 tokens on",
        Site::attn_scores,
    };
    // Every query is moved to the last position, and its window widened by as much.
    static void attend(ConstMatrixView q, ConstMatrixView keys, ConstMatrixView values,
                       ConstVectorView sinks, ConstIdsView positions, int window,
                       AttentionRecord record, MatrixView mix) {
        const int last = positions_seen(positions) - 1;
        for (int t = 0; t < q.rows; ++t) {
            const int n_later = last - positions.data[t];
            attend_one<Right>(t, q, keys, values, sinks, last, window > 0 ? window + n_later : 0,
                              record, mix);
        }
    }
};

}  // namespace gptoss::pitfalls
