// How many blocks and threads: the same few choices for all first kernels.
//
// A first kernel gives a block to each row of its result (blockIdx.x) and walks the columns with
// the block's threads. Where a column costs a whole sum, several blocks share a row (blockIdx.y).
//
// Pitfalls A launch of no blocks is an error, so every op returns early when it has no rows.
//          blockIdx.y ends at 65,535: loops over columns have a stride instead of one column each.
#pragma once
#include <cuda_runtime.h>

#include <algorithm>

#include "gptoss/cuda/overlap.cuh"  // every kernel waits

namespace gptoss::cuda {

// Of a block; a power of two, so that trees halve it. Eight warps: an SM holds several such blocks, of
// which some compute while others wait for memory.
inline constexpr int kThreads = 256;
inline constexpr int kMostColumnBlocks = 4096;  // blocks along y; below the limit of 65,535

// A block per row.
inline dim3 block_per_row(int n_rows) {
    return dim3(unsigned(n_rows));
}

// Enough blocks for a thread per element.
inline dim3 thread_per_element(int n_rows, int n_cols) {
    const int n_blocks = (n_cols + kThreads - 1) / kThreads;
    return dim3(unsigned(n_rows), unsigned(std::clamp(n_blocks, 1, kMostColumnBlocks)));
}

// Where a thread of such a grid starts in its row, and how far it jumps.
__device__ inline int first_column() {
    return int(blockIdx.y * blockDim.x + threadIdx.x);
}
__device__ inline int column_stride() {
    return int(gridDim.y * blockDim.x);
}

}  // namespace gptoss::cuda
