#include "gptoss/layers/router.hpp"

#include <cmath>
#include <limits>
#include <vector>

#include "catch.hpp"
#include "golden.hpp"
#include "gptoss/core/generator.hpp"
#include "gptoss/ops/scalar.hpp"

using namespace gptoss;
using namespace gptoss::compare;
using namespace gptoss::test;

namespace {

struct Routing {
    std::vector<std::int32_t> ids;  // (n_tokens, top_k)
    std::vector<float> weights;     // (n_tokens, top_k)
};

template <class Ops>
Routing routed(ConstMatrixView logits, int top_k) {
    const std::size_t size = std::size_t(logits.rows) * std::size_t(top_k);
    Routing routing{std::vector<std::int32_t>(size), std::vector<float>(size)};
    Ops::route(logits, {routing.ids.data(), logits.rows, top_k},
               {routing.weights.data(), logits.rows, top_k});
    return routing;
}

template <class Ops>
Routing routed_token(const std::vector<float>& logits, int top_k) {
    return routed<Ops>({logits.data(), 1, int(logits.size())}, top_k);
}

using Ids = std::vector<std::int32_t>;

}  // namespace

// --- Worked by hand ---------------------------------------------------------------------------

TEMPLATE_TEST_CASE("router: the best four of six experts, worked by hand", "[router]", ScalarOps) {
    // In order 2, 1.5, 1, 0.5. Their exponentials, less the largest, are 1, 0.606531, 0.367879 and
    // 0.223130; the sum is 2.197540.
    const Routing routing = routed_token<TestType>({0.5f, 2, -1, 1.5f, 1, 0}, 4);
    CHECK(routing.ids == Ids{1, 3, 4, 0});
    const double expected[4] = {0.45505423, 0.27600434, 0.16740510, 0.10153632};
    for (std::size_t j = 0; j < 4; ++j) {
        CHECK_THAT(routing.weights[j], WithinAbs(expected[j], 1e-7));
    }
}

TEMPLATE_TEST_CASE("router: the rank is by value, not by magnitude", "[router]", ScalarOps) {
    const Routing routing = routed_token<TestType>({-9, 0.25f, -1, 0.5f}, 3);
    CHECK(routing.ids == Ids{3, 1, 2});
}

TEMPLATE_TEST_CASE("router: every token is routed on its own", "[router]", ScalarOps) {
    const std::vector<float> logits{0, 1, 2, 3, /**/ 3, 2, 1, 0};
    const Routing routing = routed<TestType>({logits.data(), 2, 4}, 2);
    CHECK(routing.ids == Ids{3, 2, 0, 1});
    CHECK(routing.weights[0] == routing.weights[2]);
    CHECK(routing.weights[1] == routing.weights[3]);
}

// --- The claims of the header, one by one -----------------------------------------------------

TEMPLATE_TEST_CASE("router: equal logits go to the lower id first", "[router]", ScalarOps) {
    CHECK(routed_token<TestType>({1, 3, 3, 2, 3}, 4).ids == Ids{1, 2, 4, 3});
    CHECK(routed_token<TestType>({0, 0, 0, 0, 0, 0}, 4).ids == Ids{0, 1, 2, 3});
    CHECK(routed_token<TestType>({2, 1, 1, 1}, 2).ids == Ids{0, 1});  // a tie at the cut
}

TEMPLATE_TEST_CASE("router: a difference in the last bit is no tie", "[router]", ScalarOps) {
    const float just_above_one = std::nextafter(1.0f, 2.0f);
    CHECK(routed_token<TestType>({1, 1, just_above_one, 1}, 2).ids == Ids{2, 0});
}

TEMPLATE_TEST_CASE("router: the softmax runs over the chosen only, so weights sum to one",
                   "[router]", ScalarOps) {
    // Softmax over all six and then picking would give these, which sum to 0.9223.
    const double over_all_six[4] = {0.4197, 0.2546, 0.1544, 0.0936};
    const Routing routing = routed_token<TestType>({0.5f, 2, -1, 1.5f, 1, 0}, 4);
    double sum = 0;
    for (std::size_t j = 0; j < 4; ++j) {
        CHECK(double(routing.weights[j]) > over_all_six[j] + 0.007);
        sum += double(routing.weights[j]);
    }
    CHECK_THAT(sum, WithinAbs(1.0, 1e-6));
}

