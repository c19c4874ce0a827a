// The forward pass of --path cuda, and the device it runs on, compiled here and nowhere else.
#include <chrono>

#include "gptoss/model/decode_loop.cuh"
#include "gptoss/ops/cuda.cuh"
#include "path_memory.hpp"

namespace gptoss::tool {
namespace {

using Memory = CudaOps::Memory;

std::string device_name() {
    cudaDeviceProp device = {};
    cuda::check("device_name", cudaGetDeviceProperties(&device, cuda::current_device()));
    return device.name;
}

Weights copy_to_device(const Weights& weights, const OnCopied& on_copied) {
    return gptoss::copy_weights<Memory>(weights, on_copied);
}

// One token takes the same kernels with and without tensor cores, so there is one graph.
DecodeGraph& decode_graph() {
    static DecodeGraph decode;
    return decode;
}

DecodeLoop& decode_loop() {
    static DecodeLoop loop;
    return loop;
}

template <class Ops>
void forward_cuda(const Weights& w, KvCache& cache, Activations& a, Watch* watch) {
    decode_loop().forget();
    if (a.tokens.rows > 1 || wants_anything(watch, w.config.n_layers)) {
        forward<Ops>(w, cache, a, watch);
    } else {
        decode_graph().forward(w, cache, a);
    }
}

std::int32_t step_cuda(const Weights& w, KvCache& cache, Activations& a, std::int32_t id,
                       const Draw& draw) {
    return decode_loop().step(w, cache, a, id, draw);
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
    const int copies_of_run = 16;  // so that a launch and a wait do not count
    const Buffer from = Buffer::allocate<Memory>(bytes);
    const Buffer to = Buffer::allocate<Memory>(bytes);
    double best_seconds = 1e9;
    for (int run = 0; run < n_runs; ++run) {
        wait();
        const auto begin = std::chrono::steady_clock::now();
        for (int copy = 0; copy < copies_of_run; ++copy) {
            Memory::copy(to.data(), from.data(), bytes);
        }
        wait();
        const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
        best_seconds = std::min(best_seconds, took.count());
    }
    return 2 * copies_of_run * double(bytes) / best_seconds;
}

constexpr DevicePath kDevicePath = {
    .name = device_name,
    .require_device = &cuda::require_device,
    .copy_weights = copy_to_device,
    .rounding = {forward_cuda<CudaTileOps>, forward<CudaTileOps>},
    .exact = {forward_cuda<CudaOps>, forward<CudaOps>},
    .step = step_cuda,
    .sample = sample_cuda,
    .wait = wait,
    .copy_bytes_per_s = copy_bytes_per_s,
    .allocate = &Memory::allocate,
    .release = &Memory::release,
    .free_bytes = &Memory::free_bytes,
    .copy = &Memory::copy,
    .upload = &Memory::upload,
    .download = &Memory::download,
};

}  // namespace

const DevicePath* device_path() {
    return &kDevicePath;
}

}  // namespace gptoss::tool
