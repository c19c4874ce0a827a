// Twin of layers/expert_linear.hpp, which holds formula, shapes and pitfalls. What differs: one
// thread per output of a token's chosen expert, all of them at once; each runs the scalar loop over
// the blocks of 32. The faster kernel below it is in use for MXFP4.
#pragma once
#include "gptoss/cuda/check.cuh"
#include "gptoss/cuda/launch.cuh"
#include "gptoss/cuda/mxfp4.cuh"
#include "gptoss/cuda/mxfp4_dots.cuh"
#include "gptoss/cuda/weights.cuh"
#include "gptoss/layers/expert_linear.hpp"

namespace gptoss::cuda {

// Twin of ExpertStack::decode_block. MXFP4 of a GGUF file was repacked on its way to the device.
__device__ inline void decode_block(const ExpertStack& all_experts, int e, int o, int block,
                                    float* weights) {
    if (all_experts.is_mxfp4()) {
        const Mxfp4Row row = all_experts.mxfp4(e).row(o);
        mxfp4_decode_block(row.codes_of(block), row.scale_of(block), weights);
        return;
    }
    if (all_experts.gguf.n_tensors > 0) {
        const DenseRow row{all_experts.gguf_row(e, o), all_experts.gguf.storage};
        for (int i = 0; i < kMxfp4BlockSize; ++i) {
            weights[i] = weight_at(row, block * kMxfp4BlockSize + i);
        }
        return;
    }
    for (int i = 0; i < kMxfp4BlockSize; ++i) {
        const std::size_t in = std::size_t(e) * std::size_t(all_experts.cols) +
                               std::size_t(block * kMxfp4BlockSize + i);
        const std::size_t element = in * std::size_t(all_experts.rows) + std::size_t(o);
        weights[i] = weight_at({all_experts.transposed, all_experts.storage}, element);
    }
}

static __global__ void expert_linear_kernel(ConstMatrixView x, XRows x_rows, ConstIdsView ids,
                                            ExpertStack all_experts, ConstMatrixView bias,
                                            MatrixView y) {
    wait_for_previous_kernel();
    const int tj = int(blockIdx.x);  // t * top_k + j
    const int t = tj / ids.cols;
    const int j = tj % ids.cols;
    const int out_size = all_experts.rows;
    const int n_blocks = all_experts.cols / kMxfp4BlockSize;

    const int e = ids.row(t)[j];
    const float* x_tj = x.row(x_rows == XRows::per_rank ? tj : t);  // (in)
    const float* bias_e = bias.row(e);                              // (out)
    float* y_tj = y.row(tj);                                        // (out)
    for (int o = first_column(); o < out_size; o += column_stride()) {
        float sum = 0.0f;
        for (int block = 0; block < n_blocks; ++block) {
            float w[kMxfp4BlockSize];
            decode_block(all_experts, e, o, block, w);
            const float* x_block = x_tj + block * kMxfp4BlockSize;  // (32)
            for (int i = 0; i < kMxfp4BlockSize; ++i) {
                sum += x_block[i] * w[i];
            }
        }
        y_tj[o] = sum + bias_e[o];
    }
}

// New: a warp for four outputs. Its lanes read the codes of their rows side by side, decode them in
// registers and use each x four times; a block's scale multiplies the sum of eight products instead
// of each weight.
static __global__ void __launch_bounds__(kThreadsOfWarps, kBlocksOfSm)
    expert_linear_warp_kernel(ConstMatrixView x, XRows x_rows, ConstIdsView ids,
                              ExpertStack all_experts, ConstMatrixView bias, MatrixView y) {
    wait_for_previous_kernel();
    const int tj = int(blockIdx.x);  // t * top_k + j
    const int t = tj / ids.cols;
    const int j = tj % ids.cols;
    const int out_size = all_experts.rows;

    const int e = ids.row(t)[j];
    const Mxfp4Matrix w_e = all_experts.mxfp4(e);
    const float* x_tj = x.row(x_rows == XRows::per_rank ? tj : t);  // (in)
    const float* bias_e = bias.row(e);                              // (out)
    float* y_tj = y.row(tj);                                        // (out)
    const int stride = kOutputsOfWarp * column_stride_of_warps();
    for (int o = kOutputsOfWarp * first_column_of_warp(); o < out_size; o += stride) {
        float sums[kOutputsOfWarp] = {};
        dots_of_lane(x_tj, w_e, o, sums);
#pragma unroll
        for (int r = 0; r < kOutputsOfWarp; ++r) {
            const float sum = warp_sum(sums[r]) * kHalvesToValues;
            if (lane_of_warp() == 0 && o + r < out_size) y_tj[o + r] = sum + bias_e[o + r];
        }
    }
}

// Are the weights packed, and do rows of x and codes begin where dot_of_lane may read?
inline bool has_wide_rows(ConstMatrixView x, const ExpertStack& all_experts) {
    return all_experts.is_mxfp4() && is_aligned(x.data) && is_aligned(all_experts.codes);
}

// gptoss::cuda::expert_linear
inline void expert_linear(ConstMatrixView x, XRows x_rows, ConstIdsView ids,
                          ExpertStack all_experts, ConstMatrixView bias, MatrixView y) {
    require_expert_linear_shapes(x, x_rows, ids, all_experts, bias, y);
    if (y.rows == 0) return;
    if (has_wide_rows(x, all_experts)) {
        const int n_warps = (y.cols + kOutputsOfWarp - 1) / kOutputsOfWarp;
        const dim3 grid = warp_per_element(y.rows, n_warps);
        const int n_threads = kThreadsOfWarps;
        expert_linear_warp_kernel<<<grid, n_threads>>>(x, x_rows, ids, all_experts, bias, y);
    } else {
        const dim3 grid = thread_per_element(y.rows, y.cols);
        expert_linear_kernel<<<grid, kThreads>>>(x, x_rows, ids, all_experts, bias, y);
    }
    check_launch("cuda::expert_linear");
}

}  // namespace gptoss::cuda
