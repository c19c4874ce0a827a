// A GGUF file that the gguf package wrote (tests/golden/make_gguf.py), and what llama.cpp computes.
#include "gptoss/checkpoint/gguf_weights.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <fstream>
#include <iterator>
#include <vector>

#include "catch.hpp"
#include "gptoss/checkpoint/load.hpp"
#include "gptoss/checkpoint/synth.hpp"
#include "gptoss/core/presets.hpp"
#include "gptoss/format/json.hpp"
#include "gptoss/format/safetensors.hpp"
#include "gptoss/model/copy_weights.hpp"
#include "gptoss/model/dense_q8_0.hpp"
#include "gptoss/model/transformer.hpp"
#include "gptoss/ops/fast.hpp"
#include "gptoss/ops/scalar.hpp"
#include "gptoss/pitfalls/rope_pitfalls.hpp"
#include "temp_folder.hpp"

using namespace gptoss;
using namespace gptoss::format;
using namespace gptoss::checkpoint;

namespace {

const std::string kTiny2 = GPTOSS_GOLDEN_DIR "/tiny2.gguf";

Weights synthetic_tiny2() {
    return synthetic_weights(with_layers(preset_tiny(), 2), 1);
}

std::string bytes_of(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
}

// The file with a text in it exchanged for another of the same length.
std::string with_text(const TempFolder& folder, const std::string& from, const std::string& to) {
    std::string bytes = bytes_of(kTiny2);
    const std::size_t place = bytes.find(from);
    REQUIRE(place != std::string::npos);
    bytes.replace(place, to.size(), to);
    const std::string path = (folder / "m.gguf").string();
    std::ofstream(path, std::ios::binary) << bytes;
    return path;
}

bool same_bytes(const DenseMatrix& a, const DenseMatrix& b) {
    const std::size_t n_bytes = std::size_t(a.rows) * a.row_bytes();
    return a.storage == b.storage && a.rows == b.rows && a.cols == b.cols &&
           std::equal(a.bytes, a.bytes + n_bytes, b.bytes);
}

template <class Vector>
bool same_values(const Vector& a, const Vector& b, int size) {
    return std::equal(a.data, a.data + size, b.data);
}

bool same_experts(const ExpertStack& a, const ExpertStack& b) {
    float of_a[32], of_b[32];
    for (int e = 0; e < a.n_experts; ++e) {
        for (int o = 0; o < a.rows; ++o) {
            for (int block = 0; block < a.cols / 32; ++block) {
                a.decode_block(e, o, block, of_a);
                b.decode_block(e, o, block, of_b);
                if (!std::equal(of_a, of_a + 32, of_b)) return false;
            }
        }
    }
    return a.n_experts == b.n_experts && a.rows == b.rows && a.cols == b.cols;
}

template <class Ops>
std::vector<float> logits_of(const Weights& weights, ConstIdsView ids) {
    Transformer<Ops> transformer(weights);
    transformer.feed(ids, LogitRows::all);
    const float* data = transformer.a.logits.data;
    return {data, data + ids.rows * weights.config.vocab_size};
}

double error_in_rms(const std::vector<float>& got, const std::vector<float>& expected) {
    double largest = 0, sum_of_squares = 0;
    for (std::size_t i = 0; i < got.size(); ++i) {
        largest = std::max(largest, std::fabs(double(got[i]) - double(expected[i])));
        sum_of_squares += double(expected[i]) * double(expected[i]);
    }
    return largest / std::sqrt(sum_of_squares / double(got.size()));
}

}  // namespace

TEST_CASE("gguf weights: config, vectors and experts are those that were put in", "[gguf]") {
    const Weights got = load_gguf(kTiny2), expected = synthetic_tiny2();
    CHECK(got.config == expected.config);
    for (std::size_t layer = 0; layer < 2; ++layer) {
        const AttentionWeights &a = got.layers[layer].attn, &b = expected.layers[layer].attn;
        CHECK(same_values(a.norm_gain, b.norm_gain, b.norm_gain.size));
        CHECK(same_values(a.q_bias, b.q_bias, b.q_bias.size));
        CHECK(same_values(a.k_bias, b.k_bias, b.k_bias.size));
        CHECK(same_values(a.v_bias, b.v_bias, b.v_bias.size));
        CHECK(same_values(a.sinks, b.sinks, b.sinks.size));
        CHECK(same_values(a.out_bias, b.out_bias, b.out_bias.size));
        const ExpertWeights &m = got.layers[layer].mlp, &n = expected.layers[layer].mlp;
        CHECK(same_values(m.norm_gain, n.norm_gain, n.norm_gain.size));
        CHECK(same_values(m.router_bias, n.router_bias, n.router_bias.size));
        CHECK(same_experts(m.gate_up, n.gate_up));
        CHECK(same_experts(m.down, n.down));
        CHECK(
            same_values(m.gate_up_bias, n.gate_up_bias, n.gate_up_bias.rows * n.gate_up_bias.cols));
        CHECK(same_values(m.down_bias, n.down_bias, n.down_bias.rows * n.down_bias.cols));
        CHECK(m.router.storage == Storage::f32);
        CHECK(m.router.row(3)[7] == n.router.row(3)[7]);
    }
    CHECK(same_values(got.final_norm_gain, expected.final_norm_gain, 64));
}

