#include "gptoss/contrast/gelu.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

#include "catch.hpp"

using namespace gptoss;
using namespace gptoss::contrast;

// --- Worked by hand ---------------------------------------------------------------------------

TEST_CASE("gelu: both forms at -1, 0 and 1", "[gelu]") {
    // P(Z < 1) = 0.8413447; sqrt(2 / pi) * 1.044715 = 0.8335631, whose tanh is 0.6823838
    std::vector<float> x{-1, 0, 1}, y(3);
    gelu({x.data(), 1, 3}, GeluForm::exact, {y.data(), 1, 3});
    CHECK_THAT(y[0], WithinAbs(-0.1586553, 1e-6));
    CHECK(y[1] == 0);
    CHECK_THAT(y[2], WithinAbs(0.8413447, 1e-6));
    gelu({x.data(), 1, 3}, GeluForm::by_tanh, {y.data(), 1, 3});
    CHECK_THAT(y[0], WithinAbs(-0.1588081, 1e-6));
    CHECK_THAT(y[2], WithinAbs(0.8411919, 1e-6));
}

// --- What the top block claims ----------------------------------------------------------------

TEST_CASE("gelu: the forms differ by 5e-4 at most, and from x * sigmoid(1.702 x) by 0.021",
          "[gelu]") {
    double of_tanh = 0, of_sigmoid = 0;
    for (double x = -8; x <= 8; x += 0.001) {
        of_tanh = std::max(of_tanh, std::abs(gelu_by_tanh(x) - gelu_exact(x)));
        const double by_sigmoid = x / (1 + std::exp(-1.702 * x));
        of_sigmoid = std::max(of_sigmoid, std::abs(by_sigmoid - gelu_exact(x)));
    }
    CHECK((4e-4 < of_tanh && of_tanh < 5e-4));
    CHECK((0.020 < of_sigmoid && of_sigmoid < 0.021));
}

// --- Errors -----------------------------------------------------------------------------------

TEST_CASE("gelu: an output of another shape is named in the error", "[gelu][errors]") {
    std::vector<float> x(4), y(2);
    REQUIRE_THROWS_WITH(gelu({x.data(), 1, 4}, GeluForm::exact, {y.data(), 1, 2}),
                        "gelu: y is (1, 2), expected (1, 4)");
}
