// Twin of layers/sampling.hpp, which holds the rules and pitfalls. What differs: one block looks at
// all logits, so that only the chosen id has to leave the device; p are floats in whole units, whose
// sums are integers, and nothing is sorted (cuda/selection.cuh). The scalar op chooses another id only
// where its running sum comes within 1e-6 of the threshold.
#pragma once
#include <bit>
#include <cmath>

#include "gptoss/cuda/check.cuh"
#include "gptoss/cuda/fault.cuh"
#include "gptoss/cuda/launch.cuh"
#include "gptoss/cuda/selection.cuh"
#include "gptoss/layers/sampling.hpp"

namespace gptoss::cuda {

inline constexpr int kMostSampleThreads = 1024;

// The rank of the best token that this thread looks at; 0 if all are NaN.
__device__ inline std::uint64_t best_of_own(ConstVectorView logits) {
    int best = -1;
    float best_logit = 0.0f;
#pragma unroll 8
    for (int o = int(threadIdx.x); o < logits.size; o += int(blockDim.x)) {
        const float logit = logits.data[o];
        const bool is_better = !isnan(logit) && (best < 0 || logit > best_logit);
        best = is_better ? o : best;  // ids rise: a tie leaves the lower one
        best_logit = is_better ? logit : best_logit;
    }
    return best < 0 ? 0 : rank_of(best_logit, best);
}

__device__ inline bool is_finite_choice(ConstVectorView logits, std::uint64_t best, Fault* fault) {
    const int o = best == 0 ? 0 : id_of(best);
    const bool none = best == 0 || logits.data[o] == -INFINITY;
    if (!none && !isinf(logits.data[o])) return true;
    const FaultKind kind = none ? FaultKind::no_logit : FaultKind::infinite_logit;
    if (threadIdx.x == 0) report(fault, kind, 0, o, logits.size);
    return false;
}

// The number of the next draw, on the device, and what random_uniform makes of its seed.
struct DrawCounter {
    std::uint64_t key = 0;
    std::uint64_t draw = 0;
};

struct Uniform {
    double value;
    const DrawCounter* counter;  // may be nullptr; otherwise it says which draw this is
};

// Twin of random_uniform.
__device__ inline double value_of(const Uniform& uniform) {
    if (uniform.counter == nullptr) return uniform.value;
    const std::uint64_t word = generator_word(uniform.counter->key, uniform.counter->draw);
    return double(word >> 11) * 0x1p-53;
}

static __global__ void __launch_bounds__(kMostSampleThreads)
    greedy_kernel(ConstVectorView logits, IdsView id, Fault* fault) {
    wait_for_previous_kernel();
    const std::uint64_t best = block_max(best_of_own(logits));
    const bool is_finite = is_finite_choice(logits, best, fault);
    if (threadIdx.x == 0) id.data[0] = is_finite ? id_of(best) : 0;
}

// Of a token whose rank is at or above the cut.
__device__ inline std::uint64_t kept_p(const Chances& chances, int o, std::uint64_t cut) {
    const float logit = chances.logits.data[o];
    return rank_of(logit, o) < cut ? 0 : p_of(chances, logit);
}

// Each thread sums up neighbouring ids; the one whose ids lead beyond the threshold goes through them.
__device__ inline void draw(const Chances& chances, std::uint64_t cut, double uniform, IdsView id) {
    const int vocab_size = chances.logits.size;
    const int n_ids = (vocab_size + int(blockDim.x) - 1) / int(blockDim.x);
    const int first = min(int(threadIdx.x) * n_ids, vocab_size);
    const int end = min(first + n_ids, vocab_size);
    std::uint64_t sum = 0;
#pragma unroll 4
    for (int o = first; o < end; ++o) {
        sum += kept_p(chances, o, cut);
    }
    const BlockSum sums = block_sum(sum);
    const auto share = std::uint64_t(uniform * double(sums.all));
    const std::uint64_t threshold = share < sums.all ? share : sums.all - 1;
    const bool is_here = sums.before <= threshold && threshold < sums.before + sum;
    if (!is_here) return;
    std::uint64_t running_sum = sums.before;
    for (int o = first; o < end && running_sum <= threshold; ++o) {
        running_sum += kept_p(chances, o, cut);
        id.data[0] = o;
    }
}

static __global__ void __launch_bounds__(kMostSampleThreads)
    draw_kernel(ConstVectorView logits, SamplingOptions options, double log_min_p, float units,
                Uniform uniform, IdsView id, Fault* fault) {
    wait_for_previous_kernel();
    const std::uint64_t best_of_thread = best_of_own(logits);
    const std::uint64_t best = block_max(best_of_thread);
    if (!is_finite_choice(logits, best, fault)) {
        if (threadIdx.x == 0) id.data[0] = 0;
        return;
    }
    const Chances chances = {logits, logits.data[id_of(best)], options.temperature, units};
    const bool nothing_is_cut =
        options.top_k == 0 && options.top_p == 1.0f && options.min_p == 0.0f;
    const std::uint64_t cut =
        nothing_is_cut ? 1 : cut_of(chances, options, log_min_p, best, best_of_thread);
    draw(chances, cut, value_of(uniform), id);
}

// As many units of p as let the vocabulary be summed up: 2^44 for 201,088 tokens.
inline float units_of_p(int vocab_size) {
    return std::ldexp(1.0f, 62 - int(std::bit_width(unsigned(vocab_size))));
}

inline void launch_sample(ConstMatrixView logits, SamplingOptions options, Uniform uniform,
                          IdsView id) {
    const int vocab_size = logits.cols;
    const ConstVectorView last_row = {logits.row(logits.rows - 1), vocab_size};
    const int n_warps = (vocab_size + kWarpSize - 1) / kWarpSize;
    const int n_threads = std::clamp(n_warps * kWarpSize, kWarpSize, kMostSampleThreads);

    if (options.temperature == 0.0f) {
        greedy_kernel<<<1, n_threads>>>(last_row, id, device_fault());
    } else {
        const double log_min_p = std::log(double(options.min_p));
        draw_kernel<<<1, n_threads>>>(last_row, options, log_min_p, units_of_p(vocab_size), uniform,
                                      id, device_fault());
    }
    check_launch("cuda::sample");
}

// gptoss::cuda::sample
inline void sample(ConstMatrixView logits, SamplingOptions options, double uniform, IdsView id) {
    validate(options);
    require_sample_operands(logits, uniform, id);
    launch_sample(logits, options, {uniform, nullptr}, id);
}

// With random_uniform of the draw that a counter on the device says.
inline void sample_counted(ConstMatrixView logits, SamplingOptions options,
                           const DrawCounter* counter, IdsView id) {
    validate(options);
    require_sample_operands(logits, 0.0, id);
    launch_sample(logits, options, {0.0, counter}, id);
}

}  // namespace gptoss::cuda
