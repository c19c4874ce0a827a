// Checkpoints with a matrix for each expert: their names, and the pieces gathered into one tensor.
//
//     experts.{e}.gate_up_proj.weight   (out, in)  what a fine-tune saves whose experts are torch.nn
//     experts.gate_up_projs.{e}.weight             modules
//     experts.{e}.gate_proj.weight      (out, in)  the even rows of gate_up,
//     experts.{e}.up_proj.weight                   and the odd ones
//     experts.{e}.gate_up_proj          (in, out)  slices of the one tensor
//     .bias, or _bias                   (out)
//     router.linear.weight              router.weight
//
// Gathered they are as in files that were unpacked to BF16: (n_experts, in, out). That is a copy in
// memory, of as many bytes as the files have.
//
// Source   Unsloth: class GptOssExperts (gate_up_projs, router.linear); llm-compressor: class
//          SequentialGptOssExperts (gate_proj, up_proj).
// Errors   a Problem for experts that are missing in between, are there twice, or differ in shape
//          or dtype.
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

// Where a tensor belongs: name is the usual one. A piece is expert's part of it, in channels first,
// first + step, first + 2 step, ... of out.
struct Piece {
    std::string name;
    int expert = -1;
    bool is_linear = false;  // (out, in)
    int first = 0;
    int step = 1;
};

// As fine-tunes call them, and which channels of which usual tensor they hold.
struct PieceName {
    std::string_view in_file;
    std::string_view usual;
    int first;
    int step;
};
inline constexpr PieceName kPieceNames[] = {
    {"gate_up_proj", "gate_up_proj", 0, 1},
    {"gate_proj", "gate_up_proj", 0, 2},
    {"up_proj", "gate_up_proj", 1, 2},
    {"down_proj", "down_proj", 0, 1},
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
    for (const PieceName& known : kPieceNames) {
        std::string_view after = rest;
        if (!after.starts_with(known.in_file)) continue;
        after.remove_prefix(known.in_file.size());
        if (expert < 0 && after.starts_with("s.")) {
            after.remove_prefix(2);
            expert = take_number(after);
        }
        const bool is_bias = after == ".bias" || after == "_bias";
        const bool is_weight = after == ".weight" || after.empty();
        if (expert < 0 || !(is_bias || is_weight)) return {name};
        const std::string stem = name.substr(0, experts_at + experts.size());
        return {stem + std::string(known.usual) + (is_bias ? "_bias" : ""), expert,
                after == ".weight", known.first, known.step};
    }
    return {name};
}

struct PlacedPiece {
    std::string name;  // in the file
    FoundTensor tensor;
    Piece piece;
};
// By expert, then by the first of its channels.
using Pieces = std::map<std::pair<int, int>, PlacedPiece>;

// (n_in, n_out) of a piece; a bias is one row.
inline std::pair<std::size_t, std::size_t> extents_of(const PlacedPiece& placed) {
    const format::TensorView& view = placed.tensor.view;
    const format::Shape& shape = view.shape;
    if (shape.size() != 2)
        return {1, std::size_t(view.n_bytes) / std::size_t(format::dtype_bytes(view.dtype))};
    const std::size_t rows = std::size_t(shape[0]), cols = std::size_t(shape[1]);
    return placed.piece.is_linear ? std::pair{cols, rows} : std::pair{rows, cols};
}

// To its channels of (in, out), whose first element is at to. Elements may have any size.
inline void copy_piece(const PlacedPiece& placed, std::uint8_t* to) {
    const format::TensorView& from = placed.tensor.view;
    const auto [n_in, n_out] = extents_of(placed);
    const std::size_t size = std::size_t(format::dtype_bytes(from.dtype));
    const std::size_t first = std::size_t(placed.piece.first);
    const std::size_t step = std::size_t(placed.piece.step);
    const bool is_linear = placed.piece.is_linear;
    for (std::size_t o = 0; o < n_out; ++o) {
        for (std::size_t i = 0; i < n_in; ++i) {
            const std::size_t source = is_linear ? o * n_in + i : i * n_out + o;
            const std::size_t target = (i * n_out + o) * step + first;
            std::memcpy(to + target * size, from.bytes + source * size, size);
        }
    }
}

