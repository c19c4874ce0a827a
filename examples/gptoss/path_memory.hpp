// The memory that the chosen path works in: the host's, or with --path cuda that of a device.
//
// DevicePath is all the tool knows of CUDA. forward_cuda.cu fills it in, compiled by nvcc with
// -DGPTOSS_CUDA=ON; without it forward_cuda_missing.cpp says that there is none.
#pragma once
#include <cstddef>
#include <string>

#include "forwards.hpp"
#include "gptoss/core/buffer.hpp"
#include "gptoss/layers/sampling.hpp"
#include "gptoss/model/copy_weights.hpp"
#include "gptoss/model/device_fit.hpp"
#include "gptoss/run/generate.hpp"

namespace gptoss::tool {

struct DeviceForwards {
    Forward usual;   // one token at a time as a graph, if nobody wants to see anything
    Forward by_ops;  // never as a graph
};

struct DevicePath {
    std::string (*name)();     // of the device
    void (*require_device)();  // throws Error with the reason if kernels cannot run
    Weights (*copy_weights)(const Weights& weights, const OnCopied& on_copied);
    DeviceForwards rounding;  // prompts on tensor cores, which take activations in BF16
    DeviceForwards exact;     // --exact
    // Computes a token that has room and chooses the next one; nobody watches.
    std::int32_t (*step)(const Weights& w, KvCache& cache, Activations& a, std::int32_t id,
                         const Draw& draw);
    void (*sample)(ConstMatrixView logits, SamplingOptions options, double uniform, IdsView id);
    void (*wait)();                // until all that was launched has run
    double (*copy_bytes_per_s)();  // within its memory, read and written counted

    void* (*allocate)(std::size_t bytes);
    void (*release)(void* memory);
    std::size_t (*free_bytes)();
    void (*copy)(void* to, const void* from, std::size_t bytes);
    void (*upload)(void* to, const void* from_host, std::size_t bytes);
    void (*download)(void* to_host, const void* from, std::size_t bytes);
};

// nullptr if this program was built without.
const DevicePath* device_path();

// Set by chosen_path, before anything is allocated; nullptr on the CPU paths.
inline const DevicePath* device_in_use = nullptr;

// Tokens of a prompt per pass. With fewer on a device, the tiles of an expert would not be full:
// 4 of 32 experts of each token make 64 tokens per expert out of 512, and a tile takes 128.
inline int prefill_chunk() {
    return device_in_use ? kDeviceChunk : kPrefillChunk;
}

struct PathMemory {
    static void* allocate(std::size_t bytes) {
        return device_in_use ? device_in_use->allocate(bytes) : HostMemory::allocate(bytes);
    }
    static void release(void* memory) {
        device_in_use ? device_in_use->release(memory) : HostMemory::release(memory);
    }
    static std::size_t free_bytes() {
        return device_in_use ? device_in_use->free_bytes() : HostMemory::free_bytes();
    }
    static void copy(void* to, const void* from, std::size_t bytes) {
        device_in_use ? device_in_use->copy(to, from, bytes) : HostMemory::copy(to, from, bytes);
    }
    static void upload(void* to, const void* from_host, std::size_t bytes) {
        device_in_use ? device_in_use->upload(to, from_host, bytes)
                      : HostMemory::upload(to, from_host, bytes);
    }
    static void download(void* to_host, const void* from, std::size_t bytes) {
        device_in_use ? device_in_use->download(to_host, from, bytes)
                      : HostMemory::download(to_host, from, bytes);
    }
};

inline void sample_on_path(ConstMatrixView logits, SamplingOptions options, double uniform,
                           IdsView id) {
    const auto sample = device_in_use ? device_in_use->sample : &gptoss::sample;
    sample(logits, options, uniform, id);
}

}  // namespace gptoss::tool
