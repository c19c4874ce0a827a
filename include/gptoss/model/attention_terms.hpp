// Attention terms: what attend reads in a layer beside activations: the learned sinks and the window.
//
//     const AttentionTerms terms = attention_terms<Ops>(watch, layer, w, config, cache, a);
//     Ops::attend(a.attn_q_rope, cache.keys, cache.values, terms.sinks, a.positions, terms.window, ...)
//
// Without an editing Watch they are the layer's own. One that edits gets a copy of the sinks, and sets
// them to -infinity to switch them off or the window to 0 to let the layer see everything: to the
// bit what the pitfalls sinks_missing and window_missing do.
//
// Where    once per layer, before attend.
// Errors   Error if the window is negative, or shows positions that the layer's ring has written over:
//          a wider window needs the whole prompt in one pass.
#pragma once
#include <string>
#include <vector>

#include "gptoss/core/buffer.hpp"
#include "gptoss/model/activations.hpp"
#include "gptoss/model/kv_cache.hpp"
#include "gptoss/model/weights.hpp"
#include "gptoss/trace/watch.hpp"

namespace gptoss {

struct AttentionTerms {
    ConstVectorView sinks;  // (n_heads)
    int window = 0;         // visible keys, 0: all earlier positions
    Buffer memory = {};     // of edited sinks
};

inline void require_window(const std::string& name, int window, int first_position,
                           const LayerCache& cache) {
    if (window < 0) {
        throw Error("edit: " + name + " is " + std::to_string(window) +
                    ", expected 1 or more, or 0 for all earlier positions");
    }
    const int first_seen = first_visible_position(first_position, window);
    if (first_seen >= cache.first_held) return;
    throw Error("edit: " + name + " is " + std::to_string(window) + ", so position " +
                std::to_string(first_seen) + " is seen, but those before " +
                std::to_string(cache.first_held) + " are written over");
}

template <class Ops>
AttentionTerms edited_terms(Watch* watch, int layer, const AttentionWeights& w, int window,
                            const LayerCache& cache, const Activations& a) {
    using Memory = typename Ops::Memory;
    const int n_heads = w.sinks.size;
    const std::string prefix = "block." + std::to_string(layer) + ".attn.";
    const std::vector<float> before = on_host<Memory>(w.sinks.data, n_heads, 1);
    std::vector<float> sinks = before;
    AttentionTerms terms{w.sinks, window};
    watch->edit_attention(layer, {sinks.data(), n_heads}, terms.window);

    if (terms.window != window) {
        const auto positions = on_host<Memory>(a.positions.data, 1, 1);
        require_window(prefix + "window", terms.window, positions[0], cache);
        watch->note_edit(prefix + "window");
    }
    if (!has_same_bits(before, sinks)) {
        const std::size_t bytes = sinks.size() * sizeof(float);
        terms.memory = Buffer::allocate<Memory>(bytes);
        Memory::upload(terms.memory.data(), sinks.data(), bytes);
        terms.sinks = terms.memory.vector(0, n_heads);
        watch->note_edit(prefix + "sinks");
    }
    return terms;
}

template <class Ops>
AttentionTerms attention_terms(Watch* watch, int layer, const AttentionWeights& w,
                               const Config& config, const LayerCache& cache,
                               const Activations& a) {
    const bool is_edited = watch != nullptr && watch->edits_attention(layer);
    if (!is_edited) return {w.sinks, config.window(layer)};
    return edited_terms<Ops>(watch, layer, w, config.window(layer), cache, a);
}

}  // namespace gptoss
