#include "gptoss/pitfalls/norm_pitfalls.hpp"

#include <cmath>

#include "catch.hpp"
#include "gptoss/core/presets.hpp"
#include "gptoss/ops/scalar.hpp"

using namespace gptoss;
using namespace gptoss::pitfalls;

namespace {

void begin_pass_of_one_layer() {
    const Config config = with_layers(preset_tiny(), 1);
    const std::int32_t position = 0;
    MadeMatrix table(1, config.head_dim);
    Noting<ScalarOps>::rope_table(config, {&position, 1}, table.view());
}

}  // namespace

TEST_CASE("norm pitfalls: eps is another model's", "[pitfalls]") {
    Config config = preset_20b();
    EpsSmall::edit(config);
    CHECK(config.eps == 1e-6f);
}

TEST_CASE("norm pitfalls: eps behind the root, a 3-4 vector worked by hand", "[pitfalls]") {
    // rms = sqrt(12.5) = 3.5355339, and 3 / (rms + 1) = 0.6614436 (inside: 3 / sqrt(13.5))
    const float x[2] = {3, 4}, gain[2] = {1, 1};
    float y[2];
    EpsOutsideRoot<ScalarOps>::rmsnorm({x, 1, 2}, {gain, 2}, 1.0f, {y, 1, 2});
    CHECK_THAT(y[0], WithinAbs(0.6614436, 1e-6));
    rmsnorm({x, 1, 2}, {gain, 2}, 1.0f, {y, 1, 2});
    CHECK_THAT(y[0], WithinAbs(0.8164966, 1e-6));
}

TEST_CASE("norm pitfalls: (1, 3) less its mean is (-1, 1)", "[pitfalls]") {
    const float x[2] = {1, 3}, gain[2] = {1, 1};
    float y[2];
    MeanSubtracted<ScalarOps>::rmsnorm({x, 1, 2}, {gain, 2}, 0.0f, {y, 1, 2});
    CHECK(y[0] == -1);
    CHECK(y[1] == 1);
}

TEST_CASE("norm pitfalls: norms are left for the residual, the final one is not", "[pitfalls]") {
    begin_pass_of_one_layer();
    const float x[2] = {3, 4}, gain[2] = {1, 1}, zero[2] = {0, 0};
    float y[2], out[2];
    NormAfterSublayer<ScalarOps>::rmsnorm({x, 1, 2}, {gain, 2}, 0.0f, {y, 1, 2});
    CHECK(y[0] == 3);
    NormAfterSublayer<ScalarOps>::add_residual({zero, 1, 2}, {y, 1, 2}, {out, 1, 2});
    CHECK_THAT(out[0], WithinAbs(0.8485281, 1e-6));
    NormAfterSublayer<ScalarOps>::rmsnorm({x, 1, 2}, {gain, 2}, 0.0f, {y, 1, 2});
    CHECK(y[0] == 3);
    NormAfterSublayer<ScalarOps>::rmsnorm({x, 1, 2}, {gain, 2}, 0.0f, {y, 1, 2});
    CHECK_THAT(y[0], WithinAbs(0.8485281, 1e-6));  // the third of one layer's three
}

TEST_CASE("norm pitfalls: only the last norm of a pass is missing", "[pitfalls]") {
    begin_pass_of_one_layer();
    const float x[2] = {3, 4}, gain[2] = {1, 1};
    float y[2];
    for (const double expected : {0.8485281, 0.8485281, 3.0}) {
        FinalNormMissing<ScalarOps>::rmsnorm({x, 1, 2}, {gain, 2}, 0.0f, {y, 1, 2});
        CHECK_THAT(y[0], WithinAbs(expected, 1e-6));
    }
}

TEST_CASE("norm pitfalls: the residual is taken behind the norm", "[pitfalls]") {
    // (3, 4) normed is (0.849, 1.131); a sublayer that returns (1, 1) is added to that.
    const float x[2] = {3, 4}, gain[2] = {1, 1}, ones[2] = {1, 1};
    float y[2], out[2];
    ResidualNormed<ScalarOps>::rmsnorm({x, 1, 2}, {gain, 2}, 0.0f, {y, 1, 2});
    CHECK_THAT(y[0], WithinAbs(0.8485281, 1e-6));
    ResidualNormed<ScalarOps>::add_residual({x, 1, 2}, {ones, 1, 2}, {out, 1, 2});
    CHECK_THAT(out[0], WithinAbs(1.8485281, 1e-6));
    CHECK_THAT(out[1], WithinAbs(2.1313708, 1e-6));
}

TEST_CASE("norm pitfalls: attention is added to the norm, the experts to the stream",
          "[pitfalls]") {
    using Wrong = AttentionResidualNormed<ScalarOps>;
    notes() = Notes{};
    const float x[2] = {3, 4}, gain[2] = {1, 1}, ones[2] = {1, 1};
    float y[2], out[2];
    Wrong::rmsnorm({x, 1, 2}, {gain, 2}, 0.0f, {y, 1, 2});
    Wrong::add_residual({x, 1, 2}, {ones, 1, 2}, {out, 1, 2});
    CHECK_THAT(out[0], WithinAbs(1.8485281, 1e-6));
    Wrong::rmsnorm({x, 1, 2}, {gain, 2}, 0.0f, {y, 1, 2});
    Wrong::add_residual({x, 1, 2}, {ones, 1, 2}, {out, 1, 2});
    CHECK(out[0] == 4);
}
