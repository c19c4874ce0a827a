#include "gptoss/layers/combine.hpp"

#include <vector>

#include "catch.hpp"
#include "golden.hpp"
#include "gptoss/ops/scalar.hpp"

using namespace gptoss;
using namespace gptoss::compare;
using namespace gptoss::test;

// --- Worked by hand ---------------------------------------------------------------------------

TEMPLATE_TEST_CASE("combine: two tokens with two experts each, worked by hand", "[combine]",
                   ScalarOps) {
    const std::vector<float> expert_out{1, 2, 5, 6, /**/ 10, 20, 30, 40};
    const std::vector<float> weights{0.75f, 0.25f, /**/ 0.5f, 0.5f};
    std::vector<float> out(4);
    TestType::combine({expert_out.data(), 4, 2}, {weights.data(), 2, 2}, {out.data(), 2, 2});
    CHECK(out == std::vector<float>{2, 3, /**/ 20, 30});
}

// --- The claims of the header, one by one -----------------------------------------------------

TEMPLATE_TEST_CASE("combine: weights that sum to one leave equal outputs as they are", "[combine]",
                   ScalarOps) {
    const std::vector<float> expert_out{3, -1, 3, -1, 3, -1, 3, -1};
    const std::vector<float> weights{0.5f, 0.25f, 0.125f, 0.125f};
    std::vector<float> out(2);
    TestType::combine({expert_out.data(), 4, 2}, {weights.data(), 1, 4}, {out.data(), 1, 2});
    CHECK(out == std::vector<float>{3, -1});
}

TEST_CASE("combine: the scalar sum runs in the order of the ranks", "[combine]") {
    // 1e8 - 1e8 + 1 is 1; from the other end 1 - 1e8 loses the 1, and the sum is 0.
    const std::vector<float> expert_out{1e8f, -1e8f, 1}, weights{1, 1, 1};
    std::vector<float> out(1);
    combine({expert_out.data(), 3, 1}, {weights.data(), 1, 3}, {out.data(), 1, 1});
    CHECK(out[0] == 1);
}

TEMPLATE_TEST_CASE("combine: an expert's bias is weighted with it, not added once per expert",
                   "[combine]", ScalarOps) {
    // Matrices of zeros: what the experts say is their bias, 100 and 200. Unweighted: 300.
    const std::vector<std::uint8_t> codes(2 * 16), scales(2, 127);
    const ExpertStack experts{codes.data(), scales.data(), nullptr, 2, 1, 32};
    const std::vector<float> x(32, 1.0f), bias{100, 200}, weights{0.75f, 0.25f};
    const std::vector<std::int32_t> ids{0, 1};
    std::vector<float> expert_out(2), out(1);
    TestType::expert_linear({x.data(), 1, 32}, XRows::per_token, {ids.data(), 1, 2}, experts,
                            {bias.data(), 2, 1}, {expert_out.data(), 2, 1});
    TestType::combine({expert_out.data(), 2, 1}, {weights.data(), 1, 2}, {out.data(), 1, 1});
    CHECK(out[0] == 125);
}

TEMPLATE_TEST_CASE("combine: no tokens, nothing done", "[combine]", ScalarOps) {
    CHECK_NOTHROW(TestType::combine({nullptr, 0, 8}, {nullptr, 0, 4}, {nullptr, 0, 8}));
}

// --- Errors -----------------------------------------------------------------------------------

TEST_CASE("combine: operands that do not fit are named", "[combine][errors]") {
    const std::vector<float> expert_out(8), weights(4);
    std::vector<float> out(4);
    REQUIRE_THROWS_WITH(
        combine({expert_out.data(), 3, 2}, {weights.data(), 2, 2}, {out.data(), 2, 2}),
        "combine: expert_out.rows is 3, expected 4 (weights.rows * weights.cols)");
    REQUIRE_THROWS_WITH(
        combine({expert_out.data(), 4, 2}, {weights.data(), 2, 2}, {out.data(), 4, 1}),
        "combine: out is (4, 1), expected (2, 2)");
    REQUIRE_THROWS_AS(
        combine({expert_out.data(), 4, 2}, {weights.data(), 2, 2}, {out.data(), 4, 1}), ShapeError);
}

// --- Goldens ----------------------------------------------------------------------------------

namespace {

template <class Ops>
void check_every_combine(const Golden& golden) {
    const int hidden_size = golden.config().hidden_size;
    for (int layer = 0; layer < golden.config().n_layers; ++layer) {
        std::vector<float> out(std::size_t(golden.n_tokens()) * std::size_t(hidden_size));
        const MatrixView out_view{out.data(), golden.n_tokens(), hidden_size};
        Ops::combine(golden.at(Site::mlp_expert_out, layer),
                     golden.at(Site::mlp_expert_weights, layer), out_view);
        CHECK_SITE(golden, Site::mlp_out, layer, out_view, alone_bound(golden, Site::mlp_out));
    }
}

}  // namespace

TEMPLATE_TEST_CASE("combine: tiny golden, every layer", "[combine][golden]", ScalarOps) {
    check_every_combine<TestType>(golden_tiny());
}

TEMPLATE_TEST_CASE("combine: odd golden, every layer", "[combine][golden]", ScalarOps) {
    check_every_combine<TestType>(golden_odd());
}

TEMPLATE_TEST_CASE("combine: 20b golden, 2880 channels", "[combine][golden]", ScalarOps) {
    check_every_combine<TestType>(golden_block20b());
}
