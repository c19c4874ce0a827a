// Twin of layers/rmsnorm.hpp, which holds formula, shapes and pitfalls. What differs: one block per
// token, and the sum of squares is a tree, so the last bits differ from the scalar loop. The faster
// kernel below it is in use for rows of 1,024 and more.
#pragma once
#include "gptoss/core/view.hpp"
#include "gptoss/cuda/check.cuh"
#include "gptoss/cuda/launch.cuh"
#include "gptoss/cuda/warp.cuh"
#include "gptoss/layers/rmsnorm.hpp"

namespace gptoss::cuda {

static __global__ void rmsnorm_kernel(ConstMatrixView x, ConstVectorView gain, float eps,
                                      MatrixView y) {
    wait_for_previous_kernel();
    const int t = int(blockIdx.x);
    const int hidden_size = x.cols;
    const float* x_t = x.row(t);  // (hidden_size)
    float* y_t = y.row(t);        // (hidden_size)

    __shared__ float partial[kThreads];
    float sum_of_squares = 0.0f;
    for (int i = int(threadIdx.x); i < hidden_size; i += kThreads) {
        sum_of_squares += x_t[i] * x_t[i];
    }
    partial[threadIdx.x] = sum_of_squares;
    __syncthreads();
    for (unsigned half = kThreads / 2; half > 0; half /= 2) {
        if (threadIdx.x < half) partial[threadIdx.x] += partial[threadIdx.x + half];
        __syncthreads();
    }
    const float mean_square = partial[0] / float(hidden_size);
    const float inv_rms = 1.0f / sqrtf(mean_square + eps);

    for (int i = int(threadIdx.x); i < hidden_size; i += kThreads) {
        y_t[i] = x_t[i] * inv_rms * gain.data[i];
    }
}

// New: 1,024 threads, for a row is waited for by all that comes after it. Each warp adds up its own
// threads without a barrier; behind the only one, every warp adds up the 32 sums.
inline constexpr int kWideThreads = kWarpSize * kWarpSize;

static __global__ void __launch_bounds__(kWideThreads)
    rmsnorm_wide_kernel(ConstMatrixView x, ConstVectorView gain, float eps, MatrixView y) {
    wait_for_previous_kernel();
    const int t = int(blockIdx.x);
    const int hidden_size = x.cols;
    const float* x_t = x.row(t);  // (hidden_size)
    float* y_t = y.row(t);        // (hidden_size)

    __shared__ float sum_of_warp[kWarpSize];
    float sum_of_squares = 0.0f;
    for (int i = int(threadIdx.x); i < hidden_size; i += kWideThreads) {
        sum_of_squares += x_t[i] * x_t[i];
    }
    const float own_sum = warp_sum(sum_of_squares);
    if (lane_of_warp() == 0) sum_of_warp[threadIdx.x / kWarpSize] = own_sum;
    __syncthreads();
    const float mean_square = warp_sum(sum_of_warp[lane_of_warp()]) / float(hidden_size);
    const float inv_rms = 1.0f / sqrtf(mean_square + eps);

    for (int i = int(threadIdx.x); i < hidden_size; i += kWideThreads) {
        y_t[i] = x_t[i] * inv_rms * gain.data[i];
    }
}

// gptoss::cuda::rmsnorm
inline void rmsnorm(ConstMatrixView x, ConstVectorView gain, float eps, MatrixView y) {
    const int n_tokens = x.rows;
    const int hidden_size = x.cols;
    require_rmsnorm_shapes(x, gain, y);
    if (n_tokens == 0) return;
    const dim3 grid = block_per_row(n_tokens);
    if (hidden_size >= kWideThreads) {
        rmsnorm_wide_kernel<<<grid, kWideThreads>>>(x, gain, eps, y);
    } else {
        rmsnorm_kernel<<<grid, kThreads>>>(x, gain, eps, y);
    }
    check_launch("cuda::rmsnorm");
}

}  // namespace gptoss::cuda
