// MpiOps: any host table, with the experts and the unembedding cut over the ranks of mpi::team.
//
//     MPI_Init(nullptr, nullptr);
//     mpi::join_team();
//     Transformer<MpiOps<FastOps>> transformer(weights);    // on every rank, of the same files
//     transformer.feed(tokens);                             // on every rank, the same tokens
//
// Router, attention and norms run on every rank alike, so the forward is the one of one machine and
// every rank has all logits. Compile with -DGPTOSS_MPI=ON; docs/machines.md has the picture.
//
// Where    Transformer<MpiOps<FastOps>>; --path mpi of gptoss-mpi.
// Source   the headers of mpi/, compared with the goldens in tests/mpi/.
// Pitfalls A Watch that edits would have to do so on every rank. A table that rounds on the way
//          (Bf16Ops) rounds each rank's part, not their sum.
#pragma once
#include "gptoss/mpi/experts.hpp"
#include "gptoss/mpi/unembedding.hpp"
#include "gptoss/ops/fast.hpp"
#include "gptoss/ops/same_signatures.hpp"
#include "gptoss/ops/scalar.hpp"

namespace gptoss {

template <class Host = FastOps>
struct MpiOps : Host {
    static void route(ConstMatrixView logits, IdsView ids, MatrixView weights) {
        mpi::route(Host::route, logits, ids, weights);
    }
    static void expert_linear(ConstMatrixView x, XRows x_rows, ConstIdsView ids,
                              ExpertStack all_experts, ConstMatrixView bias, MatrixView y) {
        mpi::expert_linear(Host::expert_linear, x, x_rows, ids, all_experts, bias, y);
    }
    static void combine(ConstMatrixView expert_out, ConstMatrixView weights, MatrixView out) {
        mpi::combine(Host::combine, expert_out, weights, out);
    }
    static void unembed(ConstMatrixView x, DenseMatrix w, MatrixView logits) {
        mpi::unembed(Host::unembed, x, w, logits);
    }
};

static_assert(has_same_signatures<MpiOps<FastOps>, ScalarOps>());

}  // namespace gptoss
