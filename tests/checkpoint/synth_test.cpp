#include "gptoss/checkpoint/synth.hpp"

#include "catch.hpp"
#include "checkpoint/toy_checkpoint.hpp"
#include "gptoss/core/presets.hpp"

using namespace gptoss;
using namespace gptoss::checkpoint;

TEST_CASE("synth: the first values of the tiny model, from the generator's bytes", "[synth]") {
    // The stream of embedding.weight under seed 1 begins f6 e3: -10 and -29 as signed bytes, so
    // (2 * -10 + 1) / 256 and (2 * -29 + 1) / 256.
    const Weights weights = synthetic_weights(preset_tiny(), 1);
    CHECK(weights.embedding.row(0)[0] == -19.0f / 256);
    CHECK(weights.embedding.row(0)[1] == -57.0f / 256);

    // block.0.attn.qkv.weight begins 0b: 23 / 256, times 2^-f(64) = 1/8.
    CHECK(weights.layers[0].attn.q.row(0)[0] == 23.0f / 256 / 8);

    // block.0.mlp.mlp1_weight.blocks begins 08 92: codes 8, 0, 2, 9 = -0, 0, 1, -0.5; its first
    // scale byte is odd or even by 67: 124 - f(64) + 1 = 122, so 2^-5.
    float block[kMxfp4BlockSize];
    weights.layers[0].mlp.gate_up.decode_block(0, 0, 0, block);
    CHECK(block[1] == 0.0f);
    CHECK(block[2] == 1.0f / 32);
    CHECK(block[3] == -0.5f / 32);
}

TEST_CASE("synth: k and v are the rows of qkv behind q", "[synth]") {
    const Weights weights = synthetic_weights(preset_odd(), 1);
    const AttentionWeights& attn = weights.layers[3].attn;
    const std::uint64_t key = generator_key(1, "block.3.attn.qkv.weight");
    const int exponent = -half_log2(96);
    CHECK(attn.k.row(2)[5] == uniform_value(generator_byte(key, (192 + 2) * 96 + 5), exponent));
    CHECK(attn.v.row(2)[5] ==
          uniform_value(generator_byte(key, (192 + 64 + 2) * 96 + 5), exponent));
    const std::uint64_t bias_key = generator_key(1, "block.3.attn.qkv.bias");
    CHECK(attn.v_bias.data[7] == uniform_value(generator_byte(bias_key, 192 + 64 + 7), -1));
}

TEST_CASE("synth: every view has the extents that the ops expect", "[synth]") {
    const Weights w = synthetic_weights(preset_odd(), 1);
    const LayerWeights& layer = w.layers[4];
    CHECK(w.layers.size() == 5);
    CHECK(w.embedding.rows == 300);
    CHECK(w.embedding.cols == 96);
    CHECK(layer.attn.q.rows == 192);
    CHECK(layer.attn.k.rows == 64);
    CHECK(layer.attn.out.rows == 96);
    CHECK(layer.attn.out.cols == 192);
    CHECK(layer.attn.sinks.size == 6);
    CHECK(layer.mlp.router.rows == 6);
    CHECK(layer.mlp.gate_up.rows == 128);
    CHECK(layer.mlp.gate_up.cols == 96);
    CHECK(layer.mlp.gate_up_bias.rows == 6);
    CHECK(layer.mlp.gate_up_bias.cols == 128);
    CHECK(layer.mlp.down.rows == 96);
    CHECK(layer.mlp.down.cols == 64);
    CHECK(layer.mlp.down_bias.cols == 96);
    CHECK(w.final_norm_gain.size == 96);
    CHECK(w.unembedding.rows == 300);
}

TEST_CASE("synth: a seed names a model", "[synth]") {
    const std::uint64_t hash = hash_of(synthetic_weights(preset_tiny(), 1));
    CHECK(hash_of(synthetic_weights(preset_tiny(), 1)) == hash);
    CHECK(hash_of(synthetic_weights(preset_tiny(), 2)) != hash);
}

TEST_CASE("synth: a copy of the handle keeps the weights alive", "[synth]") {
    Weights copy;
    {
        const Weights weights = synthetic_weights(preset_tiny(), 1);
        copy = weights;
    }
    CHECK(hash_of(copy) == hash_of(synthetic_weights(preset_tiny(), 1)));
}

TEST_CASE("synth: a tensor generated in pieces is the tensor generated at once", "[synth]") {
    const Config c = preset_tiny();
    for (const TensorSpec& spec : tensor_inventory(c, Layout::hugging_face)) {
        if (spec.layer > 0) continue;
        const std::vector<std::uint8_t> whole = generate_tensor(spec, c, 1);
        std::vector<std::uint8_t> pieces(whole.size());
        TensorGenerator generator(spec, c, 1);
        const std::uint64_t n_elements = element_count(spec.shape);
        const std::uint64_t n_first = n_elements / 3 + 1;
        generator.next(n_first, pieces.data());
        generator.next(n_elements - n_first,
                       pieces.data() + n_first * std::uint64_t(generator.element_bytes()));
        INFO(spec.name);
        CHECK(pieces == whole);
    }
}
