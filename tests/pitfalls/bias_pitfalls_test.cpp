#include "gptoss/pitfalls/bias_pitfalls.hpp"

#include "catch.hpp"
#include "gptoss/checkpoint/synth.hpp"
#include "gptoss/core/presets.hpp"

using namespace gptoss;
using namespace gptoss::checkpoint;
using namespace gptoss::pitfalls;

TEST_CASE("bias pitfalls: each leaves out its own bias of every layer, and no other",
          "[pitfalls]") {
    const Weights right = synthetic_weights(preset_tiny(), 1);
    const auto missing = [&](void (*edit)(Weights&)) {
        Weights wrong = right;
        edit(wrong);
        std::string names;
        const LayerWeights &is = wrong.layers[3], &was = right.layers[3];
        const auto add = [&names](const char* name, float now, float before, bool same_size) {
            REQUIRE(before != 0);
            REQUIRE(same_size);
            if (now == 0) names += name;
        };
        const auto vector = [&](const char* name, ConstVectorView now, ConstVectorView before) {
            add(name, now.data[now.size - 1], before.data[before.size - 1],
                now.size == before.size);
        };
        const auto matrix = [&](const char* name, ConstMatrixView now, ConstMatrixView before) {
            const int last = before.cols - 1;
            add(name, now.row(before.rows - 1)[last], before.row(before.rows - 1)[last],
                now.rows == before.rows && now.cols == before.cols);
        };
        vector("q", is.attn.q_bias, was.attn.q_bias);
        vector("k", is.attn.k_bias, was.attn.k_bias);
        vector("v", is.attn.v_bias, was.attn.v_bias);
        vector("out", is.attn.out_bias, was.attn.out_bias);
        vector("router", is.mlp.router_bias, was.mlp.router_bias);
        matrix("gate_up", is.mlp.gate_up_bias, was.mlp.gate_up_bias);
        matrix("down", is.mlp.down_bias, was.mlp.down_bias);
        return names;
    };
    CHECK(missing(&QBiasMissing::edit) == "q");
    CHECK(missing(&KBiasMissing::edit) == "k");
    CHECK(missing(&VBiasMissing::edit) == "v");
    CHECK(missing(&OutBiasMissing::edit) == "out");
    CHECK(missing(&GateUpBiasMissing::edit) == "gate_up");
    CHECK(missing(&DownBiasMissing::edit) == "down");
    CHECK(missing(&AttentionBiasMissing::edit) == "qkvout");
}
