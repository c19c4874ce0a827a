// What can be said of a wrong checkpoint as a whole, before any of its tensors is named.
//
//     all 411 tensors are F64, but weights are read as BF16, F16 or F32
//     all names begin with "base_model.model.", as "...", expected "...": save it without the wrapper
//     config.json says 24 layers, the tensors are of 12
//     is quantized with bitsandbytes ("...absmax"), which is not read: ...
//
// Errors   none.
#pragma once
#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "gptoss/checkpoint/expert_pieces.hpp"
#include "gptoss/checkpoint/tensor_inventory.hpp"
#include "gptoss/core/config.hpp"
#include "gptoss/format/json.hpp"

namespace gptoss::checkpoint {

// May a tensor of this dtype stand where the inventory has that one? All are widened exactly.
inline bool is_readable_as(const std::string& expected, const std::string& got) {
    const bool is_float = got == "BF16" || got == "F16" || got == "F32";
    return got == expected || (expected == "BF16" && is_float);
}

// Only part of a name, that of a foreign way to store a model.
struct ForeignName {
    std::string_view part;
    std::string_view what;
};
inline constexpr ForeignName kForeignNames[] = {
    {".lora_A.",
     "is a LoRA adapter: merge it into its model (peft: merge_and_unload) and save that"},
    {".absmax", "is quantized with bitsandbytes, which is not read: save it dequantized"},
    {".quant_state", "is quantized with bitsandbytes, which is not read: save it dequantized"},
    {".qweight", "is quantized with GPTQ or AWQ, which is not read: save it dequantized"},
    {".weight_scale", "is quantized to FP8 or INT8, which is not read: save it dequantized"},
    {".weight_packed",
     "is quantized with compressed-tensors, which is not read: save it dequantized"},
};

inline void add_foreign_name(const FoundTensors& found, std::vector<std::string>& facts) {
    for (const ForeignName& foreign : kForeignNames) {
        for (const auto& [name, tensor] : found) {
            if (name.find(foreign.part) == std::string::npos) continue;
            facts.push_back(std::string(foreign.what) + " (it holds " + format::quoted(name) + ")");
            return;
        }
    }
}

inline void add_common_dtype(const FoundTensors& found, std::vector<std::string>& facts) {
    std::set<std::string> dtypes;
    for (const auto& [name, tensor] : found)
        dtypes.insert(tensor.view.dtype);
    if (dtypes.size() != 1 || is_readable_as("BF16", *dtypes.begin())) return;
    facts.push_back("all " + std::to_string(found.size()) + " tensors are " + *dtypes.begin() +
                    ", but weights are read as BF16, F16 or F32");
}

// The part before a usual name: "base_model.model." of "base_model.model.lm_head.weight".
inline std::string prefix_of(const std::string& name, const std::set<std::string>& usual) {
    for (std::size_t dot = name.find('.'); dot != std::string::npos;
         dot = name.find('.', dot + 1)) {
        if (usual.contains(name.substr(dot + 1))) return name.substr(0, dot + 1);
    }
    return "";
}

// Of any layout.
inline std::set<std::string> usual_names(const Config& config) {
    std::set<std::string> names;
    for (const Layout layout : {Layout::openai, Layout::hugging_face, Layout::hugging_face_bf16}) {
        for (const TensorSpec& spec : tensor_inventory(config, layout))
            names.insert(spec.name);
    }
    return names;
}

inline void add_common_prefix(const Config& config, const FoundTensors& found,
                              std::vector<std::string>& facts) {
    const std::set<std::string> usual = usual_names(config);
    std::map<std::string, int> count_of;
    std::map<std::string, std::string> example_of;
    for (const auto& [name, tensor] : found) {
        const std::string prefix = usual.contains(name) ? "" : prefix_of(name, usual);
        if (prefix.empty()) continue;
        ++count_of[prefix];
        example_of[prefix] = name;
    }
    for (const auto& [prefix, count] : count_of) {
        if (2 * std::size_t(count) < found.size()) continue;
        const std::string& example = example_of[prefix];
        facts.push_back(std::to_string(count) + " names begin with " + format::quoted(prefix) +
                        ", as " + format::quoted(example) + ", expected " +
                        format::quoted(example.substr(prefix.size())) +
                        ": save the model without its wrapper");
    }
}

// One more than the highest layer that a name speaks of.
inline int layers_in(const FoundTensors& found) {
    int n_layers = 0;
    for (const auto& [name, tensor] : found) {
        for (const std::string_view prefix : {"model.layers.", "block."}) {
            if (!name.starts_with(prefix)) continue;
            std::string_view rest = std::string_view(name).substr(prefix.size());
            n_layers = std::max(n_layers, take_number(rest) + 1);
        }
    }
    return n_layers;
}

inline void add_layer_count(const Config& config, const FoundTensors& found,
                            std::vector<std::string>& facts) {
    const int n_layers = layers_in(found);
    if (n_layers == 0 || n_layers == config.n_layers) return;
    facts.push_back("config.json says " + std::to_string(config.n_layers) +
                    " layers, the tensors are of " + std::to_string(n_layers));
}

inline void add_unwanted_biases(const Config& config, const FoundTensors& found,
                                std::vector<std::string>& facts) {
    const std::string name = "model.layers.0.self_attn.q_proj.bias";
    if (config.attention_bias || !found.contains(name)) return;
    facts.push_back("config.json: attention_bias is false, but there is " + format::quoted(name) +
                    "; expected true, or no such biases");
}

// defaults are the keys that config.json lacks, with the values that were taken.
inline void add_shape_defaults(const std::map<std::string, std::string>& defaults,
                               std::vector<std::string>& facts) {
    for (const char* key :
         {"hidden_size", "vocab_size", "num_attention_heads", "num_key_value_heads", "head_dim",
          "intermediate_size", "num_local_experts", "num_hidden_layers"}) {
        const auto taken = defaults.find(key);
        if (taken == defaults.end()) continue;
        facts.push_back("config.json has no " + std::string(key) + ", so it is " + taken->second);
    }
}

// About the names alone: of a checkpoint none of whose tensors is known.
inline std::vector<std::string> naming_facts(const Config& config, const FoundTensors& found) {
    std::vector<std::string> facts;
    add_foreign_name(found, facts);
    if (facts.empty()) add_common_prefix(config, found, facts);
    return facts;
}

inline std::vector<std::string> general_facts(const Config& config,
                                              const std::map<std::string, std::string>& defaults,
                                              const FoundTensors& found) {
    std::vector<std::string> facts = naming_facts(config, found);
    if (!facts.empty()) return facts;
    add_common_dtype(found, facts);
    add_layer_count(config, found, facts);
    add_unwanted_biases(config, found, facts);
    add_shape_defaults(defaults, facts);
    return facts;
}

}  // namespace gptoss::checkpoint
