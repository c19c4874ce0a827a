// Weights from GGUF files: every tensor checked, then views of the mapped bytes.
//
//     files -> config (gguf_config.hpp) -> every tensor checked against gguf_inventory.hpp -> views
//
// Dense matrices may be F32, F16, BF16 or Q8_0, the experts those or MXFP4; all stay as they lie in the
// file. Gains, biases and sinks are widened, once and exactly.
//
// Source   llama.cpp: llama_model_openai_moe::load_arch_tensors.
// Errors   Error with all problems, each naming file, tensor, what it is and what was expected.
#pragma once
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "gptoss/checkpoint/gguf_config.hpp"
#include "gptoss/checkpoint/gguf_inventory.hpp"
#include "gptoss/core/storage.hpp"
#include "gptoss/model/weights.hpp"

namespace gptoss::checkpoint {

// What a Weights from GGUF keeps alive.
struct GgufStore {
    std::vector<std::shared_ptr<const format::MappedFile>> files;
    std::vector<std::vector<float>> widened;
};

using GgufTensors = std::map<std::string, format::TensorView>;

inline std::optional<Storage> storage_of(const std::string& dtype) {
    for (const Storage storage : {Storage::bf16, Storage::f16, Storage::f32, Storage::q8_0}) {
        if (dtype == storage_name(storage)) return storage;
    }
    return std::nullopt;
}

// --- Checking ---------------------------------------------------------------------------------

inline const char* forms_of(GgufUse use) {
    if (use == GgufUse::vector) return "F32, F16 or BF16";
    if (use == GgufUse::dense) return "F32, F16, BF16 or Q8_0";
    return "MXFP4, F32, F16, BF16 or Q8_0";
}

inline bool may_be(GgufUse use, const std::string& dtype) {
    if (dtype == "MXFP4") return use == GgufUse::experts;
    if (dtype == "Q8_0") return use != GgufUse::vector;
    return storage_of(dtype).has_value();
}

inline void check_gguf_tensor(const std::string& path, const GgufSpec& spec,
                              const format::TensorView& tensor,
                              std::vector<std::string>& problems) {
    const std::string what = path + ": " + format::quoted(spec.name) + ": is " + tensor.dtype +
                             " " + format::shape_text(tensor.shape) + ", expected ";
    if (tensor.shape != spec.shape) {
        problems.push_back(what + format::shape_text(spec.shape));
    } else if (!may_be(spec.use, tensor.dtype)) {
        problems.push_back(what + forms_of(spec.use));
    }
}

inline void check_gguf_scales(const std::string& path, const GgufSpec& spec,
                              const format::TensorView& tensor,
                              std::vector<std::string>& problems) {
    if (tensor.dtype != "MXFP4") return;
    for (std::uint64_t at = 0; at < tensor.n_bytes; at += kGgufMxfp4BlockBytes) {
        if (tensor.bytes[at] != kMxfp4NanScale) continue;
        problems.push_back(path + ": " + format::quoted(spec.name) + ": the scale of block " +
                           std::to_string(at / kGgufMxfp4BlockBytes) +
                           " is 255 (NaN), expected at most 254");
        return;
    }
}

inline void throw_gguf_problems(const std::string& path, const std::vector<std::string>& problems) {
    if (problems.empty()) return;
    if (problems.size() == 1) throw Error(problems[0]);
    const std::size_t n_shown = problems.size() <= 9 ? problems.size() : 8;
    std::string message = path + ": " + std::to_string(problems.size()) + " problems";
    for (std::size_t i = 0; i < n_shown; ++i)
        message += "\n  " + problems[i];
    if (n_shown < problems.size()) message += "\n  ...";
    throw Error(message);
}

// All tensors by name, if they are those of the config.
inline GgufTensors check_gguf_tensors(const format::GgufFiles& files, const Config& c,
                                      bool read_scales) {
    std::vector<std::string> problems;
    GgufTensors tensors;
    std::map<std::string, std::string> path_of;
    for (const format::Gguf& part : files.parts) {
        for (const auto& [name, tensor] : part.tensors) {
            const bool is_new = tensors.emplace(name, tensor).second;
            if (!is_new)
                problems.push_back(part.path + ": " + format::quoted(name) + ": is there twice");
            path_of[name] = part.path;
        }
    }
    std::map<std::string, std::string> unknown = path_of;
    for (const GgufSpec& spec : gguf_inventory(c)) {
        const auto tensor = tensors.find(spec.name);
        unknown.erase(spec.name);
        if (tensor == tensors.end()) {
            problems.push_back(files.path() + ": " + format::quoted(spec.name) +
                               ": is missing, expected " + format::shape_text(spec.shape));
            continue;
        }
        check_gguf_tensor(path_of[spec.name], spec, tensor->second, problems);
        if (read_scales) check_gguf_scales(path_of[spec.name], spec, tensor->second, problems);
    }
    for (const auto& [name, path] : unknown) {
        problems.push_back(path + ": " + format::quoted(name) + ": is not a tensor of gpt-oss");
    }
    throw_gguf_problems(files.path(), problems);
    return tensors;
}

// --- Views ------------------------------------------------------------------------------------

struct GgufReader {
    const GgufTensors& tensors;
    GgufStore& store;
    int layer = 0;

    const format::TensorView& at(const char* name) const {
        return tensors.at(in_block(layer, name));
    }

