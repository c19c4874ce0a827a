#include "gptoss/pitfalls/weight_pitfalls.hpp"

#include <tuple>

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

TEST_CASE("weight pitfalls: sinks of 0, in every layer", "[pitfalls]") {
    Weights wrong = synthetic_weights(preset_tiny(), 1);
    CHECK(wrong.layers[1].attn.sinks.data[0] != 0);
    pitfalls::SinksZero::edit(wrong);
    for (const LayerWeights& layer : wrong.layers) {
        REQUIRE(layer.attn.sinks.size == wrong.config.n_heads);
        CHECK(layer.attn.sinks.data[0] == 0);
        CHECK(layer.attn.sinks.data[wrong.config.n_heads - 1] == 0);
    }
}

// The order of q is the one in which a rope over neighbours and one over halves turn the same pairs.
TEST_CASE("weight pitfalls: of 32 rows of a head 0, 16, 1, 17 come first, biases too; v stays",
          "[pitfalls]") {
    const Weights right = synthetic_weights(preset_odd(), 1);
    const int head_dim = right.config.head_dim;
    REQUIRE(head_dim == 32);
    Weights wrong = right;
    pitfalls::QkRowsInterleaved::edit(wrong);
    const AttentionWeights &is = wrong.layers[1].attn, &was = right.layers[1].attn;
    const int rows_before[] = {0, 16, 1, 17};
    for (const auto& [matrix, bias, old_matrix, old_bias] :
         {std::tuple(is.q, is.q_bias, was.q, was.q_bias),
          std::tuple(is.k, is.k_bias, was.k, was.k_bias)}) {
        CHECK(matrix.rows == old_matrix.rows);
        for (int i = 0; i < 4; ++i) {
            const int row = head_dim + i,
                      old_row = head_dim + rows_before[i];  // of the second head
            CHECK(bias.data[row] == old_bias.data[old_row]);
            for (const int in : {0, 1, matrix.cols - 1}) {
                CHECK(matrix.row(row)[in] == old_matrix.row(old_row)[in]);
            }
        }
    }
    CHECK(is.v.bytes == was.v.bytes);
    CHECK(is.v_bias.data == was.v_bias.data);
}
