// What the tool does with --path cuda: its own Transformer, in the memory of the device.
#include "catch.hpp"
#include "golden.hpp"
#include "gptoss/checkpoint/synth.hpp"
#include "gptoss/core/presets.hpp"
#include "gptoss/run/generate.hpp"
#include "gptoss/run/perplexity.hpp"
#include "paths.hpp"

using namespace gptoss;
using namespace gptoss::checkpoint;
using namespace gptoss::test;

namespace {

// The tool's chosen_path sets it for good.
struct OnDevice {
    OnDevice() { tool::device_in_use = tool::device_path(); }
    ~OnDevice() { tool::device_in_use = nullptr; }
    OnDevice(const OnDevice&) = delete;
    OnDevice& operator=(const OnDevice&) = delete;

    tool::ChosenTransformer transformer(const Weights& weights) const {
        return {weights, {"cuda", tool::device_path()->exact.usual}};
    }
};

template <class Ops>
std::vector<std::int32_t> generated(Transformer<Ops>& transformer, float temperature = 0) {
    const std::int32_t prompt[7] = {1, 5, 9, 2, 100, 3, 7};
    GenerateOptions options;
    options.max_tokens = 12;
    options.sampling.temperature = temperature;
    return generate(transformer, {prompt, 7}, options, [](std::int32_t) { return true; }).ids;
}

}  // namespace

TEST_CASE("tool: --path cuda generates the tokens of the scalar path", "[tool]") {
    const OnDevice on_device;
    const Weights weights = synthetic_weights(preset_tiny(), 1);
    tool::ChosenTransformer device = on_device.transformer(weights);
    Transformer<> scalar(weights);
    const std::vector<std::int32_t> expected = generated(scalar);
    CHECK(generated(device) == expected);
    CHECK(device.cache.length == 7 + 11);
    device.cache = {};
    CHECK(generated(device) == expected);
    for (const float temperature : {1.0f, 0.7f}) {
        device.cache = {};
        scalar.cache = {};
        CHECK(generated(device, temperature) == generated(scalar, temperature));
    }
}

TEST_CASE("tool: --path cuda leaves logits on the device until they are asked for", "[tool]") {
    const OnDevice on_device;
    const Weights weights = synthetic_weights(preset_tiny(), 1);
    tool::ChosenTransformer device = on_device.transformer(weights);
    Transformer<> scalar(weights);
    generated(scalar);
    generated(device);
    const auto expected = last_logits<HostMemory>(scalar.a.logits);
    const auto got = last_logits<tool::PathMemory>(device.a.logits);
    const int vocab_size = int(expected.size());
    CHECK(difference({got.data(), 1, vocab_size}, {expected.data(), 1, vocab_size}).error <=
          tuned_bound(weights.config, Site::logits));
}

TEST_CASE("tool: --path cuda is as surprised as the scalar path", "[tool]") {
    const OnDevice on_device;
    const Golden& golden = golden_odd();
    tool::ChosenTransformer device = on_device.transformer(golden.weights);
    Transformer<> scalar(golden.weights);
    const ConstIdsView tokens{golden.tokens.data(), 17};
    const auto expected = surprises(scalar, tokens, 7);
    const auto got = surprises(device, tokens, 7);
    REQUIRE(got.size() == expected.size());
    for (std::size_t t = 0; t < got.size(); ++t) {
        CHECK_THAT(got[t], WithinAbs(expected[t], 1e-4));
    }
}
