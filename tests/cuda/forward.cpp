// The model's forward on the device: against the goldens, against itself in chunks, and against the
// scalar path's tokens.
#include <cstdio>
#include <limits>
#include <map>
#include <set>
#include <string>

#include "catch.hpp"
#include "device.hpp"
#include "golden.hpp"
#include "gptoss/checkpoint/load.hpp"
#include "gptoss/checkpoint/synth.hpp"
#include "gptoss/core/presets.hpp"
#include "gptoss/model/dense_q8_0.hpp"

using namespace gptoss;
using namespace gptoss::checkpoint;
using namespace gptoss::test;

namespace {

struct CompareWithGolden : Watch {
    const Golden& golden;
    std::map<Site, std::string> mistakes;  // the first of each site
    std::set<std::string> compared;

    explicit CompareWithGolden(const Golden& g) : golden(g) {}

    bool wants(Site, int) override { return true; }

    void show(Site site, int layer, ConstMatrixView values) override {
        const Config& c = golden.config();
        const compare::Bounds port{compare::Policy::float32, c.hidden_size, c.n_layers,
                                   golden.n_tokens()};
        const bool real_widths = c.hidden_size == 2880;  // a lane adds one long sum
        const double bound = real_widths ? port.at({site, layer}).max : tuned_bound(c, site);
        compared.insert(site_name(site, layer));
        const std::string mistake = site_mistake(golden, site, layer, values, bound);
        if (!mistake.empty()) mistakes.try_emplace(site, mistake);
    }
    void show_ids(Site site, int layer, ConstIdsView ids) override {
        compared.insert(site_name(site, layer));
        const ConstIdsView expected = golden.ids_at(site, layer);
        const std::size_t n_ids = std::size_t(ids.rows) * std::size_t(ids.cols);
        for (std::size_t i = 0; i < n_ids; ++i) {
            if (ids.data[i] == expected.data[i]) continue;
            mistakes.try_emplace(site, site_name(site, layer) + " differs");
        }
    }
};

// An emulated device takes its time: there are fewer tokens for it, but they cross the window too.
int n_tokens_of(const Golden& golden) {
    return is_emulated() ? std::min(20, golden.n_tokens()) : golden.n_tokens();
}

std::vector<float> logits_in_chunks(const Golden& golden, int chunk) {
    DeviceModel model(golden.weights);
    std::vector<float> all;
    for (int first = 0; first < n_tokens_of(golden); first += chunk) {
        const int n_tokens = std::min(chunk, n_tokens_of(golden) - first);
        const auto rows = model.feed({golden.tokens.data() + first, n_tokens}, LogitRows::all);
        all.insert(all.end(), rows.begin(), rows.end());
    }
    return all;
}

}  // namespace

TEST_CASE("cuda: every recorded site of every golden", "[golden]") {
    for (const Golden* golden : {&golden_tiny(), &golden_odd(), &golden_block20b()}) {
        // At 20b's width a pass takes the emulated device a minute; its ops are tested one by one.
        if (is_emulated() && golden == &golden_block20b()) continue;
        INFO(golden->name);
        CompareWithGolden compare(*golden);
        DeviceModel model(golden->weights);
        model.feed(golden->token_ids(), LogitRows::all, &compare);
        CHECK(compare.compared.size() == golden->n_sites());
        for (const auto& [site, mistake] : compare.mistakes) {
            CHECK(mistake == "");
        }
    }
}

TEST_CASE("cuda: chunks of any size are near one shot", "[forward]") {
    const Golden& golden = golden_odd();  // 60 tokens cross its window of 5 many times
    const int n_tokens = n_tokens_of(golden);
    const auto one_shot = logits_in_chunks(golden, n_tokens);
    const int vocab_size = golden.config().vocab_size;
    for (const int chunk : {1, 7, n_tokens - 1}) {
        INFO("chunk " << chunk);
        const auto chunked = logits_in_chunks(golden, chunk);
        const Difference d = difference({chunked.data(), n_tokens, vocab_size},
                                        {one_shot.data(), n_tokens, vocab_size});
        CHECK(d.same_shape);
        CHECK(d.error <= tuned_bound(golden.config(), Site::logits));
    }
}

TEST_CASE("cuda: a prompt on tensor cores is as near as BF16 activations leave it", "[forward]") {
    const Golden& golden = golden_odd();
    const int n_tokens = 20;  // enough for tiles
    DeviceModel device(golden.weights);
    DeviceModel on_tensor_cores(golden.weights);
    const ConstIdsView tokens{golden.tokens.data(), n_tokens};
    const auto expected = device.feed(tokens, LogitRows::all);
    const auto got = on_tensor_cores.feed_tiles(tokens, LogitRows::all);
    const int vocab_size = golden.config().vocab_size;
    const Difference d =
        difference({got.data(), n_tokens, vocab_size}, {expected.data(), n_tokens, vocab_size});
    CHECK(d.same_infinities);
    CHECK(d.error > 1e-4);  // it has rounded
    CHECK(d.error < 0.05);  // 0.035 of the rms on the emulated device
}

