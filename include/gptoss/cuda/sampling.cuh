// Twin of layers/sampling.hpp, which holds the rules and pitfalls. What differs: one block looks at
// all logits, so that only the chosen id has to leave the device. The sum of p is made of a sum per
// thread, so its last bits differ. Cuts (top_k, top_p, min_p) need the vocabulary sorted: for them
// the row of logits is downloaded and the scalar version chooses.
#pragma once
#include <vector>

#include "gptoss/cuda/check.cuh"
#include "gptoss/cuda/fault.cuh"
#include "gptoss/cuda/launch.cuh"
#include "gptoss/cuda/memory.cuh"
#include "gptoss/layers/sampling.hpp"

namespace gptoss::cuda {

inline constexpr int kSampleThreads = 512;  // a power of two: the tree halves it

// The better of two ids, -1 standing for none: the larger logit, the lower id on a tie.
__device__ inline int better(ConstVectorView logits, int a, int b) {
    if (a < 0) return b;
    if (b < 0) return a;
    if (logits.data[a] != logits.data[b]) return logits.data[a] > logits.data[b] ? a : b;
    return a < b ? a : b;
}

// The greedy choice of the whole block, the same for all its threads; -1 if all are NaN.
__device__ inline int block_greedy(ConstVectorView logits) {
    __shared__ int best[kSampleThreads];
    int best_of_thread = -1;
    float best_logit = 0.0f;
#pragma unroll 8
    for (int o = int(threadIdx.x); o < logits.size; o += kSampleThreads) {
        const float logit = logits.data[o];
        const bool is_better = !isnan(logit) && (best_of_thread < 0 || logit > best_logit);
        best_of_thread = is_better ? o : best_of_thread;  // ids rise: a tie leaves the lower one
        best_logit = is_better ? logit : best_logit;
    }
    best[threadIdx.x] = best_of_thread;
    __syncthreads();
    for (unsigned half = kSampleThreads / 2; half > 0; half /= 2) {
        if (threadIdx.x < half) {
            best[threadIdx.x] = better(logits, best[threadIdx.x], best[threadIdx.x + half]);
        }
        __syncthreads();
    }
    return best[0];
}

__device__ inline bool is_finite_choice(ConstVectorView logits, int best, Fault* fault) {
    const bool none = best < 0 || logits.data[best] == -INFINITY;
    if (!none && !isinf(logits.data[best])) return true;
    const FaultKind kind = none ? FaultKind::no_logit : FaultKind::infinite_logit;
    if (threadIdx.x == 0) report(fault, kind, 0, best, logits.size);
    return false;
}

static __global__ void __launch_bounds__(kSampleThreads)
    greedy_kernel(ConstVectorView logits, IdsView id, Fault* fault) {
    wait_for_previous_kernel();
    const int best = block_greedy(logits);
    const bool is_finite = is_finite_choice(logits, best, fault);
    if (threadIdx.x == 0) id.data[0] = is_finite ? best : 0;
}

// Unnormalised probability; 0 for NaN, which is never chosen.
__device__ inline double p_of(float logit, double maximum, float temperature) {
    if (isnan(logit)) return 0;
    return exp((double(logit) - maximum) / double(temperature));
}

// The ids that a thread of draw_kernel sums up: [first, end).
struct Stretch {
    int first;
    int end;
};
__device__ inline Stretch stretch_of(int thread, int vocab_size) {
    const int n_ids = (vocab_size + kSampleThreads - 1) / kSampleThreads;
    return {min(thread * n_ids, vocab_size), min((thread + 1) * n_ids, vocab_size)};
}

// Passes by whole stretches first, then goes from id to id. best is returned if rounding leaves the
// threshold beyond the last id.
__device__ inline int id_beyond(double threshold, const double* sum_of_stretch,
                                ConstVectorView logits, double maximum, float temperature,
                                int best) {
    double running_sum = 0;
    int thread = 0;
    while (thread < kSampleThreads && running_sum + sum_of_stretch[thread] <= threshold) {
        running_sum += sum_of_stretch[thread];
        ++thread;
    }
    int chosen = best;
    for (int o = stretch_of(thread, logits.size).first; o < logits.size; ++o) {
        const double p = p_of(logits.data[o], maximum, temperature);
        running_sum += p;
        if (p > 0) chosen = o;
        if (p > 0 && running_sum > threshold) break;
    }
    return chosen;
}

static __global__ void __launch_bounds__(kSampleThreads)
    draw_kernel(ConstVectorView logits, float temperature, double uniform, IdsView id,
                Fault* fault) {
    wait_for_previous_kernel();
    const int best = block_greedy(logits);
    if (!is_finite_choice(logits, best, fault)) {
        if (threadIdx.x == 0) id.data[0] = 0;
        return;
    }
    const double maximum = double(logits.data[best]);

    __shared__ double sum_of_stretch[kSampleThreads];
    const Stretch stretch = stretch_of(int(threadIdx.x), logits.size);
    double sum = 0;
    for (int o = stretch.first; o < stretch.end; ++o) {
        sum += p_of(logits.data[o], maximum, temperature);
    }
    sum_of_stretch[threadIdx.x] = sum;
    __syncthreads();
    if (threadIdx.x != 0) return;

    double sum_of_p = 0;
#pragma unroll 1  // unrolled, it takes more registers than a block has
    for (int thread = 0; thread < kSampleThreads; ++thread) {
        sum_of_p += sum_of_stretch[thread];
    }
    id.data[0] = id_beyond(uniform * sum_of_p, sum_of_stretch, logits, maximum, temperature, best);
}

inline void sample_on_host(ConstVectorView logits, SamplingOptions options, double uniform,
                           IdsView id) {
    std::vector<float> row(std::size_t(logits.size));
    DeviceMemory::download(row.data(), logits.data, row.size() * sizeof(float));
    std::int32_t chosen = 0;
    gptoss::sample({row.data(), 1, logits.size}, options, uniform, {&chosen, 1, 1});
    DeviceMemory::upload(id.data, &chosen, sizeof chosen);
}

// gptoss::cuda::sample
inline void sample(ConstMatrixView logits, SamplingOptions options, double uniform, IdsView id) {
    validate(options);
    require_sample_operands(logits, uniform, id);
    const ConstVectorView last_row = {logits.row(logits.rows - 1), logits.cols};  // (vocab_size)
    const bool nothing_is_cut =
        options.top_k == 0 && options.top_p == 1.0f && options.min_p == 0.0f;

    if (options.temperature == 0.0f) {
        greedy_kernel<<<1, kSampleThreads>>>(last_row, id, device_fault());
    } else if (nothing_is_cut) {
        draw_kernel<<<1, kSampleThreads>>>(last_row, options.temperature, uniform, id,
                                           device_fault());
    } else {
        sample_on_host(last_row, options, uniform, id);
    }
    check_launch("cuda::sample");
}

}  // namespace gptoss::cuda
