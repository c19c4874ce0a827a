#include "gptoss/contrast/gpt2.hpp"

#include <vector>

#include "catch.hpp"
#include "contrast_golden.hpp"

using namespace gptoss;
using namespace gptoss::contrast;
using namespace gptoss::test;

namespace {

// tests/golden/make_contrast.py: Hugging Face's GPT2LMHeadModel in float64
// clang-format off
const std::vector<ContrastGolden> kGoldens = {
    {"embedding", {0.937500000, -0.929687500, -0.085937500, -1.312500000}, 509.882812},
    {"layer 0", {-0.078203050, -0.244149544, 0.014918518, -1.300920127}, 1085.589421},
    {"layer 1", {-0.439854240, -0.505573653, 2.929272849, -1.027602789}, 1392.091154},
    {"logits", {8.292137328, 3.938726928, -7.891391817, 5.792692466}, 4406.938721},
};
// clang-format on

Gpt2Run run_of(const Gpt2Config& config) {
    MadeWeights made(1);
    return gpt2_forward(gpt2_weights(config, made), config, {kContrastIds, 12});
}

}  // namespace

TEST_CASE("gpt2: built from our ops it is Hugging Face's, in every layer", "[gpt2]") {
    const double error = largest_contrast_error(run_of({}), kGoldens);
    INFO("largest error " << error);
    CHECK(error < kContrastTolerance);
}

TEST_CASE("gpt2: with the norms behind the sublayers it is not", "[gpt2]") {
    Gpt2Config config;
    config.norm_place = NormPlace::after;
    const Gpt2Run run = run_of(config);
    CHECK(contrast_error(run.residuals[0], kGoldens[0]) < kContrastTolerance);
    CHECK(contrast_error(run.residuals[1], kGoldens[1]) > 0.1);
    CHECK(contrast_error(run.logits, kGoldens[3]) > 1);
}

TEST_CASE("gpt2: with the exact GELU it is not, by little", "[gpt2]") {
    Gpt2Config config;
    config.gelu = GeluForm::exact;
    const double error = largest_contrast_error(run_of(config), kGoldens);
    CHECK((kContrastTolerance < error && error < 0.02));
}

TEST_CASE("gpt2: a text that is longer than its table of positions is an error", "[gpt2][errors]") {
    MadeWeights made(1);
    const Gpt2Config config;
    const std::vector<std::int32_t> ids(33, 0);
    REQUIRE_THROWS_WITH(gpt2_forward(gpt2_weights(config, made), config, {ids.data(), 33}),
                        "add_positions: positions[32] is 32, expected 0 <= position < 32 "
                        "(table.rows)");
}
