// Shares: what one of several machines holds of a model, reads per token, and waits for.
//
//     share(n, rank, n_ranks) = [ n rank / n_ranks, n (rank + 1) / n_ranks )
//
// Of the experts and of the rows of the unembedding, in their order; no two shares differ by more
// than one. Everything else is on every machine.
//
// Where    mpi/, and the tool's inspect --ranks.
// Units    bytes; seconds, and bytes per second of a network.
// Errors   Error if there are more machines than experts.
// Pitfalls A rank is a machine's number here, as MPI has it, and no place among the top_k. The size of
//          a share is not its speed: a token's experts lie where they lie, and the machine with most of
//          them is waited for (expected_most_experts).
#pragma once
#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include "gptoss/core/check.hpp"
#include "gptoss/core/model_size.hpp"

namespace gptoss {

struct Share {
    int first = 0;
    int end = 0;
    constexpr int size() const { return end - first; }
    constexpr bool has(int i) const { return i >= first && i < end; }
};

constexpr Share share_of(int n, int rank, int n_ranks) {
    return {int(std::int64_t(n) * rank / n_ranks), int(std::int64_t(n) * (rank + 1) / n_ranks)};
}

inline void require_ranks(int n_ranks, int n_experts) {
    if (n_ranks >= 1 && n_ranks <= n_experts) return;
    throw Error("ranks: there are " + std::to_string(n_ranks) + ", expected 1 to " +
                std::to_string(n_experts) + ", the number of experts");
}

// --- Bytes ------------------------------------------------------------------------------------

// Of weights, as stored in the released form.
struct RankBytes {
    std::int64_t experts = 0;      // matrices of the experts it owns
    std::int64_t unembedding = 0;  // the rows it owns
    std::int64_t shared = 0;       // attention, norms, routers, biases: on every rank
    std::int64_t embedding = 0;    // on every rank, but only rows of tokens are touched
    std::int64_t total() const { return experts + unembedding + shared + embedding; }
};

inline std::int64_t expert_matrix_bytes(const Config& c) {
    return stored_bytes(0, 3 * std::int64_t(c.intermediate_size) * c.hidden_size);
}

inline RankBytes rank_bytes(const Config& c, int rank, int n_ranks) {
    const std::int64_t row = 2 * std::int64_t(c.hidden_size);
    RankBytes bytes;
    bytes.experts =
        c.n_layers * share_of(c.n_experts, rank, n_ranks).size() * expert_matrix_bytes(c);
    bytes.unembedding = share_of(c.vocab_size, rank, n_ranks).size() * row;
    bytes.embedding = c.vocab_size * row;
    bytes.shared = model_size(c).payload_bytes - 2 * c.vocab_size * row -
                   c.n_layers * c.n_experts * expert_matrix_bytes(c);
    return bytes;
}

// How many of the top_k experts of a token are on the rank that has most of them, if every set of
// experts is as likely as any other: 2.7 of 4 for two ranks.
inline double expected_most_experts(const Config& c, int n_ranks) {
    double at_most_before = 0, mean = 0;
    for (int most = 1; most <= c.top_k; ++most) {
        // ways[k]: to choose k experts from the ranks so far, none with more than most of them
        std::vector<double> ways(std::size_t(c.top_k) + 1, 0.0);
        ways[0] = 1;
        for (int rank = 0; rank < n_ranks; ++rank) {
            const int n = share_of(c.n_experts, rank, n_ranks).size();
            for (int k = c.top_k; k >= 1; --k) {
                double binomial = 1;
                for (int here = 1; here <= std::min({most, n, k}); ++here) {
                    binomial *= double(n - here + 1) / here;
                    ways[std::size_t(k)] += binomial * ways[std::size_t(k - here)];
                }
            }
        }
        double all = 1;
        for (int k = 1; k <= c.top_k; ++k)
            all *= double(c.n_experts - k + 1) / k;
        const double at_most = ways[std::size_t(c.top_k)] / all;
        mean += most * (at_most - at_most_before);
        at_most_before = at_most;
    }
    return mean;
}

// What every rank reads for one decoded token: attention, norms and routers, and the biases of the
// top_k experts.
inline std::int64_t shared_bytes_per_token(const Config& c) {
    const std::int64_t biases_of_expert =
        2 * std::int64_t(c.intermediate_size) + std::int64_t(c.hidden_size);
    return rank_bytes(c, 0, 1).shared -
           stored_bytes(c.n_layers * (c.n_experts - c.top_k) * biases_of_expert, 0);
}

// What the slowest rank reads for one decoded token, on average.
inline std::int64_t slowest_bytes_per_token(const Config& c, int n_ranks) {
    const double experts =
        c.n_layers * expected_most_experts(c, n_ranks) * double(expert_matrix_bytes(c));
    const std::int64_t unembedding = rank_bytes(c, n_ranks - 1, n_ranks).unembedding;
    return std::int64_t(experts) + unembedding + shared_bytes_per_token(c);
}

// --- The network ------------------------------------------------------------------------------

// Of one decoded token, as each rank hands it to MPI.
struct Traffic {
    std::int64_t n_calls = 0;
    std::int64_t n_bytes = 0;
};

// A sum of hidden_size floats per layer, and the logits once.
inline Traffic traffic_per_token(const Config& c) {
    return {std::int64_t(c.n_layers) + 1,
            4 * (std::int64_t(c.n_layers) * c.hidden_size + c.vocab_size)};
}

struct Network {
    double latency = 0;      // seconds from one program to the other
    double bytes_per_s = 0;  // of one machine's link
};

// A sum takes ceil(log2 n_ranks) rounds in which every rank sends what it has to another one; of the
// logits every rank receives what it has not computed.
inline double network_seconds_per_token(const Config& c, int n_ranks, Network network) {
    int n_rounds = 0;
    while ((1 << n_rounds) < n_ranks)
        ++n_rounds;
    const double sum_bytes = 4.0 * c.hidden_size;
    const double logits_bytes = 4.0 * c.vocab_size * (n_ranks - 1) / n_ranks;
    const double sum = n_rounds * (network.latency + sum_bytes / network.bytes_per_s);
    return c.n_layers * sum + n_rounds * network.latency + logits_bytes / network.bytes_per_s;
}

}  // namespace gptoss
