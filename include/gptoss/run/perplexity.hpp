// Perplexity: how surprised a model is by a text, token by token.
//
//     surprise[t] = -log softmax(logits[t - 1])[ tokens[t] ]      t = 1 .. n_tokens - 1, in nats
//     perplexity  = exp( mean surprise of the tokens that count )
//
// Where    gptoss perplexity; a number to hold another implementation or a quantization against.
// Source   Jurafsky and Martin, Speech and Language Processing, 3rd ed., section 3.3.
// Units    nats per token; bits per byte is comparable between vocabularies, perplexity is not.
// Errors   Error if no token counts, or naming the first one whose surprise is no number; those of
//          feed.
// Pitfalls gpt-oss was trained on conversations: a bare text is far more surprising to it than the
//          same text as an answer. Compare numbers of one framing only. The first token of all has
//          no prediction. Logits of every position are large (201,088 floats each), so the passes
//          are short.
#pragma once
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

#include "gptoss/harmony/encoding.hpp"
#include "gptoss/model/transformer.hpp"
#include "gptoss/run/generate.hpp"

namespace gptoss {

inline constexpr int kPerplexityChunk = 64;  // tokens per pass: 51 MB of logits in the real models

struct Perplexity {
    int n_tokens = 0;             // that count
    double total_surprise = 0.0;  // nats

    double mean_surprise() const { return total_surprise / n_tokens; }
    double value() const { return std::exp(mean_surprise()); }
    double bits_per_byte(std::size_t n_bytes) const {
        return total_surprise / std::log(2.0) / double(n_bytes);
    }
};

inline double surprise_of(ConstVectorView logits, std::int32_t id) {
    const float largest = *std::max_element(logits.data, logits.data + logits.size);
    double sum = 0.0;
    for (int i = 0; i < logits.size; ++i) {
        sum += std::exp(double(logits.data[i]) - double(largest));
    }
    return std::log(sum) + double(largest) - double(logits.data[id]);
}

// Logits that hold NaN or infinity give none.
inline void require_number(double surprise, int position, std::int32_t id) {
    if (std::isfinite(surprise)) return;
    throw Error("perplexity: token " + std::to_string(id) + " at position " +
                std::to_string(position) + " has surprise " + std::to_string(surprise) +
                ", expected a number: the logits before it are not finite");
}

// One number per token; the first token has none and gets 0.
template <class Ops>
std::vector<double> surprises(Transformer<Ops>& transformer, ConstIdsView tokens,
                              int chunk = kPerplexityChunk, Watch* watch = nullptr) {
    using Memory = typename Ops::Memory;
    require_token_ids(tokens, transformer.w.config.vocab_size);
    require_context(transformer.cache, transformer.w.config, tokens.rows);
    std::vector<double> surprise(std::size_t(tokens.rows), 0.0);
    std::vector<float> row(std::size_t(transformer.w.config.vocab_size));

    const int n_fed = tokens.rows - 1;  // nothing is asked of the last token's logits
    for (int first = 0; first < n_fed; first += chunk) {
        const int n_in_pass = std::min(chunk, n_fed - first);
        transformer.feed({tokens.row(first), n_in_pass}, LogitRows::all, watch);
        for (int t = 0; t < n_in_pass; ++t) {
            const float* logits = transformer.a.logits.row(t);  // (vocab_size)
            Memory::download(row.data(), logits, row.size() * sizeof(float));
            const int next = first + t + 1;
            const std::int32_t id = *tokens.row(next);
            surprise[std::size_t(next)] = surprise_of({row.data(), int(row.size())}, id);
            require_number(surprise[std::size_t(next)], next, id);
        }
    }
    return surprise;
}

// counts says of each token whether it is part of the sum; the first one never is.
inline Perplexity perplexity_of(const std::vector<double>& surprise,
                                const std::vector<bool>& counts) {
    Perplexity perplexity;
    for (std::size_t t = 1; t < surprise.size(); ++t) {
        if (!counts[t]) continue;
        perplexity.n_tokens += 1;
        perplexity.total_surprise += surprise[t];
    }
    if (perplexity.n_tokens == 0) {
        throw Error("perplexity: no token counts, expected at least one behind the first");
    }
    return perplexity;
}

// What an assistant says in a rendered conversation: from behind "<|start|>assistant" to the token
// that closes the message, that one included.
inline std::vector<bool> assistant_tokens(const harmony::HarmonyEncoding& encoding,
                                          const std::vector<std::int32_t>& tokens) {
    const std::vector<std::int32_t> name = encoding.tokenizer.encode("assistant");
    const std::vector<std::int32_t> closing = harmony::stop_tokens(encoding);
    const std::size_t n_name = name.size();
    std::vector<bool> counts(tokens.size(), false);
    bool is_assistant = false;
    for (std::size_t t = 0; t < tokens.size(); ++t) {
        counts[t] = is_assistant;
        const bool closes = std::find(closing.begin(), closing.end(), tokens[t]) != closing.end();
        if (closes) is_assistant = false;
        if (tokens[t] != encoding.id(harmony::ControlToken::start) || t + n_name >= tokens.size())
            continue;
        const auto behind_start = tokens.begin() + std::ptrdiff_t(t) + 1;
        if (!std::equal(name.begin(), name.end(), behind_start)) continue;
        t += n_name;  // the name itself is given
        is_assistant = true;
    }
    return counts;
}

}  // namespace gptoss
