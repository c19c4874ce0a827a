#include "gptoss/checkpoint/expert_pieces.hpp"

#include <cstring>

#include "catch.hpp"

using namespace gptoss;
using namespace gptoss::checkpoint;
using namespace gptoss::format;

namespace {

const std::string kExperts = "model.layers.3.mlp.experts.";

// A file of small U8 tensors.
struct PieceFile {
    Safetensors file;
    std::map<std::string, std::vector<std::uint8_t>> bytes;
    FoundTensors found;

    void add(const std::string& name, Shape shape, std::vector<std::uint8_t> values) {
        file.path = "f";
        bytes[name] = std::move(values);
        const std::vector<std::uint8_t>& kept = bytes[name];
        found[name] = {&file, {"U8", std::move(shape), kept.data(), kept.size()}, nullptr};
    }
};

std::vector<std::uint8_t> bytes_of(const FoundTensor& tensor) {
    return {tensor.view.bytes, tensor.view.bytes + tensor.view.n_bytes};
}

}  // namespace

TEST_CASE("expert_pieces: the names that fine-tunes have", "[expert_pieces]") {
    const auto check = [](const std::string& name, const std::string& usual, int expert,
                          bool is_linear, int first = 0, int step = 1) {
        INFO(name);
        const Piece piece = piece_of(kExperts + name);
        CHECK(piece.name == kExperts + usual);
        CHECK(piece.expert == expert);
        CHECK(piece.is_linear == is_linear);
        CHECK(piece.first == first);
        CHECK(piece.step == step);
    };
    check("7.gate_up_proj.weight", "gate_up_proj", 7, true);
    check("7.gate_up_proj.bias", "gate_up_proj_bias", 7, false);
    check("12.down_proj", "down_proj", 12, false);
    check("12.down_proj_bias", "down_proj_bias", 12, false);
    check("gate_up_projs.31.weight", "gate_up_proj", 31, true);
    check("down_projs.0.bias", "down_proj_bias", 0, false);
    check("3.gate_proj.weight", "gate_up_proj", 3, true, 0, 2);
    check("3.up_proj.bias", "gate_up_proj_bias", 3, false, 1, 2);
    check("gate_up_projs.31", "gate_up_proj", 31, false);
    for (const char* other : {"gate_up_proj", "gate_up_proj_bias", "gate_up_proj_blocks",
                              "7.gate_up_proj.weight.absmax", "gate_up_projs.weight", "x"})
        check(other, other, -1, false);
    CHECK(piece_of("model.layers.3.mlp.router.linear.bias").name ==
          "model.layers.3.mlp.router.bias");
    CHECK(piece_of("lm_head.weight").name == "lm_head.weight");
}

TEST_CASE("expert_pieces: modules are turned over, slices are not", "[expert_pieces]") {
    PieceFile pieces;
    pieces.add(kExperts + "0.down_proj.weight", {2, 3}, {1, 2, 3, 4, 5, 6});  // (out, in)
    pieces.add(kExperts + "1.down_proj.weight", {2, 3}, {7, 8, 9, 10, 11, 12});
    pieces.add(kExperts + "0.gate_up_proj", {3, 2}, {1, 2, 3, 4, 5, 6});  // (in, out)
    pieces.add(kExperts + "0.down_proj.bias", {2}, {1, 2});
    pieces.add(kExperts + "1.down_proj.bias", {2}, {3, 4});
    Problems problems;
    const FoundTensors usual = with_usual_names(pieces.found, problems);
    REQUIRE(problems.empty());
    const FoundTensor& down = usual.at(kExperts + "down_proj");
    CHECK(down.view.shape == Shape{2, 3, 2});
    CHECK(bytes_of(down) == std::vector<std::uint8_t>{1, 4, 2, 5, 3, 6, 7, 10, 8, 11, 9, 12});
    const FoundTensor& gate_up = usual.at(kExperts + "gate_up_proj");
    CHECK(gate_up.view.shape == Shape{1, 3, 2});
    CHECK(bytes_of(gate_up) == std::vector<std::uint8_t>{1, 2, 3, 4, 5, 6});
    CHECK(bytes_of(usual.at(kExperts + "down_proj_bias")) == std::vector<std::uint8_t>{1, 2, 3, 4});
}

TEST_CASE("expert_pieces: gate and up take turns in gate_up", "[expert_pieces]") {
    PieceFile pieces;
    pieces.add(kExperts + "0.gate_proj.weight", {2, 3}, {1, 2, 3, 4, 5, 6});  // (out, in)
    pieces.add(kExperts + "0.up_proj.weight", {2, 3}, {11, 12, 13, 14, 15, 16});
    pieces.add(kExperts + "0.gate_proj.bias", {2}, {1, 2});
    pieces.add(kExperts + "0.up_proj.bias", {2}, {11, 12});
    Problems problems;
    const FoundTensors usual = with_usual_names(pieces.found, problems);
    REQUIRE(problems.empty());
    const FoundTensor& gate_up = usual.at(kExperts + "gate_up_proj");
    CHECK(gate_up.view.shape == Shape{1, 3, 4});
    CHECK(bytes_of(gate_up) == std::vector<std::uint8_t>{1, 11, 4, 14, 2, 12, 5, 15, 3, 13, 6, 16});
    const FoundTensor& bias = usual.at(kExperts + "gate_up_proj_bias");
    CHECK(bias.view.shape == Shape{1, 4});
    CHECK(bytes_of(bias) == std::vector<std::uint8_t>{1, 11, 2, 12});
}

TEST_CASE("expert_pieces: what is there twice is refused", "[expert_pieces][errors]") {
    PieceFile pieces;
    pieces.add(kExperts + "0.down_proj.bias", {2}, {1, 2});
    pieces.add(kExperts + "down_projs.0.bias", {2}, {3, 4});
    pieces.add(kExperts + "gate_up_proj_bias", {1, 2}, {1, 2});
    pieces.add(kExperts + "0.gate_up_proj.bias", {2}, {3, 4});
    Problems problems;
    with_usual_names(pieces.found, problems);
    REQUIRE(problems.size() == 2);
    CHECK(problems[0].line ==
          "f: \"" + kExperts + "down_projs.0.bias\": is there twice, under another name too");
    CHECK(problems[1].line ==
          "f: \"" + kExperts + "gate_up_proj_bias\": is there as a whole and in pieces");
}

TEST_CASE("expert_pieces: an expert in between that is missing, or of another shape",
          "[expert_pieces][errors]") {
    PieceFile pieces;
    pieces.add(kExperts + "0.down_proj.bias", {2}, {1, 2});
    pieces.add(kExperts + "2.down_proj.bias", {2}, {3, 4});
    pieces.add(kExperts + "0.down_proj.weight", {1, 2}, {1, 2});
    pieces.add(kExperts + "1.down_proj.weight", {2, 1}, {3, 4});
    Problems problems;
    with_usual_names(pieces.found, problems);
    REQUIRE(problems.size() == 2);
    CHECK(problems[0].line == "f: \"" + kExperts + "down_proj\": \"" + kExperts +
                                  "1.down_proj.weight\" is U8 (2, 1), expected U8 (1, 2) as in \"" +
                                  kExperts + "0.down_proj.weight\"");
    CHECK(problems[1].line ==
          "f: \"" + kExperts + "down_proj_bias\": is in 2 tensors, of experts up to 2, expected 3");
}
