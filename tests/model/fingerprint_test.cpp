#include "gptoss/model/fingerprint.hpp"

#include <vector>

#include "catch.hpp"
#include "golden.hpp"

using namespace gptoss;
using namespace gptoss::test;

TEST_CASE("fingerprint: a model has the same one again, another one has another", "[fingerprint]") {
    CHECK(fingerprint(golden_tiny().weights) == fingerprint(golden_tiny().weights));
    CHECK(fingerprint(golden_tiny().weights) != fingerprint(golden_odd().weights));
}

TEST_CASE("fingerprint: one bit of what every machine reads changes it", "[fingerprint]") {
    const Weights& weights = golden_odd().weights;
    const std::uint64_t expected = fingerprint(weights);
    const int last_layer = weights.config.n_layers - 1;

    const DenseMatrix& q = weights.layers[std::size_t(last_layer)].attn.q;
    std::vector<std::uint8_t> q_bytes(q.bytes, q.row(q.rows).bytes);
    q_bytes[q_bytes.size() / 2] ^= 1;
    Weights other_q = weights;
    other_q.layers.back().attn.q.bytes = q_bytes.data();
    CHECK(fingerprint(other_q) != expected);

    const ConstMatrixView& bias = weights.layers[0].mlp.down_bias;
    std::vector<float> biases(bias.data, bias.row(bias.rows));
    biases.back() += 1;
    Weights other_bias = weights;
    other_bias.layers[0].mlp.down_bias.data = biases.data();
    CHECK(fingerprint(other_bias) != expected);
}

TEST_CASE("fingerprint: experts may lie elsewhere", "[fingerprint]") {
    Weights weights = golden_odd().weights;
    const std::uint64_t expected = fingerprint(weights);
    weights.layers[0].mlp.gate_up.codes = nullptr;
    weights.layers[0].mlp.gate_up.scales = nullptr;
    CHECK(fingerprint(weights) == expected);
}

TEST_CASE("fingerprint: bytes in another order, and a shorter row, have another one",
          "[fingerprint]") {
    const std::uint8_t a[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 0};
    const std::uint8_t b[] = {1, 2, 3, 4, 5, 6, 7, 8, 0, 9};
    Fingerprint of_a, of_b, of_shorter_a;
    of_a.add(a, 10);
    of_b.add(b, 10);
    of_shorter_a.add(a, 9);
    CHECK(of_a.value != of_b.value);
    CHECK(of_a.value != of_shorter_a.value);
}
