#include "gptoss/layers/rmsnorm.hpp"

#include <cmath>
#include <vector>

#include "catch.hpp"
#include "golden.hpp"
#include "gptoss/ops/scalar.hpp"

using namespace gptoss;
using namespace gptoss::test;

// --- Worked by hand ---------------------------------------------------------------------------

TEMPLATE_TEST_CASE("rmsnorm: a 3-4 vector worked by hand", "[rmsnorm]", ScalarOps) {
    // mean square = (9 + 16) / 2 = 12.5, so 1 / rms = 0.2828427
    std::vector<float> x{3, 4}, gain{1, 2}, y(2);
    TestType::rmsnorm({x.data(), 1, 2}, {gain.data(), 2}, 0.0f, {y.data(), 1, 2});
    CHECK_THAT(y[0], WithinAbs(0.8485281, 1e-6));
    CHECK_THAT(y[1], WithinAbs(2.2627417, 1e-6));
}

TEMPLATE_TEST_CASE("rmsnorm: each token is divided by its own rms", "[rmsnorm]", ScalarOps) {
    // Row 0 has rms 5 (25 and 25), row 1 has rms 1 (1 and 1); over both rows it would be 3.6.
    std::vector<float> x{5, -5, 1, -1}, gain{1, 1}, y(4);
    TestType::rmsnorm({x.data(), 2, 2}, {gain.data(), 2}, 0.0f, {y.data(), 2, 2});
    CHECK(y == std::vector<float>{1, -1, 1, -1});
}

// --- The pitfalls, one by one -----------------------------------------------------------------

TEMPLATE_TEST_CASE("rmsnorm: eps goes inside the root", "[rmsnorm]", ScalarOps) {
    // mean square 9e-6: inside, sqrt(9e-6 + 1e-5) = 0.0043589; outside it would be 0.00301.
    std::vector<float> x{0.003f, -0.003f}, gain{1, 1}, y(2);
    TestType::rmsnorm({x.data(), 1, 2}, {gain.data(), 2}, 1e-5f, {y.data(), 1, 2});
    CHECK_THAT(y[0], WithinAbs(0.6882472, 1e-6));
}

TEMPLATE_TEST_CASE("rmsnorm: a token of zeros stays zero", "[rmsnorm]", ScalarOps) {
    std::vector<float> x(4), gain(4, 1.0f), y(4, 7.0f);
    TestType::rmsnorm({x.data(), 1, 4}, {gain.data(), 4}, 1e-5f, {y.data(), 1, 4});
    CHECK(y == std::vector<float>(4, 0.0f));
}

TEMPLATE_TEST_CASE("rmsnorm: no mean is subtracted", "[rmsnorm]", ScalarOps) {
    std::vector<float> x{5, 5, 5, 5}, gain(4, 1.0f), y(4);
    TestType::rmsnorm({x.data(), 1, 4}, {gain.data(), 4}, 0.0f, {y.data(), 1, 4});
    CHECK(y == std::vector<float>(4, 1.0f));  // LayerNorm would give zeros
}

TEMPLATE_TEST_CASE("rmsnorm: 2880 ones have rms 1, summed in float", "[rmsnorm]", ScalarOps) {
    // A sum kept in BF16 would stop growing at 256.
    const int hidden_size = 2880;
    std::vector<float> x(hidden_size, 1.0f), gain(hidden_size, 1.0f), y(hidden_size);
    TestType::rmsnorm({x.data(), 1, hidden_size}, {gain.data(), hidden_size}, 0.0f,
                      {y.data(), 1, hidden_size});
    CHECK(y == x);
}

TEMPLATE_TEST_CASE("rmsnorm: doubling x changes nothing when eps is 0", "[rmsnorm]", ScalarOps) {
    std::vector<float> x{3, -4, 0, 12}, gain{1, 1, 1, 0.5f}, y(4), y_of_doubled(4);
    TestType::rmsnorm({x.data(), 1, 4}, {gain.data(), 4}, 0.0f, {y.data(), 1, 4});
    for (float& value : x) {
        value *= 2;
    }
    TestType::rmsnorm({x.data(), 1, 4}, {gain.data(), 4}, 0.0f, {y_of_doubled.data(), 1, 4});
    CHECK(y_of_doubled == y);  // to the bit: doubling is exact in binary
}

TEMPLATE_TEST_CASE("rmsnorm: y may be x", "[rmsnorm]", ScalarOps) {
    std::vector<float> x{3, -4, 0, 12}, gain{1, 1, 1, 0.5f}, y(4);
    TestType::rmsnorm({x.data(), 1, 4}, {gain.data(), 4}, 1e-5f, {y.data(), 1, 4});
    TestType::rmsnorm({x.data(), 1, 4}, {gain.data(), 4}, 1e-5f, {x.data(), 1, 4});
    CHECK(x == y);
}

