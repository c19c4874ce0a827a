// The kernel of attention at decode: the positions of a query split over blocks, one pass over them.
//
// New: the eight query heads of a kv head meet its keys and values together, so each is read once, and
// a warp takes 32 positions at a time, so its lanes meet for the maximum and not for every sum.
//
//     the positions that a token sees           a block each, times the kv heads
//     | split 0    | split 1    |  ...  | |     128 positions, or a multiple of it; the last has the rest
//     |32|32|32|32|32|32|32|32|                 groups, for the four warps of a block in turn
//
// In the end a warp leaves its part of each head in shared memory and the block merges them
// (cuda/attention_merge.cuh): into the mix if there is one split, else into a part that
// attend_merge_kernel merges with those of the other splits.
//
// Source   Dao et al. 2023, Flash-Decoding for long-context inference; the online softmax is algorithm 3
//          of Milakov and Gimelshein 2018, Online normalizer calculation for softmax.
// Pitfalls The sink counts once: in warp 0 of split 0. All blocks share part_memory, so steps of two host
//          threads must not run at a time.
#pragma once
#include "gptoss/cuda/attention_group.cuh"

namespace gptoss::cuda {

// So that a block has 41 KiB of shared memory, of the 48 that it may have without asking.
inline constexpr int kSplitWarps = 4;
inline constexpr int kSplitThreads = kSplitWarps * kWarpSize;

static_assert(kSplitPositions == kSplitWarps * kWarpSize);

// What a block has in shared memory. Rows are keys; in the end, parts of heads.
struct alignas(16) SplitTile {
    float queries[kHeadsTogether][kWidestSplitHead];
    float rows[kSplitWarps][kWarpSize][kPartFloats];
    float weights[kSplitWarps][kWarpSize][kHeadsTogether];
};

// The heads of a block, which share a kv head.
struct HeadsTogether {
    int first;
    int count;
};

// In y there is a block for every eight heads of a kv head, or for the rest of them.
__device__ inline HeadsTogether heads_of_block(const AttendOperands& a) {
    const int n_kv_heads = a.keys.cols / (a.q.cols / a.sinks.size);
    const int n_sharing = a.sinks.size / n_kv_heads;
    const int n_blocks = int(gridDim.y) / n_kv_heads;
    const int g = int(blockIdx.y) / n_blocks;
    const int begin = int(blockIdx.y) % n_blocks * kHeadsTogether;
    return {g * n_sharing + begin, min(kHeadsTogether, n_sharing - begin)};
}

// Zeros where there is no head or no channel.
__device__ inline void load_queries(const AttendOperands& a, int t, const HeadsTogether& heads,
                                    float (*queries)[kWidestSplitHead]) {
    const int head_dim = a.q.cols / a.sinks.size;
    const float* q_t = a.q.row(t) + heads.first * head_dim;  // (heads.count * head_dim)
    for (int i = int(threadIdx.x); i < kHeadsTogether * kLanesOfRow; i += kSplitThreads) {
        const int j = i / kLanesOfRow;
        const int d = i % kLanesOfRow * 4;
        float4 q = {0, 0, 0, 0};
        if (j < heads.count && d < head_dim) q = load4(q_t + j * head_dim + d);
        store4(&queries[j][d], q);
    }
}

// The sink is the first maximum of all: so there is one, even if every score of a part is -inf.
__device__ inline RunningSoftmax begin_softmax(const AttendOperands& a, const HeadsTogether& heads,
                                               bool counts_sink) {
    RunningSoftmax running;
#pragma unroll
    for (int j = 0; j < kHeadsTogether; ++j) {
        running.maximum[j] = j < heads.count ? a.sinks.data[heads.first + j] : 0.0f;
        running.denominator[j] = counts_sink && lane_of_warp() == 0 ? 1.0f : 0.0f;
        running.mix[j] = {0, 0, 0, 0};
    }
    return running;
}

// --- A warp -----------------------------------------------------------------------------------

// Those of the positions from begin to end that are this warp's turn.
__device__ inline void attend_groups(const AttendOperands& a, const Query& query, int begin,
                                     int end, SplitTile& tile, RunningSoftmax& running) {
    const int warp = int(threadIdx.x) / kWarpSize;
    for (int s = begin + warp * kWarpSize; s < end; s += kSplitPositions) {
        const Group group = group_of(a, s, end);
        prefetch_group(a.values, query, group);
        const int next = s + kSplitPositions;
        if (next < end) prefetch_group(a.keys, query, group_of(a, next, end));

        stage_keys(a, query, group, tile.rows[warp]);
        __syncwarp();
        float scores[kHeadsTogether];
        score_group(tile.queries, tile.rows[warp][lane_of_warp()], scores);
        soften_group(scores, query.scale, lane_of_warp() <= group.last, running,
                     tile.weights[warp][lane_of_warp()]);
        __syncwarp();  // which is also before the next keys overwrite these
        mix_group(a, query, group, tile.weights[warp], running.mix);
    }
}

__device__ inline void leave_parts(const RunningSoftmax& running, float (*parts)[kPartFloats]) {
#pragma unroll
    for (int j = 0; j < kHeadsTogether; ++j) {
        const float denominator = warp_sum(running.denominator[j]);
        const float4 mix = sum_of_rows(running.mix[j]);
        if (first_row_of_lane() == 0) store4(&parts[j][first_channel_of_lane()], mix);
        if (lane_of_warp() != 0) continue;
        parts[j][kMaximumOfPart] = running.maximum[j];
        parts[j][kDenominatorOfPart] = denominator;
    }
}

static __global__ void __launch_bounds__(kSplitThreads)
    attend_split_kernel(AttendOperands a, int most_splits, MatrixView parts, Fault* fault) {
    wait_for_previous_kernel();
    const int n_splits = parts.rows / a.q.rows;
    const int t = int(blockIdx.x) / n_splits;
    const int split = int(blockIdx.x) % n_splits;
    if (!fits_cache(a, t, fault)) return;
    const HeadsTogether heads = heads_of_block(a);
    const Query query = query_of(a, t, heads.first);
    const int n_positions = positions_of_split(query, most_splits);
    const int begin = query.first + split * n_positions;
    const int end = min(begin + n_positions, query.position + 1);
    if (begin >= end) return;  // no merge asks for it

    __shared__ SplitTile tile;
    load_queries(a, t, heads, tile.queries);
    __syncthreads();
    const int warp = int(threadIdx.x) / kWarpSize;
    RunningSoftmax running = begin_softmax(a, heads, split == 0 && warp == 0);
    attend_groups(a, query, begin, end, tile, running);
    leave_parts(running, tile.rows[warp]);
    __syncthreads();

    const std::size_t to_next_warp = kWarpSize * kPartFloats;
    for (int i = int(threadIdx.x); i < heads.count * query.head_dim; i += kSplitThreads) {
        const int j = i / query.head_dim;
        const int d = i % query.head_dim;
        const PartChannel all = merged(tile.rows[0][j], to_next_warp, kSplitWarps, d);
        if (n_splits == 1) {
            store_channel(a, t, heads.first + j, d, all);
        } else {
            store_part(parts.row(int(blockIdx.x)) + (heads.first + j) * kPartFloats, d, all);
        }
    }
}

inline bool fits_splits(const AttendOperands& a) {
    const int head_dim = a.q.cols / a.sinks.size;
    return head_dim <= kWidestSplitHead && head_dim % 4 == 0 && is_aligned(a.q.data) &&
           is_aligned(a.keys.data) && is_aligned(a.values.data);
}

inline void attend_in_splits(const AttendOperands& a) {
    const int n_heads = a.sinks.size;
    const int n_kv_heads = a.keys.cols / (a.q.cols / n_heads);
    const int n_teams = (n_heads / n_kv_heads + kHeadsTogether - 1) / kHeadsTogether;
    const int n_splits = launched_splits(a);
    float* const memory = part_memory();  // taken before a step is recorded that needs it
    const MatrixView parts = {n_splits == 1 ? nullptr : memory, a.q.rows * n_splits,
                              n_heads * kPartFloats};
    const dim3 grid = dim3(unsigned(parts.rows), unsigned(n_kv_heads * n_teams));
    attend_split_kernel<<<grid, kSplitThreads>>>(a, most_splits(a), parts, device_fault());
    if (n_splits == 1) return;
    const dim3 block_per_head = dim3(unsigned(a.q.rows), unsigned(n_heads));
    attend_merge_kernel<<<block_per_head, kWidestSplitHead>>>(a, most_splits(a), parts,
                                                              device_fault());
}

}  // namespace gptoss::cuda
