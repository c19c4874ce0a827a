#include "gptoss/layers/router_losses.hpp"

#include <cmath>
#include <limits>
#include <vector>

#include "catch.hpp"

using namespace gptoss;

namespace {

double balance_of(const std::vector<float>& logits, int n_experts, int top_k) {
    return balance_loss({logits.data(), int(logits.size()) / n_experts, n_experts}, top_k);
}

double z_of(const std::vector<float>& logits, int n_experts) {
    return z_loss({logits.data(), int(logits.size()) / n_experts, n_experts});
}

// No two alike in a row: 101 is a prime. tests/golden/make_router_losses.py makes the same ones.
std::vector<float> made_logits(int n_rows, int n_experts) {
    std::vector<float> logits;
    for (int t = 0; t < n_rows; ++t) {
        for (int e = 0; e < n_experts; ++e) {
            logits.push_back(float((t % 100 + 1) * (e + 1) % 101) / 16 - 3);
        }
    }
    return logits;
}

}  // namespace

// --- Worked by hand ---------------------------------------------------------------------------

TEST_CASE("router_losses: two tokens, two experts, worked by hand", "[router_losses]") {
    // p = (3/4, 1/4) and (1/4, 3/4): f = (1/2, 1/2), P = (1/2, 1/2), 2 * (1/4 + 1/4) = 1
    const float log_3 = std::log(3.0f);
    CHECK_THAT(balance_of({log_3, 0, 0, log_3}, 2, 1), WithinAbs(1.0, 1e-7));
    // both choose expert 0: f = (1, 0), P = (3/4, 1/4), 2 * 3/4
    CHECK_THAT(balance_of({log_3, 0, log_3, 0}, 2, 1), WithinAbs(1.5, 1e-7));
    // log(3 + 1) twice
    CHECK_THAT(z_of({log_3, 0, 0, log_3}, 2), WithinAbs(std::log(4.0) * std::log(4.0), 1e-7));
}

// --- What the top block claims ----------------------------------------------------------------

TEST_CASE("router_losses: balance is top_k if the load is even and n_experts at worst",
          "[router_losses]") {
    std::vector<float> even, collapsed;
    for (int t = 0; t < 8; ++t) {
        for (int e = 0; e < 8; ++e) {
            even.push_back((e - t + 8) % 8 < 2 ? 30.0f : 0.0f);  // each token the next two
            collapsed.push_back(e < 2 ? 30.0f : 0.0f);           // all tokens the same two
        }
    }
    CHECK_THAT(balance_of(even, 8, 2), WithinAbs(2.0, 1e-7));
    CHECK_THAT(balance_of(collapsed, 8, 2), WithinAbs(8.0, 1e-7));
}

TEST_CASE("router_losses: adding a constant to a token's logits moves z and not balance",
          "[router_losses]") {
    std::vector<float> logits = made_logits(6, 8);
    const double balance = balance_of(logits, 8, 2);
    const double z = z_of(logits, 8);
    for (float& logit : logits) {
        logit += 2;  // exact: the logits are sixteenths
    }
    CHECK_THAT(balance_of(logits, 8, 2), WithinAbs(balance, 1e-12));
    CHECK(z_of(logits, 8) > z + 1);
}

TEST_CASE("router_losses: large logits do not overflow", "[router_losses]") {
    CHECK_THAT(z_of({1000, 1000}, 2), WithinAbs(std::pow(1000 + std::log(2.0), 2), 1e-6));
    CHECK_THAT(balance_of({1000, -1000}, 2, 1), WithinAbs(2.0, 1e-12));
}

// --- Errors -----------------------------------------------------------------------------------

TEST_CASE("router_losses: what makes no sense is named", "[router_losses][errors]") {
    const float nan = std::numeric_limits<float>::quiet_NaN();
    CHECK_THROWS_WITH(balance_loss({nullptr, 0, 4}, 1),
                      "balance_loss: there are no logits, expected a row or more");
    CHECK_THROWS_WITH(z_loss({nullptr, 0, 4}),
                      "z_loss: there are no logits, expected a row or more");
    CHECK_THROWS_WITH(balance_of({1, 2}, 2, 3),
                      "balance_loss: logits.cols is 2, expected at least 3 (top_k)");
    CHECK_THROWS_WITH(balance_of({1, 2}, 2, 0), "balance_loss: top_k is 0, expected 1 or more");
    CHECK_THROWS_WITH(z_of({1, nan}, 2), "route: logits[0, 1] is NaN, expected a number");
}

// --- Hugging Face -----------------------------------------------------------------------------

TEST_CASE("router_losses: balance is Hugging Face's load_balancing_loss_func, z its formula",
          "[router_losses]") {
    struct Golden {
        int n_tokens, n_experts, n_layers, top_k;
        double balance, z;
    };
    // tests/golden/make_router_losses.py
    // clang-format off
    const std::vector<Golden> goldens = {
        {5, 4, 1, 1, 1.298124, 1.309021600},
        {12, 8, 1, 2, 4.495486, 3.734904699},
        {40, 32, 1, 4, 4.357526, 22.736481111},
        {40, 32, 3, 4, 4.054244, 23.327463294},
        {100, 16, 4, 4, 4.021899, 16.960649173},
    };
    // clang-format on
    for (const Golden& golden : goldens) {
        const int n_rows = golden.n_tokens * golden.n_layers;
        const std::vector<float> logits = made_logits(n_rows, golden.n_experts);
        // its sums are float32, and six digits are printed
        CHECK_THAT(balance_of(logits, golden.n_experts, golden.top_k),
                   WithinAbs(golden.balance, 3e-6));
        CHECK_THAT(z_of(logits, golden.n_experts), WithinAbs(golden.z, 2e-9 * golden.z));
    }
}
