// What --dense q8_0 makes of a model: which matrices have a copy, and how far the logits move.
#include "gptoss/model/dense_q8_0.hpp"

#include <algorithm>
#include <cmath>
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

TEST_CASE("dense q8_0: attention and unembedding are rounded, embedding and router are not",
          "[q8_0]") {
    const Weights w = with_dense_q8_0(synthetic_weights(preset_tiny(), 1));
    CHECK(w.unembedding.storage == Storage::q8_0);
    CHECK(w.layers[1].attn.q.storage == Storage::q8_0);
    CHECK(w.layers[1].attn.out.storage == Storage::q8_0);
    CHECK(w.layers[1].mlp.router.storage == Storage::bf16);
    CHECK(w.embedding.storage == Storage::bf16);
}

TEST_CASE("dense q8_0: a matrix that is no whole number of blocks wide keeps BF16", "[q8_0]") {
    const std::vector<std::uint8_t> bytes(2 * 48);
    DenseMatrix w{bytes.data(), 1, 48};
    DenseCopies store;
    round_to_q8_0(w, store);
    CHECK(w.storage == Storage::bf16);
    CHECK(w.bytes == bytes.data());
}

TEST_CASE("dense q8_0: the scalar and the fast path read the same weights", "[q8_0]") {
    const Weights plain = synthetic_weights(preset_tiny(), 1);
    const Weights rounded = with_dense_q8_0(plain);
    const std::vector<float> scalar = logits_of<ScalarOps>(rounded);
    const std::vector<float> fast = logits_of<FastOps>(rounded);
    CHECK(scalar != logits_of<ScalarOps>(plain));
    double largest = 0;
    for (std::size_t i = 0; i < scalar.size(); ++i) {
        largest = std::max(largest, double(std::fabs(scalar[i] - fast[i])));
    }
    CHECK(largest < 1e-4);
}

TEST_CASE("dense q8_0: weights copied to another memory are the same", "[q8_0]") {
    const Weights rounded = with_dense_q8_0(synthetic_weights(preset_tiny(), 1));
    const Weights copy = copy_weights<HostMemory>(rounded);
    CHECK(copy.unembedding.storage == Storage::q8_0);
    CHECK(copy.unembedding.bytes != rounded.unembedding.bytes);
    CHECK(logits_of<ScalarOps>(copy) == logits_of<ScalarOps>(rounded));
}

TEST_CASE("dense q8_0: nano's logits stay near", "[q8_0]") {
    const Weights plain = load_weights(GPTOSS_SOURCE_DIR "/examples/nano/model");
    const int vocab_size = plain.config.vocab_size;
    const std::vector<float> expected = logits_of<FastOps>(plain);
    const std::vector<float> got = logits_of<FastOps>(with_dense_q8_0(plain));
    const LogitMetrics m =
        measure_logits({got.data(), 40, vocab_size}, {expected.data(), 40, vocab_size}, 5);
    CHECK(m.mean_kl > 0);
    CHECK(m.mean_kl < 0.05);  // 0.016 here; on a chat: docs/performance.md
}
