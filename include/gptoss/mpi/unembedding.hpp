// The unembedding, cut over ranks: each computes the logits of its own rows of the vocabulary, then
// everybody gets all of them.
//
// Where    ops/mpi.hpp. Formula and shapes: layers/unembedding.hpp.
// Source   Shoeybi et al. 2019, Megatron-LM, section 3 (the vocabulary over devices).
// Errors   those of host.
#pragma once
#include <cstdint>
#include <vector>

#include "gptoss/layers/unembedding.hpp"
#include "gptoss/mpi/team.hpp"

namespace gptoss::mpi {

using Unembed = decltype(&gptoss::unembed);

inline void unembed(Unembed host, ConstMatrixView x, DenseMatrix w, MatrixView logits) {
    if (team.n_ranks == 1) {
        host(x, w, logits);
        return;
    }
    const Share own = share_of(w.rows, team.rank, team.n_ranks);
    const DenseMatrix own_w{w.row(own.first).bytes, own.size(), w.cols, w.storage};
    std::vector<float> own_logits(std::size_t(x.rows) * std::size_t(own.size()));
    host(x, own_w, {own_logits.data(), x.rows, own.size()});

    std::vector<int> counts, starts;
    for (int rank = 0; rank < team.n_ranks; ++rank) {
        const Share share = share_of(w.rows, rank, team.n_ranks);
        counts.push_back(share.size());
        starts.push_back(share.first);
    }
    for (int t = 0; t < x.rows; ++t) {
        const float* own_t = own_logits.data() + std::size_t(t) * std::size_t(own.size());
        const CountedCall counted(4 * std::int64_t(w.rows));
        MPI_Allgatherv(own_t, own.size(), MPI_FLOAT, logits.row(t), counts.data(), starts.data(),
                       MPI_FLOAT, MPI_COMM_WORLD);
    }
}

}  // namespace gptoss::mpi
