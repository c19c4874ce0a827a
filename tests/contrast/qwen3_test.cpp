#include "gptoss/contrast/qwen3.hpp"

#include <vector>

#include "catch.hpp"
#include "contrast_golden.hpp"

using namespace gptoss;
using namespace gptoss::contrast;
using namespace gptoss::test;

namespace {

// tests/golden/make_contrast.py: Hugging Face's Qwen3MoeForCausalLM in float64
// clang-format off
const std::vector<ContrastGolden> kGoldens = {
    {"embedding", {-0.730468750, 0.527343750, 0.542968750, 0.910156250}, 382.585938},
    {"layer 0", {-0.293415850, -0.930743546, -0.513317381, 1.773395746}, 910.507167},
    {"layer 1", {1.211088417, 0.186521672, 0.125479570, 3.238402542}, 1379.697281},
    {"logits", {2.127212823, -0.132398091, -0.185845015, -1.036441979}, 1052.243443},
};
// clang-format on

double error_of(const Config& config, const Qwen3Switches& switches) {
    MadeWeights made(1);
    const Qwen3Weights w = qwen3_weights(config, made);
    return largest_contrast_error(qwen3_forward(w, config, {kContrastIds, 12}, switches), kGoldens);
}

}  // namespace

TEST_CASE("qwen3: built from our ops it is Hugging Face's, in every layer", "[qwen3]") {
    const double error = error_of(qwen3_config(), {});
    INFO("largest error " << error);
    CHECK(error < kContrastTolerance);
}

TEST_CASE("qwen3: with what gpt-oss has instead it is not", "[qwen3]") {
    const Config config = qwen3_config();
    CHECK(error_of(config, {.has_qk_norm = false}) > 0.1);
    CHECK(error_of(config, {.sink = 0.0f}) > 0.1);
    CHECK(error_of(config, {.window = 4}) > 0.1);

    Config other_base = config;
    other_base.rope_theta = 150000.0f;
    CHECK(error_of(other_base, {}) > 0.01);
}

TEST_CASE("qwen3: softmax over all, the best divided by their sum, is what route computes",
          "[qwen3]") {
    const std::vector<float> logits{0.5f, 2, -1, 1.5f};
    std::vector<std::int32_t> ids(2);
    std::vector<float> weights(2), all(4);
    route({logits.data(), 1, 4}, {ids.data(), 1, 2}, {weights.data(), 1, 2});
    softmax({logits.data(), 4}, {all.data(), 4});
    CHECK(ids == std::vector<std::int32_t>{1, 3});
    CHECK_THAT(weights[0], WithinAbs(all[1] / (all[1] + all[3]), 1e-7));
}
