// The rotation of queries and keys, and the way of keys and values into the cache, in one launch. For
// ops/cuda_decode.cuh.
//
// New: rotated keys go where they are kept; k_rope is never written. The pairs of q, those of k and the
// channels of v are numbered through, a thread each.
#pragma once
#include "gptoss/cuda/cache_store.cuh"
#include "gptoss/cuda/check.cuh"
#include "gptoss/cuda/launch.cuh"
#include "gptoss/cuda/rope.cuh"

namespace gptoss::cuda {

struct RopeStore {
    ConstMatrixView q;       // (n_tokens, n_heads * head_dim)
    ConstMatrixView k;       // (n_tokens, n_kv_heads * head_dim)
    ConstMatrixView v;       // (n_tokens, n_kv_heads * head_dim)
    ConstMatrixView table;   // (n_tokens, head_dim)
    ConstIdsView positions;  // (n_tokens)
    MatrixView q_rope;       // (n_tokens, n_heads * head_dim)
    MatrixView keys;         // (capacity, n_kv_heads * head_dim)
    MatrixView values;       // (capacity, n_kv_heads * head_dim)
};

static __global__ void rope_store_kernel(RopeStore a) {
    wait_for_previous_kernel();
    const int t = int(blockIdx.x);
    const int slot = a.positions.data[t] % a.keys.rows;
    const int head_dim = a.table.cols;
    const int n_q_pairs = a.q.cols / 2;
    const int n_pairs = n_q_pairs + a.k.cols / 2;
    const int n_all = n_pairs + a.v.cols;
    for (int n = first_column(); n < n_all; n += column_stride()) {
        if (n < n_q_pairs) {
            rotate_pair(a.q.row(t), a.table.row(t), head_dim, n, a.q_rope.row(t));
        } else if (n < n_pairs) {
            rotate_pair(a.k.row(t), a.table.row(t), head_dim, n - n_q_pairs, a.keys.row(slot));
        } else {
            a.values.row(slot)[n - n_pairs] = a.v.row(t)[n - n_pairs];
        }
    }
}

inline void rope_store(const RopeStore& a) {
    const int n_tokens = a.q.rows;
    if (n_tokens == 0) return;
    const int n_all = a.q.cols / 2 + a.k.cols / 2 + a.v.cols;
    rope_store_kernel<<<thread_per_element(n_tokens, n_all), kThreads>>>(a);
    check_launch("cuda::rope_store");
}

}  // namespace gptoss::cuda
