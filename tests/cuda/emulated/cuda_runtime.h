// A CUDA device emulated on the CPU, as far as the kernels of this project need one.
//
// This is no GPU. It shows that the logic of a kernel is right: its indices, its barriers, its
// bounds. It shows nothing about speed, about the arithmetic of a device (which fuses multiply and
// add, and has its own exp), or about what two threads do in the same instant.
//
//     blocks   run one after the other
//     threads  of a block run in turn, each up to its next barrier, on a stack of its own
//     memory   of the device is out of bounds for the host: every page is locked except while a
//              kernel or a copy runs, so a host that reads it ends with a segmentation fault. An
//              allocation ends at a locked page, so a kernel that runs over it ends the same way
//              (within 15 bytes). Fresh memory is full of NaN.
//     views    given to a kernel must lie inside one allocation each
//
// GPTOSS_EMULATED_ORDER=reverse in the environment runs threads from last to first: what depends on
// the order within a block is a race and differs then. GPTOSS_EMULATED_DRIVER=old refuses graphs whose
// kernels overlap.
// emulate.cmake rewrites kernel<<<grid, block>>>(arguments) to a call of emulated::launch below.
#pragma once
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <functional>
#include <type_traits>

using std::isinf;
using std::isnan;

#define __global__
#define __device__
#define __host__
#define __shared__ static
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
struct alignas(16) float4 {
    float x, y, z, w;
};

// --- The runtime's calls ----------------------------------------------------------------------

enum cudaError_t {
    cudaSuccess = 0,
    cudaErrorInvalidValue = 1,
    cudaErrorMemoryAllocation = 2,
    cudaErrorInvalidConfiguration = 9,
    cudaErrorInsufficientDriver = 35,
    cudaErrorInvalidDeviceFunction = 98,
    cudaErrorNoDevice = 100,
    cudaErrorNoKernelImageForDevice = 209,
    cudaErrorStreamCaptureUnsupported = 900,
};
enum cudaMemcpyKind {
    cudaMemcpyHostToDevice = 1,
    cudaMemcpyDeviceToHost = 2,
    cudaMemcpyDeviceToDevice = 3
};
struct cudaDeviceProp {
    char name[256] = "CPU";
    int major = 9;
    int minor = 0;
};
struct cudaFuncAttributes {
    int ptxVersion = 90;
};
#define CUDART_VERSION 13000

// A graph is a list of launches; there is one stream. A node is its place in the list, from 1 on.
struct EmulatedGraph;
using cudaGraphNode_t = std::size_t;
struct cudaGraphEdgeData {
    unsigned char from_port, to_port, type, reserved[5];
};
inline constexpr unsigned char cudaGraphKernelNodePortProgrammatic = 1;
inline constexpr unsigned char cudaGraphDependencyTypeProgrammatic = 1;
using cudaGraph_t = EmulatedGraph*;
using cudaGraphExec_t = EmulatedGraph*;
enum cudaStream_t { cudaStreamPerThread };
enum cudaStreamCaptureMode { cudaStreamCaptureModeThreadLocal };

cudaError_t cudaGetDeviceCount(int* count);
inline cudaError_t cudaGetDevice(int* device) {
    *device = 0;
    return cudaSuccess;
}
cudaError_t cudaDriverGetVersion(int* version);
cudaError_t cudaRuntimeGetVersion(int* version);
cudaError_t cudaGetDeviceProperties(cudaDeviceProp* properties, int device);
cudaError_t cudaGetLastError();
inline cudaError_t cudaDeviceSynchronize() {
    return cudaSuccess;
}
const char* cudaGetErrorString(cudaError_t status);
const char* cudaGetErrorName(cudaError_t status);
cudaError_t cudaMalloc(void** memory, std::size_t bytes);
cudaError_t cudaFree(void* memory);
enum cudaMemPool_t { emulatedPool };
enum cudaMemPoolAttr { cudaMemPoolAttrReleaseThreshold };
inline cudaError_t cudaDeviceGetDefaultMemPool(cudaMemPool_t*, int) {
    return cudaSuccess;
}
inline cudaError_t cudaMemPoolSetAttribute(cudaMemPool_t, cudaMemPoolAttr, void*) {
    return cudaSuccess;
}
cudaError_t cudaMallocAsync(void** memory, std::size_t bytes, cudaStream_t stream);
cudaError_t cudaFreeAsync(void* memory, cudaStream_t stream);
cudaError_t cudaMemGetInfo(std::size_t* free_bytes, std::size_t* total_bytes);
cudaError_t cudaMemset(void* memory, int value, std::size_t bytes);
cudaError_t cudaMemcpy(void* to, const void* from, std::size_t bytes, cudaMemcpyKind kind);
cudaError_t cudaMemcpyAsync(void* to, const void* from, std::size_t bytes, cudaMemcpyKind kind);
cudaError_t cudaStreamBeginCapture(cudaStream_t stream, cudaStreamCaptureMode mode);
cudaError_t cudaStreamEndCapture(cudaStream_t stream, cudaGraph_t* graph);
cudaError_t cudaGraphGetEdges(cudaGraph_t graph, cudaGraphNode_t* from, cudaGraphNode_t* to,
                              cudaGraphEdgeData* edges, std::size_t* n_edges);
