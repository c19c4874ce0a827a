// CudaOps: the table of the CUDA path. It inherits nothing, so a missing op is a compile error.
// CudaTileOps: the same, but a prompt meets matrices and its own keys on tensor cores, with
// activations rounded to BF16.
//
//     Transformer<CudaOps> transformer(copy_weights<CudaOps::Memory>(weights));
//
// All views that its ops get are of device memory; kernels run on the default stream, one after the
// other. Compile with nvcc -std=c++20 --expt-relaxed-constexpr, and for graphs (cuda/graph.cuh) with
// --default-stream per-thread (CMake: -DGPTOSS_CUDA=ON).
#pragma once
#include "gptoss/cuda/attention.cuh"
#include "gptoss/cuda/cache_store.cuh"
#include "gptoss/cuda/combine.cuh"
#include "gptoss/cuda/embedding.cuh"
#include "gptoss/cuda/expert_linear.cuh"
#include "gptoss/cuda/linear.cuh"
#include "gptoss/cuda/memory.cuh"
#include "gptoss/cuda/residual.cuh"
#include "gptoss/cuda/rmsnorm.cuh"
#include "gptoss/cuda/rope.cuh"
#include "gptoss/cuda/router.cuh"
#include "gptoss/cuda/sampling.cuh"
#include "gptoss/cuda/swiglu.cuh"
#include "gptoss/cuda/tile_attention.cuh"
#include "gptoss/cuda/tile_expert_linear.cuh"
#include "gptoss/cuda/tile_linear.cuh"
#include "gptoss/cuda/tile_unembedding.cuh"
#include "gptoss/cuda/unembedding.cuh"
#include "gptoss/ops/same_signatures.hpp"
#include "gptoss/ops/scalar.hpp"

namespace gptoss {

struct CudaOps {
    using Memory = cuda::DeviceMemory;

    static constexpr auto embed = &cuda::embed;
    static constexpr auto rmsnorm = &cuda::rmsnorm;
    static constexpr auto linear = &cuda::linear;
    static constexpr auto rope_table = &cuda::rope_table;
    static constexpr auto rope = &cuda::rope;
    static constexpr auto cache_store = &cuda::cache_store;
    static constexpr auto attend = &cuda::attend;
    static constexpr auto add_residual = &cuda::add_residual;
    static constexpr auto route = &cuda::route;
    static constexpr auto expert_linear = &cuda::expert_linear;
    static constexpr auto swiglu = &cuda::swiglu;
    static constexpr auto combine = &cuda::combine;
    static constexpr auto unembed = &cuda::unembed;
    static constexpr auto sample = &cuda::sample;
};

struct CudaTileOps : CudaOps {
    static constexpr auto linear = &cuda::tile_linear;
    static constexpr auto attend = &cuda::tile_attend;
    static constexpr auto expert_linear = &cuda::tile_expert_linear;
    static constexpr auto unembed = &cuda::tile_unembed;
};

static_assert(has_same_signatures<CudaOps, ScalarOps>());
static_assert(has_same_signatures<CudaTileOps, ScalarOps>());

}  // namespace gptoss
