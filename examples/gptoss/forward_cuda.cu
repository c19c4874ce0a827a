// The forward pass of --path cuda, and the device it runs on, compiled here and nowhere else.
#include <chrono>

#include "gptoss/ops/cuda.cuh"
#include "path_memory.hpp"

namespace gptoss::tool {
namespace {

using Memory = CudaOps::Memory;

std::string device_name() {
    cudaDeviceProp device = {};
    cuda::check("device_name", cudaGetDeviceProperties(&device, 0));
    return device.name;
}

Weights copy_to_device(const Weights& weights, const OnCopied& on_copied) {
    return gptoss::copy_weights<Memory>(weights, on_copied);
}

void forward_cuda(const Weights& w, KvCache& cache, Activations& a, Watch* watch) {
    forward<CudaOps>(w, cache, a, watch);
}

void sample_cuda(ConstMatrixView logits, SamplingOptions options, double uniform, IdsView id) {
    CudaOps::sample(logits, options, uniform, id);
}

void wait() {
    cuda::check("wait", cudaDeviceSynchronize());
}

// The best of some copies of a quarter of a gigabyte, far more than a cache holds.
double copy_bytes_per_s() {
    const std::size_t bytes = std::size_t(1) << 28;
    const int n_runs = 10;
    const Buffer from = Buffer::allocate<Memory>(bytes);
    const Buffer to = Buffer::allocate<Memory>(bytes);
    double best_seconds = 1e9;
    for (int run = 0; run < n_runs; ++run) {
        wait();
        const auto begin = std::chrono::steady_clock::now();
        Memory::copy(to.data(), from.data(), bytes);
        wait();
        const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
        best_seconds = std::min(best_seconds, took.count());
    }
    return 2 * double(bytes) / best_seconds;
}

constexpr DevicePath kDevicePath = {device_name,      &cuda::require_device, copy_to_device,
                                    forward_cuda,     sample_cuda,           wait,
                                    copy_bytes_per_s, &Memory::allocate,     &Memory::release,
                                    &Memory::copy,    &Memory::upload,       &Memory::download};

}  // namespace

const DevicePath* device_path() {
    return &kDevicePath;
}

}  // namespace gptoss::tool
