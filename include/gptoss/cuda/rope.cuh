// Twin of layers/rope.hpp, which holds formulas, shapes and pitfalls. What differs: the radians per
// position of all pairs are computed on the host and travel as an argument; cos, sin and the
// rotation take one thread per pair.
#pragma once
#include <algorithm>

#include "gptoss/cuda/check.cuh"
#include "gptoss/cuda/launch.cuh"
#include "gptoss/layers/rope.hpp"

namespace gptoss::cuda {

inline constexpr int kPairsPerLaunch = 256;  // an argument may have 4 KB; 32 pairs in real models

// inv_freq of the pairs first_pair .. first_pair + n_pairs - 1
struct RopeFrequencies {
    float inv_freq[kPairsPerLaunch] = {};
    int first_pair = 0;
    int n_pairs = 0;
};

inline RopeFrequencies rope_frequencies(const Config& config, int first_pair) {
    const int half = config.head_dim / 2;
    RopeFrequencies frequencies;
    frequencies.first_pair = first_pair;
    frequencies.n_pairs = std::min(kPairsPerLaunch, half - first_pair);
    for (int i = 0; i < frequencies.n_pairs; ++i) {
        frequencies.inv_freq[i] = rope_inv_freq(config, first_pair + i);
    }
    return frequencies;
}

static __global__ void rope_table_kernel(RopeFrequencies frequencies, float concentration,
                                         ConstIdsView positions, MatrixView table) {
    wait_for_previous_kernel();
    const int t = int(blockIdx.x);
    const int half = table.cols / 2;
    float* cos_t = table.row(t);  // (half)
    float* sin_t = cos_t + half;  // (half)
    for (int i = int(threadIdx.x); i < frequencies.n_pairs; i += int(blockDim.x)) {
        const int d = frequencies.first_pair + i;
        const float angle = float(positions.data[t]) * frequencies.inv_freq[i];
        cos_t[d] = cosf(angle) * concentration;
        sin_t[d] = sinf(angle) * concentration;
    }
}

// gptoss::cuda::rope_table
inline void rope_table(const Config& config, ConstIdsView positions, MatrixView table) {
    const int n_tokens = positions.rows;
    const int half = config.head_dim / 2;
    require_shape("cuda::rope_table", "table", table, n_tokens, config.head_dim);
    if (n_tokens == 0) return;
    const float concentration = rope_concentration(config);
    for (int first_pair = 0; first_pair < half; first_pair += kPairsPerLaunch) {
        const RopeFrequencies frequencies = rope_frequencies(config, first_pair);
        rope_table_kernel<<<block_per_row(n_tokens), kThreads>>>(frequencies, concentration,
                                                                 positions, table);
        check_launch("cuda::rope_table");
    }
}

static __global__ void rope_kernel(ConstMatrixView x, ConstMatrixView table, MatrixView y) {
    wait_for_previous_kernel();
    const int t = int(blockIdx.x);
    const int head_dim = table.cols;
    const int half = head_dim / 2;
    const int n_pairs = x.cols / 2;     // of all heads
    const float* cos_t = table.row(t);  // (half)
    const float* sin_t = cos_t + half;  // (half)
    for (int pair = first_column(); pair < n_pairs; pair += column_stride()) {
        const int h = pair / half;
        const int d = pair % half;
        const float* x_th = x.row(t) + h * head_dim;  // (head_dim)
        float* y_th = y.row(t) + h * head_dim;        // (head_dim)
        const float first = x_th[d];
        const float second = x_th[d + half];
        y_th[d] = first * cos_t[d] - second * sin_t[d];
        y_th[d + half] = second * cos_t[d] + first * sin_t[d];
    }
}

// gptoss::cuda::rope
inline void rope(ConstMatrixView x, ConstMatrixView table, MatrixView y) {
    const int n_tokens = x.rows;
    const int head_dim = table.cols;
    require_extent("cuda::rope", "table.rows", table.rows, n_tokens, "x.rows");
    require_multiple("cuda::rope", "x.cols", x.cols, head_dim, "table.cols, head_dim");
    require_shape("cuda::rope", "y", y, n_tokens, x.cols);
    if (n_tokens == 0) return;
    rope_kernel<<<thread_per_element(n_tokens, x.cols / 2), kThreads>>>(x, table, y);
    check_launch("cuda::rope");
}

}  // namespace gptoss::cuda
