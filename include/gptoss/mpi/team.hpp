// Team: the programs that run one model together, and what they hand to each other.
//
// An op of a table is a plain function, so who takes part is state of the program: mpi::team, filled
// in once behind MPI_Init. With one rank nothing is sent.
//
// Source   MPI Forum 2021, MPI: A Message-Passing Interface Standard 4.0, chapter 6 (collectives).
// Errors   MPI's own: by default the program ends.
// Pitfalls All ranks must come to the same calls in the same order: one that stays away is waited for.
//          rank is a program's number here, never a place among the top_k.
#pragma once
#include <mpi.h>

#include <chrono>
#include <cstdint>
#include <vector>

#include "gptoss/core/shares.hpp"
#include "gptoss/core/view.hpp"

namespace gptoss::mpi {

// What this rank has done since it was last set to {}.
struct Work {
    Traffic traffic;
    double seconds_in_mpi = 0;
    std::int64_t n_expert_rows = 0;      // a token and one of its experts
    std::int64_t n_expert_bytes = 0;     // of matrices
    std::int64_t n_all_expert_rows = 0;  // of all ranks
};

struct Team {
    int rank = 0;
    int n_ranks = 1;

    // Set alike on all ranks before a pass:
    bool shares_routes = false;    // take rank 0's choice of experts, if ranks round differently
    bool gathers_experts = false;  // let rank 0 see what every expert said

    std::vector<bool> owns_row;  // of the tokens and experts of this layer, by expert_linear
    Work work;
};

inline Team team;

inline void join_team() {
    MPI_Comm_rank(MPI_COMM_WORLD, &team.rank);
    MPI_Comm_size(MPI_COMM_WORLD, &team.n_ranks);
}

// Counts a call, its bytes and its seconds.
class CountedCall {
public:
    explicit CountedCall(std::int64_t n_bytes) {
        ++team.work.traffic.n_calls;
        team.work.traffic.n_bytes += n_bytes;
    }
    ~CountedCall() {
        const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin_;
        team.work.seconds_in_mpi += took.count();
    }
    CountedCall(const CountedCall&) = delete;
    CountedCall& operator=(const CountedCall&) = delete;

private:
    std::chrono::steady_clock::time_point begin_ = std::chrono::steady_clock::now();
};

inline void sum_over_ranks(MatrixView values) {
    if (team.n_ranks == 1) return;
    const int n = values.rows * values.cols;
    const CountedCall counted(4 * std::int64_t(n));
    MPI_Allreduce(MPI_IN_PLACE, values.data, n, MPI_FLOAT, MPI_SUM, MPI_COMM_WORLD);
}

inline void sum_onto_rank_0(MatrixView values) {
    if (team.n_ranks == 1) return;
    const int n = values.rows * values.cols;
    const CountedCall counted(4 * std::int64_t(n));
    const void* from = team.rank == 0 ? MPI_IN_PLACE : values.data;
    MPI_Reduce(from, values.data, n, MPI_FLOAT, MPI_SUM, 0, MPI_COMM_WORLD);
}

}  // namespace gptoss::mpi
