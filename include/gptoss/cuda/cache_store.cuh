// Twin of cache_store in layers/attention.hpp, which holds shapes and pitfalls. What differs: one thread
// per element.
#pragma once
#include "gptoss/cuda/check.cuh"
#include "gptoss/cuda/launch.cuh"
#include "gptoss/layers/attention.hpp"

namespace gptoss::cuda {

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

inline void require_cache_store_shapes(ConstMatrixView x, ConstIdsView positions,
                                       MatrixView cache) {
    require_extent("cuda::cache_store", "positions.rows", positions.rows, x.rows, "x.rows");
    require_extent("cuda::cache_store", "cache.cols", cache.cols, x.cols, "x.cols");
    require_at_least("cuda::cache_store", "cache.rows", cache.rows, x.rows, "x.rows");
}

// gptoss::cuda::cache_store
inline void cache_store(ConstMatrixView x, ConstIdsView positions, MatrixView cache) {
    const int n_tokens = x.rows;
    require_cache_store_shapes(x, positions, cache);
    if (n_tokens == 0) return;
    cache_store_kernel<<<thread_per_element(n_tokens, x.cols), kThreads>>>(x, positions, cache);
    check_launch("cuda::cache_store");
}

}  // namespace gptoss::cuda
