#include "gptoss/model/copy_weights.hpp"

#include <algorithm>
#include <cstring>
#include <new>

#include "catch.hpp"
#include "gguf_experts.hpp"
#include "golden.hpp"
#include "gptoss/checkpoint/synth.hpp"
#include "gptoss/core/presets.hpp"
#include "gptoss/model/transformer.hpp"

using namespace gptoss;
using namespace gptoss::checkpoint;
using namespace gptoss::test;

namespace {

// The logits of the last of four tokens.
std::vector<float> logits_with(Weights weights) {
    Transformer<> transformer(std::move(weights));
    const std::int32_t tokens[4] = {1, 2, 3, 5};
    transformer.feed({tokens, 4});
    const MatrixView logits = transformer.a.logits;
    return {logits.data, logits.row(logits.rows)};
}

struct FullMemory : HostMemory {
    static void* allocate(std::size_t) { throw Error("device memory: full"); }
};

}  // namespace

TEST_CASE("copy_weights: the copy computes the same bits after the original is gone",
          "[copy_weights]") {
    Weights copy;
    {
        const Weights original = synthetic_weights(preset_odd(), 1);
        copy = copy_weights<HostMemory>(original);
        CHECK(copy.layers[0].mlp.down.codes != original.layers[0].mlp.down.codes);
    }
    const std::vector<float> expected = logits_with(synthetic_weights(preset_odd(), 1));
    CHECK(logits_with(copy) == expected);
}

TEST_CASE("copy_weights: every tensor starts on a multiple of 256 bytes", "[copy_weights]") {
    const Weights copy = copy_weights<HostMemory>(synthetic_weights(preset_odd(), 1));
    const auto* first = copy.embedding.bytes;
    const LayerWeights& layer = copy.layers[3];
    const auto offset = [first](const void* tensor) {
        return static_cast<const std::uint8_t*>(tensor) - first;
    };
    for (const void* tensor : {static_cast<const void*>(layer.attn.sinks.data),
                               static_cast<const void*>(layer.attn.out.bytes),
                               static_cast<const void*>(layer.mlp.gate_up.codes),
                               static_cast<const void*>(layer.mlp.down.scales),
                               static_cast<const void*>(layer.mlp.down_bias.data)}) {
        CHECK(offset(tensor) > 0);
        CHECK(offset(tensor) % 256 == 0);
    }
}

TEST_CASE("copy_weights: the progress grows to all bytes", "[copy_weights]") {
    std::size_t last = 0;
    std::size_t total = 0;
    bool grows = true;
    copy_weights<HostMemory>(synthetic_weights(preset_tiny(), 1),
                             [&](std::size_t done, std::size_t all) {
                                 grows = grows && done > last && done <= all;
                                 last = done;
                                 total = all;
                             });
    CHECK(grows);
    CHECK(total > 0);
    CHECK(last == total);
}

TEST_CASE("copy_weights: experts unpacked to BF16 are copied as they are", "[copy_weights]") {
    const std::vector<std::uint8_t> bytes{1, 2, 3, 4};
    Weights weights;
    weights.layers.resize(1);
    ExpertStack& down = weights.layers[0].mlp.down;
    down.transposed = bytes.data();
    down.n_experts = 1;
    down.rows = 2;
    down.cols = 1;
    const Weights copy = copy_weights<HostMemory>(weights);
    const std::uint8_t* copied = copy.layers[0].mlp.down.transposed;
    REQUIRE(copied != bytes.data());
    CHECK(std::equal(bytes.begin(), bytes.end(), copied));
    CHECK(copy.layers[0].mlp.down.codes == nullptr);
}

TEST_CASE("copy_weights: MXFP4 of a GGUF file is put in the released order, bit for bit",
          "[copy_weights]") {
    const Weights plain = synthetic_weights(preset_tiny(), 1);
    Weights weights = plain;
    const ExpertStack& packed = plain.layers[1].mlp.gate_up;
    const test::GgufForm gguf(packed, 2);
    weights.layers[1].mlp.gate_up = gguf.stack;
    const Weights copy = copy_weights<HostMemory>(weights);
    const ExpertStack& got = copy.layers[1].mlp.gate_up;
    const int n_weights = packed.n_experts * packed.rows * packed.cols;
    CHECK(got.gguf.n_tensors == 0);
    REQUIRE(got.codes != nullptr);
    CHECK(std::equal(packed.codes, packed.codes + n_weights / 2, got.codes));
    CHECK(std::equal(packed.scales, packed.scales + n_weights / 32, got.scales));
}

TEST_CASE("copy_weights: short memory fails before anything is copied", "[copy_weights][errors]") {
    const Weights weights = synthetic_weights(preset_tiny(), 1);
    REQUIRE_THROWS_WITH(copy_weights<FullMemory>(weights), "device memory: full");
}
