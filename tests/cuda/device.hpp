// What the tests call of the CUDA path: its ops on host memory, and a model on the device.
//
// device.cu is the only file that knows kernels. Compiled by nvcc it is a GPU; compiled as C++ on
// top of emulated/cuda_runtime.h it is an emulated one. Everything else is the same for both.
#pragma once
#include <memory>
#include <string>
#include <vector>

#include "gptoss/core/buffer.hpp"
#include "gptoss/model/copy_weights.hpp"
#include "gptoss/model/transformer.hpp"
#include "gptoss/model/weights.hpp"
#include "gptoss/ops/scalar.hpp"

namespace gptoss::test {

std::string device_problem();  // "" if kernels can run, else why not
bool is_emulated();            // then numbers are those of the CPU

// The ops on host memory: operands are uploaded before the op and downloaded behind it. Operands
// that are the same memory on the host are the same memory on the device.
namespace device {

void embed(ConstIdsView ids, DenseMatrix table, MatrixView y);
void rmsnorm(ConstMatrixView x, ConstVectorView gain, float eps, MatrixView y);
void linear(ConstMatrixView x, DenseMatrix w, ConstVectorView bias, MatrixView y);
void rope_table(const Config& config, ConstIdsView positions, MatrixView table);
void rope(ConstMatrixView x, ConstMatrixView table, MatrixView y);
void cache_store(ConstMatrixView x, ConstIdsView positions, MatrixView cache);
void attend(ConstMatrixView q, ConstMatrixView keys, ConstMatrixView values, ConstVectorView sinks,
            ConstIdsView positions, int window, AttentionRecord record, MatrixView mix);
void add_residual(ConstMatrixView x, ConstMatrixView y, MatrixView out);
void route(ConstMatrixView logits, IdsView ids, MatrixView weights);
void expert_linear(ConstMatrixView x, XRows x_rows, ConstIdsView ids, ExpertStack all_experts,
                   ConstMatrixView bias, MatrixView y);
void swiglu(ConstMatrixView h, float limit, double alpha, MatrixView y);
void combine(ConstMatrixView expert_out, ConstMatrixView weights, MatrixView out);
void unembed(ConstMatrixView x, DenseMatrix w, MatrixView logits);
void sample(ConstMatrixView logits, SamplingOptions options, double uniform, IdsView id);
void mxfp4_decode(Mxfp4Matrix w, MatrixView weights);  // no op: a whole tensor at once

// Of CudaTileOps.
void tile_attend(ConstMatrixView q, ConstMatrixView keys, ConstMatrixView values,
                 ConstVectorView sinks, ConstIdsView positions, int window, AttentionRecord record,
                 MatrixView mix);
void tile_linear(ConstMatrixView x, DenseMatrix w, ConstVectorView bias, MatrixView y);
void tile_unembed(ConstMatrixView x, DenseMatrix w, MatrixView logits);
void tile_expert_linear(ConstMatrixView x, XRows x_rows, ConstIdsView ids, ExpertStack all_experts,
                        ConstMatrixView bias, MatrixView y);

// The plain kernels of ops that choose a faster one at these sizes.
void plain_rmsnorm(ConstMatrixView x, ConstVectorView gain, float eps, MatrixView y);
void plain_linear(ConstMatrixView x, DenseMatrix w, ConstVectorView bias, MatrixView y);
void plain_attend(ConstMatrixView q, ConstMatrixView keys, ConstMatrixView values,
                  ConstVectorView sinks, ConstIdsView positions, int window, AttentionRecord record,
                  MatrixView mix);
void plain_route(ConstMatrixView logits, IdsView ids, MatrixView weights);
void plain_expert_linear(ConstMatrixView x, XRows x_rows, ConstIdsView ids, ExpertStack all_experts,
                         ConstMatrixView bias, MatrixView y);
void plain_unembed(ConstMatrixView x, DenseMatrix w, MatrixView logits);

// What an allocation beyond all memory says, and a launch of 4096 threads in a block.
void allocate(std::size_t bytes);
void launch_too_many_threads();

}  // namespace device

struct DeviceOps {
    using Memory = HostMemory;
    static constexpr bool kSumsInAnyOrder = true;

    static constexpr auto embed = &device::embed;
    static constexpr auto rmsnorm = &device::rmsnorm;
    static constexpr auto linear = &device::linear;
    static constexpr auto rope_table = &device::rope_table;
    static constexpr auto rope = &device::rope;
    static constexpr auto cache_store = &device::cache_store;
    static constexpr auto attend = &device::attend;
    static constexpr auto add_residual = &device::add_residual;
    static constexpr auto route = &device::route;
    static constexpr auto expert_linear = &device::expert_linear;
    static constexpr auto swiglu = &device::swiglu;
    static constexpr auto combine = &device::combine;
    static constexpr auto unembed = &device::unembed;
    static constexpr auto sample = &device::sample;
};

struct TileOps : DeviceOps {
    static constexpr auto linear = &device::tile_linear;
    static constexpr auto attend = &device::tile_attend;
    static constexpr auto expert_linear = &device::tile_expert_linear;
    static constexpr auto unembed = &device::tile_unembed;
};

struct PlainOps : DeviceOps {
    static constexpr auto rmsnorm = &device::plain_rmsnorm;
    static constexpr auto linear = &device::plain_linear;
    static constexpr auto attend = &device::plain_attend;
    static constexpr auto route = &device::plain_route;
    static constexpr auto expert_linear = &device::plain_expert_linear;
    static constexpr auto unembed = &device::plain_unembed;
};

// A Transformer<CudaOps>: weights uploaded once, cache and activations on the device.
class DeviceModel {
public:
    explicit DeviceModel(const Weights& weights, const OnCopied& on_copied = {});
    ~DeviceModel();
    DeviceModel(DeviceModel&&) noexcept;

    // The logits, downloaded.
    std::vector<float> feed(ConstIdsView tokens, LogitRows logit_rows = LogitRows::last,
                            Watch* watch = nullptr);
    // The same with CudaTileOps.
    std::vector<float> feed_tiles(ConstIdsView tokens, LogitRows logit_rows = LogitRows::last);
    // The same for one token, as a graph once it can be.
    std::vector<float> decode(std::int32_t token);
    // The same and the token drawn behind it, both on the device.
    std::int32_t step(std::int32_t token, const Draw& draw);
    // The last positions are fed anew.
    void go_back(int n_positions);
    // How many launches a token takes: an op each, and in the graph of decode.
    struct Launches {
        std::size_t by_ops, of_graph;
    };
    Launches launches(std::int32_t token);
    // The same token with the ops of that graph, before a Watch.
    void watch_decode(std::int32_t token, Watch& watch);
    // The config of the next passes, as that of a copied Weights with the same tensors.
    Config& config();
    // Of the last row of logits of the last feed.
    std::int32_t sample(SamplingOptions options, double uniform);

private:
    std::vector<float> downloaded_logits() const;

    struct OnDevice;
    std::unique_ptr<OnDevice> on_device_;
};

}  // namespace gptoss::test
