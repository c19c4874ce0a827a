// Dot products with rows of MXFP4, decoded in registers: what the kernels of expert_linear are made of.
//
// New: codes become half floats, two at a time. A half has a sign, 5 exponent and 10 mantissa bits, a
// code a sign, 2 and 1; with the lowest bits in a half's place, the hardware widens both.
//
//     eight codes   7777 6666 5555 4444 3333 2222 1111 0000      4 bits each: s e e m
//     7 and 3       s000 eem0 0000 0000 s000 eem0 0000 0000      two halves in a register
//
//     half = value * 2^-14        the biases are 15 and 1; subnormal codes are subnormal halves
//
// Scaling by a power of two rounds nothing, so the sums are those of the values, 2^14 too small.
//
// Pitfalls Products below 2^-112, scale and x together, are subnormal in it and lose bits.
#pragma once
#include <cuda_fp16.h>
#include <cuda_runtime.h>

#include <cstdint>

#include "gptoss/cuda/mxfp4.cuh"
#include "gptoss/cuda/warp.cuh"

namespace gptoss::cuda {

// What the sums of dots_of_lane are to be multiplied with.
inline constexpr float kHalvesToValues = 0x1p14f;

// The codes whose sign bits are at 15 and 31, as floats; around them, codes are 0.
__device__ inline float2 two_codes(std::uint32_t apart, std::uint32_t apart_by_3) {
    const std::uint32_t halves = (apart | apart_by_3) & 0x8E008E00u;
    return __half22float2(reinterpret_cast<const __half2&>(halves));
}

// The products of 8 neighbours of x with 8 codes. Shifts left and right put a code's sign and the
// rest of it in their places; even and odd codes are kept apart, so that neither gets in the way.
__device__ inline float dot_of_codes(float4 x_0, float4 x_4, std::uint32_t codes) {
    const std::uint32_t even = codes & 0x0F0F0F0Fu;
    const std::uint32_t odd = codes & 0xF0F0F0F0u;
    const float2 w_04 = two_codes(even << 12, even << 9);
    const float2 w_15 = two_codes(odd << 8, odd << 5);
    const float2 w_26 = two_codes(even << 4, even << 1);
    const float2 w_37 = two_codes(odd, odd >> 3);
    return x_0.x * w_04.x + x_0.y * w_15.x + x_0.z * w_26.x + x_0.w * w_37.x +  //
           x_4.x * w_04.y + x_4.y * w_15.y + x_4.z * w_26.y + x_4.w * w_37.y;
}

// Four rows of codes for each x that is read, which comes in 32 bits per weight where a code has 4; two
// steps of them, eight loads of a lane, are on their way at a time, and fit 80 registers.
inline constexpr int kOutputsOfWarp = 4;
inline constexpr int kStepsAhead = 2;

// The shares of a lane in x . w of the outputs first_o to first_o + 3, to be added up by warp_sum. In
// turn, each lane takes 8 neighbours; four lanes share a block of 32. The codes of two turns are on
// their way before the first is used (see dot_of_lane in cuda/weights.cuh).
__device__ inline void dots_of_lane(const float* x, const Mxfp4Matrix& w, int first_o,
                                    float* sums) {
    const int own = 8 * lane_of_warp();
    // They move on with the loop: an address of its own for every load would be 33 instructions more.
    const std::uint8_t* codes_of[kOutputsOfWarp];
    const std::uint8_t* scales_of[kOutputsOfWarp];
#pragma unroll
    for (int r = 0; r < kOutputsOfWarp; ++r) {
        const Mxfp4Row row = w.row(min(first_o + r, w.rows - 1));
        codes_of[r] = row.codes + own / 2;
        scales_of[r] = row.scales + own / kMxfp4BlockSize;
    }
    const int step = 8 * kWarpSize;
    for (int first = own; first < w.cols; first += kStepsAhead * step) {
        std::uint32_t codes[kStepsAhead][kOutputsOfWarp];
        std::uint8_t scales[kStepsAhead][kOutputsOfWarp];
#pragma unroll
        for (int r = 0; r < kOutputsOfWarp; ++r) {
#pragma unroll
            for (int n = 0; n < kStepsAhead; ++n) {
                const bool is_there = first + n * step < w.cols;
                const std::uint8_t* eight = codes_of[r] + n * step / 2;
                const std::uint8_t* scale = scales_of[r] + n * step / kMxfp4BlockSize;
                codes[n][r] = is_there ? __ldcs(reinterpret_cast<const std::uint32_t*>(eight)) : 0;
                scales[n][r] = is_there ? __ldcs(scale) : 0;
            }
            codes_of[r] += kStepsAhead * step / 2;
            scales_of[r] += kStepsAhead * step / kMxfp4BlockSize;
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

}  // namespace gptoss::cuda
