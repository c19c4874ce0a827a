// Checking a checkpoint's tensors against the inventory: all problems at once, in few lines.
//
//     DIR: 2 problems
//       DIR/model.safetensors: "block.0.attn.sinks": is BF16 (8), expected BF16 (4)
//       DIR: "norm.scale": is missing, expected BF16 (64)
//
// Where the inventory has BF16, a file may have F16 or F32; where it has a tensor of all experts, a
// file may have one for each (checkpoint/expert_pieces.hpp).
//
// The layout is the one that most of the tensor names belong to, so that a checkpoint with a few
// wrong names is still compared with what it was meant to be.
//
// Errors   Error with the list. Missing, unknown and doubled tensors, dtypes and shapes; and, where
//          scales are checked, a byte of 255, which stands for NaN.
#pragma once
#include <cstring>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "gptoss/checkpoint/checkpoint_files.hpp"
#include "gptoss/checkpoint/expert_pieces.hpp"
#include "gptoss/checkpoint/general_facts.hpp"
#include "gptoss/checkpoint/problems.hpp"
#include "gptoss/checkpoint/tensor_inventory.hpp"
#include "gptoss/core/mxfp4.hpp"
#include "gptoss/format/json.hpp"

namespace gptoss::checkpoint {

// As they are called in the files.
inline FoundTensors find_tensors(const CheckpointFiles& files, Problems& problems) {
    FoundTensors found;
    for (const format::Safetensors& file : files.files) {
        for (const auto& [name, view] : file.tensors) {
            const auto [place, is_new] = found.try_emplace(name, FoundTensor{&file, view, nullptr});
            if (is_new) continue;
            problems.push_back({ProblemKind::doubled, file.path + ": " + format::quoted(name) +
                                                          ": is also in " +
                                                          place->second.file->path});
        }
    }
    return found;
}

inline Layout likeliest_layout(const CheckpointFiles& files, const FoundTensors& found) {
    std::set<std::string> names;
    for (const auto& [name, tensor] : found)
        names.insert(piece_of(name).name);
    Layout likeliest = Layout::hugging_face;
    int most_matches = 0;
    for (const Layout layout : {Layout::openai, Layout::hugging_face, Layout::hugging_face_bf16}) {
        int n_matches = 0;
        for (const TensorSpec& spec : tensor_inventory(files.config, layout)) {
            if (names.contains(spec.name)) ++n_matches;
        }
        if (n_matches <= most_matches) continue;
        most_matches = n_matches;
        likeliest = layout;
    }
    if (most_matches > 0) return likeliest;

    std::string message = files.folder + ": no tensor has a name of gpt-oss";
    for (const std::string& fact : naming_facts(files.config, found))
        message += ": " + fact;
    throw Error(message);
}

// "BF16 (64, 512)"
inline std::string type_text(const std::string& dtype, const format::Shape& shape) {
    return dtype + " " + format::shape_text(shape);
}

inline void compare_with_inventory(const std::string& folder, const FoundTensors& found,
                                   const std::vector<TensorSpec>& inventory, Problems& problems) {
    FoundTensors unknown = found;
    for (const TensorSpec& spec : inventory) {
        const std::string expected = ", expected " + type_text(spec.dtype, spec.shape);
        const auto place = found.find(spec.name);
        if (place == found.end()) {
            problems.push_back({ProblemKind::missing, folder + ": " + format::quoted(spec.name) +
                                                          ": is missing" + expected});
            continue;
        }
        const FoundTensor& tensor = place->second;
        const bool has_shape = tensor.view.shape == spec.shape;
        if (!has_shape || !is_readable_as(spec.dtype, tensor.view.dtype)) {
            problems.push_back({has_shape ? ProblemKind::dtype : ProblemKind::shape,
                                tensor.file->path + ": " + format::quoted(spec.name) + ": is " +
                                    type_text(tensor.view.dtype, tensor.view.shape) + expected});
        }
        unknown.erase(spec.name);
    }
    for (const auto& [name, tensor] : unknown) {
        problems.push_back({ProblemKind::unknown, tensor.file->path + ": " + format::quoted(name) +
                                                      ": is not a tensor of gpt-oss"});
    }
}

// Reads every scale byte: 4 % of the file.
inline void check_scales(const FoundTensors& found, const std::vector<TensorSpec>& inventory,
                         Problems& problems) {
    for (const TensorSpec& spec : inventory) {
        if (spec.rows[0]->values.kind != Values::scales) continue;
        const FoundTensor& tensor = found.at(spec.name);
        const std::uint8_t* bytes = tensor.view.bytes;
        const void* nan_scale =
            std::memchr(bytes, kMxfp4NanScale, std::size_t(tensor.view.n_bytes));
        if (nan_scale == nullptr) continue;
        const auto index = static_cast<const std::uint8_t*>(nan_scale) - bytes;
        problems.push_back({ProblemKind::scale,
                            tensor.file->path + ": " + format::quoted(spec.name) + ": scale " +
                                std::to_string(index) + " is 255 (NaN), expected at most 254"});
    }
}

// Everything that can be said against a checkpoint, in one Error; otherwise its tensors, under their
// usual names.
inline std::pair<Layout, FoundTensors> check_tensors(const CheckpointFiles& files,
                                                     bool read_scales) {
    Problems problems;
    const FoundTensors in_files = find_tensors(files, problems);
    const Layout layout = likeliest_layout(files, in_files);
    const FoundTensors found = with_usual_names(in_files, problems);
    const std::vector<TensorSpec> inventory = tensor_inventory(files.config, layout);
    compare_with_inventory(files.folder, found, inventory, problems);
    if (problems.size() > 1) {
        throw_if_any(files.folder, problems,
                     general_facts(files.config, files.notes.defaults, in_files));
    }
    throw_if_any(files.folder, problems);
    if (read_scales) check_scales(found, inventory, problems);
    throw_if_any(files.folder, problems);
    return {layout, found};
}

}  // namespace gptoss::checkpoint
