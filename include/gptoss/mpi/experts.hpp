// The experts of a layer, cut over ranks: each rank computes what its own experts say, and one sum
// puts the layer together.
//
//     y[row]   = expert_linear, as the host table has it     of rows whose expert this rank owns
//                0                                           of the others
//     out[t,i] = sum over ranks of ( sum_j weights[t,j] * expert_out[t,j,i] over its own experts )
//
// host is the op of another table, with the signature of the plain one.
//
// Where    ops/mpi.hpp. Formula, shapes and pitfalls: layers/expert_linear.hpp, layers/combine.hpp.
// Source   Lepikhin et al. 2020, GShard, section 3.2 (experts over devices). There tokens travel to
//          their experts; here every rank has all tokens, so only sums travel.
// Errors   those of host.
// Pitfalls A rank without work in a layer still takes part in the sum. Each rank rounds its part of
//          out to float32 before the sum, so last bits depend on the number of ranks.
#pragma once
#include <algorithm>
#include <cstdint>
#include <vector>

#include "gptoss/layers/combine.hpp"
#include "gptoss/layers/expert_linear.hpp"
#include "gptoss/layers/router.hpp"
#include "gptoss/mpi/team.hpp"

namespace gptoss::mpi {

using Route = decltype(&gptoss::route);
using ExpertLinear = decltype(&gptoss::expert_linear);
using Combine = decltype(&gptoss::combine);

// Ranks that round differently could choose different experts at a near-tie, and then an expert would
// be missing or counted twice; with shares_routes rank 0 chooses for all.
inline void route(Route host, ConstMatrixView logits, IdsView ids, MatrixView weights) {
    host(logits, ids, weights);
    if (!team.shares_routes || team.n_ranks == 1) return;
    const int n = ids.rows * ids.cols;
    const CountedCall counted(8 * std::int64_t(n));
    MPI_Bcast(ids.data, n, MPI_INT32_T, 0, MPI_COMM_WORLD);
    MPI_Bcast(weights.data, n, MPI_FLOAT, 0, MPI_COMM_WORLD);
}

inline std::int64_t bytes_of_expert(const ExpertStack& s) {
    const std::size_t n_weights = std::size_t(s.rows) * std::size_t(s.cols);
    if (s.is_mxfp4()) return stored_bytes(0, std::int64_t(n_weights));
    const Storage storage = s.transposed == nullptr ? s.gguf.storage : s.storage;
    return std::int64_t(storage_bytes(storage, n_weights));
}

inline void count_work(std::vector<std::int32_t> own_ids, ConstIdsView ids, const ExpertStack& s) {
    std::sort(own_ids.begin(), own_ids.end());
    const auto end = std::unique(own_ids.begin(), own_ids.end());
    team.work.n_expert_rows += std::count(team.owns_row.begin(), team.owns_row.end(), true);
    team.work.n_all_expert_rows += ids.rows * ids.cols;
    team.work.n_expert_bytes += (end - own_ids.begin()) * bytes_of_expert(s);
}

inline void expert_linear(ExpertLinear host, ConstMatrixView x, XRows x_rows, ConstIdsView ids,
                          ExpertStack all_experts, ConstMatrixView bias, MatrixView y) {
    require_expert_linear_shapes(x, x_rows, ids, all_experts, bias, y);
    const Share own = share_of(all_experts.n_experts, team.rank, team.n_ranks);
    const int n_rows = ids.rows * ids.cols;
    team.owns_row.assign(std::size_t(n_rows), false);
    std::vector<std::int32_t> own_ids;
    std::vector<float> own_x;
    for (int row = 0; row < n_rows; ++row) {
        if (!own.has(ids.data[row])) continue;
        team.owns_row[std::size_t(row)] = true;
        own_ids.push_back(ids.data[row]);
        const float* x_row = x.row(x_rows == XRows::per_rank ? row : row / ids.cols);  // (in)
        own_x.insert(own_x.end(), x_row, x_row + x.cols);
    }
    count_work(own_ids, ids, all_experts);

    const int n_own = int(own_ids.size());
    std::vector<float> own_y(std::size_t(n_own) * std::size_t(y.cols));
    host({own_x.data(), n_own, x.cols}, XRows::per_rank, {own_ids.data(), n_own, 1}, all_experts,
         bias, {own_y.data(), n_own, y.cols});
    const float* next_y = own_y.data();
    for (int row = 0; row < n_rows; ++row) {
        const bool is_own = team.owns_row[std::size_t(row)];
        if (is_own) std::copy_n(next_y, y.cols, y.row(row));
        if (is_own) next_y += y.cols;
        if (!is_own) std::fill_n(y.row(row), y.cols, 0.0f);
    }
    if (team.gathers_experts) sum_onto_rank_0(y);
}

// Rank 0 may have gathered what others said: only its own counts.
inline void combine(Combine host, ConstMatrixView expert_out, ConstMatrixView weights,
                    MatrixView out) {
    require_combine_shapes(expert_out, weights, out);
    std::vector<float> own_weights(weights.data, weights.row(weights.rows));
    for (std::size_t row = 0; row < own_weights.size(); ++row) {
        if (!team.owns_row[row]) own_weights[row] = 0.0f;
    }
    host(expert_out, {own_weights.data(), weights.rows, weights.cols}, out);
    sum_over_ranks(out);
}

}  // namespace gptoss::mpi
