// What the kernels of attention share: their operands, and what one query of them sees.
//
// Where    cuda/attention.cuh, cuda/attention_split.cuh, cuda/tile_attention.cuh.
// Pitfalls Positions are on the device: whether the cache holds what they see is found out in a kernel,
//          and told as a fault.
#pragma once
#include "gptoss/core/check.hpp"
#include "gptoss/cuda/fault.cuh"
#include "gptoss/cuda/launch.cuh"
#include "gptoss/layers/attention.hpp"

namespace gptoss::cuda {

inline constexpr int kWidestSplitHead = 64;  // that cuda/attention_split.cuh takes

// What attend is given, as one argument of its kernels.
struct AttendOperands {
    ConstMatrixView q;       // (n_tokens, n_heads * head_dim)
    ConstMatrixView keys;    // (capacity, n_kv_heads * head_dim)
    ConstMatrixView values;  // (capacity, n_kv_heads * head_dim)
    ConstVectorView sinks;   // (n_heads)
    ConstIdsView positions;  // (n_tokens)
    int window = 0;
    AttentionRecord record;
    MatrixView mix;  // (n_tokens, n_heads * head_dim)
};

// One query head and the positions it sees: first <= s <= position.
struct Query {
    const float* q_th;  // (head_dim)
    int g;              // the kv head it reads
    int head_dim;
    int first;
    int position;
    float scale;  // 1 / sqrt(head_dim)
};

__device__ inline Query query_of(const AttendOperands& a, int t, int h) {
    const int n_heads = a.sinks.size;
    const int head_dim = a.q.cols / n_heads;
    const int n_kv_heads = a.keys.cols / head_dim;
    const int queries_per_kv_head = n_heads / n_kv_heads;
    const int position = a.positions.data[t];
    const int window_start = position - a.window + 1;
    const int first = a.window == 0 || window_start < 0 ? 0 : window_start;
    const float scale = 1.0f / sqrtf(float(head_dim));
    return {a.q.row(t) + h * head_dim, h / queries_per_kv_head, head_dim, first, position, scale};
}

// Where position s of the query's kv head is in keys or values.
__device__ inline const float* cached(ConstMatrixView cache, const Query& query, int s) {
    return cache.row(s % cache.rows) + query.g * query.head_dim;  // (head_dim)
}

// Leaves value where it is recorded, if it is.
__device__ inline void record_value(MatrixView record, int row, int col, float value) {
    if (record.data != nullptr) record.row(row)[col] = value;
}

// The mix of a token whose positions the cache cannot hold: told as a fault, and zeros.
__device__ inline bool fits_cache(const AttendOperands& a, int t, Fault* fault) {
    const Query query = query_of(a, t, 0);
    const int n_visible = query.position - query.first + 1;
    if (n_visible <= a.keys.rows) return true;
    if (threadIdx.x == 0) report(fault, FaultKind::short_cache, t, n_visible, a.keys.rows);
    for (int i = int(threadIdx.x); i < a.mix.cols; i += int(blockDim.x)) {
        a.mix.row(t)[i] = 0.0f;
    }
    return false;
}

inline void require_record_rows(const char* operand, ConstMatrixView record, int n_rows) {
    if (record.data == nullptr) return;
    require_extent("cuda::attend", operand, record.rows, n_rows, "n_heads * n_tokens");
}

// All that can be checked without reading positions, which are on the device.
inline void require_attend_extents(const AttendOperands& a) {
    const char* const op = "cuda::attend";
    const int n_tokens = a.q.rows;
    const int n_heads = a.sinks.size;
    require_multiple(op, "q.cols", a.q.cols, n_heads, "sinks.size");
    const int head_dim = a.q.cols / n_heads;
    require_multiple(op, "keys.cols", a.keys.cols, head_dim, "head_dim");
    require_multiple(op, "sinks.size", n_heads, a.keys.cols / head_dim, "kv heads in keys.cols");
    require_shape(op, "values", a.values, a.keys.rows, a.keys.cols);
    require_extent(op, "positions.rows", a.positions.rows, n_tokens, "q.rows");
    require_shape(op, "mix", a.mix, n_tokens, a.q.cols);
    require_record_rows("record.scores", a.record.scores, n_heads * n_tokens);
    require_record_rows("record.weights", a.record.weights, n_heads * n_tokens);
    if (a.record.sink_share.data != nullptr) {
        require_shape(op, "record.sink_share", a.record.sink_share, n_tokens, n_heads);
    }
}

}  // namespace gptoss::cuda