TEST_CASE("cuda: decode steps played back as a graph give the same bits", "[forward]") {
    const Weights weights = synthetic_weights(preset_tiny(), 1);
    DeviceModel step_by_step(weights);
    DeviceModel played(weights);
    for (int n = 0; n < 20; ++n) {  // the caches grow and move on the way
        INFO("token " << n);
        const std::int32_t id = 5 * n + 1;
        REQUIRE(played.decode(id) == step_by_step.feed({&id, 1}));
    }
}

TEST_CASE("cuda: decode steps played back as a graph go on into the next split of attention",
          "[forward]") {
    Config config = with_layers(preset_tiny(), 2);  // the second one sees everything
    config.head_dim = 32;
    const Weights weights = synthetic_weights(config, 1);
    DeviceModel step_by_step(weights);
    DeviceModel played(weights);
    std::vector<std::int32_t> prompt(120);
    for (std::size_t n = 0; n < prompt.size(); ++n) {
        prompt[n] = std::int32_t(7 * n % 128);
    }
    step_by_step.feed({prompt.data(), 120});
    played.feed({prompt.data(), 120});
    for (int n = 120; n < 132; ++n) {  // recorded at 121, with room for 240 positions in two splits
        INFO("token " << n);
        const std::int32_t id = n % 128;
        REQUIRE(played.decode(id) == step_by_step.feed({&id, 1}));
    }
}

TEST_CASE("cuda: decode steps played back as a graph take eight launches less per layer",
          "[forward]") {
    const Config config = preset_tiny();
    DeviceModel model(synthetic_weights(config, 1));
    const auto [by_ops, of_graph] = model.launches(1);
    CHECK(by_ops - of_graph == std::size_t(8 * config.n_layers));
}

TEST_CASE("cuda: decode steps played back as a graph give the same bits in any storage",
          "[forward]") {
    // Rows of Q8_0, and of BF16 with an odd width: no launch is shared by linears.
    const Weights tiny = synthetic_weights(preset_tiny(), 1);
    for (const Weights& weights : {with_dense_q8_0(tiny), golden_odd().weights}) {
        DeviceModel step_by_step(weights);
        DeviceModel played(weights);
        for (const std::int32_t id : {3, 1, 4, 1, 5}) {
            REQUIRE(played.decode(id) == step_by_step.feed({&id, 1}));
        }
    }
}

TEST_CASE("cuda: decode steps played back as a graph choose the next token too", "[forward]") {
    const Weights weights = synthetic_weights(with_layers(preset_tiny(), 2), 1);
    for (const SamplingOptions& options :
         {SamplingOptions{1}, SamplingOptions{2, 40, 0.9f, 0.01f}}) {
        DeviceModel step_by_step(weights);
        DeviceModel loop(weights);
        std::int32_t id = 1;
        for (std::uint64_t n = 0; n < 12; ++n) {
            INFO("temperature " << options.temperature << ", token " << n);
            if (n == 3) id = 7;  // not what was chosen
            if (n == 7) {        // a pass between, of another token
                const std::int32_t other = 9;
                step_by_step.feed({&other, 1});
                loop.feed({&other, 1});
            }
            if (n == 5 || n == 7) {  // to an earlier position
                step_by_step.go_back(1);
                loop.go_back(1);
            }
            const std::uint64_t seed = n < 8 ? 5 : 6;
            const SamplingOptions now = n < 10 ? options : SamplingOptions{0};
            step_by_step.feed({&id, 1});
            const std::int32_t expected = step_by_step.sample(now, random_uniform(seed, n));
            id = loop.step(id, {now, seed, n});
            REQUIRE(id == expected);
        }
    }
}

TEST_CASE("cuda: decode steps played back as a graph name a NaN", "[forward][errors]") {
    Weights weights = synthetic_weights(preset_tiny(), 1);
    std::vector<float> bias(8, std::numeric_limits<float>::quiet_NaN());
    weights.layers[2].mlp.router_bias = {bias.data(), 8};
    DeviceModel model(weights);
    for (int n = 0; n < 3; ++n) {  // as ops, recorded, played
        REQUIRE_THROWS_WITH(model.step(1, {{0}}), Matches("route: logits\\[0, 0\\] is NaN, .*"));
    }
}

TEST_CASE("cuda: the ops of a decode step refuse a Watch", "[forward][errors]") {
    struct LookAtOne : Watch {
        bool wants(Site site, int) override { return site == Site::mlp_norm; }
        void show(Site, int, ConstMatrixView) override {}
    };
    struct EditOne : LookAtOne {
        bool wants(Site, int) override { return false; }
        bool edits(Site site, int) override { return site == Site::attn_q; }
    };
    LookAtOne look;
    EditOne edit;
    DeviceModel model(synthetic_weights(preset_tiny(), 1));
    for (Watch* watch : {static_cast<Watch*>(&look), static_cast<Watch*>(&edit)}) {
        REQUIRE_THROWS_WITH(model.watch_decode(1, *watch),
                            "watch: CudaDecodeOps leaves activations out, expected CudaOps");
    }
    CHECK(model.feed({std::vector<std::int32_t>{1}.data(), 1}).size() == 128);
}

