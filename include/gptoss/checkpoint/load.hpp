// Loading: from a folder to Weights, in either layout, one file or many; or from a GGUF file.
//
//     folder -> files (checkpoint_files) -> every tensor checked (check_tensors) -> views
//     (build_weights)
//
// Nothing but gains, biases and sinks is copied: opening 20b takes a fraction of a second and its
// pages are read when a layer first needs them. With FileBytes::copied all of it is read at once, and
// what others do to the files no longer matters (format/mapped_file.hpp).
//
// Source   official model: class Checkpoint, Transformer.from_checkpoint.
// Errors   Error, naming file, tensor, what it is and what was expected; all problems at once.
#pragma once
#include <filesystem>
#include <memory>
#include <string>

#include "gptoss/checkpoint/build_weights.hpp"
#include "gptoss/checkpoint/check_tensors.hpp"
#include "gptoss/checkpoint/checkpoint_files.hpp"
#include "gptoss/checkpoint/gguf_weights.hpp"
#include "gptoss/model/weights.hpp"

namespace gptoss::checkpoint {

// Whether loading reads every MXFP4 scale, 4 % of the bytes, to refuse the value that means NaN.
enum class Scales { check, trust };

inline Weights load_weights(const std::filesystem::path& dir, Scales scales = Scales::check,
                            format::FileBytes bytes = format::FileBytes::mapped) {
    const auto gguf = format::find_gguf(dir);
    if (gguf) return load_gguf(*gguf, scales == Scales::check, bytes);
    const CheckpointFiles files = open_checkpoint(dir, bytes);
    const auto [layout, found] = check_tensors(files, scales == Scales::check);

    SlotTensors tensors;
    const auto store = std::make_shared<WeightStore>();
    for (const TensorSpec& spec : tensor_inventory(files.config, layout)) {
        const FoundTensor& tensor = found.at(spec.name);
        TensorSpec as_found = spec;
        as_found.dtype = tensor.view.dtype;
        tensors.add(as_found, files.config, tensor.view.bytes);
        if (tensor.gathered) store->gathered.push_back(tensor.gathered);
    }
    for (const format::Safetensors& file : files.files)
        store->files.push_back(file.mapped);
    return build_weights(files.config, tensors, store);
}

}  // namespace gptoss::checkpoint
