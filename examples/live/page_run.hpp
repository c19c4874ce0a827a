// PageRun: one run as the page shows it: its activations, its guesses after every half layer, the norms
// of its stream.
//
//     PageRun run(weights);
//     run.add(Site::attn_q, 0, values);      for every site; in one pass from position 0 on
//     run.finish();                          next.ids, next.p, lens.ids, lens.p, stream.rms
//
// Beside the sites the page gets
//
//     next.ids, next.p   (T, 10)        the likeliest next tokens
//     lens.ids, lens.p   (R, T, 5)      the same, read after each half layer: R = 1 + 2 * n_layers
//     stream.rms         (R, T)         the rms of the residual stream there
#pragma once
#include <string>
#include <utility>
#include <vector>

#include "gptoss/trace/sites.hpp"
#include "guesses.hpp"

namespace gptoss::live {

inline constexpr int kNextGuesses = 10;
inline constexpr int kLensGuesses = 5;

inline bool is_stream(Site site) {
    return site == Site::embedding || site == Site::attn_residual || site == Site::mlp_residual;
}

struct PageRun {
    PageArrays arrays;

    PageRun(const Weights& weights, int n_tokens, Unembed unembed_rows = &gptoss::unembed)
        : w_(weights), n_tokens_(n_tokens), unembed_(unembed_rows) {}

    // The window with which a layer runs; its config's own unless an edit changed it.
    void set_window(int layer, int window) { windows_[std::size_t(layer)] = window; }

    void add(Site site, int layer, ConstMatrixView values) {
        const std::string name = site_name(site, layer);
        const std::vector<int> shape = site_shape(site, w_.config, n_tokens_, values.cols);
        const std::size_t count = std::size_t(values.rows) * std::size_t(values.cols);
        if (site_info(site).dims[0] == Dim::heads) {
            add_visible(arrays, name, values.data, w_.config.n_heads, n_tokens_, values.cols,
                        windows_[std::size_t(layer)]);
        } else {
            arrays.add(name, shape, values.data, count);
        }
        if (is_stream(site)) add_stream(values);
        if (site == Site::logits) add_next(values);
    }
    void add(Site site, int layer, ConstIdsView ids) {
        const std::size_t count = std::size_t(ids.rows) * std::size_t(ids.cols);
        arrays.add(site_name(site, layer), {ids.rows, ids.cols}, ids.data, count);
    }

    const std::vector<int>& windows() const { return windows_; }

    void finish() {
        const int n_rows = int(rms_.size()) / n_tokens_;
        if (n_rows == 1 + 2 * w_.config.n_layers) {  // a recorded run may lack some
            add_guesses_as("lens", {n_rows, n_tokens_, kLensGuesses}, lens_);
            arrays.add("stream.rms", {n_rows, n_tokens_}, rms_.data(), rms_.size());
        }
        if (!next_.ids.empty()) add_guesses_as("next", {n_tokens_, kNextGuesses}, next_);
    }

private:
    void add_stream(ConstMatrixView stream) {
        add_lens(lens_, w_, stream, kLensGuesses, unembed_);
        const std::vector<float> rms = rms_of_rows(stream);
        rms_.insert(rms_.end(), rms.begin(), rms.end());
    }
    void add_next(ConstMatrixView logits) {
        for (int t = 0; t < logits.rows; ++t) {
            add_guesses(next_, {logits.row(t), logits.cols}, kNextGuesses);
        }
    }
    void add_guesses_as(const std::string& name, const std::vector<int>& shape,
                        const Guesses& guesses) {
        arrays.add(name + ".ids", shape, guesses.ids.data(), guesses.ids.size());
        arrays.add(name + ".p", shape, guesses.p.data(), guesses.p.size());
    }

    const Weights& w_;
    int n_tokens_;
    Unembed unembed_;
    std::vector<int> windows_ = windows_of(w_.config);
    Guesses lens_;
    Guesses next_;
    std::vector<float> rms_;

    static std::vector<int> windows_of(const Config& config) {
        std::vector<int> windows;
        for (int layer = 0; layer < config.n_layers; ++layer) {
            windows.push_back(config.window(layer));
        }
        return windows;
    }
};

}  // namespace gptoss::live
