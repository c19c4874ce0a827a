#include "gptoss/layers/embedding.hpp"

#include <vector>

#include "bf16_weights.hpp"
#include "catch.hpp"
#include "golden.hpp"
#include "gptoss/ops/scalar.hpp"

using namespace gptoss;
using namespace gptoss::test;

// --- Worked by hand ---------------------------------------------------------------------------

TEMPLATE_TEST_CASE("embedding: ids 2, 0, 2 pick rows 2, 0, 2", "[embedding]", ScalarOps) {
    const Bf16Weights table(3, 2, {1, 2, 3, 4, 5, 6});
    const std::vector<std::int32_t> ids{2, 0, 2};
    std::vector<float> y(6);
    TestType::embed({ids.data(), 3}, table.view(), {y.data(), 3, 2});
    CHECK(y == std::vector<float>{5, 6, 1, 2, 5, 6});
}

// --- The pitfalls, one by one -----------------------------------------------------------------

TEMPLATE_TEST_CASE("embedding: rows are not scaled by sqrt(hidden_size)", "[embedding]",
                   ScalarOps) {
    const Bf16Weights table(1, 4, {1, -0.5f, 1.0078125f, 0});  // the scale would be 2
    const std::vector<std::int32_t> ids{0};
    std::vector<float> y(4);
    TestType::embed({ids.data(), 1}, table.view(), {y.data(), 1, 4});
    CHECK(y == std::vector<float>{1, -0.5f, 1.0078125f, 0});
}

TEMPLATE_TEST_CASE("embedding: no position is added, the same token has the same row everywhere",
                   "[embedding]", ScalarOps) {
    const Bf16Weights table(2, 2, {1, 2, 3, 4});
    const std::vector<std::int32_t> ids(100, 1);
    std::vector<float> y(200);
    TestType::embed({ids.data(), 100}, table.view(), {y.data(), 100, 2});
    for (int t = 0; t < 100; ++t) {
        CHECK(y[std::size_t(2 * t)] == 3);
        CHECK(y[std::size_t(2 * t + 1)] == 4);
    }
}

TEST_CASE("embedding: the table is not the unembedding", "[embedding]") {
    const Weights& w = golden_tiny().weights;
    REQUIRE(w.embedding.rows == w.unembedding.rows);
    REQUIRE(w.embedding.cols == w.unembedding.cols);
    CHECK(w.embedding.bytes != w.unembedding.bytes);
    CHECK(w.embedding.row(1)[0] != w.unembedding.row(1)[0]);
}

TEMPLATE_TEST_CASE("embedding: no tokens, nothing done", "[embedding]", ScalarOps) {
    const Bf16Weights table(3, 2, std::vector<float>(6));
    CHECK_NOTHROW(TestType::embed({nullptr, 0}, table.view(), {nullptr, 0, 2}));
}

// --- Errors -----------------------------------------------------------------------------------

TEST_CASE("embedding: an id behind the last row is named with its place", "[embedding][errors]") {
    const Bf16Weights table(3, 2, std::vector<float>(6));
    const std::vector<std::int32_t> ids{0, 3};
    std::vector<float> y(4);
    REQUIRE_THROWS_WITH(embed({ids.data(), 2}, table.view(), {y.data(), 2, 2}),
                        "embed: ids[1] is 3, expected 0 <= id < 3 (vocab_size)");
    REQUIRE_THROWS_AS(embed({ids.data(), 2}, table.view(), {y.data(), 2, 2}), Error);
}

TEST_CASE("embedding: a negative id is named with its place", "[embedding][errors]") {
    const Bf16Weights table(3, 2, std::vector<float>(6));
    const std::vector<std::int32_t> ids{-1};
    std::vector<float> y(2);
    REQUIRE_THROWS_WITH(embed({ids.data(), 1}, table.view(), {y.data(), 1, 2}),
                        "embed: ids[0] is -1, expected 0 <= id < 3 (vocab_size)");
}

TEST_CASE("embedding: a y of the wrong shape is named in the error", "[embedding][errors]") {
    const Bf16Weights table(3, 2, std::vector<float>(6));
    const std::vector<std::int32_t> ids{0, 1};
    std::vector<float> y(6);
    REQUIRE_THROWS_WITH(embed({ids.data(), 2}, table.view(), {y.data(), 2, 3}),
                        "embed: y is (2, 3), expected (2, 2)");
    REQUIRE_THROWS_AS(embed({ids.data(), 2}, table.view(), {y.data(), 2, 3}), ShapeError);
}

// --- Goldens ----------------------------------------------------------------------------------

namespace {

template <class Ops>
void check_embedding(const Golden& golden) {
    const int hidden_size = golden.config().hidden_size;
    std::vector<float> y(golden.tokens.size() * std::size_t(hidden_size));
    const MatrixView y_view{y.data(), golden.n_tokens(), hidden_size};
    Ops::embed(golden.token_ids(), golden.weights.embedding, y_view);
    CHECK_SITE(golden, Site::embedding, kNoLayer, y_view, alone_bound(golden, Site::embedding));
}

}  // namespace

TEMPLATE_TEST_CASE("embedding: tiny golden, embedding", "[embedding][golden]", ScalarOps) {
    check_embedding<TestType>(golden_tiny());
}

TEMPLATE_TEST_CASE("embedding: odd golden, embedding", "[embedding][golden]", ScalarOps) {
    check_embedding<TestType>(golden_odd());
}

TEMPLATE_TEST_CASE("embedding: 20b golden, embedding", "[embedding][golden]", ScalarOps) {
    check_embedding<TestType>(golden_block20b());
}
