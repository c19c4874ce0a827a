// Sampling: choose the next token from its logits.
//
//     temperature 0   the largest logit; the lower id on a tie (greedy)
//     otherwise       p[o] = exp((logits[o] - max) / temperature), then in this order keep
//                     top_k   the k most likely tokens                       (0: all)
//                     top_p   the fewest most likely tokens whose p sums to  (1: all)
//                             at least top_p of the sum
//                     min_p   tokens with p >= min_p * largest p             (0: all)
//                     and take the first id, ascending, at which the running sum of what is kept
//                     exceeds uniform * (sum of what is kept)
//
//   logits   (n_rows, vocab_size)   the last row is used
//   uniform  1                      in [0, 1): random_uniform(seed, number of the draw)
//   id       (1)                    the chosen token
//
// Where    once per generated token.
// Source   Holtzman et al. 2019, The Curious Case of Neural Text Degeneration, section 3 (top_p);
//          Nguyen et al. 2024, Turning Up the Heat: Min-p Sampling, section 3; the released models
//          are meant to be sampled with temperature 1 and nothing cut.
// Units    temperature divides logits; p are unnormalised probabilities.
// Errors   Error if an option or uniform is out of range, a logit is +inf, or every logit is NaN or
//          -inf; ShapeError if there is no row of logits or no room for the id.
// Pitfalls Divide by the temperature, never multiply. Sums are double and run in id order, and the
//          uniform comes from a counter, so a seed gives the same tokens on every run and compiler.
//          A NaN among numbers is never chosen.
#pragma once
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "gptoss/core/check.hpp"
#include "gptoss/core/generator.hpp"
#include "gptoss/core/view.hpp"

namespace gptoss {

struct SamplingOptions {
    float temperature = 1.0f;
    int top_k = 0;
    float top_p = 1.0f;
    float min_p = 0.0f;

    bool operator==(const SamplingOptions&) const = default;
};

inline void validate(const SamplingOptions& options) {
    const auto require_range = [](const char* name, auto value, bool holds, const char* range) {
        if (holds) return;
        throw Error(std::string("sample: ") + name + " is " + std::to_string(value) +
                    ", expected " + range);
    };
    const bool finite = std::isfinite(options.temperature);
    require_range("temperature", options.temperature, finite && options.temperature >= 0, ">= 0");
    require_range("top_k", options.top_k, options.top_k >= 0, ">= 0");
    require_range("top_p", options.top_p, options.top_p > 0 && options.top_p <= 1, "(0, 1]");
    require_range("min_p", options.min_p, options.min_p >= 0 && options.min_p <= 1, "[0, 1]");
}

// Uniform in [0, 1), a pure function of the seed and the number of the draw.
inline double random_uniform(std::uint64_t seed, std::uint64_t draw) {
    const std::uint64_t word = generator_word(generator_key(seed, "sampling"), draw);
    const double two_to_the_minus_53 = 1.0 / 9007199254740992.0;
    return double(word >> 11) * two_to_the_minus_53;
}

// What a token is drawn with: sample(logits, options, random_uniform(seed, number), id).
struct Draw {
    SamplingOptions options;
    std::uint64_t seed = 0;
    std::uint64_t number = 0;

    bool operator==(const Draw&) const = default;
};

struct Candidate {
    std::int32_t id;
    double p;
};

inline bool more_likely(const Candidate& a, const Candidate& b) {
    if (a.p != b.p) return a.p > b.p;
    return a.id < b.id;
}

inline std::int32_t greedy(ConstVectorView logits) {
    int best = -1;
    for (int o = 0; o < logits.size; ++o) {
        if (std::isnan(logits.data[o])) continue;
        if (best < 0 || logits.data[o] > logits.data[best]) best = o;
    }
    if (best < 0 || logits.data[best] == -std::numeric_limits<float>::infinity()) {
        throw Error("sample: every logit is NaN or -inf, expected a finite one");
    }
    if (std::isinf(logits.data[best])) {
        throw Error("sample: logits[" + std::to_string(best) + "] is inf, expected a finite one");
    }
    return best;
}

// Every token with its unnormalised probability; the most likely one has 1.
inline std::vector<Candidate> candidates_of(ConstVectorView logits, float temperature) {
    const double maximum = double(logits.data[greedy(logits)]);
    std::vector<Candidate> candidates;
    for (int o = 0; o < logits.size; ++o) {
        if (std::isnan(logits.data[o])) continue;
        const double p = std::exp((double(logits.data[o]) - maximum) / double(temperature));
        candidates.push_back({o, p});
    }
    return candidates;
}

inline double sum_of_p(const std::vector<Candidate>& candidates) {
    double sum = 0;
    for (const Candidate& candidate : candidates) {
        sum += candidate.p;
    }
    return sum;
}

// How many of the candidates, most likely first, stay under the three cuts: at least one.
inline std::size_t n_kept(const std::vector<Candidate>& sorted, const SamplingOptions& options) {
    std::size_t kept = sorted.size();
    if (options.top_k > 0) kept = std::min(kept, std::size_t(options.top_k));

    if (options.top_p < 1.0f) {
        double sum = 0;
        for (std::size_t i = 0; i < kept; ++i) {
            sum += sorted[i].p;
        }
        double running_sum = 0;
        std::size_t enough = 0;
        while (enough < kept && running_sum < double(options.top_p) * sum) {
            running_sum += sorted[enough].p;
            ++enough;
        }
        kept = std::max<std::size_t>(enough, 1);
    }

    const double least_p = double(options.min_p) * sorted[0].p;
    while (kept > 1 && sorted[kept - 1].p < least_p) {
        --kept;
    }
    return kept;
}

inline void require_sample_operands(ConstMatrixView logits, double uniform, IdsView id) {
    if (logits.rows == 0) throw ShapeError("sample: logits.rows is 0, expected at least 1");
    require_shape("sample", "id", id, 1, 1);
    if (uniform >= 0 && uniform < 1) return;
    throw Error("sample: uniform is " + std::to_string(uniform) + ", expected [0, 1)");
}

inline void sample(ConstMatrixView logits, SamplingOptions options, double uniform, IdsView id) {
    validate(options);
    require_sample_operands(logits, uniform, id);
    const ConstVectorView last_row = {logits.row(logits.rows - 1), logits.cols};  // (vocab_size)
    if (options.temperature == 0.0f) {
        id.data[0] = greedy(last_row);
        return;
    }

    std::vector<Candidate> candidates = candidates_of(last_row, options.temperature);
    const bool nothing_is_cut =
        options.top_k == 0 && options.top_p == 1.0f && options.min_p == 0.0f;
    if (!nothing_is_cut) {
        std::sort(candidates.begin(), candidates.end(), more_likely);
        candidates.resize(n_kept(candidates, options));
        std::sort(candidates.begin(), candidates.end(),
                  [](const Candidate& a, const Candidate& b) { return a.id < b.id; });
    }

    const double threshold = uniform * sum_of_p(candidates);
    double running_sum = 0;
    for (const Candidate& candidate : candidates) {
        id.data[0] = candidate.id;
        running_sum += candidate.p;
        if (running_sum > threshold) return;
    }
}

}  // namespace gptoss
