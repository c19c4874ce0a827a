#include "gptoss/checkpoint/build_weights.hpp"

#include "catch.hpp"
#include "checkpoint/toy_checkpoint.hpp"
#include "gptoss/checkpoint/load.hpp"
#include "gptoss/checkpoint/synth_checkpoint.hpp"
#include "gptoss/core/presets.hpp"

using namespace gptoss;
using namespace gptoss::checkpoint;
using namespace gptoss::format;

TEST_CASE("build_weights: a gain of two values is widened", "[build_weights]") {
    const std::uint8_t bytes[] = {0x80, 0x3F, 0x20, 0xC0};  // 1 and -2.5, low byte first
    WeightStore store;
    const ConstVectorView gain = widened_vector({"BF16", {2}, bytes, 4}, store);
    REQUIRE(gain.size == 2);
    CHECK(gain.data[0] == 1.0f);
    CHECK(gain.data[1] == -2.5f);
    CHECK(store.widened.size() == 1);
}

TEST_CASE("build_weights: OpenAI's qkv is cut into q, k and v, in this order", "[build_weights]") {
    const Config c = preset_odd();  // 192 rows of q, 64 of k, 64 of v; 96 columns
    const std::vector<std::uint8_t> bytes((192 + 64 + 64) * 96 * 2);
    SlotTensors tensors;
    for (const TensorSpec& spec : tensor_inventory(c, Layout::openai)) {
        if (spec.name == "block.3.attn.qkv.weight") tensors.add(spec, c, bytes.data());
    }
    CHECK(tensors.at(Slot::q, 3).shape == Shape{192, 96});
    CHECK(tensors.at(Slot::q, 3).bytes == bytes.data());
    CHECK(tensors.at(Slot::k, 3).shape == Shape{64, 96});
    CHECK(tensors.at(Slot::k, 3).bytes == bytes.data() + 192 * 96 * 2);
    CHECK(tensors.at(Slot::v, 3).bytes == bytes.data() + (192 + 64) * 96 * 2);
    CHECK_FALSE(tensors.has(Slot::q, 2));
}

TEST_CASE("build_weights: matrices point into the mapped file, nothing in between is copied",
          "[build_weights]") {
    const TempFolder folder;
    write_tiny(folder / "m", Layout::hugging_face);
    const Weights weights = load_weights(folder / "m");
    // 16,384 bytes of embedding and 128 of the first gain lie between the two matrices.
    CHECK(weights.layers[0].attn.q.bytes - weights.embedding.bytes == 128 * 64 * 2 + 64 * 2);
    CHECK(hash_of(weights) == tiny_hash());
}

TEST_CASE("build_weights: weights outlive the files' names", "[build_weights]") {
    Weights weights;
    {
        const TempFolder folder;
        write_tiny(folder / "m", Layout::openai);
        weights = load_weights(folder / "m");
    }
    CHECK(hash_of(weights) == tiny_hash());
}
