// Selection: where the cuts of sampling fall (top_k, top_p, min_p), without sorting the vocabulary.
//
//     rank    a token's place in the order of layers/sampling.hpp as a number: the larger logit has the
//             larger rank, of equal logits the lower id; a NaN has 0
//     p       exp((logit - maximum) / temperature) in whole units, 2^-44 in a vocabulary of 201,088
//     cut     a rank: it and all above are kept
//
// New: bisection. Ranks from cut on hold enough, ranks from beyond on do not; what lies between is
// halved, by counting, until it is one token. A thread whose best token is below need not look.
//
// Pitfalls p is computed in float, whose exp is off by 1e-7 of itself and of its argument: a GPU for games
//          has a unit for double precision to 64 others. Sums are integers, which are exact.
#pragma once
#include <cmath>
#include <cstdint>

#include "gptoss/cuda/block.cuh"
#include "gptoss/layers/sampling.hpp"

namespace gptoss::cuda {

// In the order of the numbers; -0 is 0.
__device__ inline std::uint32_t ordered_bits(float value) {
    const std::uint32_t bits = __float_as_uint(value + 0.0f);
    const bool is_negative = bits >> 31 != 0;
    return is_negative ? ~bits : bits | 0x80000000u;
}

__device__ inline std::uint64_t rank_of(float logit, int o) {
    if (isnan(logit)) return 0;
    return std::uint64_t(ordered_bits(logit)) << 32 | (0xFFFFFFFFu - std::uint32_t(o));
}
__device__ inline int id_of(std::uint64_t rank) {
    return int(0xFFFFFFFFu - std::uint32_t(rank));
}

struct Chances {
    ConstVectorView logits;
    float maximum;  // of the logits
    float temperature;
    float units;  // of p = 1; all of the vocabulary together have less than 2^63
};

__device__ inline std::uint64_t p_of(const Chances& chances, float logit) {
    if (isnan(logit)) return 0;
    const float p = expf((logit - chances.maximum) / chances.temperature);
    return std::uint64_t(p * chances.units);
}

// Of the tokens from a rank on.
struct Share {
    std::uint64_t n;
    std::uint64_t p;
};

__device__ inline Share share_from(const Chances& chances, std::uint64_t rank,
                                   std::uint64_t best_of_thread) {
    Share share = {0, 0};
    const bool any = best_of_thread >= rank;
    for (int o = int(threadIdx.x); any && o < chances.logits.size; o += int(blockDim.x)) {
        const float logit = chances.logits.data[o];
        if (rank_of(logit, o) < rank) continue;
        share.n += 1;
        share.p += p_of(chances, logit);
    }
    return {block_sum(share.n).all, block_sum(share.p).all};
}

// The largest rank from which on there is enough of both; from cut on there is, and that is share.
__device__ inline std::uint64_t cut_at(const Chances& chances, std::uint64_t cut, Share share,
                                       Share enough, std::uint64_t best,
                                       std::uint64_t best_of_thread) {
    std::uint64_t beyond = best + 1;
    std::uint64_t n_beyond = 0;
    while (share.n - n_beyond > 1) {
        const std::uint64_t middle = cut + (beyond - cut) / 2;
        const Share upper = share_from(chances, middle, best_of_thread);
        const bool is_enough = upper.n >= enough.n && upper.p >= enough.p;
        if (is_enough) {
            cut = middle;
            share = upper;
        } else {
            beyond = middle;
            n_beyond = upper.n;
        }
    }
    return cut;
}

// The cuts in their order. best is the largest rank; log_min_p is min_p's logarithm.
__device__ inline std::uint64_t cut_of(const Chances& chances, const SamplingOptions& options,
                                       double log_min_p, std::uint64_t best,
                                       std::uint64_t best_of_thread) {
    std::uint64_t cut = 1;  // all but NaN
    Share share = share_from(chances, cut, best_of_thread);
    if (options.top_k > 0 && std::uint64_t(options.top_k) < share.n) {
        const Share enough = {std::uint64_t(options.top_k), 0};
        cut = cut_at(chances, cut, share, enough, best, best_of_thread);
        share = share_from(chances, cut, best_of_thread);
    }
    if (options.top_p < 1.0f) {
        const Share enough = {1, std::uint64_t(ceil(double(options.top_p) * double(share.p)))};
        cut = cut_at(chances, cut, share, enough, best, best_of_thread);
    }
    if (options.min_p > 0.0f) {
        // p >= min_p, as a question to the logit
        const double least = double(chances.maximum) + double(chances.temperature) * log_min_p;
        const auto rank = std::uint64_t(ordered_bits(__double2float_ru(least))) << 32;
        cut = cut > rank ? cut : rank;
    }
    return cut;
}

}  // namespace gptoss::cuda
