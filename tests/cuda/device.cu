// The kernels, and around each op what brings its operands to the device and back.
#include <map>
#include <utility>

#include "device.hpp"
#include "gptoss/cuda/device.cuh"
#include "gptoss/cuda/mxfp4.cuh"
#include "gptoss/model/decode_loop.cuh"
#include "gptoss/ops/cuda.cuh"

namespace gptoss::test {
namespace {

using Memory = CudaOps::Memory;

// Device copies of host operands, by host address.
class Operands {
public:
    ConstMatrixView in(ConstMatrixView m) {
        return {up(m.data, std::size_t(m.rows) * std::size_t(m.cols)), m.rows, m.cols};
    }
    ConstVectorView in(ConstVectorView v) { return {up(v.data, std::size_t(v.size)), v.size}; }
    ConstIdsView in(ConstIdsView ids) {
        return {up(ids.data, std::size_t(ids.rows) * std::size_t(ids.cols)), ids.rows, ids.cols};
    }
    DenseMatrix in(DenseMatrix m) {
        m.bytes = up(m.bytes, std::size_t(m.rows) * m.row_bytes());
        return m;
    }
    Mxfp4Matrix in(Mxfp4Matrix m) {
        const std::size_t n_weights = std::size_t(m.rows) * std::size_t(m.cols);
        return {up(m.codes, n_weights / 2), up(m.scales, n_weights / 32), m.rows, m.cols};
    }
    ExpertStack in(ExpertStack s) {
        const std::size_t n_weights =
            std::size_t(s.n_experts) * std::size_t(s.rows) * std::size_t(s.cols);
        s.codes = up(s.codes, n_weights / 2);
        s.scales = up(s.scales, n_weights / 32);
        s.transposed = up(s.transposed, storage_bytes(s.storage, n_weights));
        for (int part = 0; part < s.gguf.n_tensors; ++part) {
            const std::size_t bytes = storage_bytes(s.gguf.storage, n_weights);
            s.gguf.tensors[part] = up(s.gguf.tensors[part], bytes / std::size_t(s.gguf.n_tensors));
        }
        return s;
    }
    // What the op may change; it is downloaded by finish.
    MatrixView out(MatrixView m) {
        const std::size_t n_values = std::size_t(m.rows) * std::size_t(m.cols);
        outputs_.push_back({m.data, n_values * sizeof(float)});
        return {const_cast<float*>(up(m.data, n_values)), m.rows, m.cols};
    }
    IdsView out(IdsView ids) {
        const std::size_t n_ids = std::size_t(ids.rows) * std::size_t(ids.cols);
        outputs_.push_back({ids.data, n_ids * sizeof(std::int32_t)});
        return {const_cast<std::int32_t*>(up(ids.data, n_ids)), ids.rows, ids.cols};
    }

    void finish() {
        cuda::check("the test", cudaDeviceSynchronize());
        for (const auto& [host, bytes] : outputs_) {
            if (host == nullptr) continue;
            Memory::download(host, copies_.at(host).data(), bytes);
        }
    }

private:
    template <class Element>
    const Element* up(const Element* host, std::size_t n_elements) {
        if (host == nullptr || n_elements == 0) return nullptr;
        Buffer& copy = copies_[host];
        const std::size_t bytes = n_elements * sizeof(Element);
        if (copy.bytes() < bytes) {
            copy = Buffer::allocate<Memory>(bytes);
            Memory::upload(copy.data(), host, bytes);
        }
        return static_cast<const Element*>(copy.data());
    }

