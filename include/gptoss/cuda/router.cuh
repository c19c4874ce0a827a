// Twin of layers/router.hpp, which holds formula, shapes and pitfalls. What differs: one thread per
// token runs the scalar loops, and a NaN is told at the next download; the token then gets the
// experts 0 .. top_k - 1 with NaN as weights. The faster kernel below it is in use up to 1,024 experts.
#pragma once
#include "gptoss/core/view.hpp"
#include "gptoss/cuda/check.cuh"
#include "gptoss/cuda/fault.cuh"
#include "gptoss/cuda/launch.cuh"
#include "gptoss/cuda/warp.cuh"
#include "gptoss/layers/router.hpp"

namespace gptoss::cuda {

__device__ inline bool is_among(int e, const std::int32_t* chosen, int n_chosen) {
    for (int j = 0; j < n_chosen; ++j) {
        if (chosen[j] == e) return true;
    }
    return false;
}

// The expert with the largest logit that is not among chosen; the lower id on a tie.
__device__ inline int best_expert(const float* logits_t, int n_experts, const std::int32_t* chosen,
                                  int n_chosen) {
    int best = -1;
    for (int e = 0; e < n_experts; ++e) {
        if (is_among(e, chosen, n_chosen)) continue;
        if (best < 0 || logits_t[e] > logits_t[best]) best = e;
    }
    return best;
}

// weights (top_k) hold the chosen logits, descending, and are replaced by their softmax.
__device__ inline void softmax_of_chosen(float* weights_t, int top_k) {
    const float maximum = weights_t[0];
    float denominator = 0.0f;
    for (int j = 0; j < top_k; ++j) {
        weights_t[j] = expf(weights_t[j] - maximum);
        denominator += weights_t[j];
    }
    for (int j = 0; j < top_k; ++j) {
        weights_t[j] /= denominator;
    }
}

__device__ inline int first_nan(const float* logits_t, int n_experts) {
    for (int e = 0; e < n_experts; ++e) {
        if (isnan(logits_t[e])) return e;
    }
    return n_experts;
}

static __global__ void route_kernel(ConstMatrixView logits, IdsView ids, MatrixView weights,
                                    Fault* fault) {
    wait_for_previous_kernel();
    const int t = int(blockIdx.x * blockDim.x + threadIdx.x);
    if (t >= logits.rows) return;
    const int n_experts = logits.cols;
    const int top_k = ids.cols;
    const float* logits_t = logits.row(t);  // (n_experts)
    std::int32_t* ids_t = ids.row(t);       // (top_k)
    float* weights_t = weights.row(t);      // (top_k)

    const int nan_at = first_nan(logits_t, n_experts);
    const bool has_nan = nan_at < n_experts;
    if (has_nan) report(fault, FaultKind::router_nan, t, nan_at, n_experts);

    for (int j = 0; j < top_k; ++j) {
        ids_t[j] = has_nan ? j : best_expert(logits_t, n_experts, ids_t, j);
        weights_t[j] = has_nan ? logits_t[nan_at] : logits_t[ids_t[j]];
    }
    softmax_of_chosen(weights_t, top_k);
}

// New: a warp per token. Each lane looks at the experts lane, lane + 32, ... and remembers in a bit
// mask which of them are taken; the best of all lanes is found in five steps.
inline constexpr int kMostWarpExperts = 32 * kWarpSize;  // a bit of the mask for each

// The expert with the larger logit, -1 standing for none; the lower id on a tie.
__device__ inline int better_expert(const float* logits_t, int a, int b) {
    if (a < 0) return b;
    if (b < 0) return a;
    if (logits_t[a] != logits_t[b]) return logits_t[a] > logits_t[b] ? a : b;
    return min(a, b);
}

__device__ inline int warp_best_expert(const float* logits_t, int n_experts, unsigned taken) {
    int best = -1;
    for (int e = lane_of_warp(); e < n_experts; e += kWarpSize) {
        const bool is_taken = (taken >> (e / kWarpSize) & 1u) != 0;
        if (!is_taken) best = better_expert(logits_t, best, e);
    }
    for (int bit = kWarpSize / 2; bit > 0; bit /= 2) {
        best = better_expert(logits_t, best, __shfl_xor_sync(kAllLanes, best, bit));
    }
    return best;
}

__device__ inline int warp_first_nan(const float* logits_t, int n_experts) {
    int first = n_experts;
    for (int e = lane_of_warp(); e < n_experts; e += kWarpSize) {
        if (isnan(logits_t[e])) first = min(first, e);
    }
    return warp_min(first);
}

static __global__ void route_warp_kernel(ConstMatrixView logits, IdsView ids, MatrixView weights,
                                         Fault* fault) {
    wait_for_previous_kernel();
    const int t = int(blockIdx.x);
    const int n_experts = logits.cols;
    const int top_k = ids.cols;
    const float* logits_t = logits.row(t);  // (n_experts)
    std::int32_t* ids_t = ids.row(t);       // (top_k)
    float* weights_t = weights.row(t);      // (top_k)

    const int nan_at = warp_first_nan(logits_t, n_experts);
    const bool has_nan = nan_at < n_experts;
    const bool is_first_lane = lane_of_warp() == 0;
    if (has_nan && is_first_lane) report(fault, FaultKind::router_nan, t, nan_at, n_experts);

    unsigned taken = 0;
    for (int j = 0; j < top_k; ++j) {
        const int e = has_nan ? j : warp_best_expert(logits_t, n_experts, taken);
        if (e % kWarpSize == lane_of_warp()) taken |= 1u << (e / kWarpSize);
        if (!is_first_lane) continue;
        ids_t[j] = e;
        weights_t[j] = logits_t[has_nan ? nan_at : e];
    }
    if (is_first_lane) softmax_of_chosen(weights_t, top_k);
}

// gptoss::cuda::route
inline void route(ConstMatrixView logits, IdsView ids, MatrixView weights) {
    const int n_tokens = logits.rows;
    const int n_experts = logits.cols;
    require_route_shapes(logits, ids, weights);
    if (n_tokens == 0) return;
    if (n_experts <= kMostWarpExperts) {
        route_warp_kernel<<<block_per_row(n_tokens), kWarpSize>>>(logits, ids, weights,
                                                                  device_fault());
    } else {
        const int n_blocks = (n_tokens + kThreads - 1) / kThreads;
        route_kernel<<<n_blocks, kThreads>>>(logits, ids, weights, device_fault());
    }
    check_launch("cuda::route");
}

}  // namespace gptoss::cuda
