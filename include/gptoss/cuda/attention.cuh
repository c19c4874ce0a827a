// Twin of layers/attention.hpp, which holds formula, shapes and pitfalls. What differs: one thread
// per token and head. It has no memory for its scores, so it computes each of them three times: for
// the maximum, for the denominator, and for the mix. The faster kernel below it is in use unless
// scores or weights are recorded or heads are wider than 128.
#pragma once
#include <algorithm>

#include "gptoss/cuda/check.cuh"
#include "gptoss/cuda/fault.cuh"
#include "gptoss/cuda/launch.cuh"
#include "gptoss/cuda/warp.cuh"
#include "gptoss/layers/attention.hpp"

namespace gptoss::cuda {

// --- cache_store ------------------------------------------------------------------------------

static __global__ void cache_store_kernel(ConstMatrixView x, ConstIdsView positions,
                                          MatrixView cache) {
    wait_for_previous_kernel();
    const int t = int(blockIdx.x);
    const int slot = positions.data[t] % cache.rows;
    const float* x_t = x.row(t);         // (n_kv_heads * head_dim)
    float* cache_row = cache.row(slot);  // (n_kv_heads * head_dim)
    for (int i = first_column(); i < x.cols; i += column_stride()) {
        cache_row[i] = x_t[i];
    }
}

// gptoss::cuda::cache_store
inline void cache_store(ConstMatrixView x, ConstIdsView positions, MatrixView cache) {
    const int n_tokens = x.rows;
    require_extent("cuda::cache_store", "positions.rows", positions.rows, n_tokens, "x.rows");
    require_extent("cuda::cache_store", "cache.cols", cache.cols, x.cols, "x.cols");
    require_at_least("cuda::cache_store", "cache.rows", cache.rows, n_tokens, "x.rows");
    if (n_tokens == 0) return;
    cache_store_kernel<<<thread_per_element(n_tokens, x.cols), kThreads>>>(x, positions, cache);
    check_launch("cuda::cache_store");
}

// --- attend -----------------------------------------------------------------------------------

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

__device__ inline float score_of(const AttendOperands& a, const Query& query, int s) {
    const float* k_sg = cached(a.keys, query, s);  // (head_dim)
    float dot = 0.0f;
    for (int d = 0; d < query.head_dim; ++d) {
        dot += query.q_th[d] * k_sg[d];
    }
    return dot * query.scale;
}

// Leaves value where it is recorded, if it is.
__device__ inline void record_value(MatrixView record, int row, int col, float value) {
    if (record.data != nullptr) record.row(row)[col] = value;
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

static __global__ void attend_kernel(AttendOperands a, Fault* fault) {
    wait_for_previous_kernel();
    const int t = int(blockIdx.x);
    const int n_heads = a.sinks.size;
    if (!fits_cache(a, t, fault)) return;
    for (int h = int(threadIdx.x); h < n_heads; h += int(blockDim.x)) {
        attend_head(a, t, h);
    }
}

// New: online softmax, in one pass over the positions. What is summed up so far belongs to the
// largest score so far; when a larger one comes, the sums shrink by exp(old maximum - new one).
// Eight warps share the positions of a head, each with sums of its own, which are added at the end.
// Source   Milakov and Gimelshein 2018, Online normalizer calculation for softmax, algorithm 3.
inline constexpr int kAttendWarps = 8;
inline constexpr int kPositionsAhead = 4;  // whose keys and values are on their way at a time
inline constexpr int kChannelsOfLane = 4;  // lane, lane + 32, ...
inline constexpr int kMostHeadDim = kChannelsOfLane * kWarpSize;

// Of the positions that a warp has seen; maximum is at least the sink.
struct RunningSoftmax {
    float maximum;
    float denominator;           // sum of exp(score - maximum)
    float mix[kChannelsOfLane];  // sum of exp(score - maximum) * v
};

// This lane's channels of a query, key or value; 0 beyond head_dim.
__device__ inline void load_channels(const float* row, int head_dim, float* channels) {
    for (int c = 0; c < kChannelsOfLane; ++c) {
        const int d = lane_of_warp() + c * kWarpSize;
        channels[c] = d < head_dim ? row[d] : 0.0f;
    }
}

__device__ inline void add_position(RunningSoftmax& running, float score, const float* v) {
    const float maximum = fmaxf(running.maximum, score);
    const float shrink = expf(running.maximum - maximum);
    const float weight = expf(score - maximum);
    running.denominator = running.denominator * shrink + weight;
    for (int c = 0; c < kChannelsOfLane; ++c) {
        running.mix[c] = running.mix[c] * shrink + weight * v[c];
    }
    running.maximum = maximum;
}

// The positions first + warp, first + warp + kAttendWarps, ...; warp 0 also has the sink.
__device__ inline RunningSoftmax attend_share(const AttendOperands& a, const Query& query, int warp,
                                              float sink) {
    float q[kChannelsOfLane];
    load_channels(query.q_th, query.head_dim, q);
    RunningSoftmax running = {sink, warp == 0 ? 1.0f : 0.0f, {}};
    for (int s = query.first + warp; s <= query.position; s += kPositionsAhead * kAttendWarps) {
        float k[kPositionsAhead][kChannelsOfLane];
        float v[kPositionsAhead][kChannelsOfLane];
#pragma unroll
        for (int n = 0; n < kPositionsAhead; ++n) {
            const int seen = min(s + n * kAttendWarps, query.position);
            load_channels(cached(a.keys, query, seen), query.head_dim, k[n]);
            load_channels(cached(a.values, query, seen), query.head_dim, v[n]);
        }
#pragma unroll
        for (int n = 0; n < kPositionsAhead; ++n) {
            if (s + n * kAttendWarps > query.position) break;  // the whole warp does
            float dot = 0.0f;
            for (int c = 0; c < kChannelsOfLane; ++c) {
                dot += q[c] * k[n][c];
            }
            add_position(running, warp_sum(dot) * query.scale, v[n]);
        }
    }
    return running;
}

static __global__ void attend_online_kernel(AttendOperands a, Fault* fault) {
    wait_for_previous_kernel();
    const int t = int(blockIdx.x);
    const int h = int(blockIdx.y);
    const int warp = int(threadIdx.x) / kWarpSize;
    if (!fits_cache(a, t, fault)) return;
    const Query query = query_of(a, t, h);
    const float sink = a.sinks.data[h];
    float* mix_th = a.mix.row(t) + h * query.head_dim;  // (head_dim)

    __shared__ float maximum_of[kAttendWarps];
    __shared__ float denominator_of[kAttendWarps];
    __shared__ float mix_of[kAttendWarps][kMostHeadDim];
    const RunningSoftmax running = attend_share(a, query, warp, sink);
    if (lane_of_warp() == 0) {  // the same in all lanes
        maximum_of[warp] = running.maximum;
        denominator_of[warp] = running.denominator;
    }
    for (int c = 0; c < kChannelsOfLane; ++c) {
        mix_of[warp][lane_of_warp() + c * kWarpSize] = running.mix[c];
    }
    __syncthreads();

    float maximum = sink;
    for (int other = 0; other < kAttendWarps; ++other) {
        maximum = fmaxf(maximum, maximum_of[other]);
    }
    float denominator = 0.0f;
    for (int other = 0; other < kAttendWarps; ++other) {
        denominator += denominator_of[other] * expf(maximum_of[other] - maximum);
    }
    for (int d = int(threadIdx.x); d < query.head_dim; d += int(blockDim.x)) {
        float sum = 0.0f;
        for (int other = 0; other < kAttendWarps; ++other) {
            sum += mix_of[other][d] * expf(maximum_of[other] - maximum);
        }
        mix_th[d] = sum / denominator;
    }
    if (threadIdx.x == 0) {
        record_value(a.record.sink_share, t, h, expf(sink - maximum) / denominator);
    }
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

// gptoss::cuda::attend
inline void attend(ConstMatrixView q, ConstMatrixView keys, ConstMatrixView values,
                   ConstVectorView sinks, ConstIdsView positions, int window,
                   AttentionRecord record, MatrixView mix) {
    const AttendOperands a{q, keys, values, sinks, positions, window, record, mix};
    require_attend_extents(a);
    if (q.rows == 0) return;
    const int n_heads = sinks.size;
    const bool is_recorded = record.scores.data != nullptr || record.weights.data != nullptr;
    if (!is_recorded && q.cols / n_heads <= kMostHeadDim) {
        const dim3 grid = dim3(unsigned(q.rows), unsigned(n_heads));
        attend_online_kernel<<<grid, kAttendWarps * kWarpSize>>>(a, device_fault());
    } else {
        const int n_threads = std::min(n_heads, kThreads);
        attend_kernel<<<block_per_row(q.rows), n_threads>>>(a, device_fault());
    }
    check_launch("cuda::attend");
}

}  // namespace gptoss::cuda