TEMPLATE_TEST_CASE("router: the bias takes part in the choice and in the weights", "[router]",
                   ScalarOps) {
    // A token of zeros: its logits are the bias alone.
    const std::vector<float> x(32, 0.0f), bias{0, 3, 1, 2};
    const std::vector<std::uint8_t> zeros(2 * 4 * 32);
    std::vector<float> logits(4);
    TestType::linear({x.data(), 1, 32}, {zeros.data(), 4, 32}, {bias.data(), 4},
                     {logits.data(), 1, 4});
    const Routing routing = routed_token<TestType>(logits, 2);
    CHECK(routing.ids == Ids{1, 3});
    CHECK_THAT(routing.weights[0], WithinAbs(0.73105858, 1e-7));  // 1 / (1 + exp(-1))
}

TEMPLATE_TEST_CASE("router: nothing is dropped when all tokens want the same experts", "[router]",
                   ScalarOps) {
    const int n_tokens = 100;
    std::vector<float> logits;
    for (int t = 0; t < n_tokens; ++t) {
        logits.insert(logits.end(), {5, 0, 0, 4});
    }
    const Routing routing = routed<TestType>({logits.data(), n_tokens, 4}, 2);
    for (std::size_t t = 0; t < 100; ++t) {
        CHECK(routing.ids[2 * t] == 0);
        CHECK(routing.ids[2 * t + 1] == 3);
        CHECK(routing.weights[2 * t] == routing.weights[0]);
    }
}

TEMPLATE_TEST_CASE("router: large logits do not overflow", "[router]", ScalarOps) {
    const Routing routing = routed_token<TestType>({1000, 999, -1000, 998}, 3);
    CHECK(routing.ids == Ids{0, 1, 3});
    CHECK_THAT(routing.weights[0], WithinAbs(0.66524096, 1e-7));  // 1 / (1 + e^-1 + e^-2)
}

TEMPLATE_TEST_CASE("router: a logit of -inf is chosen last, with weight zero", "[router]",
                   ScalarOps) {
    const float infinity = std::numeric_limits<float>::infinity();
    const Routing routing = routed_token<TestType>({-infinity, 1, -infinity}, 2);
    CHECK(routing.ids == Ids{1, 0});
    CHECK(routing.weights == std::vector<float>{1, 0});
}

TEMPLATE_TEST_CASE("router: top_k may be all experts, and no tokens are no work", "[router]",
                   ScalarOps) {
    CHECK(routed_token<TestType>({1, 3, 2}, 3).ids == Ids{1, 2, 0});
    CHECK_NOTHROW(TestType::route({nullptr, 0, 8}, {nullptr, 0, 4}, {nullptr, 0, 4}));
}

TEMPLATE_TEST_CASE("router: at 20b widths, experts 19, 2, 21 and 8 for the probe token", "[router]",
                   ScalarOps) {
    // The synthetic 20b model, seed 1: token 1's embedding, normed, into block 0's router. The
    // numbers are an independent float64 computation's.
    const int hidden_size = 2880;
    const int n_experts = 32;
    const auto stream = [](const char* name, std::size_t first, std::size_t count) {
        std::vector<std::uint8_t> bytes(count);
        generate_bytes(generator_key(1, name), first, count, bytes.data());
        return bytes;
    };
    std::vector<float> x, gain, bias, logits(n_experts);
    for (const std::uint8_t byte : stream("embedding.weight", 2880, 2880)) {
        x.push_back(uniform_value(byte, 0));
    }
    for (const std::uint8_t byte : stream("block.0.attn.norm.scale", 0, 2880)) {
        gain.push_back(norm_gain_value(byte));
    }
    for (const std::uint8_t byte : stream("block.0.mlp.gate.bias", 0, 32)) {
        bias.push_back(uniform_value(byte, -1));
    }
    std::vector<std::uint16_t> w;
    for (const std::uint8_t byte : stream("block.0.mlp.gate.weight", 0, 32 * 2880)) {
        w.push_back(float_to_bf16(uniform_value(byte, 2 - half_log2(2880))));
    }
    TestType::rmsnorm({x.data(), 1, hidden_size}, {gain.data(), hidden_size}, 1e-5f,
                      {x.data(), 1, hidden_size});
    TestType::linear({x.data(), 1, hidden_size},
                     {reinterpret_cast<const std::uint8_t*>(w.data()), n_experts, hidden_size},
                     {bias.data(), n_experts}, {logits.data(), 1, n_experts});

    const Routing routing = routed_token<TestType>(logits, 4);
    CHECK(routing.ids == Ids{19, 2, 21, 8});
    // 2880 squares added in float32 are 3e-5 too small, hence logits that are 1.2e-4 too large.
    const double expected_logits[4] = {7.42396108, 7.38173505, 6.44116806, 5.37105323};
    const double expected_weights[4] = {0.40629291, 0.38949395, 0.15206094, 0.05215221};
    for (std::size_t j = 0; j < 4; ++j) {
        const std::size_t e = std::size_t(routing.ids[j]);
        CHECK_THAT(logits[e], WithinAbs(expected_logits[j], 2e-4));
        CHECK_THAT(routing.weights[j], WithinAbs(expected_weights[j], 1e-5));
    }
}