TEST_CASE("gguf weights: the gguf package rounds to Q8_0 as we do, bit for bit", "[gguf][q8_0]") {
    const Weights got = load_gguf(kTiny2), expected = with_dense_q8_0(synthetic_tiny2());
    for (std::size_t layer = 0; layer < 2; ++layer) {
        CHECK(same_bytes(got.layers[layer].attn.q, expected.layers[layer].attn.q));
        CHECK(same_bytes(got.layers[layer].attn.k, expected.layers[layer].attn.k));
        CHECK(same_bytes(got.layers[layer].attn.v, expected.layers[layer].attn.v));
        CHECK(same_bytes(got.layers[layer].attn.out, expected.layers[layer].attn.out));
    }
    CHECK(same_bytes(got.unembedding, expected.unembedding));
}

TEST_CASE("gguf weights: every path runs it, and a device has it in the released order", "[gguf]") {
    const Weights weights = load_weights(kTiny2);
    const std::vector<std::int32_t> ids{1, 5, 9, 100, 7, 7, 3, 64, 2, 90};
    const ConstIdsView view{ids.data(), int(ids.size())};
    const std::vector<float> scalar = logits_of<ScalarOps>(weights, view);
    CHECK(error_in_rms(logits_of<FastOps>(weights, view), scalar) < 1e-5);
    const Weights copy = copy_weights<HostMemory>(weights);
    CHECK(copy.layers[0].mlp.gate_up.gguf.n_tensors == 0);
    CHECK(logits_of<ScalarOps>(copy, view) == scalar);
}

TEST_CASE("gguf weights: llama.cpp computes our logits, but for the bounds of YaRN that it rounds",
          "[gguf][llama]") {
    // From weights unpacked to float32, so that llama.cpp rounds no activation.
    const Safetensors dump = open_safetensors(GPTOSS_GOLDEN_DIR "/nano_llama.safetensors");
    const TensorView& logits = dump.tensors.at("logits");
    std::vector<float> theirs(std::size_t(logits.n_bytes / 4));
    std::memcpy(theirs.data(), logits.bytes, std::size_t(logits.n_bytes));
    const auto tokens =
        parse_json("tokens", dump.metadata.at("tokens")).get<std::vector<std::int32_t>>();
    const ConstIdsView ids{tokens.data(), int(tokens.size())};
    Weights weights = load_weights(GPTOSS_SOURCE_DIR "/examples/nano/model");
    const std::vector<float> ours = logits_of<ScalarOps>(weights, ids);
    pitfalls::YarnBoundsRounded::edit(weights.config);
    const std::vector<float> ours_rounded = logits_of<ScalarOps>(weights, ids);
    CHECK(error_in_rms(theirs, ours_rounded) < 2e-5);  // 1.3e-6 here; float32 sums
    CHECK(error_in_rms(theirs, ours) > 0.01);
}

TEST_CASE("gguf weights: wrong names, forms and models are named", "[gguf][errors]") {
    const TempFolder folder;
    const std::string path = (folder / "m.gguf").string();
    CHECK_THROWS_WITH(load_gguf(with_text(folder, "blk.1.attn_sinks", "blk.1.attn_sinkz")),
                      path + ": 2 problems\n  " + path +
                          ": \"blk.1.attn_sinks.weight\": is missing, expected (4)\n  " + path +
                          ": \"blk.1.attn_sinkz.weight\": is not a tensor of gpt-oss");
    CHECK_THROWS_WITH(load_gguf(with_text(folder, "gpt-oss", "gpt-ost")),
                      path + ": general.architecture is gpt-ost, expected gpt-oss");
    CHECK_THROWS_WITH(load_gguf(with_text(folder, "gpt-oss.expert_count", "gpt-oss.expert_c0unt")),
                      path + ": has no gpt-oss.expert_count");
    CHECK_THROWS_WITH(load_gguf(with_text(folder, "yarn", "long")),
                      path + ": gpt-oss.rope.scaling.type is long, expected yarn or none");
    std::string extents("\x40\0\0\0\0\0\0\0\x80\0\0\0\0\0\0\0", 16);  // of token_embd: 64, 128
    CHECK_THROWS_WITH(
        load_gguf(with_text(folder, extents + '\x08', extents + '\x02')),
        ContainsSubstring("\"token_embd.weight\": is Q4_0 (128, 64), expected F32, F16, "
                          "BF16 or Q8_0"));
}

TEST_CASE("gguf weights: a scale that means NaN is found, unless nobody looks", "[gguf][errors]") {
    const TempFolder folder;
    const Gguf file = open_gguf(kTiny2);
    const TensorView& down = file.tensors.at("blk.0.ffn_down_exps.weight");
    std::string bytes = bytes_of(kTiny2);
    bytes[std::size_t(down.bytes - file.mapped->bytes()) + 2 * 17] = '\xFF';
    const std::string path = (folder / "m.gguf").string();
    std::ofstream(path, std::ios::binary) << bytes;
    CHECK_THROWS_WITH(load_gguf(path), path +
                                           ": \"blk.0.ffn_down_exps.weight\": the scale of "
                                           "block 2 is 255 (NaN), expected at most 254");
    CHECK_NOTHROW(load_gguf(path, false));
}
