// A CUDA device emulated on the CPU, as far as the kernels of this project need one.
//
// This is no GPU: it shows nothing about speed, and nothing about a device's own exp, cos and sin. It
// shows that a kernel is right in its indices, bounds and barriers, as far as that can be seen on a CPU.
//
//     blocks   run one after the other
//     threads  of a block run in turn, each up to its next barrier, on a stack of its own
//     warps    meet at shuffles and __syncwarp: all lanes that the mask names, at the same place of the
//              program; none may have ended
//     memory   of the device is out of bounds for the host: every page is locked except while a
//              kernel or a copy runs, so a host that reads it ends with a segmentation fault. An
//              allocation ends at a locked page, so a kernel that runs over it ends the same way
//              (within 15 bytes). Fresh memory is full of NaN.
//     shared   memory is full of NaN when a block begins, has gaps, and ends after 48 KiB
//     views    given to a kernel must lie inside one allocation each
//
// In a build with AddressSanitizer a kernel may touch only the views that it was given, and none before
// it has waited for the kernel in front. In one with ThreadSanitizer every CUDA thread is a thread to
// it: barriers order them, shuffles do not, nor does the order of blocks.
//
// In the environment: GPTOSS_EMULATED_ORDER=reverse runs blocks and threads from last to first, and
// shuffle:N in an order drawn with seed N: what depends on it is a race. GPTOSS_EMULATED_DRIVER=old
// refuses graphs whose kernels overlap.
// emulate.cmake rewrites kernel<<<grid, block>>>(arguments) to a call of emulated::launch, and __shared__
// variables to references to emulated::shared.
#pragma once
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>

using std::isinf;
using std::isnan;

#define __global__
#define __device__ \
    __attribute__((always_inline))  // so that a place of the program is one of a kernel
#define __host__
#define __launch_bounds__(...)

struct dim3 {
    unsigned x = 1, y = 1, z = 1;
    constexpr dim3(unsigned x_ = 1, unsigned y_ = 1, unsigned z_ = 1) : x(x_), y(y_), z(z_) {}
    constexpr dim3(int x_) : x(unsigned(x_)) {}
};
inline dim3 threadIdx, blockIdx, blockDim, gridDim;

struct alignas(16) uint4 {
    unsigned x, y, z, w;
};
struct alignas(8) float2 {
    float x, y;
};
struct alignas(16) float4 {
    float x, y, z, w;
};

#include "kernel_calls.h"
#include "launch.h"
#include "runtime_calls.h"
