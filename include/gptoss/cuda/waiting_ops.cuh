// Ops that have been asked for and not been launched, because the next one may share their launch. See
// ops/cuda_decode.cuh, which fills and empties it.
#pragma once
#include <optional>

#include "gptoss/cuda/fused_combine.cuh"
#include "gptoss/cuda/fused_linear.cuh"
#include "gptoss/cuda/fused_store.cuh"
#include "gptoss/cuda/fused_swiglu.cuh"

namespace gptoss::cuda {

struct RopeCall {
    ConstMatrixView x;
    ConstMatrixView table;
    MatrixView y;
};

struct StoreCall {
    ConstMatrixView x;
    ConstIdsView positions;
    MatrixView cache;
};

struct CombineCall {
    ConstMatrixView expert_out;
    ConstMatrixView weights;
    MatrixView out;
};

// Of one kind at a time; a store comes behind two ropes.
struct WaitingOps {
    LinearGroup linears;
    RopeCall ropes[2];
    int n_ropes = 0;
    std::optional<StoreCall> store;
    std::optional<ExpertCall> expert_linear;
    std::optional<CombineCall> combine;
};
inline thread_local WaitingOps waiting_ops;

// As CudaOps would have launched them, but for linears of one x, which share a launch.
inline void launch_waiting() {
    const WaitingOps waiting = waiting_ops;
    waiting_ops = {};
    if (waiting.linears.n_calls > 0) linear_group(waiting.linears);
    for (int n = 0; n < waiting.n_ropes; ++n) {
        cuda::rope(waiting.ropes[n].x, waiting.ropes[n].table, waiting.ropes[n].y);
    }
    if (const auto& s = waiting.store) cuda::cache_store(s->x, s->positions, s->cache);
    if (const auto& e = waiting.expert_linear) {
        cuda::expert_linear(e->x, e->x_rows, e->ids, e->all_experts, e->bias, e->y);
    }
    if (const auto& c = waiting.combine) cuda::combine(c->expert_out, c->weights, c->out);
}

// An op that neither waits nor shares.
template <auto op>
struct AtOnce;

template <class... Operands, void (*op)(Operands...)>
struct AtOnce<op> {
    static void run(Operands... operands) {
        launch_waiting();
        op(operands...);
    }
};

}  // namespace gptoss::cuda
