// Guesses: the likeliest next tokens of a row of logits, and the logit lens: the same of a residual
// stream that is not finished.
//
//     p = softmax(logits)                             over the whole vocabulary, in double
//     lens(stream) = unembedding * rmsnorm(stream)    as if no layer followed
//
// Source   nostalgebraist 2020, interpreting GPT: the logit lens.
#pragma once
#include <algorithm>
#include <cmath>
#include <numeric>
#include <string>
#include <vector>

#include "gptoss/layers/rmsnorm.hpp"
#include "gptoss/layers/unembedding.hpp"
#include "gptoss/model/weights.hpp"
#include "page_arrays.hpp"

namespace gptoss::live {

struct Guesses {
    std::vector<std::int32_t> ids;  // (rows, k), the likeliest first
    std::vector<float> p;           // (rows, k)
};

// The k largest of a row; equal logits: the lower id first.
inline std::vector<std::int32_t> top_ids(ConstVectorView logits, int k) {
    std::vector<std::int32_t> ids(std::size_t(logits.size));
    std::iota(ids.begin(), ids.end(), 0);
    const auto is_before = [logits](std::int32_t a, std::int32_t b) {
        if (logits.data[a] != logits.data[b]) return logits.data[a] > logits.data[b];
        return a < b;
    };
    std::partial_sort(ids.begin(), ids.begin() + k, ids.end(), is_before);
    ids.resize(std::size_t(k));
    return ids;
}

inline void add_guesses(Guesses& guesses, ConstVectorView logits, int k) {
    const std::vector<std::int32_t> ids = top_ids(logits, k);
    const double largest = logits.data[ids[0]];
    double sum = 0;
    for (int o = 0; o < logits.size; ++o) {
        sum += std::exp(double(logits.data[o]) - largest);
    }
    for (const std::int32_t id : ids) {
        guesses.ids.push_back(id);
        guesses.p.push_back(float(std::exp(double(logits.data[id]) - largest) / sum));
    }
}

using Unembed = decltype(&gptoss::unembed);  // or a twin

inline constexpr int kLensRows = 16;  // at a time: the logits of all rows would be large

// The guesses of every row of a residual stream (n_tokens, hidden_size).
inline void add_lens(Guesses& guesses, const Weights& w, ConstMatrixView stream, int k,
                     Unembed unembed_rows) {
    const int vocab_size = w.config.vocab_size;
    std::vector<float> normed(std::size_t(kLensRows) * std::size_t(stream.cols));
    std::vector<float> logits(std::size_t(kLensRows) * std::size_t(vocab_size));
    for (int first = 0; first < stream.rows; first += kLensRows) {
        const int n_rows = std::min(kLensRows, stream.rows - first);
        const MatrixView normed_rows{normed.data(), n_rows, stream.cols};
        const MatrixView logits_rows{logits.data(), n_rows, vocab_size};
        rmsnorm({stream.row(first), n_rows, stream.cols}, w.final_norm_gain, w.config.eps,
                normed_rows);
        unembed_rows(normed_rows, w.unembedding, logits_rows);
        for (int t = 0; t < n_rows; ++t) {
            add_guesses(guesses, {logits_rows.row(t), vocab_size}, k);
        }
    }
}

// rms(stream[t]), the length of the stream at a token in units of one channel.
inline std::vector<float> rms_of_rows(ConstMatrixView stream) {
    std::vector<float> rms;
    for (int t = 0; t < stream.rows; ++t) {
        double sum = 0;
        for (int i = 0; i < stream.cols; ++i) {
            sum += double(stream.row(t)[i]) * stream.row(t)[i];
        }
        rms.push_back(float(std::sqrt(sum / stream.cols)));
    }
    return rms;
}

}  // namespace gptoss::live
