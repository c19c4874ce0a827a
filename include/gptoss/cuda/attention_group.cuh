// Attention of eight queries over a group: 32 positions that follow each other, or what is left of them,
// by a warp. Their keys and values lie in the ring of a cache.
//
//     of a group    lane l has                                    and shares, in shared memory
//     keys          4 channels of 16 rows                         all keys
//     scores        position l: its key times eight queries
//     weights       position l, of eight heads                    all weights
//     mix           4 channels of 16 rows, of eight heads
//
//     4 channels of 16 rows: 4 (l % 16) to 4 (l % 16) + 3 of the rows l / 16, l / 16 + 2, ...; so 16
//     lanes read the 256 bytes of a row in one piece
//
// Where    cuda/attention_split.cuh.
// Source   Milakov and Gimelshein 2018, Online normalizer calculation for softmax, algorithm 3.
// Pitfalls Behind the last position lie rows that nobody has written, or another position's: those rows of
//          a group are the last one again, and get no weight. Rows in shared memory are as long as parts
//          (cuda/attention_merge.cuh), which come to lie there in the end.
#pragma once
#include "gptoss/cuda/attention_merge.cuh"

namespace gptoss::cuda {

inline constexpr int kHeadsTogether = 8;  // as many as share a kv head in the released models
inline constexpr int kLanesOfRow = kWidestSplitHead / 4;
inline constexpr int kRowsTogether = kWarpSize / kLanesOfRow;
inline constexpr int kRowsAhead = 8;                            // of a lane, on their way at a time
inline constexpr int kRowsOfHalf = kRowsAhead * kRowsTogether;  // of a group

static_assert(2 * kRowsOfHalf == kWarpSize);

// Of what a warp has seen, for each of eight heads.
struct RunningSoftmax {
    float maximum[kHeadsTogether];      // the same in all lanes
    float denominator[kHeadsTogether];  // sum of exp(score - maximum), of this lane's positions
    float4 mix[kHeadsTogether];         // sum of exp(score - maximum) * v, of this lane's channels
};

struct Group {
    int first_slot;  // where the cache has the first position
    int last;        // 31 in a full one
};

// Of the positions from s on, before end.
__device__ inline Group group_of(const AttendOperands& a, int s, int end) {
    return {s % a.keys.rows, min(kWarpSize, end - s) - 1};
}

// Row n of what this lane reads, from channel d on; behind the last row, that one again. No more positions
// are seen than the ring has rows, so its end is passed once at most. Nothing is negative, and the
// compiler need not extend signs.
__device__ inline const float* row_of(ConstMatrixView cache, const Query& query, const Group& group,
                                      int n, int d) {
    const int slot = group.first_slot + min(n, group.last);
    const auto slot_of_ring = unsigned(slot < cache.rows ? slot : slot - cache.rows);
    const float* of_head = cache.data + unsigned(query.g * query.head_dim + d);
    return of_head + std::size_t(slot_of_ring) * unsigned(cache.cols);
}

// Asks for all rows, a row by each lane.
__device__ inline void prefetch_group(ConstMatrixView cache, const Query& query,
                                      const Group& group) {
    const float* row = row_of(cache, query, group, lane_of_warp(), 0);  // (head_dim)
#pragma unroll
    for (int d = 0; d < kWidestSplitHead; d += kCacheLineBytes / int(sizeof(float))) {
        if (d < query.head_dim) prefetch_line(row + d);
    }
}

__device__ inline int first_channel_of_lane() {
    return lane_of_warp() % kLanesOfRow * 4;
}
__device__ inline int first_row_of_lane() {
    return lane_of_warp() / kLanesOfRow;
}

// This lane's channels of the rows n, n + 2, ...; beyond head_dim, the last ones again: there queries
// are zero, and nobody stores a mix.
__device__ inline void load_rows(ConstMatrixView cache, const Query& query, const Group& group,
                                 int n, float4* rows) {
    const int d = min(first_channel_of_lane(), query.head_dim - 4);
#pragma unroll
    for (int i = 0; i < kRowsAhead; ++i) {
        rows[i] = load4(row_of(cache, query, group, n + i * kRowsTogether, d));
    }
}

// --- From keys to mix -------------------------------------------------------------------------

__device__ inline void stage_keys(const AttendOperands& a, const Query& query, const Group& group,
                                  float (*rows)[kPartFloats]) {
#pragma unroll
    for (int half = 0; half < kWarpSize; half += kRowsOfHalf) {
        const int n = half + first_row_of_lane();
        float4 keys[kRowsAhead];
        load_rows(a.keys, query, group, n, keys);
#pragma unroll
        for (int i = 0; i < kRowsAhead; ++i) {
            store4(&rows[n + i * kRowsTogether][first_channel_of_lane()], keys[i]);
        }
    }
}

// Eight queries times the key of this lane.
__device__ inline void score_group(const float (*queries)[kWidestSplitHead], const float* key,
                                   float* scores) {
#pragma unroll
    for (int j = 0; j < kHeadsTogether; ++j) {
        scores[j] = 0.0f;
    }
#pragma unroll
    for (int d = 0; d < kWidestSplitHead; d += 4) {
        const float4 k = load4(key + d);
#pragma unroll
        for (int j = 0; j < kHeadsTogether; ++j) {
            const float4 q = load4(&queries[j][d]);
            scores[j] = q.x * k.x + scores[j];  // one by one, each is fused
            scores[j] = q.y * k.y + scores[j];
            scores[j] = q.z * k.z + scores[j];
            scores[j] = q.w * k.w + scores[j];
        }
    }
}

// A step of the online softmax: scores become weights, and what was summed up so far shrinks.
__device__ inline void soften_group(const float* scores, float scale, bool is_seen,
                                    RunningSoftmax& running, float* weights) {
    float weight[kHeadsTogether];
#pragma unroll
    for (int j = 0; j < kHeadsTogether; ++j) {
        const float score = is_seen ? scores[j] * scale : -INFINITY;
        const float maximum = fmaxf(running.maximum[j], lanes_max<kWarpSize>(score));
        const float shrink = expf(running.maximum[j] - maximum);
        weight[j] = expf(score - maximum);
        running.denominator[j] = running.denominator[j] * shrink + weight[j];
        running.mix[j].x *= shrink;
        running.mix[j].y *= shrink;
        running.mix[j].z *= shrink;
        running.mix[j].w *= shrink;
        running.maximum[j] = maximum;
    }
    store4(weights, {weight[0], weight[1], weight[2], weight[3]});
    store4(weights + 4, {weight[4], weight[5], weight[6], weight[7]});
}

__device__ inline void add_weighted(float4& sum, float weight, const float4& v) {
    sum.x += weight * v.x;
    sum.y += weight * v.y;
    sum.z += weight * v.z;
    sum.w += weight * v.w;
}

__device__ inline void mix_group(const AttendOperands& a, const Query& query, const Group& group,
                                 const float (*weights)[kHeadsTogether], float4* mix) {
#pragma unroll
    for (int half = 0; half < kWarpSize; half += kRowsOfHalf) {
        const int n = half + first_row_of_lane();
        float4 v[kRowsAhead];
        load_rows(a.values, query, group, n, v);
#pragma unroll
        for (int i = 0; i < kRowsAhead; ++i) {
            const float4 w_0 = load4(weights[n + i * kRowsTogether]);
            const float4 w_4 = load4(weights[n + i * kRowsTogether] + 4);
            add_weighted(mix[0], w_0.x, v[i]);
            add_weighted(mix[1], w_0.y, v[i]);
            add_weighted(mix[2], w_0.z, v[i]);
            add_weighted(mix[3], w_0.w, v[i]);
            add_weighted(mix[4], w_4.x, v[i]);
            add_weighted(mix[5], w_4.y, v[i]);
            add_weighted(mix[6], w_4.z, v[i]);
            add_weighted(mix[7], w_4.w, v[i]);
        }
    }
}

// Of the same channels in all lanes that have them.
__device__ inline float4 sum_of_rows(float4 sum) {
    static_assert(kRowsTogether == 2);
    sum.x += __shfl_xor_sync(kAllLanes, sum.x, kLanesOfRow);
    sum.y += __shfl_xor_sync(kAllLanes, sum.y, kLanesOfRow);
    sum.z += __shfl_xor_sync(kAllLanes, sum.z, kLanesOfRow);
    sum.w += __shfl_xor_sync(kAllLanes, sum.w, kLanesOfRow);
    return sum;
}

}  // namespace gptoss::cuda
