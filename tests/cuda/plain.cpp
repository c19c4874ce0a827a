// The plain kernels at the widths of 20b, where the ops choose faster ones and the plain kernels are what
// those are read beside.
#include <vector>

#include "check_twin.hpp"
#include "random_values.hpp"

using namespace gptoss;
using namespace gptoss::test;

namespace {

using Ids = std::vector<std::int32_t>;
constexpr int kHidden = 2880;
constexpr int kHeads = 64;
constexpr int kKvHeads = 8;
constexpr int kHeadDim = 64;

}  // namespace

TEST_CASE("rmsnorm: the plain CUDA kernel at the width of 20b", "[rmsnorm]") {
    RandomValues random;
    const auto x = random.floats(2 * kHidden), gain = random.floats(kHidden);
    check_twin<PlainOps>(2, kHidden, [&](auto ops, MatrixView y) {
        ops.rmsnorm(matrix(x, 2, kHidden), {gain.data(), kHidden}, 1e-5f, y);
    });
}

TEST_CASE("linear: the plain CUDA kernel at the width of 20b", "[linear]") {
    RandomValues random;
    const int out = kKvHeads * kHeadDim;  // of k and v
    const auto x = random.floats(kHidden), bias = random.floats(out);
    const auto w = random.bf16(out * kHidden);
    check_twin<PlainOps>(1, out, [&](auto ops, MatrixView y) {
        ops.linear(matrix(x, 1, kHidden), {w.data(), out, kHidden}, {bias.data(), out}, y);
    });
}

TEST_CASE("unembed: the plain CUDA kernel at the width of 20b", "[unembedding]") {
    RandomValues random;
    const auto x = random.floats(2 * kHidden);
    const auto w = random.bf16(300 * kHidden);
    check_twin<PlainOps>(2, 300, [&](auto ops, MatrixView logits) {
        ops.unembed(matrix(x, 2, kHidden), {w.data(), 300, kHidden}, logits);
    });
}

TEST_CASE("attend: the plain CUDA kernel with the heads of 20b", "[attention]") {
    RandomValues random;
    const int q_size = kHeads * kHeadDim, kv_size = kKvHeads * kHeadDim;
    const int n_tokens = 2;
    const auto q = random.floats(n_tokens * q_size), sinks = random.floats(kHeads);
    const Ids positions{150, 151};
    for (const int window : {0, 128}) {
        const int rows = window == 0 ? 152 : 129;  // a full layer, and a ring that rolled over
        const auto keys = random.floats(rows * kv_size), values = random.floats(rows * kv_size);
        check_twin<PlainOps>(
            n_tokens, q_size,
            [&](auto ops, MatrixView mix) {
                ops.attend(matrix(q, n_tokens, q_size), matrix(keys, rows, kv_size),
                           matrix(values, rows, kv_size), {sinks.data(), kHeads},
                           {positions.data(), n_tokens}, window, {}, mix);
            },
            2e-5);  // exp passes on the rounding of scores
    }
}

TEST_CASE("route: the plain CUDA kernel with the experts of 20b and 120b", "[router]") {
    RandomValues random;
    const int n_tokens = 5, top_k = 4;
    for (const int n_experts : {32, 128}) {
        const auto logits = random.floats(n_tokens * n_experts, 3);
        Ids expected_ids(n_tokens * top_k), ids = expected_ids;
        std::vector<float> expected(expected_ids.size()), weights = expected;
        route(matrix(logits, n_tokens, n_experts), {expected_ids.data(), n_tokens, top_k},
              {expected.data(), n_tokens, top_k});
        PlainOps::route(matrix(logits, n_tokens, n_experts), {ids.data(), n_tokens, top_k},
                        {weights.data(), n_tokens, top_k});
        CHECK(ids == expected_ids);
        CHECK(
            difference(matrix(weights, n_tokens, top_k), matrix(expected, n_tokens, top_k)).error <=
            1e-6);
    }
}

TEST_CASE("expert_linear: the plain CUDA kernel at the width of 20b", "[experts]") {
    RandomValues random;
    const int n_experts = 4, out = 40;
    const int n_weights = n_experts * out * kHidden;
    const auto codes = random.bytes(n_weights / 2);
    std::vector<std::uint8_t> scales = random.bytes(n_weights / 32, 8);
    for (std::uint8_t& scale : scales)
        scale = std::uint8_t(scale + 120);
    const auto x = random.floats(kHidden), bias = random.floats(n_experts * out);
    const Ids ids{3, 0, 1, 2};
    const ExpertStack stack{codes.data(), scales.data(), nullptr, n_experts, out, kHidden};
    check_twin<PlainOps>(
        4, out,
        [&](auto ops, MatrixView y) {
            ops.expert_linear(matrix(x, 1, kHidden), XRows::per_token, {ids.data(), 1, 4}, stack,
                              matrix(bias, n_experts, out), y);
        },
        1e-5);
}
