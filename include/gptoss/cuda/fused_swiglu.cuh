// Gate and up of the chosen experts, and swiglu of them, in one launch. For ops/cuda_decode.cuh.
//
// New: outputs 2i and 2i + 1 are gate and up of channel i, and the warp that has both goes on to swiglu.
//
// Pitfalls MXFP4 whose rows are multiples of 16 bytes only.
#pragma once
#include "gptoss/cuda/expert_linear.cuh"
#include "gptoss/cuda/swiglu.cuh"

namespace gptoss::cuda {

static __global__ void __launch_bounds__(kThreadsOfWarps, kBlocksOfSm)
    expert_swiglu_kernel(ConstMatrixView x, XRows x_rows, ConstIdsView ids, ExpertStack all_experts,
                         ConstMatrixView bias, float limit, float alpha, MatrixView y) {
    wait_for_previous_kernel();
    const int tj = int(blockIdx.x);  // t * top_k + j
    const int t = tj / ids.cols;
    const int j = tj % ids.cols;
    const int intermediate_size = y.cols;

    const int e = ids.row(t)[j];
    const Mxfp4Matrix w_e = all_experts.mxfp4(e);
    const float* x_tj = x.row(x_rows == XRows::per_rank ? tj : t);  // (in)
    const float* bias_e = bias.row(e);                              // (2 * intermediate_size)
    float* y_tj = y.row(tj);                                        // (intermediate_size)
    const int stride = kOutputsOfWarp * column_stride_of_warps();
    for (int o = kOutputsOfWarp * first_column_of_warp(); o < w_e.rows; o += stride) {
        float sums[kOutputsOfWarp] = {};
        dots_of_lane(x_tj, w_e, o, sums);
#pragma unroll
        for (int r = 0; r < kOutputsOfWarp; r += 2) {
            const int i = (o + r) / 2;
            const float gate = warp_sum(sums[r]) * kHalvesToValues;
            const float up = warp_sum(sums[r + 1]) * kHalvesToValues;
            if (lane_of_warp() != 0 || i >= intermediate_size) continue;
            y_tj[i] = swiglu_of(gate + bias_e[2 * i], up + bias_e[2 * i + 1], limit, alpha);
        }
    }
}

// An expert_linear whose y is left out.
struct ExpertCall {
    ConstMatrixView x;
    XRows x_rows;
    ConstIdsView ids;
    ExpertStack all_experts;
    ConstMatrixView bias;
    MatrixView y;
};

inline void expert_swiglu(const ExpertCall& call, float limit, double alpha, MatrixView y) {
    const auto& [x, x_rows, ids, all_experts, bias, h] = call;
    if (y.rows == 0) return;
    const int n_warps = (all_experts.rows + kOutputsOfWarp - 1) / kOutputsOfWarp;
    const dim3 warps = warp_per_element(y.rows, n_warps);
    expert_swiglu_kernel<<<warps, kThreadsOfWarps>>>(x, x_rows, ids, all_experts, bias, limit,
                                                     float(alpha), y);
    check_launch("cuda::expert_swiglu");
}

}  // namespace gptoss::cuda