cudaError_t cudaGraphRemoveDependencies(cudaGraph_t graph, const cudaGraphNode_t* from,
                                        const cudaGraphNode_t* to, const cudaGraphEdgeData* edges,
                                        std::size_t n_edges);
cudaError_t cudaGraphAddDependencies(cudaGraph_t graph, const cudaGraphNode_t* from,
                                     const cudaGraphNode_t* to, const cudaGraphEdgeData* edges,
                                     std::size_t n_edges);
cudaError_t cudaGraphClone(cudaGraph_t* copy, cudaGraph_t graph);
cudaError_t cudaGraphInstantiate(cudaGraphExec_t* executable, cudaGraph_t graph, int flags);
cudaError_t cudaGraphLaunch(cudaGraphExec_t executable, cudaStream_t stream);
cudaError_t cudaGraphDestroy(cudaGraph_t graph);
cudaError_t cudaGraphExecDestroy(cudaGraphExec_t executable);
template <class Kernel>
cudaError_t cudaFuncGetAttributes(cudaFuncAttributes* attributes, Kernel) {
    *attributes = {};
    return cudaSuccess;
}

// --- What kernels call ------------------------------------------------------------------------

void __syncthreads();

inline float __uint_as_float(unsigned bits) {
    float value;
    std::memcpy(&value, &bits, sizeof value);
    return value;
}
inline unsigned __float_as_uint(float value) {
    unsigned bits;
    std::memcpy(&bits, &value, sizeof bits);
    return bits;
}
template <class Value>
Value __ldcs(const Value* from) {
    return *from;
}
inline unsigned max(unsigned a, unsigned b) {
    return a > b ? a : b;
}
inline int min(int a, int b) {
    return a < b ? a : b;
}
inline int max(int a, int b) {
    return a > b ? a : b;
}
inline int atomicCAS(int* address, int compare, int value) {
    const int before = *address;
    if (before == compare) *address = value;
    return before;
}
inline int atomicAdd(int* address, int value) {
    const int before = *address;
    *address += value;
    return before;
}

namespace emulated {

// Lays down a value for the other threads of the warp, waits for theirs, and returns all 32.
const std::uint64_t* exchange(std::uint64_t value);

void run(dim3 grid, dim3 block, const std::function<void()>& thread);

// A kernel's thread has waited for the kernel before it; a block with one that has not ends the program.
void note_wait();

// Ends the program unless bytes from data on lie in one allocation.
void require_device_memory(const void* data, std::size_t bytes);

inline std::size_t extent(int n) {
    return std::size_t(n);
}

// Views by their shape: {data, rows, cols}, {data, size} and {bytes, rows, row_bytes()}.
template <class Argument>
void check_argument(const Argument& a) {
    if constexpr (requires { a.data, a.rows, a.cols; }) {
        require_device_memory(a.data, extent(a.rows) * extent(a.cols) * sizeof *a.data);
    } else if constexpr (requires { a.data, a.size; }) {
        require_device_memory(a.data, extent(a.size) * sizeof *a.data);
    } else if constexpr (requires { a.bytes, a.rows, a.row_bytes(); }) {
        require_device_memory(a.bytes, extent(a.rows) * a.row_bytes());
    } else if constexpr (std::is_pointer_v<Argument>) {
        require_device_memory(a, sizeof *a);
    }
}

template <class... Parameters>
struct Launch {
    void (*kernel)(Parameters...);
    dim3 grid;
    dim3 block;

    void operator()(Parameters... arguments) const {
        (check_argument(arguments), ...);
        run(grid, block, [kernel = kernel, arguments...] { kernel(arguments...); });
    }
};

template <class... Parameters>
Launch<Parameters...> launch(void (*kernel)(Parameters...), dim3 grid, dim3 block) {
    return {kernel, grid, block};
}

}  // namespace emulated

template <class Value>
Value __shfl_sync(unsigned, Value value, unsigned lane) {
    static_assert(sizeof value <= 8);
    std::uint64_t bytes = 0;
    std::memcpy(&bytes, &value, sizeof value);
    std::memcpy(&value, &emulated::exchange(bytes)[lane], sizeof value);
    return value;
}
template <class Value>
Value __shfl_xor_sync(unsigned mask, Value value, unsigned lane_bits) {
    return __shfl_sync(mask, value, (threadIdx.x & 31u) ^ lane_bits);
}
inline void __syncwarp() {
    emulated::exchange(0);
}
