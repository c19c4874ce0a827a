// Checkpoints with a matrix for each expert: their names, and the pieces gathered into one tensor.
//
//     experts.{e}.gate_up_proj.weight   (out, in)  what a fine-tune saves whose experts are torch.nn
//     experts.gate_up_projs.{e}.weight             modules, as those of Unsloth
//     experts.{e}.gate_up_proj          (in, out)  slices of the one tensor
//     .bias, or _bias                   (out)
//     router.linear.weight              router.weight
//
// Gathered they are as in files that were unpacked to BF16: (n_experts, in, out). That is a copy in
// memory, of as many bytes as the files have.
//
// Source   Unsloth: class GptOssExperts (gate_up_projs, router.linear); llm-compressor: class
//          SequentialGptOssExperts.
// Errors   a Problem for experts that are missing in between or differ in shape or dtype.
// Pitfalls A torch.nn.Linear is (out, in), the one tensor (in, out), and down_proj of the released
//          models is square: only the name tells them apart.
#pragma once
#include <algorithm>
#include <cstdint>
#include <cstring>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "gptoss/checkpoint/problems.hpp"
#include "gptoss/format/json.hpp"
#include "gptoss/format/safetensors.hpp"
#include "gptoss/format/tensor.hpp"

namespace gptoss::checkpoint {

struct FoundTensor {
    const format::Safetensors* file = nullptr;
    format::TensorView view;
    std::shared_ptr<const std::vector<std::uint8_t>> gathered;  // what view points into, if a copy
};
using FoundTensors = std::map<std::string, FoundTensor>;  // by name

// Where a tensor belongs: name is the usual one, expert its place in it if it is a piece.
struct Piece {
    std::string name;
    int expert = -1;
    bool is_linear = false;  // (out, in)
};

// "12.rest" -> 12; text is then ".rest". -1 if it begins with no number.
inline int take_number(std::string_view& text) {
    const std::size_t n_digits = std::min(text.find_first_not_of("0123456789"), text.size());
    if (n_digits == 0 || n_digits > 6) return -1;
    const int number = std::stoi(std::string(text.substr(0, n_digits)));
    text.remove_prefix(n_digits);
    return number;
}

inline Piece piece_of(const std::string& name) {
    const std::string_view router = ".mlp.router.linear.", experts = ".mlp.experts.";
    const std::size_t router_at = name.find(router);
    if (router_at != std::string::npos) {
        const std::string rest = name.substr(router_at + router.size());
        return {name.substr(0, router_at) + ".mlp.router." + rest};
    }
    const std::size_t experts_at = name.find(experts);
    if (experts_at == std::string::npos) return {name};

    std::string_view rest = std::string_view(name).substr(experts_at + experts.size());
    int expert = take_number(rest);
    if (expert >= 0 && rest.starts_with(".")) rest.remove_prefix(1);
    for (const std::string_view proj : {"gate_up_proj", "down_proj"}) {
        std::string_view after = rest;
        if (!after.starts_with(proj)) continue;
        after.remove_prefix(proj.size());
        if (expert < 0 && after.starts_with("s.")) {
            after.remove_prefix(2);
            expert = take_number(after);
        }
        const bool is_bias = after == ".bias" || after == "_bias";
        const bool is_weight = after == ".weight" || after.empty();
        if (expert < 0 || !(is_bias || is_weight)) return {name};
        const std::string stem = name.substr(0, experts_at + experts.size()) + std::string(proj);
        return {stem + (is_bias ? "_bias" : ""), expert, after == ".weight"};
    }
    return {name};
}

// (out, in) -> (in, out), of elements of any size.
inline void copy_transposed(const format::TensorView& from, std::uint8_t* to) {
    const std::size_t rows = std::size_t(from.shape[0]), cols = std::size_t(from.shape[1]);
    const std::size_t size = std::size_t(format::dtype_bytes(from.dtype));
    for (std::size_t o = 0; o < rows; ++o) {
        for (std::size_t i = 0; i < cols; ++i)
            std::memcpy(to + (i * rows + o) * size, from.bytes + (o * cols + i) * size, size);
    }
}

struct PlacedPiece {
    std::string name;
    FoundTensor tensor;
    bool is_linear = false;
};

// Experts 0, 1, 2, ... as one tensor.
inline FoundTensor gathered(const std::map<int, PlacedPiece>& pieces) {
    const PlacedPiece& first = pieces.begin()->second;
    format::Shape shape = first.tensor.view.shape;
    const bool transposes = first.is_linear && shape.size() == 2;
    if (transposes) std::swap(shape[0], shape[1]);
    shape.insert(shape.begin(), std::int64_t(pieces.size()));

    const std::size_t piece_bytes = std::size_t(first.tensor.view.n_bytes);
    const auto bytes = std::make_shared<std::vector<std::uint8_t>>(pieces.size() * piece_bytes);
    for (const auto& [expert, piece] : pieces) {
        std::uint8_t* to = bytes->data() + std::size_t(expert) * piece_bytes;
        if (transposes) copy_transposed(piece.tensor.view, to);
        if (!transposes) std::copy_n(piece.tensor.view.bytes, piece_bytes, to);
    }
    FoundTensor tensor;
    tensor.file = first.tensor.file;
    tensor.view = {first.tensor.view.dtype, shape, bytes->data(), bytes->size()};
    tensor.gathered = bytes;
    return tensor;
}

// What keeps pieces from being gathered, or "".
inline std::string mistake_in(const std::map<int, PlacedPiece>& pieces) {
    const int n_experts = int(pieces.size());
    const PlacedPiece& first = pieces.begin()->second;
    if (pieces.rbegin()->first + 1 != n_experts) {
        return "expert " + std::to_string(pieces.rbegin()->first) + " is there, but only " +
               std::to_string(n_experts) + " experts in all";
    }
    for (const auto& [expert, piece] : pieces) {
        const format::TensorView &got = piece.tensor.view, &expected = first.tensor.view;
        if (got.dtype == expected.dtype && got.shape == expected.shape) continue;
        return format::quoted(piece.name) + " is " + got.dtype + " " +
               format::shape_text(got.shape) + ", expected " + expected.dtype + " " +
               format::shape_text(expected.shape) + " as in " + format::quoted(first.name);
    }
    return "";
}

// Every tensor under its usual name, pieces gathered.
inline FoundTensors with_usual_names(const FoundTensors& found, Problems& problems) {
    FoundTensors usual;
    std::map<std::string, std::map<int, PlacedPiece>> pieces_of;
    for (const auto& [name, tensor] : found) {
        const Piece piece = piece_of(name);
        if (piece.expert >= 0) {
            pieces_of[piece.name][piece.expert] = {name, tensor, piece.is_linear};
        } else if (!usual.try_emplace(piece.name, tensor).second) {
            problems.push_back({ProblemKind::doubled, tensor.file->path + ": " +
                                                          format::quoted(name) +
                                                          ": is there twice, also under its "
                                                          "usual name"});
        }
    }
    for (const auto& [name, pieces] : pieces_of) {
        const std::string mistake = mistake_in(pieces);
        const std::string where =
            pieces.begin()->second.tensor.file->path + ": " + format::quoted(name);
        if (!mistake.empty()) {
            problems.push_back({ProblemKind::incomplete, where + ": " + mistake});
        } else {
            usual[name] = gathered(pieces);
        }
    }
    return usual;
}

}  // namespace gptoss::checkpoint
