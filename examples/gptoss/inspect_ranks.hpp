// gptoss inspect --ranks: what each of N machines holds of a model, reads and sends.
#pragma once
#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "gptoss/core/shares.hpp"
#include "terminal.hpp"

namespace gptoss::tool {

struct RanksFlags {
    std::optional<int> n_ranks;  // none: not asked for
    double latency_us = 50;      // of the network, from one program to the other
    double gbit_per_s = 1;       // of one machine's link
};

inline constexpr int kGigabytes[] = {8, 16, 24};

// The last rank has a largest share.
inline std::int64_t largest_bytes(const Config& c, int n_ranks) {
    return rank_bytes(c, n_ranks - 1, n_ranks).total();
}

// The fewest ranks that have so much memory each; 0 if there are never enough.
inline int ranks_that_fit(const Config& c, std::int64_t memory, std::int64_t bytes) {
    for (int n_ranks = 1; n_ranks <= c.n_experts; ++n_ranks) {
        if (largest_bytes(c, n_ranks) + memory <= bytes) return n_ranks;
    }
    return 0;
}

inline Table share_table(const Config& c, int n_ranks) {
    Table table{"lrrrrrr"};
    table.add(
        {"rank", "experts", "of experts", "unembedding", "on every rank", "embedding", "in all"});
    for (int rank = 0; rank < n_ranks; ++rank) {
        const RankBytes bytes = rank_bytes(c, rank, n_ranks);
        const Share own = share_of(c.n_experts, rank, n_ranks);
        table.add(
            {std::to_string(rank), std::to_string(own.first) + " to " + std::to_string(own.end - 1),
             with_commas(bytes.experts), with_commas(bytes.unembedding), with_commas(bytes.shared),
             with_commas(bytes.embedding), with_commas(bytes.total())});
    }
    return table;
}

inline Table fit_table(const Config& c, std::int64_t memory) {
    Table table{"lrr"};
    table.add({"memory of each", "ranks", "the largest then needs"});
    for (const int gigabytes : kGigabytes) {
        const int n_ranks = ranks_that_fit(c, memory, gigabytes * std::int64_t(1'000'000'000));
        const std::string needed =
            n_ranks == 0 ? "" : with_commas(largest_bytes(c, n_ranks) + memory);
        table.add({std::to_string(gigabytes) + " GB",
                   n_ranks == 0 ? "never" : std::to_string(n_ranks), needed});
    }
    return table;
}

inline Network network_of(const RanksFlags& flags) {
    return {1e-6 * flags.latency_us, 1e9 / 8 * flags.gbit_per_s};
}

inline Table token_table(const Config& c, const RanksFlags& flags) {
    const std::int64_t alone = model_size(c).bytes_per_token;
    const std::int64_t slowest = slowest_bytes_per_token(c, *flags.n_ranks);
    const std::int64_t shared = shared_bytes_per_token(c);
    const Traffic traffic = traffic_per_token(c);
    const auto share = [alone](std::int64_t part) {
        return formatted("%.1f %%", 100.0 * double(part) / double(alone));
    };
    Table table{"lrr"};
    table.add({"read by one machine alone", with_commas(alone), ""});
    table.add({"read by the rank with most of its experts, on average", with_commas(slowest),
               share(slowest)});
    table.add({"of that, what every rank reads", with_commas(shared), share(shared)});
    table.add({"experts on that rank, of " + std::to_string(c.top_k),
               formatted("%.2f", expected_most_experts(c, *flags.n_ranks)), ""});
    table.add({"handed to MPI, in " + std::to_string(traffic.n_calls) + " calls",
               with_commas(traffic.n_bytes), ""});
    table.add(
        {"ms of a network with " + formatted("%g us", flags.latency_us) + " and " +
             formatted("%g Gbit/s", flags.gbit_per_s),
         formatted("%.3f", 1e3 * network_seconds_per_token(c, *flags.n_ranks, network_of(flags))),
         ""});
    return table;
}

inline nlohmann::ordered_json json_of_shares(const Config& c, const RanksFlags& flags,
                                             std::int64_t memory) {
    nlohmann::ordered_json json;
    for (int rank = 0; rank < *flags.n_ranks; ++rank) {
        const RankBytes bytes = rank_bytes(c, rank, *flags.n_ranks);
        const Share own = share_of(c.n_experts, rank, *flags.n_ranks);
        json["ranks"].push_back({{"rank", rank},
                                 {"first_expert", own.first},
                                 {"end_expert", own.end},
                                 {"expert_bytes", bytes.experts},
                                 {"unembedding_bytes", bytes.unembedding},
                                 {"shared_bytes", bytes.shared},
                                 {"embedding_bytes", bytes.embedding},
                                 {"bytes", bytes.total()}});
    }
    for (const int gigabytes : kGigabytes) {
        json["fits"].push_back(
            {{"gigabytes", gigabytes},
             {"ranks", ranks_that_fit(c, memory, gigabytes * std::int64_t(1'000'000'000))}});
    }
    const Traffic traffic = traffic_per_token(c);
    json["per_token"] = {
        {"bytes_alone", model_size(c).bytes_per_token},
        {"bytes_of_every_rank", shared_bytes_per_token(c)},
        {"bytes_of_slowest", slowest_bytes_per_token(c, *flags.n_ranks)},
        {"most_experts", expected_most_experts(c, *flags.n_ranks)},
        {"mpi_calls", traffic.n_calls},
        {"mpi_bytes", traffic.n_bytes},
        {"network_seconds", network_seconds_per_token(c, *flags.n_ranks, network_of(flags))}};
    return json;
}

inline void check_ranks_flags(const Config& config, const RanksFlags& flags) {
    if (!flags.n_ranks) return;
    require_ranks(*flags.n_ranks, config.n_experts);
    if (!(flags.latency_us >= 0))
        throw Error("--latency-us is " + formatted("%g", flags.latency_us) +
                    ", expected at least 0");
    if (!(flags.gbit_per_s > 0))
        throw Error("--gbit-per-s is " + formatted("%g", flags.gbit_per_s) +
                    ", expected more than 0");
}

// Prints tables, or adds the same to json. memory is what a rank needs beside its weights.
inline void inspect_ranks(const Config& config, const RanksFlags& flags, std::int64_t memory,
                          nlohmann::ordered_json* json) {
    if (json != nullptr) {
        (*json)["shares"] = json_of_shares(config, flags, memory);
        return;
    }
    print_table("bytes of weights on each of " + std::to_string(*flags.n_ranks) + " ranks",
                share_table(config, *flags.n_ranks));
    print_table("ranks it takes, with " + readable_bytes(memory) + " beside the weights",
                fit_table(config, memory));
    print_table("bytes of one decoded token", token_table(config, flags));
}

}  // namespace gptoss::tool
