// CudaDecodeOps: CudaOps with fewer launches, for a token that nobody watches. The forward stays what it
// is, one op per line; an op of this table may leave its work to a later line:
//
//     linear         waits for another one of the same x, or for the residual of what it gives
//     rope           waits for another one, and that for cache_store, which waits for a second one
//     expert_linear  waits for swiglu
//     combine        waits for its residual
//
//     rmsnorm | linear linear linear | rope rope cache_store cache_store | attend | linear add_residual
//     rmsnorm | linear | route | expert_linear swiglu | expert_linear | combine add_residual
//
// So a layer of 19 lines is 11 launches. An op that does not go on with what waits launches it first, as
// CudaOps would have done.
//
// Where    model/decode_graph.cuh.
// Errors   Those of CudaOps; Error if somebody watches.
// Pitfalls attn_k_rope, attn_out, mlp_gate_up and mlp_out are not written, and the others late. A pass has
//          to end with an op that does not wait, as unembed; and of ops that share a launch none may
//          read what another one writes.
#pragma once
#include "gptoss/cuda/waiting_ops.cuh"
#include "gptoss/ops/cuda.cuh"

namespace gptoss {

namespace cuda {

[[noreturn]] inline void refuse_watch() {
    throw Error("watch: CudaDecodeOps leaves activations out, expected CudaOps");
}

// see<Ops> of the forward downloads what somebody wants to look at.
struct UnwatchedMemory : DeviceMemory {
    static void download(void*, const void*, std::size_t) { refuse_watch(); }
};

}  // namespace cuda

struct CudaDecodeOps {
    using Memory = cuda::UnwatchedMemory;

    // A pass begins; what one that was given up has left behind is forgotten.
    static void embed(ConstIdsView ids, DenseMatrix table, MatrixView y) {
        cuda::waiting_ops = {};
        cuda::embed(ids, table, y);
    }

    static void linear(ConstMatrixView x, DenseMatrix w, ConstVectorView bias, MatrixView y) {
        require_linear_shapes(x, w, bias, y);
        cuda::LinearGroup& group = cuda::waiting_ops.linears;
        const bool has_room = group.n_calls < cuda::kMostLinears;
        const bool is_wide = cuda::has_wide_rows(x, w);
        if (!is_wide || !has_room || group.calls[0].x.data != x.data) cuda::launch_waiting();
        if (is_wide) {
            group.calls[group.n_calls] = {x, w, bias, {}, y};
            ++group.n_calls;
        } else {
            cuda::linear(x, w, bias, y);
        }
    }

    static void add_residual(ConstMatrixView x, ConstMatrixView y, MatrixView out) {
        require_add_residual_shapes(x, y, out);
        cuda::LinearGroup& group = cuda::waiting_ops.linears;
        const std::optional<cuda::CombineCall> combine = cuda::waiting_ops.combine;
        if (group.n_calls == 1 && group.calls[0].y.data == y.data) {
            group.calls[0].residual = x;
            group.calls[0].y = out;
            cuda::launch_waiting();
        } else if (combine && combine->out.data == y.data) {
            cuda::waiting_ops = {};
            cuda::combine_residual(combine->expert_out, combine->weights, x, out);
        } else {
            cuda::launch_waiting();
            cuda::add_residual(x, y, out);
        }
    }

    static void rope(ConstMatrixView x, ConstMatrixView table, MatrixView y) {
        cuda::require_rope_shapes(x, table, y);
        cuda::WaitingOps& waiting = cuda::waiting_ops;
        if (waiting.n_ropes != 1) cuda::launch_waiting();
        waiting.ropes[waiting.n_ropes] = {x, table, y};
        ++waiting.n_ropes;
    }

    static void cache_store(ConstMatrixView x, ConstIdsView positions, MatrixView cache) {
        cuda::require_cache_store_shapes(x, positions, cache);
        cuda::WaitingOps& waiting = cuda::waiting_ops;
        const auto [q, k] = waiting.ropes;
        const auto [stored, stored_at, keys] = waiting.store.value_or(cuda::StoreCall{});
        const bool is_rotated = waiting.n_ropes == 2 && k.table.data == q.table.data;
        if (is_rotated && !waiting.store && x.data == k.y.data) {
            waiting.store = {x, positions, cache};
        } else if (stored_at.data == positions.data && keys.rows == cache.rows) {
            waiting = {};
            cuda::rope_store({q.x, k.x, x, q.table, positions, q.y, keys, cache});
        } else {
            cuda::launch_waiting();
            cuda::cache_store(x, positions, cache);
        }
    }

    static void attend(ConstMatrixView q, ConstMatrixView keys, ConstMatrixView values,
                       ConstVectorView sinks, ConstIdsView positions, int window,
                       AttentionRecord record, MatrixView mix) {
        cuda::launch_waiting();
        cuda::attend(q, keys, values, sinks, positions, window, record, mix);
    }

    static void expert_linear(ConstMatrixView x, XRows x_rows, ConstIdsView ids,
                              ExpertStack all_experts, ConstMatrixView bias, MatrixView y) {
        require_expert_linear_shapes(x, x_rows, ids, all_experts, bias, y);
        cuda::launch_waiting();
        cuda::waiting_ops.expert_linear = {x, x_rows, ids, all_experts, bias, y};
    }

    static void swiglu(ConstMatrixView h, float limit, double alpha, MatrixView y) {
        require_swiglu_shapes(h, y);
        const std::optional<cuda::ExpertCall> call = cuda::waiting_ops.expert_linear;
        if (call && call->y.data == h.data && cuda::has_wide_rows(call->x, call->all_experts)) {
            cuda::waiting_ops = {};
            cuda::expert_swiglu(*call, limit, alpha, y);
        } else {
            cuda::launch_waiting();
            cuda::swiglu(h, limit, alpha, y);
        }
    }

    static void combine(ConstMatrixView expert_out, ConstMatrixView weights, MatrixView out) {
        require_combine_shapes(expert_out, weights, out);
        cuda::launch_waiting();
        cuda::waiting_ops.combine = {expert_out, weights, out};
    }

    static constexpr auto rmsnorm = &cuda::AtOnce<&cuda::rmsnorm>::run;
    static constexpr auto rope_table = &cuda::AtOnce<&cuda::rope_table>::run;
    static constexpr auto route = &cuda::AtOnce<&cuda::route>::run;
    static constexpr auto unembed = &cuda::AtOnce<&cuda::unembed>::run;
    static constexpr auto sample = &cuda::AtOnce<&cuda::sample>::run;
};

static_assert(has_same_signatures<CudaDecodeOps, ScalarOps>());

}  // namespace gptoss
