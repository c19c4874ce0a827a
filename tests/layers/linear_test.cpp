#include "gptoss/layers/linear.hpp"

#include <cmath>
#include <vector>

#include "bf16_weights.hpp"
#include "catch.hpp"
#include "golden.hpp"
#include "gptoss/ops/scalar.hpp"
#include "stored_weights.hpp"

using namespace gptoss;
using namespace gptoss::test;

// --- Worked by hand ---------------------------------------------------------------------------

TEMPLATE_TEST_CASE("linear: three inputs, two outputs, worked by hand", "[linear]", ScalarOps) {
    // y[0] = 1 * 1 + 2 * 0 + 3 * -1 + 10 = 8        y[1] = 1 * 2 + 2 * 1 + 3 * 0.5 - 1 = 4.5
    const Bf16Weights w(2, 3, {1, 0, -1, 2, 1, 0.5f});
    std::vector<float> x{1, 2, 3}, bias{10, -1}, y(2);
    TestType::linear({x.data(), 1, 3}, w.view(), {bias.data(), 2}, {y.data(), 1, 2});
    CHECK(y == std::vector<float>{8, 4.5f});
}

TEMPLATE_TEST_CASE("linear: every token gets the same weights and the bias once", "[linear]",
                   ScalarOps) {
    const Bf16Weights w(2, 3, {1, 0, -1, 2, 1, 0.5f});
    std::vector<float> x{1, 2, 3, 0, 0, 0, -1, 0, 4}, bias{10, -1}, y(6);
    TestType::linear({x.data(), 3, 3}, w.view(), {bias.data(), 2}, {y.data(), 3, 2});
    CHECK(y == std::vector<float>{8, 4.5f, 10, -1, 5, -1});
}

// --- The pitfalls, one by one -----------------------------------------------------------------

TEMPLATE_TEST_CASE("linear: weights are (out, in)", "[linear]", ScalarOps) {
    // Square, so that a transposed reading fits; it would give (1, 2).
    const Bf16Weights w(2, 2, {1, 2, 3, 4});
    std::vector<float> x{1, 0}, bias{0, 0}, y(2);
    TestType::linear({x.data(), 1, 2}, w.view(), {bias.data(), 2}, {y.data(), 1, 2});
    CHECK(y == std::vector<float>{1, 3});
}

TEMPLATE_TEST_CASE("linear: q, k and v may be row ranges of one fused tensor", "[linear]",
                   ScalarOps) {
    // Two rows of q, one of k, one of v, one after the other, as in OpenAI's layout.
    const Bf16Weights fused(4, 2, {1, 2, 3, 4, 5, 6, 7, 8});
    std::vector<float> x{1, 10}, bias{0.5f, 1, 2, 3}, y(4), k(1), v(1);
    const DenseMatrix k_rows{fused.view().row(2).bytes, 1, 2};
    const DenseMatrix v_rows{fused.view().row(3).bytes, 1, 2};
    TestType::linear({x.data(), 1, 2}, fused.view(), {bias.data(), 4}, {y.data(), 1, 4});
    TestType::linear({x.data(), 1, 2}, k_rows, {bias.data() + 2, 1}, {k.data(), 1, 1});
    TestType::linear({x.data(), 1, 2}, v_rows, {bias.data() + 3, 1}, {v.data(), 1, 1});
    CHECK(y == std::vector<float>{21.5f, 44, 67, 90});
    CHECK(k[0] == y[2]);
    CHECK(v[0] == y[3]);
}

TEMPLATE_TEST_CASE("linear: weights in any form are widened exactly", "[linear]", ScalarOps) {
    // y = 127 * 1 + 3 * 2 = 133: the scale of Q8_0 is then 1.
    std::vector<float> weights(32), x(32), bias{0};
    weights[0] = 127;
    weights[31] = 3;
    x[0] = 1;
    x[31] = 2;
    for (const Storage storage : {Storage::bf16, Storage::f16, Storage::f32, Storage::q8_0}) {
        const StoredWeights w(storage, 1, 32, weights);
        std::vector<float> y(1);
        TestType::linear({x.data(), 1, 32}, w.view(), {bias.data(), 1}, {y.data(), 1, 1});
        CHECK(y[0] == 133.0f);
    }
}

