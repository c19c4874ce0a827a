#include "gptoss/diagnose/recalled.hpp"

#include <vector>

#include "catch.hpp"
#include "gptoss/checkpoint/synth.hpp"
#include "gptoss/core/bf16.hpp"
#include "gptoss/core/presets.hpp"
#include "gptoss/diagnose/anchored_run.hpp"
#include "pitfall_passes.hpp"

using namespace gptoss;
using namespace gptoss::diagnose;

namespace {

const std::vector<std::int32_t> kTokens = {3, 14, 15, 92, 65, 35, 89, 79};

// The right model's own dump, with every site.
dump::Dump recorded(const Weights& w) {
    dump::Recorder recorder(w.config, dump::all_sites());
    Transformer<ScalarOps> transformer(w);
    transformer.feed({kTokens.data(), int(kTokens.size())}, LogitRows::all, &recorder);
    return dump::dump_of(recorder, "right");
}

void check_same(const dump::Dump& got, const dump::Dump& expected) {
    REQUIRE(got.sites.size() == expected.sites.size());
    for (const auto& [key, activation] : expected.sites) {
        INFO(dump::site_name(key));
        REQUIRE(got.sites.contains(key));
        CHECK(
            is_same(got.sites.at(key).values, activation.values.data(), activation.values.size()));
        CHECK(got.sites.at(key).ids == activation.ids);
    }
}

template <class Right>
void check_every_mistake(int tokens_per_pass) {
    const Weights w = checkpoint::synthetic_weights(preset_tiny(), 1);
    const dump::Dump theirs = recorded(w);
    Products products;
    {
        const Recording now(products);
        anchored_run(right_model<Recalled<Right>>(), w, theirs, pitfalls::kOnePass);
    }
    CHECK(products.size() == std::size_t(7 * w.config.n_layers + 1));
    for (const pitfalls::Pitfall& pitfall : pitfalls::all_pitfalls<Recalled<Right>>()) {
        INFO(pitfall.facts.name);
        if (!pitfalls::applies(pitfall, w.config)) continue;
        const dump::Dump computed = anchored_run(pitfall, w, theirs, tokens_per_pass);
        const Recalling now(products);
        check_same(anchored_run(pitfall, w, theirs, tokens_per_pass), computed);
    }
}

}  // namespace

TEST_CASE("recalled: a product of the same x and weights is looked up, any other is computed",
          "[recalled]") {
    std::vector<std::uint16_t> w_bits(6, float_to_bf16(2));
    const DenseMatrix w{reinterpret_cast<const std::uint8_t*>(w_bits.data()), 2, 3, Storage::bf16};
    const std::vector<float> bias = {1, -1};
    std::vector<float> x = {1, 2, 3};
    std::vector<float> y(2);
    const auto product = [&] {
        Recalled<ScalarOps>::linear({x.data(), 1, 3}, w, {bias.data(), 2}, {y.data(), 1, 2});
        return y;
    };
    Products products;
    {
        const Recording now(products);
        CHECK(product() == std::vector<float>{13, 11});
    }
    CHECK(products.size() == 1);
    w_bits.assign(6, float_to_bf16(1));  // what only a product that is computed would see
    CHECK(product() == std::vector<float>{7, 5});
    const Recalling now(products);
    CHECK(product() == std::vector<float>{13, 11});
    x[2] = 4;
    CHECK(product() == std::vector<float>{8, 6});
    CHECK(products.size() == 1);
}

TEST_CASE("recalled: every wrong model has the same bits with and without it", "[recalled]") {
    check_every_mistake<ScalarOps>(pitfalls::kOnePass);
}

TEST_CASE("recalled: also in passes of three tokens", "[recalled]") {
    check_every_mistake<ScalarOps>(3);
}

TEST_CASE("recalled: also in bf16", "[recalled]") {
    check_every_mistake<Bf16Ops>(pitfalls::kOnePass);
}
