#include "gptoss/layers/swiglu.hpp"

#include <cmath>
#include <vector>

#include "catch.hpp"
#include "golden.hpp"
#include "gptoss/ops/scalar.hpp"

using namespace gptoss;
using namespace gptoss::compare;
using namespace gptoss::test;

namespace {

// One unit under a limit of 7, as in the real models.
template <class Ops>
double swiglu_of(float gate, float up, float limit = 7.0f, double alpha = 1.702) {
    const float h[2] = {gate, up};
    float y[1];
    Ops::swiglu({h, 1, 2}, limit, alpha, {y, 1, 1});
    return double(y[0]);
}

// Five roundings, and the sigmoid's argument is up to 14: a relative error of 2e-6 at most.
auto about(double expected) {
    return WithinAbs(expected, 2e-6 * std::abs(expected));
}

}  // namespace

// --- Worked by hand ---------------------------------------------------------------------------

TEMPLATE_TEST_CASE("swiglu: gate 1 and up 1, worked by hand", "[swiglu]", ScalarOps) {
    // sigmoid(1.702) = 1 / (1 + 0.1823186) = 0.8457958; times gate 1, times up + 1 = 2
    CHECK_THAT(swiglu_of<TestType>(1, 1), about(1.691591532));
}

TEMPLATE_TEST_CASE("swiglu: ten units from an independent float64 computation", "[swiglu]",
                   ScalarOps) {
    CHECK(swiglu_of<TestType>(0, 0) == 0);
    CHECK_THAT(swiglu_of<TestType>(1, 0), about(0.8457957659));
    CHECK_THAT(swiglu_of<TestType>(-1, 2), about(-0.4626127022));
    CHECK_THAT(swiglu_of<TestType>(7, 0), about(6.999953128));
    CHECK_THAT(swiglu_of<TestType>(8, 0), about(6.999953128));
    CHECK_THAT(swiglu_of<TestType>(100, 100), about(55.99962503));
    CHECK_THAT(swiglu_of<TestType>(-8, 3), about(-3.906571546e-05));
    CHECK_THAT(swiglu_of<TestType>(3, -9), about(-17.89157214));
    CHECK(swiglu_of<TestType>(3, -1) == 0);
    CHECK_THAT(swiglu_of<TestType>(0.5f, -0.25f), about(0.2627913275));
}

// --- The claims of the header, one by one -----------------------------------------------------

TEMPLATE_TEST_CASE("swiglu: gate and up alternate, they are not two halves", "[swiglu]",
                   ScalarOps) {
    // Read as halves, the gates would be 1 and 1: y = (1.268694, 0.634347).
    const std::vector<float> h{1, 1, 0.5f, -0.25f};
    std::vector<float> y(2);
    TestType::swiglu({h.data(), 1, 4}, 7.0f, 1.702, {y.data(), 1, 2});
    CHECK_THAT(y[0], about(1.691591532));
    CHECK_THAT(y[1], about(0.2627913275));
}

TEMPLATE_TEST_CASE("swiglu: with alpha 1 it is SiLU, with 2 the sigmoid is twice as steep",
                   "[swiglu]", ScalarOps) {
    // sigmoid(1) = 0.7310586, sigmoid(2) = 0.8807971
    CHECK_THAT(swiglu_of<TestType>(1, 0, 7, 1), about(0.7310585786));
    CHECK_THAT(swiglu_of<TestType>(1, 0, 7, 2), about(0.8807970780));
}

TEMPLATE_TEST_CASE("swiglu: the gate is clamped from above", "[swiglu]", ScalarOps) {
    CHECK(swiglu_of<TestType>(8, 0) == swiglu_of<TestType>(7, 0));
    CHECK(swiglu_of<TestType>(6.5f, 0) < swiglu_of<TestType>(7, 0));
}

TEMPLATE_TEST_CASE("swiglu: the gate has no lower clamp", "[swiglu]", ScalarOps) {
    // Clamped at -7 as well, it would be -1.875e-4. No logit shows the difference.
    CHECK_THAT(swiglu_of<TestType>(-8, 3), about(-3.906571546e-05));
    CHECK(swiglu_of<TestType>(-100, 3) == 0);  // and exp(170) = inf does no harm
}

TEMPLATE_TEST_CASE("swiglu: up is clamped on both sides", "[swiglu]", ScalarOps) {
    CHECK(swiglu_of<TestType>(3, -9) == swiglu_of<TestType>(3, -7));
    CHECK(swiglu_of<TestType>(3, 9) == swiglu_of<TestType>(3, 7));
    CHECK(swiglu_of<TestType>(3, 6.5f) < swiglu_of<TestType>(3, 7));
    CHECK(swiglu_of<TestType>(3, -6.5f) > swiglu_of<TestType>(3, -7));
}