TEMPLATE_TEST_CASE("rmsnorm: no tokens, nothing done", "[rmsnorm]", ScalarOps) {
    std::vector<float> gain(4);
    CHECK_NOTHROW(TestType::rmsnorm({nullptr, 0, 4}, {gain.data(), 4}, 1e-5f, {nullptr, 0, 4}));
}

// --- Errors -----------------------------------------------------------------------------------

TEST_CASE("rmsnorm: a gain of the wrong length is named in the error", "[rmsnorm][errors]") {
    std::vector<float> x(4), gain(3), y(4);
    REQUIRE_THROWS_WITH(rmsnorm({x.data(), 1, 4}, {gain.data(), 3}, 1e-5f, {y.data(), 1, 4}),
                        "rmsnorm: gain has 3 elements, expected 4 (x.cols)");
}

TEST_CASE("rmsnorm: a y of the wrong shape is named in the error", "[rmsnorm][errors]") {
    std::vector<float> x(4), gain(4), y(8);
    REQUIRE_THROWS_WITH(rmsnorm({x.data(), 1, 4}, {gain.data(), 4}, 1e-5f, {y.data(), 2, 4}),
                        "rmsnorm: y is (2, 4), expected (1, 4)");
    REQUIRE_THROWS_AS(rmsnorm({x.data(), 1, 4}, {gain.data(), 4}, 1e-5f, {y.data(), 2, 4}),
                      ShapeError);
}

// --- Goldens ----------------------------------------------------------------------------------

namespace {

template <class Ops>
void check_norm(const Golden& golden, Site site, int layer, ConstMatrixView x,
                ConstVectorView gain) {
    std::vector<float> y(std::size_t(x.rows) * std::size_t(x.cols));
    const MatrixView y_view{y.data(), x.rows, x.cols};
    Ops::rmsnorm(x, gain, golden.config().eps, y_view);
    CHECK_SITE(golden, site, layer, y_view, alone_bound(golden, site));
}

template <class Ops>
void check_all_norms(const Golden& golden) {
    const int n_layers = golden.config().n_layers;
    for (int layer = 0; layer < n_layers; ++layer) {
        const LayerWeights& w = golden.weights.layers[std::size_t(layer)];
        check_norm<Ops>(golden, Site::attn_norm, layer, golden.residual_in(layer),
                        w.attn.norm_gain);
        check_norm<Ops>(golden, Site::mlp_norm, layer, golden.at(Site::attn_residual, layer),
                        w.mlp.norm_gain);
    }
    check_norm<Ops>(golden, Site::final_norm, kNoLayer, golden.residual_in(n_layers),
                    golden.weights.final_norm_gain);
}

}  // namespace

TEMPLATE_TEST_CASE("rmsnorm: tiny golden, every norm", "[rmsnorm][golden]", ScalarOps) {
    check_all_norms<TestType>(golden_tiny());
}

TEMPLATE_TEST_CASE("rmsnorm: odd golden, every norm", "[rmsnorm][golden]", ScalarOps) {
    check_all_norms<TestType>(golden_odd());
}

TEMPLATE_TEST_CASE("rmsnorm: 20b golden, every norm", "[rmsnorm][golden]", ScalarOps) {
    check_all_norms<TestType>(golden_block20b());
}

TEMPLATE_TEST_CASE("rmsnorm: token 1 of the synthetic 20b has known values", "[rmsnorm][golden]",
                   ScalarOps) {
    // From a float64 run. The squares of generator weights are odd multiples of 2^-16, which all
    // round down near the end of a float32 sum of 2880: 2e-5 of the value, not 1e-7.
    const Weights& w = golden_block20b().weights;
    const int hidden_size = w.config.hidden_size;
    const std::int32_t token = 1;
    std::vector<float> x(2880), y(2880);
    TestType::embed({&token, 1}, w.embedding, {x.data(), 1, hidden_size});
    TestType::rmsnorm({x.data(), 1, hidden_size}, w.layers[0].attn.norm_gain, w.config.eps,
                      {y.data(), 1, hidden_size});
    CHECK_THAT(y[0], WithinAbs(0.88752879, 3e-5));
    CHECK_THAT(y[1], WithinAbs(0.71288876, 3e-5));
    CHECK_THAT(y[2], WithinAbs(0.73493686, 3e-5));

    double sum_of_squares = 0;
    for (const float value : x) {
        sum_of_squares += double(value) * double(value);
    }
    CHECK_THAT(sum_of_squares / hidden_size, WithinAbs(0.33313221401638454, 1e-15));
}