TEMPLATE_TEST_CASE("linear: BF16 weights are widened exactly", "[linear]", ScalarOps) {
    // 1.0078125 is the BF16 after 1; 2^-126 and 3.39e38 are the ends of its normal range.
    const Bf16Weights w(3, 1, {1.0078125f, 0x1p-126f, 0x1.fep+127f});
    std::vector<float> x{1}, bias(3), y(3);
    TestType::linear({x.data(), 1, 1}, w.view(), {bias.data(), 3}, {y.data(), 1, 3});
    CHECK(y == std::vector<float>{1.0078125f, 0x1p-126f, 0x1.fep+127f});
}

TEMPLATE_TEST_CASE("linear: 4096 ones sum to 4096 in float", "[linear]", ScalarOps) {
    // A sum kept in BF16 would stop growing at 256.
    const int in_size = 4096;
    const std::vector<float> ones(in_size, 1.0f);
    const Bf16Weights w(1, in_size, ones);
    std::vector<float> bias{0}, y(1);
    TestType::linear({ones.data(), 1, in_size}, w.view(), {bias.data(), 1}, {y.data(), 1, 1});
    CHECK(y[0] == 4096.0f);
}

TEMPLATE_TEST_CASE("linear: no tokens, nothing done", "[linear]", ScalarOps) {
    const Bf16Weights w(2, 3, std::vector<float>(6));
    std::vector<float> bias(2);
    CHECK_NOTHROW(TestType::linear({nullptr, 0, 3}, w.view(), {bias.data(), 2}, {nullptr, 0, 2}));
}

// --- Errors -----------------------------------------------------------------------------------

TEST_CASE("linear: weights of another width are named in the error", "[linear][errors]") {
    const Bf16Weights w(2, 3, std::vector<float>(6));
    std::vector<float> x(4), bias(2), y(2);
    REQUIRE_THROWS_WITH(linear({x.data(), 1, 4}, w.view(), {bias.data(), 2}, {y.data(), 1, 2}),
                        "linear: w.cols is 3, expected 4 (x.cols)");
    REQUIRE_THROWS_AS(linear({x.data(), 1, 4}, w.view(), {bias.data(), 2}, {y.data(), 1, 2}),
                      ShapeError);
}

TEST_CASE("linear: a bias of the wrong length is named in the error", "[linear][errors]") {
    const Bf16Weights w(2, 3, std::vector<float>(6));
    std::vector<float> x(3), bias(3), y(2);
    REQUIRE_THROWS_WITH(linear({x.data(), 1, 3}, w.view(), {bias.data(), 3}, {y.data(), 1, 2}),
                        "linear: bias has 3 elements, expected 2 (w.rows)");
}

TEST_CASE("linear: a y of the wrong shape is named in the error", "[linear][errors]") {
    const Bf16Weights w(2, 3, std::vector<float>(6));
    std::vector<float> x(3), bias(2), y(3);
    REQUIRE_THROWS_WITH(linear({x.data(), 1, 3}, w.view(), {bias.data(), 2}, {y.data(), 1, 3}),
                        "linear: y is (1, 3), expected (1, 2)");
}

// --- Goldens ----------------------------------------------------------------------------------

