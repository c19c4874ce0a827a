// Beam search: instead of one token at a time, the most likely of whole continuations, as far as a
// few of them kept side by side can find it.
//
//     beams   n_beams texts at most; at first one, the prompt
//     step    every beam with every next token: log p of the text is a sum of log p of its tokens
//             the n_beams best that do not stop go on
//             those among the n_beams best that stop are finished: score = log p / n_tokens^penalty
//     end     n_beams are finished, and no running beam's score is better than the worst of theirs;
//             or max_tokens: then the n_beams best count as finished
//
// Every beam has a cache of its own. If several go on from one, each but the last gets a copy of its
// rows (copy_of); the last takes the rows themselves, and a beam that nobody goes on from is dropped.
//
// Where    the tool's generate --beams.
// Source   Freitag and Al-Onaizan 2017, Beam Search Strategies for Neural Machine Translation, section
//          2; Wu et al. 2016, Google's Neural Machine Translation System, section 7 (length);
//          Hugging Face transformers: generate with num_beams, early_stopping False.
// Errors   Error if n_beams or max_tokens is below 1, and from prefill and feed.
// Pitfalls Without a length penalty short texts win: every token makes log p smaller. More candidates
//          than n_beams are looked at, as stops may be among the best. What is most likely as a whole
//          is often dull: for talking, sample.
#pragma once
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <utility>
#include <vector>

#include "gptoss/layers/router_losses.hpp"
#include "gptoss/model/transformer.hpp"
#include "gptoss/run/generate.hpp"

namespace gptoss {

struct BeamOptions {
    int n_beams = 4;
    int max_tokens = 256;
    double length_penalty = 1.0;  // 0: the sum; 1: the mean of log p; above: longer is better
    std::vector<std::int32_t> stop_ids = {};
    int prefill_chunk = kPrefillChunk;
};

struct BeamResult {
    std::vector<std::int32_t> ids;  // the stop id included
    double score = 0.0;
};

struct Beam {
    std::vector<std::int32_t> ids;
    double log_p = 0.0;         // of ids, behind the prompt
    std::vector<float> logits;  // of what may follow
    KvCache cache;
};

struct BeamStep {
    double log_p = 0.0;  // of the beam and the id
    int beam = 0;
    std::int32_t id = 0;
};

inline bool is_better(const BeamStep& a, const BeamStep& b) {
    if (a.log_p != b.log_p) return a.log_p > b.log_p;
    return std::pair(a.beam, a.id) < std::pair(b.beam, b.id);
}

// The count best of all beams with all tokens, best first.
inline std::vector<BeamStep> best_steps(const std::vector<Beam>& beams, std::size_t count) {
    std::vector<BeamStep> steps;
    for (std::size_t b = 0; b < beams.size(); ++b) {
        const std::vector<float>& logits = beams[b].logits;  // (vocab_size)
        const double log_sum = log_sum_exp({logits.data(), int(logits.size())});
        for (std::size_t id = 0; id < logits.size(); ++id) {
            const double log_p = beams[b].log_p + double(logits[id]) - log_sum;
            steps.push_back({log_p, int(b), std::int32_t(id)});
        }
    }
    count = std::min(count, steps.size());
    std::partial_sort(steps.begin(), steps.begin() + std::ptrdiff_t(count), steps.end(), is_better);
    steps.resize(count);
    return steps;
}

inline std::vector<std::int32_t> ids_of(const Beam& beam, std::int32_t next) {
    std::vector<std::int32_t> ids = beam.ids;
    ids.push_back(next);
    return ids;
}

// The best n_beams, best first; of equals the one that was there.
inline void add_finished(std::vector<BeamResult>& finished, BeamResult result, int n_beams) {
    const auto worse = [](const BeamResult& a, const BeamResult& b) { return a.score > b.score; };
    const auto at = std::upper_bound(finished.begin(), finished.end(), result, worse);
    finished.insert(at, std::move(result));
    if (finished.size() > std::size_t(n_beams)) finished.pop_back();
}

template <class Ops>
void feed_beam(Transformer<Ops>& transformer, Beam& beam) {
    std::swap(transformer.cache, beam.cache);
    transformer.feed({&beam.ids.back(), 1});
    std::swap(transformer.cache, beam.cache);
    beam.logits = last_logits<typename Ops::Memory>(transformer.a.logits);
}

// What goes on, each from the cache of its beam.
template <class Memory>
std::vector<Beam> forked(std::vector<Beam>& beams, const std::vector<BeamStep>& steps) {
    std::vector<Beam> next;
    for (std::size_t i = 0; i < steps.size(); ++i) {
        Beam& from = beams[std::size_t(steps[i].beam)];
        const auto is_of_it = [&](const BeamStep& step) { return step.beam == steps[i].beam; };
        const auto later = steps.begin() + std::ptrdiff_t(i) + 1;
        const bool is_last = std::none_of(later, steps.end(), is_of_it);
        KvCache cache = is_last ? std::move(from.cache) : copy_of<Memory>(from.cache);
        next.push_back({ids_of(from, steps[i].id), steps[i].log_p, {}, std::move(cache)});
    }
    return next;
}

inline void validate(const BeamOptions& options) {
    const auto require_one = [](const char* name, int value) {
        if (value >= 1) return;
        throw Error(std::string("beam_search: ") + name + " is " + std::to_string(value) +
                    ", expected 1 or more");
    };
    require_one("n_beams", options.n_beams);
    require_one("max_tokens", options.max_tokens);
}

// The finished ones, best first. The transformer's cache is empty afterwards.
template <class Ops>
std::vector<BeamResult> beam_search(Transformer<Ops>& transformer, ConstIdsView prompt,
                                    const BeamOptions& options) {
    using Memory = typename Ops::Memory;
    validate(options);
    if (prompt.rows == 0) throw Error("beam_search: the prompt is empty, expected a token or more");
    prefill(transformer, prompt, options.prefill_chunk);
    const auto& stops = options.stop_ids;
    const std::size_t n_beams = std::size_t(options.n_beams);
    const std::size_t n_looked_at = std::max<std::size_t>(2, 1 + stops.size()) * n_beams;

    std::vector<BeamResult> finished;
    std::vector<Beam> beams;
    beams.push_back({{}, 0.0, last_logits<Memory>(transformer.a.logits), {}});
    std::swap(beams[0].cache, transformer.cache);
    for (int n = 1; n <= options.max_tokens; ++n) {
        const double length = std::pow(double(n), options.length_penalty);
        const std::vector<BeamStep> steps = best_steps(beams, n_looked_at);
        std::vector<BeamStep> going_on;
        for (std::size_t rank = 0; rank < steps.size(); ++rank) {
            const BeamStep& step = steps[rank];
            const bool stops_here = std::find(stops.begin(), stops.end(), step.id) != stops.end();
            if (!stops_here && going_on.size() < n_beams) going_on.push_back(step);
            const bool is_finished = (stops_here || n == options.max_tokens) && rank < n_beams;
            if (!is_finished) continue;
            const Beam& beam = beams[std::size_t(step.beam)];
            add_finished(finished, {ids_of(beam, step.id), step.log_p / length}, options.n_beams);
        }

        const bool is_full = finished.size() == n_beams;
        if (n == options.max_tokens || going_on.empty()) break;
        if (is_full && going_on[0].log_p / length <= finished.back().score) break;
        beams = forked<Memory>(beams, going_on);
        for (Beam& beam : beams) {
            feed_beam(transformer, beam);
        }
    }
    return finished;
}

}  // namespace gptoss
