// Linears of the same x in one launch, each with the residual that is added to it if there is one: q, k
// and v, or the projection that leaves attention. For ops/cuda_decode.cuh.
//
// New: the outputs of all of them are numbered through, and a warp looks up whose its number is. k and v
// alone have too few rows to keep a GPU busy.
//
// Pitfalls Rows of BF16 that are multiples of 16 bytes only; what one writes no other may read.
#pragma once
#include "gptoss/cuda/check.cuh"
#include "gptoss/cuda/launch.cuh"
#include "gptoss/cuda/weights.cuh"
#include "gptoss/layers/linear.hpp"

namespace gptoss::cuda {

struct LinearCall {
    ConstMatrixView x;
    DenseMatrix w;
    ConstVectorView bias;
    ConstMatrixView residual;  // may be nothing
    MatrixView y;
};

inline constexpr int kMostLinears = 3;

struct LinearGroup {
    LinearCall calls[kMostLinears];
    int n_calls = 0;
};

// The call that a number belongs to; o becomes its output.
__device__ inline const LinearCall& call_of(const LinearGroup& group, int number, int& o) {
    int n = 0;
    o = number;
    while (o >= group.calls[n].w.rows) {
        o -= group.calls[n].w.rows;
        ++n;
    }
    return group.calls[n];
}

static __global__ void __launch_bounds__(kThreadsOfWarps, kBlocksOfSm)
    linear_group_kernel(LinearGroup group, int n_outputs) {
    int o = 0;
    const int first = first_column_of_warp();
    if (first < n_outputs) {
        const LinearCall& call = call_of(group, first, o);
        prefetch_row(call.w.row(o), call.w.cols);
    }
    wait_for_previous_kernel();
    const int t = int(blockIdx.x);
    for (int number = first; number < n_outputs; number += column_stride_of_warps()) {
        const LinearCall& call = call_of(group, number, o);
        const float sum = warp_sum(dot_of_lane(call.x.row(t), call.w.row(o), call.x.cols));
        if (lane_of_warp() != 0) continue;
        const float y = sum + call.bias.data[o];
        const bool has_residual = call.residual.data != nullptr;
        call.y.row(t)[o] = has_residual ? call.residual.row(t)[o] + y : y;
    }
}

inline bool has_wide_rows(const LinearGroup& group) {
    for (int n = 0; n < group.n_calls; ++n) {
        if (!has_wide_rows(group.calls[n].x, group.calls[n].w)) return false;
    }
    return true;
}

// All calls have the same x.
inline void linear_group(const LinearGroup& group) {
    const int n_tokens = group.calls[0].x.rows;
    int n_outputs = 0;
    for (int n = 0; n < group.n_calls; ++n) {
        n_outputs += group.calls[n].w.rows;
    }
    if (n_tokens == 0) return;
    const dim3 warps = warp_per_element(n_tokens, n_outputs);
    linear_group_kernel<<<warps, kThreadsOfWarps>>>(group, n_outputs);
    check_launch("cuda::linear_group");
}

}  // namespace gptoss::cuda