namespace {

template <class Ops>
void check_linear(const Golden& golden, Site site, int layer, ConstMatrixView x, DenseMatrix w,
                  ConstVectorView bias) {
    std::vector<float> y(std::size_t(x.rows) * std::size_t(w.rows));
    const MatrixView y_view{y.data(), x.rows, w.rows};
    Ops::linear(x, w, bias, y_view);
    CHECK_SITE(golden, site, layer, y_view, alone_bound(golden, site));
}

template <class Ops>
void check_all_linears(const Golden& golden) {
    for (int layer = 0; layer < golden.config().n_layers; ++layer) {
        const AttentionWeights& attn = golden.weights.layers[std::size_t(layer)].attn;
        const ExpertWeights& mlp = golden.weights.layers[std::size_t(layer)].mlp;
        const ConstMatrixView attn_norm = golden.at(Site::attn_norm, layer);
        const ConstMatrixView attn_mix = golden.at(Site::attn_mix, layer);
        const ConstMatrixView mlp_norm = golden.at(Site::mlp_norm, layer);

        check_linear<Ops>(golden, Site::attn_q, layer, attn_norm, attn.q, attn.q_bias);
        check_linear<Ops>(golden, Site::attn_k, layer, attn_norm, attn.k, attn.k_bias);
        check_linear<Ops>(golden, Site::attn_v, layer, attn_norm, attn.v, attn.v_bias);
        check_linear<Ops>(golden, Site::attn_out, layer, attn_mix, attn.out, attn.out_bias);
        check_linear<Ops>(golden, Site::mlp_router_logits, layer, mlp_norm, mlp.router,
                          mlp.router_bias);
    }
}

}  // namespace

TEMPLATE_TEST_CASE("linear: tiny golden, attn.q, attn.k, attn.v, attn.out and mlp.router_logits",
                   "[linear][golden]", ScalarOps) {
    check_all_linears<TestType>(golden_tiny());
}

TEMPLATE_TEST_CASE("linear: odd golden, attn.q, attn.k, attn.v, attn.out and mlp.router_logits",
                   "[linear][golden]", ScalarOps) {
    check_all_linears<TestType>(golden_odd());
}

TEMPLATE_TEST_CASE("linear: 20b golden, attn.q, attn.k, attn.v, attn.out and mlp.router_logits",
                   "[linear][golden]", ScalarOps) {
    check_all_linears<TestType>(golden_block20b());
}

namespace {

// RMSNorm in double, so that what is tested below is the linear alone.
std::vector<float> exact_norm(DenseRow x, ConstVectorView gain, double eps) {
    double sum_of_squares = 0;
    for (int i = 0; i < gain.size; ++i) {
        sum_of_squares += double(x[i]) * double(x[i]);
    }
    const double inv_rms = 1 / std::sqrt(sum_of_squares / gain.size + eps);
    std::vector<float> y(std::size_t(gain.size));
    for (int i = 0; i < gain.size; ++i) {
        y[std::size_t(i)] = float(x[i] * inv_rms * gain.data[i]);
    }
    return y;
}

}  // namespace

TEMPLATE_TEST_CASE("linear: q[0] and k[0] of token 1 in block 0 of the synthetic 20b",
                   "[linear][golden]", ScalarOps) {
    // Known to 12 digits from a float64 run: one embedding row, normed, then two dot products.
    const Weights& w = golden_block20b().weights;
    const AttentionWeights& attn = w.layers[0].attn;
    const int hidden_size = w.config.hidden_size;
    const std::vector<float> norm = exact_norm(w.embedding.row(1), attn.norm_gain, 1e-5);
    CHECK_THAT(norm[0], WithinAbs(0.88752879, 1e-7));
    CHECK_THAT(norm[1], WithinAbs(0.71288876, 1e-7));
    CHECK_THAT(norm[2], WithinAbs(0.73493686, 1e-7));

    const ConstMatrixView norm_view{norm.data(), 1, hidden_size};
    const DenseMatrix q_row{attn.q.row(0).bytes, 1, hidden_size};
    const DenseMatrix k_row{attn.k.row(0).bytes, 1, hidden_size};
    std::vector<float> q(1), k(1);
    TestType::linear(norm_view, q_row, {attn.q_bias.data, 1}, {q.data(), 1, 1});
    TestType::linear(norm_view, k_row, {attn.k_bias.data, 1}, {k.data(), 1, 1});
    CHECK_THAT(q[0], WithinAbs(-0.60160416660, 3e-6));  // 2880 float32 additions
    CHECK_THAT(k[0], WithinAbs(1.37756860594, 3e-6));
}
