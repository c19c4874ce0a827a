#include "gptoss/pitfalls/weight_pitfalls.hpp"

#include "catch.hpp"
#include "gptoss/checkpoint/synth.hpp"
#include "gptoss/core/presets.hpp"

using namespace gptoss;
using namespace gptoss::checkpoint;

TEST_CASE("weight pitfalls: each edits its tensors of a copy and nothing of the original",
          "[pitfalls]") {
    const Weights right = synthetic_weights(preset_tiny(), 1);
    const float bias = right.layers[1].attn.q_bias.data[0];
    Weights wrong = right;
    pitfalls::AttentionBiasMissing::edit(wrong);
    pitfalls::RouterBiasMissing::edit(wrong);
    pitfalls::NormGainsSwapped::edit(wrong);
    pitfalls::UnembeddingTied::edit(wrong);

    const LayerWeights& layer = wrong.layers[1];
    for (const ConstVectorView zeros : {layer.attn.q_bias, layer.attn.k_bias, layer.attn.v_bias,
                                        layer.attn.out_bias, layer.mlp.router_bias}) {
        CHECK(zeros.data[0] == 0);
        CHECK(zeros.data[zeros.size - 1] == 0);
    }
    CHECK(layer.attn.q_bias.size == right.config.q_size());
    CHECK(layer.mlp.router_bias.size == right.config.n_experts);
    CHECK(layer.attn.norm_gain.data == right.layers[1].mlp.norm_gain.data);
    CHECK(layer.mlp.norm_gain.data == right.layers[1].attn.norm_gain.data);
    CHECK(wrong.unembedding.bytes == right.embedding.bytes);

    CHECK(bias != 0);
    CHECK(right.layers[1].attn.q_bias.data[0] == bias);
    CHECK(right.unembedding.bytes != right.embedding.bytes);
}

TEST_CASE("weight pitfalls: an edited copy outlives the original", "[pitfalls]") {
    Weights wrong;
    {
        wrong = synthetic_weights(preset_tiny(), 1);
        pitfalls::AttentionBiasMissing::edit(wrong);
    }
    const Weights copy = wrong;
    wrong = Weights{};
    CHECK(copy.layers[0].attn.out_bias.data[0] == 0);
    CHECK(copy.layers[0].attn.sinks.data[0] != 0);
}

TEST_CASE("weight pitfalls: every gain is raised by one", "[pitfalls]") {
    const Weights right = synthetic_weights(preset_tiny(), 1);
    Weights wrong = right;
    pitfalls::GainPlusOne::edit(wrong);
    const auto is_raised = [](ConstVectorView raised, ConstVectorView gain) {
        return raised.size == gain.size && raised.data[0] == gain.data[0] + 1 &&
               raised.data[gain.size - 1] == gain.data[gain.size - 1] + 1;
    };
    CHECK(is_raised(wrong.final_norm_gain, right.final_norm_gain));
    for (std::size_t layer = 0; layer < right.layers.size(); ++layer) {
        const LayerWeights &is = wrong.layers[layer], &was = right.layers[layer];
        CHECK(is_raised(is.attn.norm_gain, was.attn.norm_gain));
        CHECK(is_raised(is.mlp.norm_gain, was.mlp.norm_gain));
    }
}