TEMPLATE_TEST_CASE("swiglu: up gets one added, so up 0 lets the gate through", "[swiglu]",
                   ScalarOps) {
    CHECK_THAT(swiglu_of<TestType>(1, 0), about(0.8457957659));  // without the one: 0
    CHECK(swiglu_of<TestType>(3, -1) == 0);                      // without the one: -2.98
}

TEMPLATE_TEST_CASE("swiglu: alpha is 1.702, not 1", "[swiglu]", ScalarOps) {
    CHECK_THAT(swiglu_of<TestType>(1, 0), about(0.8457957659));  // SiLU, alpha 1: 0.7310586
}

TEMPLATE_TEST_CASE("swiglu: the limit is the caller's", "[swiglu]", ScalarOps) {
    CHECK_THAT(swiglu_of<TestType>(9, 9, 0.5f), about(0.5255826549));  // gate 0.5, up 0.5
    CHECK(swiglu_of<TestType>(9, 9, 0.5f) == swiglu_of<TestType>(0.5f, 0.5f));
}

TEMPLATE_TEST_CASE("swiglu: every row is a vector of its own", "[swiglu]", ScalarOps) {
    const std::vector<float> h{1, 1, 0, 0, /**/ 0, 0, 1, 1};
    std::vector<float> y(4);
    TestType::swiglu({h.data(), 2, 4}, 7.0f, 1.702, {y.data(), 2, 2});
    CHECK(y[0] == y[3]);
    CHECK(y[1] == 0);
    CHECK(y[2] == 0);
}

// --- Errors -----------------------------------------------------------------------------------

TEST_CASE("swiglu: operands that do not fit are named", "[swiglu][errors]") {
    const std::vector<float> h(6);
    std::vector<float> y(6);
    REQUIRE_THROWS_WITH(swiglu({h.data(), 1, 5}, 7.0f, 1.702, {y.data(), 1, 2}),
                        "swiglu: h.cols is 5, expected a multiple of 2 (gate and up)");
    REQUIRE_THROWS_WITH(swiglu({h.data(), 1, 6}, 7.0f, 1.702, {y.data(), 1, 6}),
                        "swiglu: y is (1, 6), expected (1, 3)");
    REQUIRE_THROWS_AS(swiglu({h.data(), 1, 6}, 7.0f, 1.702, {y.data(), 2, 3}), ShapeError);
}

// --- Goldens ----------------------------------------------------------------------------------

namespace {

template <class Ops>
void check_every_swiglu(const Golden& golden) {
    const Config& config = golden.config();
    for (int layer = 0; layer < config.n_layers; ++layer) {
        const ConstMatrixView h = golden.at(Site::mlp_gate_up, layer);
        std::vector<float> y(std::size_t(h.rows) * std::size_t(config.intermediate_size));
        const MatrixView y_view{y.data(), h.rows, config.intermediate_size};
        Ops::swiglu(h, config.swiglu_limit, config.swiglu_alpha, y_view);
        CHECK_SITE(golden, Site::mlp_swiglu, layer, y_view, alone_bound(golden, Site::mlp_swiglu));
    }
}

}  // namespace

TEMPLATE_TEST_CASE("swiglu: tiny golden, every layer", "[swiglu][golden]", ScalarOps) {
    check_every_swiglu<TestType>(golden_tiny());
}

TEMPLATE_TEST_CASE("swiglu: odd golden, every layer", "[swiglu][golden]", ScalarOps) {
    check_every_swiglu<TestType>(golden_odd());
}

TEMPLATE_TEST_CASE("swiglu: 20b golden, 2880 units", "[swiglu][golden]", ScalarOps) {
    check_every_swiglu<TestType>(golden_block20b());
}

TEST_CASE("swiglu: the goldens reach every clamp", "[swiglu][golden]") {
    int gates_above = 0, gates_below = 0, ups_above = 0, ups_below = 0;
    const ConstMatrixView h = golden_tiny().at(Site::mlp_gate_up, 0);
    for (int row = 0; row < h.rows; ++row) {
        for (int i = 0; i < h.cols / 2; ++i) {
            gates_above += h.row(row)[2 * i] > 7;
            gates_below += h.row(row)[2 * i] < -7;
            ups_above += h.row(row)[2 * i + 1] > 7;
            ups_below += h.row(row)[2 * i + 1] < -7;
        }
    }
    CHECK(gates_above > 0);
    CHECK(gates_below > 0);
    CHECK(ups_above > 0);
    CHECK(ups_below > 0);
}
