// gptoss.Config and sizes, and m.weights: the fields of model/weights.hpp as arrays over the same
// memory.
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include "bind.hpp"
#include "gptoss/core/config.hpp"
#include "gptoss/core/config_rules.hpp"
#include "gptoss/core/model_size.hpp"
#include "gptoss/core/mxfp4.hpp"
#include "gptoss/core/presets.hpp"
#include "gptoss/layers/rope.hpp"
#include "header_docs.hpp"

using namespace nanobind::literals;

namespace gptoss::python {
namespace {

// --- Views ------------------------------------------------------------------------------------

nb::object view_of(ConstVectorView v, const SharedWeights& owner) {
    return array_of(v.data, {std::size_t(v.size)}, owner);
}
nb::object view_of(ConstMatrixView m, const SharedWeights& owner) {
    return array_of(m.data, {std::size_t(m.rows), std::size_t(m.cols)}, owner);
}
// As it is stored; of Q8_0, which numpy has no dtype for, the rows' bytes.
nb::object view_of(DenseMatrix m, const SharedWeights& owner) {
    const std::vector<std::size_t> shape = {std::size_t(m.rows), std::size_t(m.cols)};
    const auto* bits = reinterpret_cast<const std::uint16_t*>(m.bytes);
    switch (m.storage) {
        case Storage::bf16:
            return as_bfloat16(array_of(bits, shape, owner));
        case Storage::f16:
            return array_of(bits, shape, owner).attr("view")("float16");
        case Storage::f32:
            return array_of(reinterpret_cast<const float*>(m.bytes), shape, owner);
        case Storage::q8_0:
            return array_of(m.bytes, {shape[0], m.row_bytes()}, owner);
    }
    return nb::none();
}
SharedExperts view_of(const ExpertStack& stack, const SharedWeights& owner) {
    return {stack, owner};
}

nb::object codes_of(const SharedExperts& e) {
    if (e.stack.codes == nullptr) return nb::none();
    return array_of(e.stack.codes,
                    {std::size_t(e.stack.n_experts), std::size_t(e.stack.rows),
                     std::size_t(e.stack.cols / kMxfp4BlockSize), std::size_t(kMxfp4BlockBytes)},
                    e.owner);
}
nb::object scales_of(const SharedExperts& e) {
    if (e.stack.scales == nullptr) return nb::none();
    return array_of(e.stack.scales,
                    {std::size_t(e.stack.n_experts), std::size_t(e.stack.rows),
                     std::size_t(e.stack.cols / kMxfp4BlockSize)},
                    e.owner);
}
nb::object bf16_transposed_of(const SharedExperts& e) {
    if (e.stack.transposed == nullptr || e.stack.storage != Storage::bf16) return nb::none();
    const auto* bits = reinterpret_cast<const std::uint16_t*>(e.stack.transposed);
    return as_bfloat16(array_of(
        bits,
        {std::size_t(e.stack.n_experts), std::size_t(e.stack.cols), std::size_t(e.stack.rows)},
        e.owner));
}

NewMatrix decoded(const SharedExperts& e, int expert) {
    if (expert < 0 || expert >= e.stack.n_experts) {
        throw Error("decode: expert is " + std::to_string(expert) + ", expected 0 <= expert < " +
                    std::to_string(e.stack.n_experts));
    }
    NewMatrix w(e.stack.rows, e.stack.cols);
    for (int o = 0; o < e.stack.rows; ++o) {
        for (int block = 0; block < e.stack.cols / kMxfp4BlockSize; ++block) {
            e.stack.decode_block(expert, o, block, w.view().row(o) + block * kMxfp4BlockSize);
        }
    }
    return w;
}

// Experts of one's own, over two numpy arrays.
SharedExperts experts_from(nb::object codes, nb::object scales) {
    Operands in("Experts");
    const nb::object shape = codes.attr("shape");
    if (nb::len(shape) != 4) {
        throw nb::value_error(
            ("Experts: codes is " + shape_of(codes) + ", expected (n_experts, rows, cols / 32, 16)")
                .c_str());
    }
    const int n_experts = nb::cast<int>(shape[0]);
    const int rows = nb::cast<int>(shape[1]);
    const int n_blocks = nb::cast<int>(shape[2]);
    ExpertStack stack;
    stack.codes = in.bytes("codes", codes, {n_experts, rows, n_blocks, kMxfp4BlockBytes});
    stack.scales = in.bytes("scales", scales, {n_experts, rows, n_blocks});
    stack.n_experts = n_experts;
    stack.rows = rows;
    stack.cols = n_blocks * kMxfp4BlockSize;
    auto* kept = new nb::object(nb::make_tuple(codes, scales));
    const std::shared_ptr<const void> owner(kept, [](const void* p) {
        const Gil gil;
        delete static_cast<const nb::object*>(p);
    });
    return {stack, owner};
}

// --- The structs of model/weights.hpp, by layer -------------------------------------------------

struct LayerOf {
    SharedWeights weights;
    int layer;
    const LayerWeights& get() const { return weights->layers[std::size_t(layer)]; }
};
struct AttentionOf : LayerOf {};
struct ExpertsOf : LayerOf {};

void bind_layers(nb::module_& m) {
    nb::class_<AttentionOf> attn(m, "AttentionWeights");
    nb::class_<ExpertsOf> mlp(m, "ExpertWeights");
    const auto attention = [&attn](const char* name, auto field) {
        attn.def_prop_ro(name, [field](const AttentionOf& at) {
            return view_of(at.get().attn.*field, at.weights);
        });
    };
    const auto expert = [&mlp](const char* name, auto field) {
        mlp.def_prop_ro(name, [field](const ExpertsOf& at) {
            return view_of(at.get().mlp.*field, at.weights);
        });
    };
    attention("norm_gain", &AttentionWeights::norm_gain);
    attention("q", &AttentionWeights::q);
    attention("q_bias", &AttentionWeights::q_bias);
    attention("k", &AttentionWeights::k);
    attention("k_bias", &AttentionWeights::k_bias);
    attention("v", &AttentionWeights::v);
    attention("v_bias", &AttentionWeights::v_bias);
    attention("sinks", &AttentionWeights::sinks);
    attention("out", &AttentionWeights::out);
    attention("out_bias", &AttentionWeights::out_bias);
    expert("norm_gain", &ExpertWeights::norm_gain);
    expert("router", &ExpertWeights::router);
    expert("router_bias", &ExpertWeights::router_bias);
    expert("gate_up", &ExpertWeights::gate_up);
    expert("gate_up_bias", &ExpertWeights::gate_up_bias);
    expert("down", &ExpertWeights::down);
    expert("down_bias", &ExpertWeights::down_bias);
    nb::class_<LayerOf>(m, "LayerWeights")
        .def_prop_ro("attn", [](const LayerOf& at) { return AttentionOf{at}; })
        .def_prop_ro("mlp", [](const LayerOf& at) { return ExpertsOf{at}; });
}

struct WeightsOf {
    SharedWeights weights;
};

}  // namespace

void bind_weights(nb::module_& m) {
    nb::class_<SharedExperts>(m, "Experts",
                              "The same matrix of every expert: core/view.hpp, ExpertStack.")
        .def(
            "__init__",
            [](SharedExperts* self, nb::object codes, nb::object scales) {
                new (self) SharedExperts(experts_from(codes, scales));
            },
            "codes"_a, "scales"_a)
        .def_prop_ro("n_experts", [](const SharedExperts& e) { return e.stack.n_experts; })
        .def_prop_ro("rows", [](const SharedExperts& e) { return e.stack.rows; })
        .def_prop_ro("cols", [](const SharedExperts& e) { return e.stack.cols; })
        .def_prop_ro("codes", &codes_of, "uint8 (n_experts, rows, cols / 32, 16), or None")
        .def_prop_ro("scales", &scales_of, "uint8 (n_experts, rows, cols / 32), or None")
        .def_prop_ro("bf16_transposed", &bf16_transposed_of,
                     "(n_experts, cols, rows) of files that were unpacked, or None")
        .def("decode", &decoded, "expert"_a, "The matrix of one expert, float32 (rows, cols).");
    bind_layers(m);
    nb::class_<WeightsOf>(m, "Weights", header_doc("model/weights.hpp"))
        .def_prop_ro("embedding",
                     [](const WeightsOf& w) { return view_of(w.weights->embedding, w.weights); })
        .def_prop_ro("layers",
                     [](const WeightsOf& w) {
                         std::vector<LayerOf> layers;
                         for (int layer = 0; layer < w.weights->config.n_layers; ++layer) {
                             layers.push_back({w.weights, layer});
                         }
                         return layers;
                     })
        .def_prop_ro(
            "final_norm_gain",
            [](const WeightsOf& w) { return view_of(w.weights->final_norm_gain, w.weights); })
        .def_prop_ro("unembedding",
                     [](const WeightsOf& w) { return view_of(w.weights->unembedding, w.weights); });
    m.def("weights_of", [](const Model& model) { return WeightsOf{model.weights}; });
}

// --- Config -----------------------------------------------------------------------------------

void bind_config(nb::module_& m) {
    nb::class_<Config>(m, "Config", header_doc("core/config.hpp"))
        .def(nb::init<>())
        .def_static(
            "preset", [](const std::string& name) { return preset(name); }, "name"_a,
            "tiny, odd, nano, 20b or 120b")
        .def_rw("n_layers", &Config::n_layers)
        .def_rw("hidden_size", &Config::hidden_size)
        .def_rw("vocab_size", &Config::vocab_size)
        .def_rw("n_heads", &Config::n_heads)
        .def_rw("n_kv_heads", &Config::n_kv_heads)
        .def_rw("head_dim", &Config::head_dim)
        .def_rw("sliding_window", &Config::sliding_window)
        .def_rw("n_experts", &Config::n_experts)
        .def_rw("top_k", &Config::top_k)
        .def_rw("intermediate_size", &Config::intermediate_size)
        .def_rw("swiglu_limit", &Config::swiglu_limit)
        .def_rw("swiglu_alpha", &Config::swiglu_alpha)
        .def_rw("rope_theta", &Config::rope_theta)
        .def_rw("rope_scaling_factor", &Config::rope_scaling_factor)
        .def_rw("rope_ntk_alpha", &Config::rope_ntk_alpha)
        .def_rw("rope_ntk_beta", &Config::rope_ntk_beta)
        .def_rw("initial_context_length", &Config::initial_context_length)
        .def_rw("max_context_length", &Config::max_context_length)
        .def_rw("eps", &Config::eps)
        .def_rw("eos_token_ids", &Config::eos_token_ids)
        .def(
            "window",
            [](const Config& c, int layer) {
                if (layer < 0 || layer >= int(c.layer_kinds.size())) {
                    throw Error("window: layer is " + std::to_string(layer) +
                                ", expected 0 <= layer < " + std::to_string(c.layer_kinds.size()));
                }
                return c.window(layer);
            },
            "layer"_a, "Visible keys of a layer; 0: all earlier positions.")
        .def(
            "with_layers", [](const Config& c, int n) { return with_layers(c, n); }, "n_layers"_a)
        .def("validate", [](const Config& c) { validate(c); })
        .def("__eq__", [](const Config& a, const Config& b) { return a == b; });

    nb::class_<ModelSize>(m, "ModelSize", header_doc("core/model_size.hpp"))
        .def_ro("embedding", &ModelSize::embedding)
        .def_ro("attention", &ModelSize::attention)
        .def_ro("experts", &ModelSize::experts)
        .def_ro("final_norm", &ModelSize::final_norm)
        .def_ro("total", &ModelSize::total)
        .def_ro("active", &ModelSize::active)
        .def_ro("mxfp4", &ModelSize::mxfp4)
        .def_ro("payload_bytes", &ModelSize::payload_bytes)
        .def_ro("bytes_per_token", &ModelSize::bytes_per_token);
    m.def("model_size", &model_size, "config"_a);
    m.def("flops_per_token", &flops_per_token, "config"_a, "n_visible"_a);
    m.def("kv_cache_bytes", &kv_cache_bytes, "config"_a, "n_tokens"_a, "sliding_capacity"_a);
    m.def("yarn_bound", &yarn_bound, "config"_a, "n_rotations"_a);
    m.def("rope_inv_freq", &rope_inv_freq, "config"_a, "pair"_a);
    m.def("rope_concentration", &rope_concentration, "config"_a);
    m.def("mxfp4_scale", &mxfp4_scale, "scale"_a);
    m.def("mxfp4_nearest_code", &mxfp4_nearest_code, "value"_a);
}

}  // namespace gptoss::python
