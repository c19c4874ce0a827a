// Twin of layers/expert_linear.hpp for prompts, on tensor cores. What differs: activations are rounded
// to BF16, and tokens are grouped by expert, so that an expert's weights are read and decoded once
// for 128 of its tokens (cuda/tile.cuh). Few tokens, and weights that are not packed, go to
// cuda/expert_linear.cuh, unrounded.
#pragma once
#include "gptoss/cuda/expert_linear.cuh"
#include "gptoss/cuda/scratch.cuh"
#include "gptoss/cuda/tile_linear.cuh"

namespace gptoss::cuda {

// The places tj = t * top_k + j of ids in groups, a group for each expert.
struct ExpertGroups {
    int* first;  // (n_experts + 1)  where in order the group of an expert begins; the last one ends
    int* next;   // (n_experts)      where its next place goes
    int* order;  // (n_tokens * top_k)
};

inline constexpr int kGroupThreads = 1024;

// One block. Within a group the order is that of chance; no result depends on it.
static __global__ void __launch_bounds__(kGroupThreads)
    group_by_expert_kernel(ConstIdsView ids, int n_experts, ExpertGroups groups) {
    wait_for_previous_kernel();
    const int n_places = ids.rows * ids.cols;
    for (int e = int(threadIdx.x); e < n_experts; e += int(blockDim.x)) {
        groups.next[e] = 0;
    }
    __syncthreads();
    for (int tj = int(threadIdx.x); tj < n_places; tj += int(blockDim.x)) {
        atomicAdd(&groups.next[ids.data[tj]], 1);
    }
    __syncthreads();
    if (threadIdx.x == 0) {
        int sum = 0;
        for (int e = 0; e < n_experts; ++e) {
            groups.first[e] = sum;
            sum += groups.next[e];
            groups.next[e] = groups.first[e];
        }
        groups.first[n_experts] = sum;
    }
    __syncthreads();
    for (int tj = int(threadIdx.x); tj < n_places; tj += int(blockDim.x)) {
        groups.order[atomicAdd(&groups.next[ids.data[tj]], 1)] = tj;
    }
}

// The tokens of one expert that a block multiplies: order[first] to order[end - 1].
struct ExpertTile {
    int e;
    int first;
    int end;
};

// Tile n of all, counted through the groups; none (e = n_experts) behind the last.
__device__ inline ExpertTile expert_tile(const ExpertGroups& groups, int n_experts, int n) {
    for (int e = 0; e < n_experts; ++e) {
        const int first = groups.first[e] + n * kTileTokens;
        const int end = groups.first[e + 1];
        if (first < end) return {e, first, min(first + kTileTokens, end)};
        n -= (end - groups.first[e] + kTileTokens - 1) / kTileTokens;
    }
    return {n_experts, 0, 0};
}

static __global__ void __launch_bounds__(kTileThreads, kTileBlocksOfSm)
    expert_linear_tile_kernel(RoundedView x, XRows x_rows, ConstIdsView ids, ExpertGroups groups,
                              ExpertStack all_experts, ConstMatrixView bias, MatrixView y) {
    wait_for_previous_kernel();
    const int first_o = int(blockIdx.x) * kTileOutputs;
    const ExpertTile tile = expert_tile(groups, all_experts.n_experts, int(blockIdx.y));
    if (tile.e == all_experts.n_experts) return;

    __shared__ TileRows rows;
    for (int l = int(threadIdx.x); tile.first + l < tile.end; l += kTileThreads) {
        const int tj = groups.order[tile.first + l];
        rows.x[l] = x_rows == XRows::per_rank ? tj : tj / ids.cols;
        rows.y[l] = tj;
    }
    if (threadIdx.x == 0) rows.count = tile.end - tile.first;
    __syncthreads();
    const ConstVectorView bias_e = {bias.row(tile.e), bias.cols};
    multiply_tile(rows, x, all_experts.mxfp4(tile.e), first_o, bias_e, y);
}

// gptoss::cuda::expert_linear, x rounded to BF16
inline void tile_expert_linear(ConstMatrixView x, XRows x_rows, ConstIdsView ids,
                               ExpertStack all_experts, ConstMatrixView bias, MatrixView y) {
    require_expert_linear_shapes(x, x_rows, ids, all_experts, bias, y);
    if (ids.rows < kFewestTokensForTiles || !has_wide_rows(x, all_experts)) {
        cuda::expert_linear(x, x_rows, ids, all_experts, bias, y);
        return;
    }
    const int n_places = ids.rows * ids.cols;
    const int n_experts = all_experts.n_experts;
    const Scratch<int> scratch(std::size_t(2 * n_experts + 1 + n_places));
    const ExpertGroups groups = {scratch.data(), scratch.data() + n_experts + 1,
                                 scratch.data() + 2 * n_experts + 1};
    group_by_expert_kernel<<<1, kGroupThreads>>>(ids, n_experts, groups);
    check_launch("cuda::tile_expert_linear");

    // Each group may leave one tile that is not full.
    const int most_tiles = n_places / kTileTokens + std::min(n_experts, n_places);
    const dim3 grid = block_per_tile(most_tiles, all_experts.rows);
    const Rounded x_rounded(x);
    expert_linear_tile_kernel<<<grid, kTileThreads>>>(x_rounded.view(), x_rows, ids, groups,
                                                      all_experts, bias, y);
    check_launch("cuda::tile_expert_linear");
}

}  // namespace gptoss::cuda