    std::map<const void*, Buffer> copies_;
    std::vector<std::pair<void*, std::size_t>> outputs_;
};

}  // namespace

std::string device_problem() {
    return cuda::device_problem();
}

bool is_emulated() {
#ifdef __CUDACC__
    return false;
#else
    return true;
#endif
}

void device::allocate(std::size_t bytes) {
    Buffer::allocate<Memory>(bytes);
}

void device::launch_too_many_threads() {
    const Buffer zeros = Buffer::allocate<Memory>(16);
    const MatrixView x = zeros.matrix(0, 1, 1);
    cuda::add_residual_kernel<<<1, 4096>>>(x, x, x);
    cuda::check_launch("the test");
}

// --- The ops ----------------------------------------------------------------------------------

void device::embed(ConstIdsView ids, DenseMatrix table, MatrixView y) {
    Operands o;
    CudaOps::embed(o.in(ids), o.in(table), o.out(y));
    o.finish();
}

void device::rmsnorm(ConstMatrixView x, ConstVectorView gain, float eps, MatrixView y) {
    Operands o;
    CudaOps::rmsnorm(o.in(x), o.in(gain), eps, o.out(y));
    o.finish();
}

template <class Ops>
void linear_by(ConstMatrixView x, DenseMatrix w, ConstVectorView bias, MatrixView y) {
    Operands o;
    Ops::linear(o.in(x), o.in(w), o.in(bias), o.out(y));
    o.finish();
}

void device::linear(ConstMatrixView x, DenseMatrix w, ConstVectorView bias, MatrixView y) {
    linear_by<CudaOps>(x, w, bias, y);
}

void device::tile_linear(ConstMatrixView x, DenseMatrix w, ConstVectorView bias, MatrixView y) {
    linear_by<CudaTileOps>(x, w, bias, y);
}

void device::rope_table(const Config& config, ConstIdsView positions, MatrixView table) {
    Operands o;
    CudaOps::rope_table(config, o.in(positions), o.out(table));
    o.finish();
}

void device::rope(ConstMatrixView x, ConstMatrixView table, MatrixView y) {
    Operands o;
    CudaOps::rope(o.in(x), o.in(table), o.out(y));
    o.finish();
}

void device::cache_store(ConstMatrixView x, ConstIdsView positions, MatrixView cache) {
    Operands o;
    CudaOps::cache_store(o.in(x), o.in(positions), o.out(cache));
    o.finish();
}

template <class Ops>
void attend_by(ConstMatrixView q, ConstMatrixView keys, ConstMatrixView values,
               ConstVectorView sinks, ConstIdsView positions, int window, AttentionRecord record,
               MatrixView mix) {
    Operands o;
    const AttentionRecord on_device{o.out(record.scores), o.out(record.weights),
                                    o.out(record.sink_share)};
    Ops::attend(o.in(q), o.in(keys), o.in(values), o.in(sinks), o.in(positions), window, on_device,
                o.out(mix));
    o.finish();
}

void device::attend(ConstMatrixView q, ConstMatrixView keys, ConstMatrixView values,
                    ConstVectorView sinks, ConstIdsView positions, int window,
                    AttentionRecord record, MatrixView mix) {
    attend_by<CudaOps>(q, keys, values, sinks, positions, window, record, mix);
}

void device::tile_attend(ConstMatrixView q, ConstMatrixView keys, ConstMatrixView values,
                         ConstVectorView sinks, ConstIdsView positions, int window,
                         AttentionRecord record, MatrixView mix) {
    attend_by<CudaTileOps>(q, keys, values, sinks, positions, window, record, mix);
}

void device::add_residual(ConstMatrixView x, ConstMatrixView y, MatrixView out) {
    Operands o;
    CudaOps::add_residual(o.in(x), o.in(y), o.out(out));
    o.finish();
}

void device::route(ConstMatrixView logits, IdsView ids, MatrixView weights) {
    Operands o;
    CudaOps::route(o.in(logits), o.out(ids), o.out(weights));
    o.finish();
}

template <class Ops>
void expert_linear_by(ConstMatrixView x, XRows x_rows, ConstIdsView ids, ExpertStack all_experts,
                      ConstMatrixView bias, MatrixView y) {
    Operands o;
    Ops::expert_linear(o.in(x), x_rows, o.in(ids), o.in(all_experts), o.in(bias), o.out(y));
    o.finish();
}

void device::expert_linear(ConstMatrixView x, XRows x_rows, ConstIdsView ids,
                           ExpertStack all_experts, ConstMatrixView bias, MatrixView y) {
    expert_linear_by<CudaOps>(x, x_rows, ids, all_experts, bias, y);
}

void device::tile_expert_linear(ConstMatrixView x, XRows x_rows, ConstIdsView ids,
                                ExpertStack all_experts, ConstMatrixView bias, MatrixView y) {
    expert_linear_by<CudaTileOps>(x, x_rows, ids, all_experts, bias, y);
}

void device::swiglu(ConstMatrixView h, float limit, double alpha, MatrixView y) {
    Operands o;
    CudaOps::swiglu(o.in(h), limit, alpha, o.out(y));
    o.finish();
}

void device::combine(ConstMatrixView expert_out, ConstMatrixView weights, MatrixView out) {
    Operands o;
    CudaOps::combine(o.in(expert_out), o.in(weights), o.out(out));
    o.finish();
}

void device::unembed(ConstMatrixView x, DenseMatrix w, MatrixView logits) {
    Operands o;
    CudaOps::unembed(o.in(x), o.in(w), o.out(logits));
    o.finish();
}

void device::tile_unembed(ConstMatrixView x, DenseMatrix w, MatrixView logits) {
    Operands o;
    CudaTileOps::unembed(o.in(x), o.in(w), o.out(logits));
    o.finish();
}

void device::sample(ConstMatrixView logits, SamplingOptions options, double uniform, IdsView id) {
    Operands o;
    CudaOps::sample(o.in(logits), options, uniform, o.out(id));
    o.finish();
}

void device::mxfp4_decode(Mxfp4Matrix w, MatrixView weights) {
    Operands o;
    cuda::mxfp4_decode(o.in(w), o.out(weights));
    o.finish();
}

// --- The plain kernels ------------------------------------------------------------------------

void device::plain_rmsnorm(ConstMatrixView x, ConstVectorView gain, float eps, MatrixView y) {
    Operands o;
    const dim3 grid = cuda::block_per_row(x.rows);
    cuda::rmsnorm_kernel<<<grid, cuda::kThreads>>>(o.in(x), o.in(gain), eps, o.out(y));
    cuda::check_launch("the test");
    o.finish();
}

void device::plain_linear(ConstMatrixView x, DenseMatrix w, ConstVectorView bias, MatrixView y) {
    Operands o;
    const dim3 grid = cuda::thread_per_element(x.rows, w.rows);
    cuda::linear_kernel<<<grid, cuda::kThreads>>>(o.in(x), o.in(w), o.in(bias), o.out(y));
    cuda::check_launch("the test");
    o.finish();
}

void device::plain_attend(ConstMatrixView q, ConstMatrixView keys, ConstMatrixView values,
                          ConstVectorView sinks, ConstIdsView positions, int window,
                          AttentionRecord, MatrixView mix) {
    Operands o;
    const cuda::AttendOperands a{o.in(q),         o.in(keys), o.in(values), o.in(sinks),
                                 o.in(positions), window,     {},           o.out(mix)};
    const dim3 grid = cuda::block_per_row(q.rows);
    cuda::attend_kernel<<<grid, sinks.size>>>(a, cuda::device_fault());
    cuda::check_launch("the test");
    o.finish();
}

void device::plain_route(ConstMatrixView logits, IdsView ids, MatrixView weights) {
    Operands o;
    cuda::route_kernel<<<1, cuda::kThreads>>>(o.in(logits), o.out(ids), o.out(weights),
                                              cuda::device_fault());
    cuda::check_launch("the test");
    o.finish();
}

void device::plain_expert_linear(ConstMatrixView x, XRows x_rows, ConstIdsView ids,
                                 ExpertStack all_experts, ConstMatrixView bias, MatrixView y) {
    Operands o;
    const dim3 grid = cuda::thread_per_element(y.rows, y.cols);
    cuda::expert_linear_kernel<<<grid, cuda::kThreads>>>(o.in(x), x_rows, o.in(ids),
                                                         o.in(all_experts), o.in(bias), o.out(y));
    cuda::check_launch("the test");
    o.finish();
}

void device::plain_unembed(ConstMatrixView x, DenseMatrix w, MatrixView logits) {
    Operands o;
    const dim3 grid = cuda::thread_per_element(x.rows, w.rows);
    cuda::unembed_kernel<<<grid, cuda::kThreads>>>(o.in(x), o.in(w), o.out(logits));
    cuda::check_launch("the test");
    o.finish();
}

// --- The model --------------------------------------------------------------------------------

struct DeviceModel::OnDevice {
    Transformer<CudaOps> transformer;
    DecodeGraph decode;
    DecodeLoop loop;
};

DeviceModel::DeviceModel(const Weights& weights, const OnCopied& on_copied)
    : on_device_(
          new OnDevice{Transformer<CudaOps>(copy_weights<Memory>(weights, on_copied)), {}, {}}) {}
DeviceModel::~DeviceModel() = default;
DeviceModel::DeviceModel(DeviceModel&&) noexcept = default;

std::vector<float> DeviceModel::feed(ConstIdsView tokens, LogitRows logit_rows, Watch* watch) {
    on_device_->loop.forget();
    on_device_->transformer.feed(tokens, logit_rows, watch);
    return downloaded_logits();
}

std::vector<float> DeviceModel::feed_tiles(ConstIdsView tokens, LogitRows logit_rows) {
    auto& [w, cache, a] = on_device_->transformer;
    begin_pass<Memory>(w.config, cache, a, tokens, logit_rows, nullptr);
    gptoss::forward<CudaTileOps>(w, cache, a);
    cache.length += tokens.rows;
    return downloaded_logits();
}

std::vector<float> DeviceModel::downloaded_logits() const {
    const MatrixView logits = on_device_->transformer.a.logits;
    std::vector<float> host(std::size_t(logits.rows) * std::size_t(logits.cols));
    Memory::download(host.data(), logits.data, host.size() * sizeof(float));
    return host;
}

std::vector<float> DeviceModel::decode(std::int32_t token) {
    auto& [w, cache, a] = on_device_->transformer;
    begin_pass<Memory>(w.config, cache, a, {&token, 1}, LogitRows::last, nullptr);
    on_device_->decode.forward(w, cache, a);
    cache.length += 1;
    return downloaded_logits();
}

std::int32_t DeviceModel::step(std::int32_t token, const Draw& draw) {
    auto& [w, cache, a] = on_device_->transformer;
    make_room<Memory>(w.config, cache, a, {&token, 1}, LogitRows::last);
    const std::int32_t next = on_device_->loop.step(w, cache, a, token, draw);
    cache.length += 1;
    return next;
}

void DeviceModel::go_back(int n_positions) {
    on_device_->transformer.cache.length -= n_positions;
}

DeviceModel::Launches DeviceModel::launches(std::int32_t token) {
    feed({&token, 1});  // what an op allocates at its first call is there
    auto& [w, cache, a] = on_device_->transformer;
    begin_pass<Memory>(w.config, cache, a, {&token, 1}, LogitRows::last, nullptr);
    cuda::Graph by_ops, of_decode;
    by_ops.record([&] { gptoss::forward<CudaOps>(w, cache, a); });
    of_decode.record([&] { gptoss::forward<CudaDecodeOps>(w, cache, a); });
    return {by_ops.n_launches(), of_decode.n_launches()};
}

void DeviceModel::watch_decode(std::int32_t token, Watch& watch) {
    auto& [w, cache, a] = on_device_->transformer;
    begin_pass<Memory>(w.config, cache, a, {&token, 1}, LogitRows::last, &watch);
    gptoss::forward<CudaDecodeOps>(w, cache, a, &watch);
}

Config& DeviceModel::config() {
    return on_device_->transformer.w.config;
}

std::int32_t DeviceModel::sample(SamplingOptions options, double uniform) {
    Activations& a = on_device_->transformer.a;
    CudaOps::sample(a.logits, options, uniform, a.next_token);
    std::int32_t id = 0;
    Memory::download(&id, a.next_token.data, sizeof id);
    return id;
}

}  // namespace gptoss::test
