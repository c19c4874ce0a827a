// Twin of attend in layers/attention.hpp for prompts, on tensor cores. What differs: queries, keys,
// values and weights are rounded to BF16; a block takes 32 queries of one kv head, some tokens times
// the heads that share it, and meets the keys 64 at a time with an online softmax, as
// attend_split_kernel does 32 at a time (cuda/attention_split.cuh). What this does not take (few
// tokens, recorded scores, heads wider than 64) goes to cuda/attention.cuh, unrounded.
//
//     scores (32 queries, 64 keys)       mix (32 queries, head_dim up to 64)
//              keys                               channels
//              0       32      64                 0       32      64
//            0 +-------+-------+                0 +-------+-------+
//     queries  | warp 0| warp 1|                  | warp 0| warp 1|
//           16 +-------+-------+               16 +-------+-------+
//              | warp 2| warp 3|                  | warp 2| warp 3|
//           32 +-------+-------+               32 +-------+-------+
//
//     Between the two products, query r has the threads 4 r to 4 r + 3: thread 4 r + part takes keys
//     and channels part, part + 4, ... They are neighbours in a warp, so two shuffles add them up.
//     Query r is head r % n_heads of token r / n_heads, n_heads being those that share the kv head:
//     8 in the released models, so a block takes 4 tokens.
//
// Source   Dao et al. 2022, FlashAttention, algorithm 1.
#pragma once
#include "gptoss/cuda/attention.cuh"
#include "gptoss/cuda/load_fragment.cuh"

namespace gptoss::cuda {

// What a block has in shared memory (AttendTile) is then 45 KiB, of the 48 that it may have without
// asking.
inline constexpr int kTileQueries = 32;
inline constexpr int kTileKeys = 64;
inline constexpr int kTileChannels = 64;  // the widest head
// Longer than a row by what is not used: the rows of a fragment then begin in different banks. Strides of
// a fragment are multiples of 8 numbers in BF16, of 4 in float.
inline constexpr int kTileStride = kTileKeys + 8;
inline constexpr int kTileSumStride = kTileKeys + 4;
inline constexpr int kAttendTileWarps = 4;  // each computes 16 queries times 32 keys or channels
inline constexpr int kAttendTileThreads = kAttendTileWarps * kWarpSize;
inline constexpr int kThreadsOfQuery = kAttendTileThreads / kTileQueries;

// What a block has in shared memory.
struct alignas(kFragmentAlignment) AttendTile {
    std::uint16_t q[kTileQueries][kTileStride];
    std::uint16_t k[kTileKeys][kTileStride];
    std::uint16_t v[kTileKeys][kTileStride];
    std::uint16_t weights[kTileQueries][kTileStride];  // exp(score - maximum)
    float scores[kTileQueries][kTileSumStride];
    float mix[kTileQueries][kTileSumStride];  // sum of weight * v
    float maximum[kTileQueries];
    float denominator[kTileQueries];
    int first[kTileQueries];  // the positions that a query sees
    int position[kTileQueries];
};

// The queries of a block: all heads of kv head g, for the tokens from first_t on.
struct TileQueries {
    int g;
    int n_heads;  // that share g
    int first_t;
    int n_tokens;

