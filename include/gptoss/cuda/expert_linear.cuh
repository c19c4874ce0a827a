// Twin of layers/expert_linear.hpp, which holds formula, shapes and pitfalls. What differs: one
// thread per output of a token's chosen expert, all of them at once; each runs the scalar loop over
// the blocks of 32. The faster kernel below it is in use for MXFP4.
#pragma once
#include "gptoss/cuda/check.cuh"
#include "gptoss/cuda/launch.cuh"
#include "gptoss/cuda/mxfp4.cuh"
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

// Four rows of codes for each x that is read, which comes in 32 bits per weight where a code has 4; two
// steps of them, eight loads of a lane, are on their way at a time, and fit 80 registers.
inline constexpr int kOutputsOfWarp = 4;
inline constexpr int kStepsAhead = 2;

// The products of 8 neighbours of x with 4 bytes of codes, decoded in registers.
__device__ inline float dot_of_codes(float4 x_0, float4 x_4, std::uint32_t codes) {
    return x_0.x * mxfp4_value(codes) + x_0.y * mxfp4_value(codes >> 4) +
           x_0.z * mxfp4_value(codes >> 8) + x_0.w * mxfp4_value(codes >> 12) +
           x_4.x * mxfp4_value(codes >> 16) + x_4.y * mxfp4_value(codes >> 20) +
           x_4.z * mxfp4_value(codes >> 24) + x_4.w * mxfp4_value(codes >> 28);
}

// The shares of a lane in x . w of the outputs first_o to first_o + 3, to be added up by warp_sum. In
// turn, each lane takes 8 neighbours; four lanes share a block of 32. The codes of two turns are on
// their way before the first is used (see dot_of_lane in cuda/weights.cuh).
__device__ inline void dots_of_lane(const float* x, const Mxfp4Matrix& w, int first_o,
                                    float* sums) {
    const int step = 8 * kWarpSize;
    for (int first = 8 * lane_of_warp(); first < w.cols; first += kStepsAhead * step) {
        std::uint32_t codes[kStepsAhead][kOutputsOfWarp];
        std::uint8_t scales[kStepsAhead][kOutputsOfWarp];
#pragma unroll
        for (int n = 0; n < kStepsAhead; ++n) {
#pragma unroll
            for (int r = 0; r < kOutputsOfWarp; ++r) {
                const Mxfp4Row row = w.row(min(first_o + r, w.rows - 1));
                const int i = first + n * step;
                const bool is_there = i < w.cols;
                const auto* from = reinterpret_cast<const std::uint32_t*>(row.codes + i / 2);
                codes[n][r] = is_there ? __ldcs(from) : 0;
                scales[n][r] = is_there ? __ldcs(row.scales + i / kMxfp4BlockSize) : 0;
            }
        }
#pragma unroll
        for (int n = 0; n < kStepsAhead; ++n) {
            const int i = min(first + n * step, w.cols - 8);  // behind the end, any x times 0
            const float4 x_0 = load4(x + i);
            const float4 x_4 = load4(x + i + 4);
#pragma unroll
            for (int r = 0; r < kOutputsOfWarp; ++r) {
                const float scale = mxfp4_scale_value(scales[n][r]);
                sums[r] += dot_of_codes(x_0, x_4, codes[n][r]) * scale;
            }
        }
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
            const float sum = warp_sum(sums[r]);
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
