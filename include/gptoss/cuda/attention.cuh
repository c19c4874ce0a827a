// Twin of layers/attention.hpp, which holds formula, shapes and pitfalls. What differs: one thread
// per token and head. It has no memory for its scores, so it computes each of them three times: for
// the maximum, for the denominator, and for the mix. The faster kernels of cuda/attention_split.cuh are
// in use unless scores or weights are recorded or heads are wider than 64.
#pragma once
#include <algorithm>

#include "gptoss/cuda/attention_split.cuh"
#include "gptoss/cuda/check.cuh"

namespace gptoss::cuda {

__device__ inline float score_of(const AttendOperands& a, const Query& query, int s) {
    const float* k_sg = cached(a.keys, query, s);  // (head_dim)
    float dot = 0.0f;
    for (int d = 0; d < query.head_dim; ++d) {
        dot += query.q_th[d] * k_sg[d];
    }
    return dot * query.scale;
}

// Every position of the row, hidden ones too.
__device__ inline void clear_row(MatrixView record, int row, float hidden) {
    if (record.data == nullptr) return;
    for (int s = 0; s < record.cols; ++s) {
        record.row(row)[s] = hidden;
    }
}

__device__ inline void attend_head(const AttendOperands& a, int t, int h) {
    const Query query = query_of(a, t, h);
    const float sink = a.sinks.data[h];
    float* mix_th = a.mix.row(t) + h * query.head_dim;  // (head_dim)
    const int record_row = h * a.q.rows + t;
    clear_row(a.record.scores, record_row, -INFINITY);
    clear_row(a.record.weights, record_row, 0.0f);

    float maximum = sink;
    for (int s = query.first; s <= query.position; ++s) {
        const float score = score_of(a, query, s);
        maximum = fmaxf(maximum, score);
        record_value(a.record.scores, record_row, s, score);
    }
    float denominator = 0.0f;
    for (int s = query.first; s <= query.position; ++s) {
        denominator += expf(score_of(a, query, s) - maximum);
    }
    const float sink_exp = expf(sink - maximum);
    denominator += sink_exp;
    record_value(a.record.sink_share, t, h, sink_exp / denominator);

    for (int d = 0; d < query.head_dim; ++d) {
        mix_th[d] = 0.0f;
    }
    for (int s = query.first; s <= query.position; ++s) {
        const float weight = expf(score_of(a, query, s) - maximum) / denominator;
        const float* v_sg = cached(a.values, query, s);  // (head_dim)
        for (int d = 0; d < query.head_dim; ++d) {
            mix_th[d] += weight * v_sg[d];
        }
        record_value(a.record.weights, record_row, s, weight);
    }
}

static __global__ void attend_kernel(AttendOperands a, Fault* fault) {
    wait_for_previous_kernel();
    const int t = int(blockIdx.x);
    const int n_heads = a.sinks.size;
    if (!fits_cache(a, t, fault)) return;
    for (int h = int(threadIdx.x); h < n_heads; h += int(blockDim.x)) {
        attend_head(a, t, h);
    }
}

// gptoss::cuda::attend
inline void attend(ConstMatrixView q, ConstMatrixView keys, ConstMatrixView values,
                   ConstVectorView sinks, ConstIdsView positions, int window,
                   AttentionRecord record, MatrixView mix) {
    const AttendOperands a{q, keys, values, sinks, positions, window, record, mix};
    require_attend_extents(a);
    if (q.rows == 0) return;
    const bool is_recorded = record.scores.data != nullptr || record.weights.data != nullptr;
    if (!is_recorded && fits_splits(a)) {
        attend_in_splits(a);
    } else {
        const int n_threads = std::min(sinks.size, kThreads);
        attend_kernel<<<block_per_row(q.rows), n_threads>>>(a, device_fault());
    }
    check_launch("cuda::attend");
}

}  // namespace gptoss::cuda