// Experts 0, 1, 2, ... as one tensor.
inline FoundTensor gathered(const Pieces& pieces) {
    const PlacedPiece& first = pieces.begin()->second;
    const auto [n_in, n_out] = extents_of(first);
    const std::int64_t n_experts = pieces.rbegin()->first.first + 1;
    format::Shape shape{n_experts, std::int64_t(n_out) * first.piece.step};
    if (first.tensor.view.shape.size() == 2) shape.insert(shape.begin() + 1, std::int64_t(n_in));

    const std::size_t expert_bytes =
        std::size_t(first.tensor.view.n_bytes) * std::size_t(first.piece.step);
    const auto bytes =
        std::make_shared<std::vector<std::uint8_t>>(std::size_t(n_experts) * expert_bytes);
    for (const auto& [place, piece] : pieces)
        copy_piece(piece, bytes->data() + std::size_t(place.first) * expert_bytes);
    FoundTensor tensor;
    tensor.file = first.tensor.file;
    tensor.view = {first.tensor.view.dtype, shape, bytes->data(), bytes->size()};
    tensor.gathered = bytes;
    return tensor;
}

// What keeps pieces from being gathered, or "".
inline std::string mistake_in(const Pieces& pieces) {
    const PlacedPiece& first = pieces.begin()->second;
    const std::size_t last_expert = std::size_t(pieces.rbegin()->first.first);
    const std::size_t expected_count = (last_expert + 1) * std::size_t(first.piece.step);
    if (pieces.size() != expected_count) {
        return "is in " + std::to_string(pieces.size()) + " tensors, of experts up to " +
               std::to_string(last_expert) + ", expected " + std::to_string(expected_count);
    }
    for (const auto& [place, piece] : pieces) {
        const format::TensorView &got = piece.tensor.view, &expected = first.tensor.view;
        const bool is_alike =
            piece.piece.step == first.piece.step && piece.piece.is_linear == first.piece.is_linear;
        if (is_alike && got.dtype == expected.dtype && got.shape == expected.shape) continue;
        return format::quoted(piece.name) + " is " + got.dtype + " " +
               format::shape_text(got.shape) + ", expected " + expected.dtype + " " +
               format::shape_text(expected.shape) + " as in " + format::quoted(first.name);
    }
    return "";
}

// Every tensor under its usual name, pieces gathered.
inline FoundTensors with_usual_names(const FoundTensors& found, Problems& problems) {
    FoundTensors usual;
    std::map<std::string, Pieces> pieces_of;
    for (const auto& [name, tensor] : found) {
        const Piece piece = piece_of(name);
        const bool is_new = piece.expert < 0 ? usual.try_emplace(piece.name, tensor).second
                                             : pieces_of[piece.name]
                                                   .try_emplace({piece.expert, piece.first},
                                                                PlacedPiece{name, tensor, piece})
                                                   .second;
        if (is_new) continue;
        problems.push_back({ProblemKind::doubled, tensor.file->path + ": " + format::quoted(name) +
                                                      ": is there twice, under another name too"});
    }
    for (const auto& [name, pieces] : pieces_of) {
        const std::string where =
            pieces.begin()->second.tensor.file->path + ": " + format::quoted(name);
        const std::string mistake =
            usual.contains(name) ? "is there as a whole and in pieces" : mistake_in(pieces);
        if (mistake.empty()) {
            usual[name] = gathered(pieces);
        } else {
            problems.push_back({ProblemKind::incomplete, where + ": " + mistake});
        }
    }
    return usual;
}

}  // namespace gptoss::checkpoint
