// Twin of layers/embedding.hpp, which holds formula, shapes and pitfalls. What differs: one block
// per token, and an id outside the table is told at the next download; its row is then zeros.
#pragma once
#include "gptoss/cuda/check.cuh"
#include "gptoss/cuda/fault.cuh"
#include "gptoss/cuda/launch.cuh"
#include "gptoss/cuda/weights.cuh"

namespace gptoss::cuda {

static __global__ void embed_kernel(ConstIdsView ids, DenseMatrix table, MatrixView y,
                                    Fault* fault) {
    wait_for_previous_kernel();
    const int t = int(blockIdx.x);
    const int hidden_size = table.cols;
    const int id = ids.data[t];
    const bool is_known = id >= 0 && id < table.rows;
    if (!is_known && threadIdx.x == 0) report(fault, FaultKind::token_id, t, id, table.rows);

    float* y_t = y.row(t);                                    // (hidden_size)
    const DenseRow table_row = table.row(is_known ? id : 0);  // (hidden_size)
    for (int i = int(threadIdx.x); i < hidden_size; i += int(blockDim.x)) {
        y_t[i] = is_known ? weight_at(table_row, i) : 0.0f;
    }
}

// gptoss::cuda::embed
inline void embed(ConstIdsView ids, DenseMatrix table, MatrixView y) {
    const int n_tokens = ids.rows;
    require_shape("cuda::embed", "y", y, n_tokens, table.cols);
    if (n_tokens == 0) return;
    embed_kernel<<<block_per_row(n_tokens), kThreads>>>(ids, table, y, device_fault());
    check_launch("cuda::embed");
}

}  // namespace gptoss::cuda
