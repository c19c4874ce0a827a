// Tensor inventory: every tensor that a checkpoint of a given config and layout holds.
//
// The table (checkpoint/tensor_table.hpp) written out: names with their layer, shapes in numbers, in the
// order of the files that we write. 20b has 363 tensors in OpenAI's layout, 459 in Hugging Face's.
//
// Errors   none; the config is valid (core/config.hpp, validate).
#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "gptoss/checkpoint/tensor_table.hpp"
#include "gptoss/core/config.hpp"
#include "gptoss/format/tensor.hpp"

namespace gptoss::checkpoint {

inline constexpr int kOutsideLayers = -1;

struct TensorSpec {
    std::string name;
    std::string dtype;
    format::Shape shape;
    int layer = kOutsideLayers;
    std::vector<const TensorRow*> rows;  // the slots it fills: one, or three for OpenAI's qkv

    // Its place in the generator's stream, which knows OpenAI's layout only.
    std::string generator_name;
    std::uint64_t first_element = 0;
};

// "block.{l}.attn.sinks" -> "block.7.attn.sinks"
inline std::string name_in_layer(std::string_view pattern, int layer) {
    std::string name(pattern);
    const std::size_t placeholder = name.find("{l}");
    if (placeholder != std::string::npos) name.replace(placeholder, 3, std::to_string(layer));
    return name;
}

inline format::Shape shape_of(const TensorRow& row, const Config& c) {
    format::Shape shape;
    for (const Dim dim : row.shape) {
        if (dim != Dim::none) shape.push_back(extent_of(dim, c));
    }
    return shape;
}

inline std::uint64_t element_count(const format::Shape& shape) {
    std::uint64_t count = 1;
    for (const std::int64_t extent : shape)
        count *= std::uint64_t(extent);
    return count;
}

inline std::uint64_t byte_count(const TensorSpec& spec) {
    return element_count(spec.shape) * std::uint64_t(format::dtype_bytes(spec.dtype));
}

inline bool is_attention_bias(Slot slot) {
    return slot == Slot::q_bias || slot == Slot::k_bias || slot == Slot::v_bias ||
           slot == Slot::out_bias;
}

// Adds one row of the table for one layer; in OpenAI's layout it may extend the tensor before it.
inline void append_row(std::vector<TensorSpec>& specs, const Config& c, Layout layout,
                       const TensorRow& row, int layer) {
    TensorSpec spec;
    spec.generator_name = name_in_layer(row.openai_name, layer);
    spec.shape = shape_of(row, c);
    const bool is_stacked = !specs.empty() && !spec.generator_name.empty() &&
                            specs.back().generator_name == spec.generator_name;
    if (is_stacked && layout == Layout::openai) {
        specs.back().shape[0] += spec.shape[0];
        specs.back().rows.push_back(&row);
        return;
    }
    if (is_stacked) {
        spec.first_element = specs.back().first_element + element_count(specs.back().shape);
    }
    const bool is_openai = layout == Layout::openai;
    spec.name = is_openai ? spec.generator_name : name_in_layer(row.hugging_face_name, layer);
    spec.dtype = row.dtype;
    spec.layer = layer;
    spec.rows = {&row};
    specs.push_back(spec);
}

inline std::vector<TensorSpec> tensor_inventory(const Config& c, Layout layout) {
    std::vector<TensorSpec> specs;
    append_row(specs, c, layout, tensor_table::kRows[0], kOutsideLayers);  // the embedding
    for (int layer = 0; layer < c.n_layers; ++layer) {
        for (const TensorRow& row : tensor_table::kRows) {
            if (!row.is_per_layer() || !row.belongs_to(layout)) continue;
            if (is_attention_bias(row.slot) && !c.attention_bias) continue;
            append_row(specs, c, layout, row, layer);
        }
    }
    for (const TensorRow& row : tensor_table::kRows) {  // the final norm and the unembedding
        const bool is_after_layers = !row.is_per_layer() && row.slot != Slot::embedding;
        if (is_after_layers) append_row(specs, c, layout, row, kOutsideLayers);
    }
    return specs;
}

}  // namespace gptoss::checkpoint