// --- Errors -----------------------------------------------------------------------------------

TEST_CASE("router: a NaN logit is refused and named by token and expert", "[router][errors]") {
    const float nan = std::numeric_limits<float>::quiet_NaN();
    const std::vector<float> logits{0, 1, 2, 0, 1, nan};
    std::vector<std::int32_t> ids(4);
    std::vector<float> weights(4);
    REQUIRE_THROWS_WITH(route({logits.data(), 2, 3}, {ids.data(), 2, 2}, {weights.data(), 2, 2}),
                        "route: logits[1, 2] is NaN, expected a number");
}

TEST_CASE("router: operands that do not fit are named", "[router][errors]") {
    const std::vector<float> logits(6);
    std::vector<std::int32_t> ids(8);
    std::vector<float> weights(8);
    const ConstMatrixView two_tokens{logits.data(), 2, 3};
    REQUIRE_THROWS_WITH(route(two_tokens, {ids.data(), 1, 2}, {weights.data(), 2, 2}),
                        "route: ids.rows is 1, expected 2 (logits.rows)");
    REQUIRE_THROWS_WITH(route(two_tokens, {ids.data(), 2, 2}, {weights.data(), 2, 3}),
                        "route: weights is (2, 3), expected (2, 2)");
    REQUIRE_THROWS_WITH(route(two_tokens, {ids.data(), 2, 4}, {weights.data(), 2, 4}),
                        "route: logits.cols is 3, expected at least 4 (ids.cols)");
    REQUIRE_THROWS_AS(route(two_tokens, {ids.data(), 2, 4}, {weights.data(), 2, 4}), ShapeError);
}

// --- Goldens ----------------------------------------------------------------------------------

namespace {

template <class Ops>
void check_every_router(const Golden& golden) {
    const int top_k = golden.config().top_k;
    for (int layer = 0; layer < golden.config().n_layers; ++layer) {
        const Routing routing = routed<Ops>(golden.at(Site::mlp_router_logits, layer), top_k);

        const ConstIdsView expected = golden.ids_at(Site::mlp_expert_ids, layer);
        CHECK(routing.ids == Ids(expected.data, expected.row(expected.rows)));
        const Site site = Site::mlp_expert_weights;
        const ConstMatrixView weights{routing.weights.data(), golden.n_tokens(), top_k};
        CHECK_SITE(golden, site, layer, weights, alone_bound(golden, site));
    }
}

}  // namespace

TEMPLATE_TEST_CASE("router: tiny golden, every layer", "[router][golden]", ScalarOps) {
    check_every_router<TestType>(golden_tiny());
}

TEMPLATE_TEST_CASE("router: odd golden, every layer", "[router][golden]", ScalarOps) {
    check_every_router<TestType>(golden_odd());
}

TEMPLATE_TEST_CASE("router: 20b golden, four of 32 experts", "[router][golden]", ScalarOps) {
    check_every_router<TestType>(golden_block20b());
}
