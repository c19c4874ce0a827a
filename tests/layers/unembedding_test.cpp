#include "gptoss/layers/unembedding.hpp"

#include <vector>

#include "bf16_weights.hpp"
#include "catch.hpp"
#include "golden.hpp"
#include "gptoss/ops/scalar.hpp"

using namespace gptoss;
using namespace gptoss::test;

// --- Worked by hand ---------------------------------------------------------------------------

TEMPLATE_TEST_CASE("unembedding: a vocabulary of three, worked by hand", "[unembedding]",
                   ScalarOps) {
    // 3 * 1 + 4 * 2 = 11        3 * -1 + 4 * 0 = -3        3 * 0.5 + 4 * 0.25 = 2.5
    const Bf16Weights w(3, 2, {1, 2, -1, 0, 0.5f, 0.25f});
    std::vector<float> x{3, 4}, logits(3);
    TestType::unembed({x.data(), 1, 2}, w.view(), {logits.data(), 1, 3});
    CHECK(logits == std::vector<float>{11, -3, 2.5f});
}

TEMPLATE_TEST_CASE("unembedding: the last row alone equals the last row of all", "[unembedding]",
                   ScalarOps) {
    const Bf16Weights w(3, 2, {1, 2, -1, 0, 0.5f, 0.25f});
    std::vector<float> x{1, 2, 3, 4, 5, 6}, logits(9), last(3);
    const ConstMatrixView x_view{x.data(), 3, 2};
    TestType::unembed(x_view, w.view(), {logits.data(), 3, 3});
    TestType::unembed(rows_of(x_view, 2, 1), w.view(), {last.data(), 1, 3});
    CHECK(last == std::vector<float>(logits.begin() + 6, logits.end()));
    CHECK(last == std::vector<float>{17, -5, 4});
}

// --- The pitfalls, one by one -----------------------------------------------------------------

TEMPLATE_TEST_CASE("unembedding: there is no bias, zeros give zeros", "[unembedding]", ScalarOps) {
    const Bf16Weights w(3, 2, {1, 2, -1, 0, 0.5f, 0.25f});
    std::vector<float> x{0, 0}, logits(3, 7.0f);
    TestType::unembed({x.data(), 1, 2}, w.view(), {logits.data(), 1, 3});
    CHECK(logits == std::vector<float>(3, 0.0f));
}

TEMPLATE_TEST_CASE("unembedding: there is no soft cap, large logits stay", "[unembedding]",
                   ScalarOps) {
    const Bf16Weights w(2, 1, {100, -100});
    std::vector<float> x{100}, logits(2);
    TestType::unembed({x.data(), 1, 1}, w.view(), {logits.data(), 1, 2});
    CHECK(logits == std::vector<float>{10000, -10000});
}

TEMPLATE_TEST_CASE("unembedding: tokens that no text uses get logits too", "[unembedding]",
                   ScalarOps) {
    // Nothing in the op knows which ids are reserved: every row of w gets a logit.
    const int vocab_size = 300;
    const Bf16Weights w(vocab_size, 1, std::vector<float>(vocab_size, 2.0f));
    std::vector<float> x{3}, logits(vocab_size);
    TestType::unembed({x.data(), 1, 1}, w.view(), {logits.data(), 1, vocab_size});
    CHECK(logits == std::vector<float>(vocab_size, 6.0f));
}

TEMPLATE_TEST_CASE("unembedding: no rows asked for, nothing done", "[unembedding]", ScalarOps) {
    const Bf16Weights w(3, 2, std::vector<float>(6));
    CHECK_NOTHROW(TestType::unembed({nullptr, 0, 2}, w.view(), {nullptr, 0, 3}));
}

// --- Errors -----------------------------------------------------------------------------------

TEST_CASE("unembedding: weights of another width are named in the error", "[unembedding][errors]") {
    const Bf16Weights w(3, 2, std::vector<float>(6));
    std::vector<float> x(4), logits(3);
    REQUIRE_THROWS_WITH(unembed({x.data(), 1, 4}, w.view(), {logits.data(), 1, 3}),
                        "unembed: w.cols is 2, expected 4 (x.cols)");
    REQUIRE_THROWS_AS(unembed({x.data(), 1, 4}, w.view(), {logits.data(), 1, 3}), ShapeError);
}

TEST_CASE("unembedding: logits of the wrong shape are named in the error",
          "[unembedding][errors]") {
    const Bf16Weights w(3, 2, std::vector<float>(6));
    std::vector<float> x(2), logits(4);
    REQUIRE_THROWS_WITH(unembed({x.data(), 1, 2}, w.view(), {logits.data(), 1, 4}),
                        "unembed: logits is (1, 4), expected (1, 3)");
}

// --- Goldens ----------------------------------------------------------------------------------

namespace {

template <class Ops>
void check_unembedding(const Golden& golden) {
    const int vocab_size = golden.config().vocab_size;
    std::vector<float> logits(golden.tokens.size() * std::size_t(vocab_size));
    const MatrixView logits_view{logits.data(), golden.n_tokens(), vocab_size};
    Ops::unembed(golden.at(Site::final_norm, kNoLayer), golden.weights.unembedding, logits_view);
    CHECK_SITE(golden, Site::logits, kNoLayer, logits_view, alone_bound(golden, Site::logits));
}

}  // namespace

TEMPLATE_TEST_CASE("unembedding: tiny golden, logits", "[unembedding][golden]", ScalarOps) {
    check_unembedding<TestType>(golden_tiny());
}

TEMPLATE_TEST_CASE("unembedding: odd golden, logits", "[unembedding][golden]", ScalarOps) {
    check_unembedding<TestType>(golden_odd());
}

TEMPLATE_TEST_CASE("unembedding: 20b golden, logits", "[unembedding][golden]", ScalarOps) {
    check_unembedding<TestType>(golden_block20b());
}
