// Twin of core/mxfp4.hpp, which holds formula and pitfalls. What differs: a code's value is built
// from its bits instead of looked up, and a whole tensor can be decoded at once.
//
//     value = (sign, exponent and mantissa of the code, put where a float has them) * 2^126
//
// A float's exponent has bias 127 and a code's has bias 1, so the float is 2^126 too small; a code
// with exponent 0 becomes a subnormal float, which is what it is.
//
// Pitfalls Needs subnormals: never compile it with -ftz=true or --use_fast_math.
#pragma once
#include <cuda_runtime.h>

#include <cstdint>

#include "gptoss/core/check.hpp"
#include "gptoss/core/view.hpp"
#include "gptoss/cuda/check.cuh"
#include "gptoss/cuda/launch.cuh"

namespace gptoss::cuda {

// Of the lowest four bits of code.
__device__ inline float mxfp4_value(std::uint32_t code) {
    const std::uint32_t sign = (code & 8u) << 28;
    const std::uint32_t exponent_and_mantissa = (code & 7u) << 22;
    const float two_to_the_126 = 0x1p126f;
    return __uint_as_float(sign | exponent_and_mantissa) * two_to_the_126;
}

// Twin of mxfp4_scale, without a branch: behind one, the compiler holds loads back.
__device__ inline float mxfp4_scale_value(std::uint8_t scale) {
    const std::uint32_t two_to_the_minus_127 = 0x00400000u;
    const std::uint32_t quiet_nan = 0x7FC00000u;
    const std::uint32_t bits = max(std::uint32_t(scale) << 23, two_to_the_minus_127);
    return __uint_as_float(scale == kMxfp4NanScale ? quiet_nan : bits);
}

// weights (32)
__device__ inline void mxfp4_decode_block(const std::uint8_t* codes, std::uint8_t scale,
                                          float* weights) {
    const float scale_value = mxfp4_scale_value(scale);
    for (int b = 0; b < kMxfp4BlockBytes; ++b) {
        weights[2 * b] = mxfp4_value(codes[b]) * scale_value;
        weights[2 * b + 1] = mxfp4_value(codes[b] >> 4) * scale_value;
    }
}

// Row o of w by block o; every thread decodes blocks of 32 weights.
static __global__ void mxfp4_decode_kernel(Mxfp4Matrix w, MatrixView weights) {
    wait_for_previous_kernel();
    const int o = int(blockIdx.x);
    const Mxfp4Row row = w.row(o);
    const int n_blocks = w.cols / kMxfp4BlockSize;
    for (int block = first_column(); block < n_blocks; block += column_stride()) {
        const std::uint8_t* codes = row.codes + block * kMxfp4BlockBytes;  // (16)
        float* weights_block = weights.row(o) + block * kMxfp4BlockSize;   // (32)
        mxfp4_decode_block(codes, row.scales[block], weights_block);
    }
}

// A whole tensor: weights (rows, cols) floats.
inline void mxfp4_decode(Mxfp4Matrix w, MatrixView weights) {
    require_multiple("cuda::mxfp4_decode", "w.cols", w.cols, kMxfp4BlockSize, "MXFP4 block");
    require_shape("cuda::mxfp4_decode", "weights", weights, w.rows, w.cols);
    if (w.rows == 0) return;
    const dim3 grid = thread_per_element(w.rows, w.cols / kMxfp4BlockSize);
    mxfp4_decode_kernel<<<grid, kThreads>>>(w, weights);
    check_launch("cuda::mxfp4_decode");
}

}  // namespace gptoss::cuda
