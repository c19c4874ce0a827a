// Parts of attention: what some of a head's positions come to, and how parts become one.
//
//     a part            0 .. 63   64        65            66, 67
//     (68 floats)       mix       maximum   denominator   nothing
//
//     maximum     = max_i maximum_i
//     denominator = sum_i denominator_i * exp(maximum_i - maximum)
//     mix[d]      = sum_i mix_i[d]      * exp(maximum_i - maximum)
//
// Where    cuda/attention_split.cuh: the warps of a block make parts in shared memory, the blocks of a
//          query in part_memory.
// Source   Milakov and Gimelshein 2018, Online normalizer calculation for softmax, section 3.1.
// Pitfalls Parts are added in their order, and which positions a part has depends on how many are seen
//          and on the number of tokens, not on how long the cache is: the same pass gives the same bits.
//          A split without positions leaves no part, and nobody may read it.
#pragma once
#include "gptoss/cuda/attend_operands.cuh"
#include "gptoss/cuda/warp.cuh"

namespace gptoss::cuda {

inline constexpr int kMaximumOfPart = kWidestSplitHead;
inline constexpr int kDenominatorOfPart = kMaximumOfPart + 1;
inline constexpr int kPartFloats = kWidestSplitHead + 4;  // 64 would lie in the same banks

// Of all heads together: 20b gets 64 splits for one token, in 8 * 64 blocks of eight heads, which is
// two or three for each SM of the largest devices. 1.1 MB.
inline constexpr int kMostParts = 4096;
inline constexpr int kSplitPositions = 128;  // at least; a multiple of it if a split has more

// It never moves, because a recorded step keeps its address, and is never released, as the Fault of
// cuda/fault.cuh.
inline float* part_memory() {
    static float* const memory = [] {
        void* parts = nullptr;
        check("part_memory", cudaMalloc(&parts, sizeof(float) * kMostParts * kPartFloats));
        return static_cast<float*>(parts);
    }();
    return memory;
}

// Into how many splits the positions of a query may be cut.
inline int most_splits(const AttendOperands& a) {
    return std::max(1, kMostParts / (a.q.rows * a.sinks.size));
}

// How many of them a launch needs for whatever the cache can hold. A recorded step keeps that number.
inline int launched_splits(const AttendOperands& a) {
    const int most_visible = a.window == 0 ? a.keys.rows : std::min(a.window, a.keys.rows);
    const int n_full = (most_visible + kSplitPositions - 1) / kSplitPositions;
    return std::min(n_full, most_splits(a));
}

// How many positions a split of the query has, and how many splits have any.
__device__ inline int positions_of_split(const Query& query, int most_splits) {
    const int n_visible = query.position - query.first + 1;
    const int least = (n_visible + most_splits - 1) / most_splits;
    return (least + kSplitPositions - 1) / kSplitPositions * kSplitPositions;
}
__device__ inline int used_splits(const Query& query, int most_splits) {
    const int n_visible = query.position - query.first + 1;
    const int n_positions = positions_of_split(query, most_splits);
    return (n_visible + n_positions - 1) / n_positions;
}

// One channel of a part.
struct PartChannel {
    float maximum;
    float denominator;
    float mix;
};

// Channel d of n_parts parts, each stride floats behind the one before.
__device__ inline PartChannel merged(const float* parts, std::size_t stride, int n_parts, int d) {
    PartChannel all = {-INFINITY, 0.0f, 0.0f};
    for (int i = 0; i < n_parts; ++i) {
        all.maximum = fmaxf(all.maximum, parts[std::size_t(i) * stride + kMaximumOfPart]);
    }
    for (int i = 0; i < n_parts; ++i) {
        const float* part = parts + std::size_t(i) * stride;  // (kPartFloats)
        const float shrink = expf(part[kMaximumOfPart] - all.maximum);
        all.denominator += part[kDenominatorOfPart] * shrink;
        all.mix += part[d] * shrink;
    }
    return all;
}

__device__ inline void store_part(float* part, int d, const PartChannel& all) {
    part[d] = all.mix;
    if (d != 0) return;
    part[kMaximumOfPart] = all.maximum;
    part[kDenominatorOfPart] = all.denominator;
}

__device__ inline void store_channel(const AttendOperands& a, int t, int h, int d,
                                     const PartChannel& all) {
    const int head_dim = a.q.cols / a.sinks.size;
    a.mix.row(t)[h * head_dim + d] = all.mix / all.denominator;
    if (d != 0) return;
    const float sink_exp = expf(a.sinks.data[h] - all.maximum);
    record_value(a.record.sink_share, t, h, sink_exp / all.denominator);
}

// Head h of token t by a block, a channel by each thread. Row t * n_splits + split of parts has the part
// of each head.
static __global__ void __launch_bounds__(kWidestSplitHead)
    attend_merge_kernel(AttendOperands a, int most_splits, MatrixView parts, Fault* fault) {
    wait_for_previous_kernel();
    const int t = int(blockIdx.x);
    const int h = int(blockIdx.y);
    if (!fits_cache(a, t, fault)) return;
    const Query query = query_of(a, t, h);
    const int n_splits = parts.rows / a.q.rows;
    const float* first = parts.row(t * n_splits) + h * kPartFloats;  // (kPartFloats)
    const int n_used = used_splits(query, most_splits);
    for (int d = int(threadIdx.x); d < query.head_dim; d += int(blockDim.x)) {
        store_channel(a, t, h, d, merged(first, std::size_t(parts.cols), n_used, d));
    }
}

}  // namespace gptoss::cuda
