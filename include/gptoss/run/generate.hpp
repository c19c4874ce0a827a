// Generate: prefill a prompt in chunks, then choose one token after the other.
//
//     prefill   feed the prompt, at most chunk tokens per pass; only the last pass's logits count
//     repeat    id = sample(logits); show it; stop on a stop id, a full context, or enough tokens;
//               feed id
//
// Where    the tool's generate and chat; a Transformer keeps its cache, so a later call continues.
// Source   official model: class TokenGenerator. Like it, a stop token is shown before it ends the
//          run.
// Errors   Error from feed (an id outside the vocabulary, a prompt longer than the context) and
//          from sample (an option out of range).
// Pitfalls The last token chosen is not fed: a caller who continues feeds it first. <|end|> closes
//          a message, not the answer: it is no stop id. 512 tokens per pass keep the activations at
//          170 MB at 20b.
#pragma once
#include <algorithm>
#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "gptoss/layers/sampling.hpp"
#include "gptoss/model/transformer.hpp"
#include "gptoss/run/token_mask.hpp"

namespace gptoss {

inline constexpr int kPrefillChunk = 512;  // tokens per pass

// Feeds tokens in chunks; transformer.a.logits then holds the row of the last one. The whole prompt
// is checked before the first pass.
template <class Ops>
void prefill(Transformer<Ops>& transformer, ConstIdsView tokens, int chunk = kPrefillChunk,
             Watch* watch = nullptr) {
    require_token_ids(tokens, transformer.w.config.vocab_size);
    require_context(transformer.cache, transformer.w.config, tokens.rows);
    for (int first = 0; first < tokens.rows; first += chunk) {
        const int n_tokens = std::min(chunk, tokens.rows - first);
        transformer.feed({tokens.row(first), n_tokens}, LogitRows::last, watch);
    }
}

struct GenerateOptions {
    int max_tokens = 256;
    SamplingOptions sampling = {0.0f, 0, 1.0f, 0.0f};  // the likeliest, as the official command
    std::uint64_t seed = 0;
    std::vector<std::int32_t> stop_ids = {};
    int prefill_chunk = kPrefillChunk;
    TokenMask* mask = nullptr;  // what may be said; it reads along
};

inline bool is_stop(const GenerateOptions& options, std::int32_t id) {
    const auto& ids = options.stop_ids;
    return std::find(ids.begin(), ids.end(), id) != ids.end();
}

enum class StopReason { stop_id, max_tokens, context_full, callback, complete };

struct GenerateResult {
    std::vector<std::int32_t> ids;  // the stop id included
    StopReason reason = StopReason::max_tokens;
};

// Called with every token; returns false to end the run. last_logits gives what it was drawn from.
using OnToken = std::function<bool(std::int32_t id)>;

// The last row of logits, on the host.
template <class Memory>
std::vector<float> last_logits(ConstMatrixView logits) {
    std::vector<float> row(std::size_t(logits.cols));
    Memory::download(row.data(), logits.row(logits.rows - 1), row.size() * sizeof(float));
    return row;
}

// Over the last row of logits, where the table's ops will read it.
template <class Memory>
void mask_last_row(const TokenMask& mask, MatrixView logits) {
    std::vector<float> row = last_logits<Memory>(logits);
    mask.mask({row.data(), logits.cols});
    Memory::upload(logits.row(logits.rows - 1), row.data(), row.size() * sizeof(float));
}

// Feeds a token. A Transformer may have a function that does so and chooses the next one where it has
// the logits, if nobody watches: then one number leaves a device per token. draw is the next one's.
template <class Ops>
std::optional<std::int32_t> feed_one(Transformer<Ops>& transformer, std::int32_t id,
                                     const GenerateOptions& options, std::uint64_t draw,
                                     Watch* watch) {
    if constexpr (requires { &Transformer<Ops>::feed_and_sample; }) {
        if (options.mask == nullptr) {
            return transformer.feed_and_sample(id, {options.sampling, options.seed, draw}, watch);
        }
    }
    transformer.feed({&id, 1}, LogitRows::last, watch);
    return std::nullopt;
}

// Of the last row of logits.
template <class Ops>
std::int32_t sample_one(Transformer<Ops>& transformer, const GenerateOptions& options,
                        std::uint64_t draw) {
    using Memory = typename Ops::Memory;
    Activations& a = transformer.a;
    if (options.mask != nullptr) mask_last_row<Memory>(*options.mask, a.logits);
    const double uniform = random_uniform(options.seed, draw);
    Ops::sample(a.logits, options.sampling, uniform, a.next_token);
    std::int32_t id = 0;
    Memory::download(&id, a.next_token.data, sizeof id);
    return id;
}

template <class Ops>
GenerateResult generate(Transformer<Ops>& transformer, ConstIdsView prompt,
                        const GenerateOptions& options, const OnToken& on_token,
                        Watch* watch = nullptr) {
    validate(options.sampling);
    if (prompt.rows == 0) throw Error("generate: the prompt is empty, expected a token or more");
    prefill(transformer, prompt, options.prefill_chunk, watch);

    GenerateResult result;
    const Config& config = transformer.w.config;
    std::optional<std::int32_t> chosen;  // with the pass before
    for (int n = 0; n < options.max_tokens; ++n) {
        const auto draw = std::uint64_t(n);
        const std::int32_t id = chosen ? *chosen : sample_one(transformer, options, draw);
        result.ids.push_back(id);

        const bool go_on = on_token(id);
        const bool stops = is_stop(options, id);
        if (stops) result.reason = StopReason::stop_id;
        if (!go_on) result.reason = StopReason::callback;
        if (stops || !go_on) return result;
        if (options.mask != nullptr) {
            options.mask->advance(id);
            if (options.mask->is_exhausted()) {
                result.reason = StopReason::complete;
                return result;
            }
        }
        if (n + 1 == options.max_tokens) return result;
        if (transformer.cache.length == config.max_context_length) {
            result.reason = StopReason::context_full;
            return result;
        }
        chosen = feed_one(transformer, id, options, draw + 1, watch);
    }
    return result;
}

}  // namespace gptoss