    static DenseMatrix dense(const format::TensorView& t) {
        return {t.bytes, int(t.shape[0]), int(t.shape[1]), *storage_of(t.dtype)};
    }
    ConstVectorView keep(std::vector<float> values) const {
        store.widened.push_back(std::move(values));
        return {store.widened.back().data(), int(store.widened.back().size())};
    }
    static std::vector<float> widened(const format::TensorView& t) {
        const Storage storage = *storage_of(t.dtype);
        std::vector<float> values;
        for (std::uint64_t i = 0; i < t.n_bytes / storage_bytes(storage, 1); ++i) {
            values.push_back(load_stored(storage, t.bytes, std::size_t(i)));
        }
        return values;
    }
    ConstVectorView vector(const format::TensorView& t) const { return keep(widened(t)); }

    // (n_experts, 2 * intermediate_size): gate and up in turn.
    ConstMatrixView gate_up_bias() const {
        const format::TensorView& gate = at("ffn_gate_exps.bias");
        const std::vector<float> of_gate = widened(gate), of_up = widened(at("ffn_up_exps.bias"));
        std::vector<float> both;
        for (std::size_t i = 0; i < of_gate.size(); ++i) {
            both.insert(both.end(), {of_gate[i], of_up[i]});
        }
        return {keep(std::move(both)).data, int(gate.shape[0]), 2 * int(gate.shape[1])};
    }
    ConstMatrixView down_bias() const {
        const format::TensorView& t = at("ffn_down_exps.bias");
        return {vector(t).data, int(t.shape[0]), int(t.shape[1])};
    }
    // Not inlined: gcc 12 would then warn of a second part where there is one.
    [[gnu::noinline]] static ExpertStack experts(const std::vector<format::TensorView>& parts) {
        ExpertStack stack;
        stack.n_experts = int(parts[0].shape[0]);
        stack.rows = int(parts.size()) * int(parts[0].shape[1]);
        stack.cols = int(parts[0].shape[2]);
        stack.gguf.n_tensors = int(parts.size());
        stack.gguf.is_mxfp4 = parts[0].dtype == "MXFP4";
        if (!stack.gguf.is_mxfp4) stack.gguf.storage = *storage_of(parts[0].dtype);
        for (std::size_t i = 0; i < parts.size(); ++i) {
            stack.gguf.tensors[i] = parts[i].bytes;
        }
        return stack;
    }

    AttentionWeights attention() const {
        AttentionWeights w;
        w.norm_gain = vector(at("attn_norm.weight"));
        w.q = dense(at("attn_q.weight"));
        w.q_bias = vector(at("attn_q.bias"));
        w.k = dense(at("attn_k.weight"));
        w.k_bias = vector(at("attn_k.bias"));
        w.v = dense(at("attn_v.weight"));
        w.v_bias = vector(at("attn_v.bias"));
        w.sinks = vector(at("attn_sinks.weight"));
        w.out = dense(at("attn_output.weight"));
        w.out_bias = vector(at("attn_output.bias"));
        return w;
    }
    ExpertWeights mlp() const {
        ExpertWeights w;
        w.norm_gain = vector(at("post_attention_norm.weight"));
        w.router = dense(at("ffn_gate_inp.weight"));
        w.router_bias = vector(at("ffn_gate_inp.bias"));
        w.gate_up = experts({at("ffn_gate_exps.weight"), at("ffn_up_exps.weight")});
        w.gate_up_bias = gate_up_bias();
        w.down = experts({at("ffn_down_exps.weight")});
        w.down_bias = down_bias();
        return w;
    }
};

inline void require_same_forms(const format::GgufFiles& files, const GgufTensors& tensors,
                               const Config& c) {
    for (int layer = 0; layer < c.n_layers; ++layer) {
        const std::string& gate = tensors.at(in_block(layer, "ffn_gate_exps.weight")).dtype;
        const std::string& up = tensors.at(in_block(layer, "ffn_up_exps.weight")).dtype;
        if (gate == up) continue;
        throw Error(files.path() + ": " + format::quoted(in_block(layer, "ffn_up_exps.weight")) +
                    ": is " + up + ", expected " + gate + " as of ffn_gate_exps");
    }
}

inline Weights load_gguf(const std::filesystem::path& path, bool read_scales = true,
                         format::FileBytes bytes = format::FileBytes::mapped) {
    const format::GgufFiles files = format::open_gguf_files(path, bytes);
    const Config c = gguf_config(files);
    const GgufTensors tensors = check_gguf_tensors(files, c, read_scales);
    require_same_forms(files, tensors, c);

    const auto store = std::make_shared<GgufStore>();
    for (const format::Gguf& part : files.parts)
        store->files.push_back(part.mapped);
    Weights weights;
    weights.config = c;
    weights.embedding = GgufReader::dense(tensors.at("token_embd.weight"));
    for (int layer = 0; layer < c.n_layers; ++layer) {
        const GgufReader reader{tensors, *store, layer};
        weights.layers.push_back({reader.attention(), reader.mlp()});
    }
    const GgufReader outside{tensors, *store};
    weights.final_norm_gain = outside.vector(tensors.at("output_norm.weight"));
    weights.unembedding = GgufReader::dense(tensors.at("output.weight"));
    weights.owner = store;
    return weights;
}

}  // namespace gptoss::checkpoint
