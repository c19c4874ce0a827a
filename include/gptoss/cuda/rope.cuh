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

// Pair number pair of all heads; table_t holds the cosines and then the sines of a token.
__device__ inline void rotate_pair(const float* x_t, const float* table_t, int head_dim, int pair,
                                   float* y_t) {
    const int half = head_dim / 2;
    const int h = pair / half;
    const int d = pair % half;
    const float cos = table_t[d];
    const float sin = table_t[d + half];
    const float first = x_t[h * head_dim + d];
    const float second = x_t[h * head_dim + d + half];
    y_t[h * head_dim + d] = first * cos - second * sin;
    y_t[h * head_dim + d + half] = second * cos + first * sin;
}

static __global__ void rope_kernel(ConstMatrixView x, ConstMatrixView table, MatrixView y) {
    wait_for_previous_kernel();
    const int t = int(blockIdx.x);
    const int n_pairs = x.cols / 2;  // of all heads
    for (int pair = first_column(); pair < n_pairs; pair += column_stride()) {
        rotate_pair(x.row(t), table.row(t), table.cols, pair, y.row(t));
    }
}

inline void require_rope_shapes(ConstMatrixView x, ConstMatrixView table, MatrixView y) {
    require_extent("cuda::rope", "table.rows", table.rows, x.rows, "x.rows");
    require_multiple("cuda::rope", "x.cols", x.cols, table.cols, "table.cols, head_dim");
    require_shape("cuda::rope", "y", y, x.rows, x.cols);
}

// gptoss::cuda::rope
inline void rope(ConstMatrixView x, ConstMatrixView table, MatrixView y) {
    const int n_tokens = x.rows;
    require_rope_shapes(x, table, y);
    if (n_tokens == 0) return;
    rope_kernel<<<thread_per_element(n_tokens, x.cols / 2), kThreads>>>(x, table, y);
    check_launch("cuda::rope");
}

}  // namespace gptoss::cuda
