// The plain and the tuned linear and attend against Eigen in double.
#include <numeric>
#include <vector>

#include "bf16_weights.hpp"
#include "catch.hpp"
#include "eigen_oracle.hpp"
#include "gptoss/core/generator.hpp"
#include "gptoss/ops/fast.hpp"

using namespace gptoss;
using namespace gptoss::test;

namespace {

std::vector<float> numbers(int n, std::uint64_t seed) {
    std::vector<float> values;
    for (int i = 0; i < n; ++i) {
        values.push_back(float(double(mix(seed + std::uint64_t(i)) >> 11) * 0x1p-52 - 1));
    }
    return values;
}

template <class Ops>
double linear_error(int n_tokens, int in_size, int out_size) {
    const Bf16Weights w(out_size, in_size, numbers(out_size * in_size, 1));
    const std::vector<float> x = numbers(n_tokens * in_size, 2), bias = numbers(out_size, 3);
    std::vector<float> y(std::size_t(n_tokens * out_size));
    const ConstMatrixView x_view{x.data(), n_tokens, in_size};
    const MatrixView y_view{y.data(), n_tokens, out_size};
    Ops::linear(x_view, w.view(), {bias.data(), out_size}, y_view);
    return largest_difference(y_view, linear_by_eigen(x_view, w.view(), {bias.data(), out_size}));
}

template <class Ops>
double attend_error(int first_position, int n_tokens, int window) {
    const int n_heads = 8, n_kv_heads = 2, head_dim = 16;
    const int n_keys = first_position + n_tokens;
    const std::vector<float> q = numbers(n_tokens * n_heads * head_dim, 4);
    const std::vector<float> keys = numbers(n_keys * n_kv_heads * head_dim, 5);
    const std::vector<float> values = numbers(n_keys * n_kv_heads * head_dim, 6);
    const std::vector<float> sinks = numbers(n_heads, 7);
    std::vector<std::int32_t> positions(std::size_t(n_tokens), 0);
    std::iota(positions.begin(), positions.end(), first_position);
    std::vector<float> mix_memory(q.size());
    const ConstMatrixView q_view{q.data(), n_tokens, n_heads * head_dim};
    const ConstMatrixView k_view{keys.data(), n_keys, n_kv_heads * head_dim};
    const ConstMatrixView v_view{values.data(), n_keys, n_kv_heads * head_dim};
    const MatrixView mix{mix_memory.data(), n_tokens, n_heads * head_dim};
    Ops::attend(q_view, k_view, v_view, {sinks.data(), n_heads}, {positions.data(), n_tokens},
                window, {}, mix);
    return largest_difference(mix, attend_by_eigen(q_view, k_view, v_view, {sinks.data(), n_heads},
                                                   first_position, window));
}

}  // namespace

TEMPLATE_TEST_CASE("eigen: linear is a matrix product", "[linear][eigen]", ScalarOps, FastOps) {
    if (!kHasEigen) skip_test("no <eigen3/Eigen/Core>");
    // 96 roundings of sums up to about 8, each by 2^-24 of it, seldom all one way.
    for (const int n_tokens : {1, 7, 40}) {
        CHECK(linear_error<TestType>(n_tokens, 96, 70) < 8e-6);
    }
}

TEMPLATE_TEST_CASE("eigen: attend is two matrix products and a softmax between",
                   "[attention][eigen]", ScalarOps, FastOps) {
    if (!kHasEigen) skip_test("no <eigen3/Eigen/Core>");
    // Scores up to 2 are off by 3e-7, exp by as much; mix is a mean of values up to 1.
    for (const int window : {0, 5, 128}) {
        CHECK(attend_error<TestType>(0, 33, window) < 1e-6);
        CHECK(attend_error<TestType>(90, 1, window) < 1e-6);
        CHECK(attend_error<TestType>(50, 20, window) < 1e-6);
    }
}
