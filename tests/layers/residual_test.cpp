#include "gptoss/layers/residual.hpp"

#include <vector>

#include "catch.hpp"
#include "golden.hpp"
#include "gptoss/ops/scalar.hpp"

using namespace gptoss;
using namespace gptoss::test;

// --- Worked by hand ---------------------------------------------------------------------------

TEMPLATE_TEST_CASE("residual: two tokens added by hand", "[residual]", ScalarOps) {
    std::vector<float> x{1, 2, 3, 4}, y{10, -20, 0.5f, 0}, out(4);
    TestType::add_residual({x.data(), 2, 2}, {y.data(), 2, 2}, {out.data(), 2, 2});
    CHECK(out == std::vector<float>{11, -18, 3.5f, 4});
}

TEMPLATE_TEST_CASE("residual: out may be x", "[residual]", ScalarOps) {
    std::vector<float> x{1, 2}, y{10, 20};
    TestType::add_residual({x.data(), 1, 2}, {y.data(), 1, 2}, {x.data(), 1, 2});
    CHECK(x == std::vector<float>{11, 22});
    CHECK(y == std::vector<float>{10, 20});
}

TEMPLATE_TEST_CASE("residual: out may be y", "[residual]", ScalarOps) {
    std::vector<float> x{1, 2}, y{10, 20};
    TestType::add_residual({x.data(), 1, 2}, {y.data(), 1, 2}, {y.data(), 1, 2});
    CHECK(y == std::vector<float>{11, 22});
    CHECK(x == std::vector<float>{1, 2});
}

TEMPLATE_TEST_CASE("residual: no tokens, nothing done", "[residual]", ScalarOps) {
    CHECK_NOTHROW(TestType::add_residual({nullptr, 0, 4}, {nullptr, 0, 4}, {nullptr, 0, 4}));
}

// --- The pitfalls, one by one -----------------------------------------------------------------

TEST_CASE("residual: the stream before the norm is added, not the normed vector", "[residual]") {
    const Golden& golden = golden_tiny();
    const ConstMatrixView normed = golden.at(Site::attn_norm, 0);
    const ConstMatrixView attn_out = golden.at(Site::attn_out, 0);
    std::vector<float> out(std::size_t(normed.rows) * std::size_t(normed.cols));
    const MatrixView wrong{out.data(), normed.rows, normed.cols};
    add_residual(normed, attn_out, wrong);
    CHECK(difference(wrong, golden.at(Site::attn_residual, 0)).error > 0.1);
}

TEMPLATE_TEST_CASE("residual: values beyond float16's 65504 are kept", "[residual]", ScalarOps) {
    std::vector<float> x{60000}, y{10000}, out(1);
    TestType::add_residual({x.data(), 1, 1}, {y.data(), 1, 1}, {out.data(), 1, 1});
    CHECK(out[0] == 70000.0f);
}

// --- Errors -----------------------------------------------------------------------------------

TEST_CASE("residual: a y of another shape is named in the error", "[residual][errors]") {
    std::vector<float> x(4), y(2), out(4);
    REQUIRE_THROWS_WITH(add_residual({x.data(), 2, 2}, {y.data(), 1, 2}, {out.data(), 2, 2}),
                        "add_residual: y is (1, 2), expected (2, 2)");
    REQUIRE_THROWS_AS(add_residual({x.data(), 2, 2}, {y.data(), 1, 2}, {out.data(), 2, 2}),
                      ShapeError);
}

TEST_CASE("residual: an out of another shape is named in the error", "[residual][errors]") {
    std::vector<float> x(4), y(4), out(4);
    REQUIRE_THROWS_WITH(add_residual({x.data(), 2, 2}, {y.data(), 2, 2}, {out.data(), 1, 4}),
                        "add_residual: out is (1, 4), expected (2, 2)");
}

// --- Goldens ----------------------------------------------------------------------------------

namespace {

template <class Ops>
void check_residual(const Golden& golden, Site site, int layer, ConstMatrixView x,
                    ConstMatrixView y) {
    std::vector<float> out(std::size_t(x.rows) * std::size_t(x.cols));
    const MatrixView out_view{out.data(), x.rows, x.cols};
    Ops::add_residual(x, y, out_view);
    CHECK_SITE(golden, site, layer, out_view, alone_bound(golden, site));
}

template <class Ops>
void check_all_residuals(const Golden& golden) {
    for (int layer = 0; layer < golden.config().n_layers; ++layer) {
        check_residual<Ops>(golden, Site::attn_residual, layer, golden.residual_in(layer),
                            golden.at(Site::attn_out, layer));
        check_residual<Ops>(golden, Site::mlp_residual, layer,
                            golden.at(Site::attn_residual, layer), golden.at(Site::mlp_out, layer));
    }
}

}  // namespace

TEMPLATE_TEST_CASE("residual: tiny golden, attn.residual and mlp.residual", "[residual][golden]",
                   ScalarOps) {
    check_all_residuals<TestType>(golden_tiny());
}

TEMPLATE_TEST_CASE("residual: odd golden, attn.residual and mlp.residual", "[residual][golden]",
                   ScalarOps) {
    check_all_residuals<TestType>(golden_odd());
}

TEMPLATE_TEST_CASE("residual: 20b golden, attn.residual and mlp.residual", "[residual][golden]",
                   ScalarOps) {
    check_all_residuals<TestType>(golden_block20b());
}