    __device__ int count() const { return n_tokens * n_heads; }
    __device__ int token(int r) const { return first_t + r / n_heads; }
    __device__ int head(int r) const { return g * n_heads + r % n_heads; }
};

__device__ inline void begin_tile(const AttendOperands& a, const TileQueries& queries, int head_dim,
                                  AttendTile& tile) {
    const int pieces_per_row = head_dim / kPieceChannels;
    for (int p = int(threadIdx.x); p < kTileQueries * pieces_per_row; p += kAttendTileThreads) {
        const int r = p / pieces_per_row;
        const int d = p % pieces_per_row * kPieceChannels;
        uint4 piece = {0, 0, 0, 0};
        if (r < queries.count()) {
            piece = rounded_piece(a.q.row(queries.token(r)) + queries.head(r) * head_dim + d);
        }
        store_piece(&tile.q[r][d], piece);
    }
    for (int n = int(threadIdx.x); n < kTileQueries * kTileSumStride; n += kAttendTileThreads) {
        tile.mix[n / kTileSumStride][n % kTileSumStride] = 0.0f;
    }
    for (int r = int(threadIdx.x); r < kTileQueries; r += kAttendTileThreads) {
        const bool is_there = r < queries.count();
        const int t = is_there ? queries.token(r) : 0;
        const int h = is_there ? queries.head(r) : 0;
        const Query query = query_of(a, t, h);
        tile.maximum[r] = a.sinks.data[h];
        tile.denominator[r] = 1.0f;  // the sink's own exp(sink - maximum)
        tile.first[r] = is_there ? query.first : 0;
        tile.position[r] = is_there ? query.position : -1;
    }
}

__device__ inline bool sees(const AttendTile& tile, int r, int s) {
    return tile.first[r] <= s && s <= tile.position[r];
}

// Keys and values of the positions s to s + 63; zeros for one that no query sees, whose place in
// the cache may hold anything.
__device__ inline void load_keys(const AttendOperands& a, const TileQueries& queries, int head_dim,
                                 int s, AttendTile& tile) {
    const int pieces_per_row = head_dim / kPieceChannels;
    for (int p = int(threadIdx.x); p < kTileKeys * pieces_per_row; p += kAttendTileThreads) {
        const int i = p / pieces_per_row;
        const int d = p % pieces_per_row * kPieceChannels;
        bool is_seen = false;
        for (int r = 0; r < queries.count(); r += queries.n_heads) {
            is_seen = is_seen || sees(tile, r, s + i);
        }
        uint4 key = {0, 0, 0, 0};
        uint4 value = {0, 0, 0, 0};
        if (is_seen) {
            const int slot = (s + i) % a.keys.rows;
            key = rounded_piece(a.keys.row(slot) + queries.g * head_dim + d);
            value = rounded_piece(a.values.row(slot) + queries.g * head_dim + d);
        }
        store_piece(&tile.k[i][d], key);
        store_piece(&tile.v[i][d], value);
    }
}

// The 16 queries of a warp, and the first of its two times 16 keys or channels.
__device__ inline int first_query_of_warp() {
    return int(threadIdx.x) / kWarpSize / 2 * kFragment;
}
__device__ inline int first_column_of_pair() {
    return int(threadIdx.x) / kWarpSize % 2 * 2 * kFragment;
}

// scores = q k, before they are scaled
__device__ inline void score_tile(int head_dim, AttendTile& tile) {
    const int r = first_query_of_warp();
    for (int i = first_column_of_pair(); i < first_column_of_pair() + 2 * kFragment;
         i += kFragment) {
        SumFragment sums;
        nvcuda::wmma::fill_fragment(sums, 0.0f);
        for (int d = 0; d < head_dim; d += kFragment) {
            RowFragment q;
            ColumnFragment k;
            load_fragment(q, &tile.q[r][d], kTileStride);
            load_fragment(k, &tile.k[i][d], kTileStride);
            nvcuda::wmma::mma_sync(sums, q, k, sums);
        }
        nvcuda::wmma::store_matrix_sync(&tile.scores[r][i], sums, kTileSumStride,
                                        nvcuda::wmma::mem_row_major);
    }
}

// A step of the online softmax: scores become weights, and what was summed up so far shrinks.
__device__ inline void soften_tile(int head_dim, float scale, int s, AttendTile& tile) {
    const int r = int(threadIdx.x) / kThreadsOfQuery;
    const int part = int(threadIdx.x) % kThreadsOfQuery;
    float greatest = -INFINITY;
    for (int i = part; i < kTileKeys; i += kThreadsOfQuery) {
        if (sees(tile, r, s + i)) greatest = fmaxf(greatest, tile.scores[r][i] * scale);
    }
    const float maximum = fmaxf(tile.maximum[r], lanes_max<kThreadsOfQuery>(greatest));
    const float shrink = expf(tile.maximum[r] - maximum);

    float sum = 0.0f;
    for (int i = part; i < kTileKeys; i += kThreadsOfQuery) {
        const bool is_seen = sees(tile, r, s + i);
        const float weight = is_seen ? expf(tile.scores[r][i] * scale - maximum) : 0.0f;
        sum += weight;
        tile.weights[r][i] = std::uint16_t(rounded_pair(weight, 0.0f));
    }
    for (int d = part; d < head_dim; d += kThreadsOfQuery) {
        tile.mix[r][d] *= shrink;
    }
    const float denominator = tile.denominator[r] * shrink + lanes_sum<kThreadsOfQuery>(sum);
    __syncwarp();  // the others have read both
    if (part != 0) return;
    tile.maximum[r] = maximum;
    tile.denominator[r] = denominator;
}

// mix += weights v
__device__ inline void mix_tile(int head_dim, AttendTile& tile) {
    const int r = first_query_of_warp();
    for (int d = first_column_of_pair(); d < first_column_of_pair() + 2 * kFragment;
         d += kFragment) {
        if (d >= head_dim) return;
        SumFragment sums;
        nvcuda::wmma::load_matrix_sync(sums, &tile.mix[r][d], kTileSumStride,
                                       nvcuda::wmma::mem_row_major);
        for (int i = 0; i < kTileKeys; i += kFragment) {
            RowFragment weights;
            SecondRowFragment v;
            load_fragment(weights, &tile.weights[r][i], kTileStride);
            load_fragment(v, &tile.v[i][d], kTileStride);
            nvcuda::wmma::mma_sync(sums, weights, v, sums);
        }
        nvcuda::wmma::store_matrix_sync(&tile.mix[r][d], sums, kTileSumStride,
                                        nvcuda::wmma::mem_row_major);
    }
}

__device__ inline void store_mix(const AttendOperands& a, const TileQueries& queries, int head_dim,
                                 const AttendTile& tile) {
    for (int n = int(threadIdx.x); n < queries.count() * head_dim; n += kAttendTileThreads) {
        const int r = n / head_dim;
        const int d = n % head_dim;
        float* mix_th = a.mix.row(queries.token(r)) + queries.head(r) * head_dim;  // (head_dim)
        mix_th[d] = tile.mix[r][d] / tile.denominator[r];
        if (d != 0) continue;
        const float sink = a.sinks.data[queries.head(r)];
        const float sink_share = expf(sink - tile.maximum[r]) / tile.denominator[r];
        record_value(a.record.sink_share, queries.token(r), queries.head(r), sink_share);
    }
}

static __global__ void attend_tile_kernel(AttendOperands a, Fault* fault) {
    wait_for_previous_kernel();
    const int head_dim = a.q.cols / a.sinks.size;
    const int n_heads = a.sinks.size / (a.keys.cols / head_dim);
    const int tokens_per_tile = kTileQueries / n_heads;
    const int first_t = int(blockIdx.x) * tokens_per_tile;
    const int n_tokens = min(tokens_per_tile, a.q.rows - first_t);
    const TileQueries queries = {int(blockIdx.y), n_heads, first_t, n_tokens};

    int begin = a.positions.data[first_t];
    int end = 0;
    bool all_fit = true;
    for (int t = first_t; t < first_t + n_tokens; ++t) {
        const Query query = query_of(a, t, 0);
        begin = min(begin, query.first);
        end = max(end, query.position + 1);
        all_fit = fits_cache(a, t, fault) && all_fit;
    }
    if (!all_fit) {  // told as a fault; nothing that is left over may be taken for a mix
        for (int n = int(threadIdx.x); n < n_tokens * a.mix.cols; n += kAttendTileThreads) {
            a.mix.row(first_t + n / a.mix.cols)[n % a.mix.cols] = 0.0f;
        }
        return;
    }

    __shared__ AttendTile tile;
    begin_tile(a, queries, head_dim, tile);
    __syncthreads();
    const float scale = 1.0f / sqrtf(float(head_dim));
    for (int s = begin; s < end; s += kTileKeys) {
        load_keys(a, queries, head_dim, s, tile);
        __syncthreads();
        score_tile(head_dim, tile);
        __syncthreads();
        soften_tile(head_dim, scale, s, tile);
        __syncthreads();
        mix_tile(head_dim, tile);
        __syncthreads();  // before the next keys overwrite these
    }
    store_mix(a, queries, head_dim, tile);
}

inline bool fits_tiles(const AttendOperands& a) {
    const int n_heads = a.sinks.size;
    const int head_dim = a.q.cols / n_heads;
    const int n_kv_heads = a.keys.cols / head_dim;
    const bool is_recorded = a.record.scores.data != nullptr || a.record.weights.data != nullptr;
    return a.q.rows >= kFewestTokensForTiles && !is_recorded && head_dim <= kTileChannels &&
           head_dim % kFragment == 0 && n_heads / n_kv_heads <= kTileQueries &&
           is_aligned(a.q.data) && is_aligned(a.keys.data) && is_aligned(a.values.data);
}

// gptoss::cuda::attend, everything rounded to BF16
inline void tile_attend(ConstMatrixView q, ConstMatrixView keys, ConstMatrixView values,
                        ConstVectorView sinks, ConstIdsView positions, int window,
                        AttentionRecord record, MatrixView mix) {
    const AttendOperands a{q, keys, values, sinks, positions, window, record, mix};
    require_attend_extents(a);
    if (!fits_tiles(a)) {
        cuda::attend(q, keys, values, sinks, positions, window, record, mix);
        return;
    }
    const int head_dim = q.cols / sinks.size;
    const int n_kv_heads = keys.cols / head_dim;
    const int tokens_per_tile = kTileQueries / (sinks.size / n_kv_heads);
    const int n_tiles = (q.rows + tokens_per_tile - 1) / tokens_per_tile;
    const dim3 grid = dim3(unsigned(n_tiles), unsigned(n_kv_heads));
    attend_tile_kernel<<<grid, kAttendTileThreads>>>(a, device_fault());
    check_launch("cuda::tile_attend");
}

}  // namespace gptoss::cuda