TEST_CASE("cuda: decode steps played back as a graph follow the config", "[forward]") {
    const Weights weights = synthetic_weights(preset_tiny(), 1);
    DeviceModel step_by_step(weights);
    DeviceModel played(weights);
    for (int n = 0; n < 6; ++n) {  // the third step is the first that is played
        INFO("token " << n);
        if (n == 3) {
            for (DeviceModel* model : {&step_by_step, &played}) {
                model->config().swiglu_limit = 0.01f;
                model->config().rope_theta = 100;
            }
        }
        const std::int32_t id = 5 * n + 1;
        REQUIRE(played.decode(id) == step_by_step.feed({&id, 1}));
    }
}

TEST_CASE("cuda: weights are uploaded once and outlive the original", "[forward]") {
    std::size_t n_copies = 0;
    DeviceModel model = [&] {
        const Weights weights = synthetic_weights(preset_tiny(), 1);
        return DeviceModel(weights, [&](std::size_t, std::size_t) { ++n_copies; });
    }();
    const std::size_t n_uploaded = n_copies;
    const std::int32_t tokens[3] = {1, 2, 3};
    const auto logits = model.feed({tokens, 3});
    CHECK(n_uploaded > 0);
    CHECK(n_copies == n_uploaded);

    Transformer<> scalar(synthetic_weights(preset_tiny(), 1));
    scalar.feed({tokens, 3});
    const int vocab_size = scalar.a.logits.cols;
    CHECK(difference({logits.data(), 1, vocab_size}, scalar.a.logits).error <=
          tuned_bound(scalar.w.config, Site::logits));
}

TEST_CASE("cuda: nano's greedy tokens are those of the scalar path", "[forward]") {
    const Weights weights = load_weights(GPTOSS_SOURCE_DIR "/examples/nano/model");
    const int n_tokens = is_emulated() ? 16 : 2048;
    DeviceModel device(weights);
    Transformer<> scalar(weights);
    std::int32_t id = 3;
    for (int n = 0; n < n_tokens; ++n) {
        INFO("token " << n);
        device.feed({&id, 1});
        scalar.feed({&id, 1});
        const ConstVectorView logits{scalar.a.logits.data, scalar.a.logits.cols};
        const std::int32_t got = device.sample({0}, 0);
        id = greedy(logits);
        // Two logits that are this near may change places.
        const float lead = logits.data[id] - logits.data[got];
        REQUIRE(lead <= 1e-4f);
        if (got != id) std::printf("token %d: a near-tie, %g apart\n", n, double(lead));
    }
}

TEST_CASE("cuda: a NaN in the router is named where the logits are downloaded", "[errors]") {
    Weights weights = synthetic_weights(preset_tiny(), 1);
    std::vector<float> bias(8, std::numeric_limits<float>::quiet_NaN());
    weights.layers[2].mlp.router_bias = {bias.data(), 8};
    DeviceModel model(weights);
    const std::int32_t tokens[2] = {1, 2};
    REQUIRE_THROWS_WITH(model.feed({tokens, 2}), Matches("route: logits\\[[01], 0\\] is NaN, .*"));
}

TEST_CASE("cuda: bad ids and a full context are refused before anything runs", "[errors]") {
    Config config = preset_tiny();
    config.max_context_length = 3;
    DeviceModel model(synthetic_weights(config, 1));
    const std::int32_t bad[1] = {128};
    REQUIRE_THROWS_WITH(model.feed({bad, 1}), ContainsSubstring("ids[0] is 128"));
    const std::int32_t tokens[4] = {1, 2, 3, 4};
    REQUIRE_THROWS_WITH(model.feed({tokens, 4}), ContainsSubstring("max_context_length"));
    CHECK(model.feed({tokens, 3}).size() == 128);
}

TEST_CASE("cuda: short memory says what was needed and what is free", "[errors]") {
    REQUIRE_THROWS_WITH(
        device::allocate(std::size_t(1) << 50),
        Matches("device memory: 1125899.91 GB more needed, [0-9.]+ GB of [0-9.]+ GB free"));
    REQUIRE_NOTHROW(device::allocate(1000));
}

TEST_CASE("cuda: a launch that is refused names op, cause and file", "[errors]") {
    REQUIRE_THROWS_WITH(device::launch_too_many_threads(),
                        Matches("the test: invalid configuration argument "
                                "\\(cudaErrorInvalidConfiguration, device\\.c.*\\)"));
}
