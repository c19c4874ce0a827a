// What --dense int8 makes of a model: which matrices have a copy, and how far the logits move.
#include "gptoss/model/dense_int8.hpp"

#include <vector>

#include "catch.hpp"
#include "gptoss/checkpoint/load.hpp"
#include "gptoss/checkpoint/synth.hpp"
#include "gptoss/compare/logit_metrics.hpp"
#include "gptoss/core/presets.hpp"
#include "gptoss/model/copy_weights.hpp"
#include "gptoss/model/transformer.hpp"
#include "gptoss/ops/fast.hpp"

using namespace gptoss;
using namespace gptoss::checkpoint;
using namespace gptoss::compare;

namespace {

template <class Ops>
std::vector<float> logits_of(const Weights& weights) {
    std::vector<std::int32_t> tokens;
    for (int t = 0; t < 40; ++t) {
        tokens.push_back(t * 7 % weights.config.vocab_size);
    }
    Transformer<Ops> transformer(weights);
    transformer.feed({tokens.data(), 40}, LogitRows::all);
    const float* data = transformer.a.logits.data;
    return {data, data + 40 * weights.config.vocab_size};
}

}  // namespace

TEST_CASE("dense int8: attention and unembedding have a copy, embedding and router have none",
          "[int8]") {
    const Weights w = with_dense_int8(synthetic_weights(preset_tiny(), 1));
    CHECK(w.unembedding.int8 != nullptr);
    CHECK(w.layers[1].attn.q.int8 != nullptr);
    CHECK(w.layers[1].attn.out.int8 != nullptr);
    CHECK(w.layers[1].mlp.router.int8 == nullptr);
    CHECK(w.embedding.int8 == nullptr);
}

TEST_CASE("dense int8: a matrix that is no whole number of blocks wide keeps BF16", "[int8]") {
    const std::vector<std::uint8_t> bytes(2 * 48);
    Bf16Matrix w{bytes.data(), 1, 48};
    Int8Store store;
    add_int8(w, store);
    CHECK(w.int8 == nullptr);
}

TEST_CASE("dense int8: only the fast path reads it", "[int8]") {
    const Weights plain = synthetic_weights(preset_tiny(), 1);
    const Weights quantised = with_dense_int8(plain);
    CHECK(logits_of<ScalarOps>(quantised) == logits_of<ScalarOps>(plain));
    CHECK(logits_of<FastOps>(quantised) != logits_of<FastOps>(plain));
}

TEST_CASE("dense int8: weights copied to another memory leave it behind", "[int8]") {
    const Weights copy =
        copy_weights<HostMemory>(with_dense_int8(synthetic_weights(preset_tiny(), 1)));
    CHECK(copy.unembedding.int8 == nullptr);
}

TEST_CASE("dense int8: nano's logits stay near", "[int8]") {
    const Weights plain = load_weights(GPTOSS_SOURCE_DIR "/examples/nano/model");
    const int vocab_size = plain.config.vocab_size;
    const std::vector<float> expected = logits_of<FastOps>(plain);
    const std::vector<float> got = logits_of<FastOps>(with_dense_int8(plain));
    const LogitMetrics m =
        measure_logits({got.data(), 40, vocab_size}, {expected.data(), 40, vocab_size}, 5);
    CHECK(m.mean_kl > 0);
    CHECK(m.mean_kl < 0.05);  // 0.016 here; on a chat: docs/performance.md
}
