// A tiny checkpoint as a list of tensors that a test may damage before it is written.
#pragma once
#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include "gptoss/checkpoint/load.hpp"
#include "gptoss/checkpoint/synth.hpp"
#include "gptoss/checkpoint/synth_checkpoint.hpp"
#include "gptoss/core/generator.hpp"
#include "gptoss/core/presets.hpp"
#include "gptoss/format/safetensors_writer.hpp"
#include "gptoss/format/write_config_json.hpp"
#include "temp_folder.hpp"

namespace gptoss {

using namespace gptoss::checkpoint;
using namespace gptoss::format;

struct ToyTensor {
    std::string name;
    std::string dtype;
    Shape shape;
    std::vector<std::uint8_t> bytes;
};

// What a program writes that has unpacked the experts: (n_experts, in, out), in BF16.
inline std::vector<std::uint8_t> transposed_bf16(const ExpertStack& stack) {
    std::vector<std::uint8_t> bytes;
    for (int e = 0; e < stack.n_experts; ++e) {
        for (int in = 0; in < stack.cols; ++in) {
            for (int out = 0; out < stack.rows; ++out) {
                float block[kMxfp4BlockSize];
                stack.decode_block(e, out, in / kMxfp4BlockSize, block);
                const std::uint16_t bits = float_to_bf16(block[in % kMxfp4BlockSize]);
                bytes.push_back(std::uint8_t(bits & 255));
                bytes.push_back(std::uint8_t(bits >> 8));
            }
        }
    }
    return bytes;
}

inline std::vector<ToyTensor> toy_tensors(const Config& c, Layout layout) {
    const Weights weights = synthetic_weights(c, 1);
    std::vector<ToyTensor> tensors;
    for (const TensorSpec& spec : tensor_inventory(c, layout)) {
        ToyTensor tensor{spec.name, spec.dtype, spec.shape, {}};
        const Slot slot = spec.rows[0]->slot;
        const std::size_t layer = std::size_t(spec.layer);
        if (slot == Slot::gate_up_bf16) {
            tensor.bytes = transposed_bf16(weights.layers[layer].mlp.gate_up);
        } else if (slot == Slot::down_bf16) {
            tensor.bytes = transposed_bf16(weights.layers[layer].mlp.down);
        } else {
            tensor.bytes = generate_tensor(spec, c, 1);
        }
        tensors.push_back(tensor);
    }
    return tensors;
}

inline ToyTensor& tensor_named(std::vector<ToyTensor>& tensors, const std::string& name) {
    return *std::find_if(tensors.begin(), tensors.end(),
                         [&](const ToyTensor& tensor) { return tensor.name == name; });
}

inline void erase_tensor(std::vector<ToyTensor>& tensors, const std::string& name) {
    tensors.erase(tensors.begin() + (&tensor_named(tensors, name) - tensors.data()));
}

inline void write_toy_file(const std::filesystem::path& path,
                           const std::vector<ToyTensor>& tensors) {
    std::vector<NamedTensor> named;
    for (const ToyTensor& tensor : tensors) {
        const TensorView view{tensor.dtype, tensor.shape, tensor.bytes.data(), tensor.bytes.size()};
        named.push_back({tensor.name, view});
    }
    write_safetensors(path, named, {{"format", "pt"}});
}

// config.json and model.safetensors.
inline void write_toy_checkpoint(const TempFolder& folder, const Config& c,
                                 const std::vector<ToyTensor>& tensors) {
    write_bytes(folder / "config.json", hugging_face_config_text(c));
    write_toy_file(folder / "model.safetensors", tensors);
}

inline void add_to_hash(std::uint64_t& hash, const void* bytes, std::size_t n_bytes) {
    hash = fnv1a({static_cast<const char*>(bytes), n_bytes}, hash);
}
inline void add_to_hash(std::uint64_t& hash, ConstVectorView v) {
    add_to_hash(hash, v.data, std::size_t(v.size) * sizeof(float));
}
inline void add_to_hash(std::uint64_t& hash, ConstMatrixView m) {
    add_to_hash(hash, m.data, std::size_t(m.rows) * std::size_t(m.cols) * sizeof(float));
}
inline void add_to_hash(std::uint64_t& hash, DenseMatrix m) {
    add_to_hash(hash, m.bytes, 2 * std::size_t(m.rows) * std::size_t(m.cols));
}
inline void add_to_hash(std::uint64_t& hash, const ExpertStack& stack) {
    for (int e = 0; e < stack.n_experts; ++e) {
        for (int o = 0; o < stack.rows; ++o) {
            for (int block = 0; block < stack.cols / kMxfp4BlockSize; ++block) {
                float weights[kMxfp4BlockSize];
                stack.decode_block(e, o, block, weights);
                add_to_hash(hash, weights, sizeof weights);
            }
        }
    }
}

// Of every value of every view, experts decoded: the same model gives the same number, however it
// is stored.
inline std::uint64_t hash_of(const Weights& weights) {
    std::uint64_t hash = kFnvOffset;
    add_to_hash(hash, weights.embedding);
    for (const LayerWeights& layer : weights.layers) {
        add_to_hash(hash, layer.attn.norm_gain);
        add_to_hash(hash, layer.attn.q);
        add_to_hash(hash, layer.attn.q_bias);
        add_to_hash(hash, layer.attn.k);
        add_to_hash(hash, layer.attn.k_bias);
        add_to_hash(hash, layer.attn.v);
        add_to_hash(hash, layer.attn.v_bias);
        add_to_hash(hash, layer.attn.sinks);
        add_to_hash(hash, layer.attn.out);
        add_to_hash(hash, layer.attn.out_bias);
        add_to_hash(hash, layer.mlp.norm_gain);
        add_to_hash(hash, layer.mlp.router);
        add_to_hash(hash, layer.mlp.router_bias);
        add_to_hash(hash, layer.mlp.gate_up);
        add_to_hash(hash, layer.mlp.gate_up_bias);
        add_to_hash(hash, layer.mlp.down);
        add_to_hash(hash, layer.mlp.down_bias);
    }
    add_to_hash(hash, weights.final_norm_gain);
    add_to_hash(hash, weights.unembedding);
    return hash;
}

// The number of the tiny model under seed 1.
inline std::uint64_t tiny_hash() {
    static const std::uint64_t hash = hash_of(synthetic_weights(preset_tiny(), 1));
    return hash;
}

inline void write_tiny(const std::filesystem::path& dir, Layout layout,
                       std::uint64_t shard_bytes = 0) {
    SyntheticOptions options;
    options.dir = dir;
    options.layout = layout;
    options.shard_bytes = shard_bytes;
    write_synthetic_checkpoint(preset_tiny(), options);
}

// The error of loading a folder, its own path written DIR.
inline std::string error_of(const std::filesystem::path& dir) {
    std::string message = "nothing thrown";
    try {
        load_weights(dir);
    } catch (const Error& error) {
        message = error.what();
    }
    const std::string path = dir.string();
    for (auto at = message.find(path); at != std::string::npos; at = message.find(path)) {
        message.replace(at, path.size(), "DIR");
    }
    return message;
}

}  // namespace gptoss
