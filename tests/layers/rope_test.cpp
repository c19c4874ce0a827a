#include "gptoss/layers/rope.hpp"

#include <bit>
#include <cmath>
#include <cstdint>
#include <numeric>
#include <vector>

#include "catch.hpp"
#include "golden.hpp"
#include "gptoss/core/presets.hpp"
#include "gptoss/ops/scalar.hpp"

using namespace gptoss;
using namespace gptoss::test;

// --- Worked by hand ---------------------------------------------------------------------------

TEMPLATE_TEST_CASE("rope: a quarter turn of one pair, worked by hand", "[rope]", ScalarOps) {
    // Pair 0 is (1, 3) and turns by 90 degrees: (-3, 1). Pair 1 is (2, 4) and stays.
    std::vector<float> table{0, 1, /* cos */ 1, 0 /* sin */};
    std::vector<float> x{1, 2, 3, 4}, y(4);
    TestType::rope({x.data(), 1, 4}, {table.data(), 1, 4}, {y.data(), 1, 4});
    CHECK(y == std::vector<float>{-3, 2, 1, 4});
}

TEST_CASE("rope: the ramp of a 6-pair head, worked by hand", "[rope]") {
    // With theta = e^6 and 12 channels, pair d has inv_freq e^-d, and a bound is
    // ln(context / (turns * 2 pi)). Contexts of 2 pi e^4 and turns of e^3 and 1 give 1 and 4.
    Config config;
    config.head_dim = 12;
    config.rope_theta = float(std::exp(6.0));
    config.initial_context_length = 343;  // 2 pi e^4 = 343.05
    config.rope_ntk_beta = float(std::exp(3.0));
    config.rope_ntk_alpha = 1;
    CHECK_THAT(yarn_bound(config, config.rope_ntk_beta), WithinAbs(1, 2e-4));
    CHECK_THAT(yarn_bound(config, config.rope_ntk_alpha), WithinAbs(4, 2e-4));
    CHECK(yarn_ramp(config, 0) == 0.0f);
    CHECK_THAT(yarn_ramp(config, 2), WithinAbs(1.0 / 3, 2e-4));
    CHECK_THAT(yarn_ramp(config, 3), WithinAbs(2.0 / 3, 2e-4));
    CHECK(yarn_ramp(config, 5) == 1.0f);

    // Pair 2 turns e^-2 = 0.13534 radians per position; a third of it is divided by 32.
    CHECK_THAT(rope_inv_freq(config, 2), WithinAbs(0.13534 / 32 / 3 + 0.13534 * 2 / 3, 1e-4));
}

// --- The real models, against known numbers ---------------------------------------------------

TEST_CASE("rope: low, high and the concentration of the real models", "[rope]") {
    const Config config = preset_20b();
    CHECK_THAT(yarn_bound(config, config.rope_ntk_beta), WithinAbs(8.092779115512402, 1e-12));
    CHECK_THAT(yarn_bound(config, config.rope_ntk_alpha), WithinAbs(17.39802450158856, 1e-12));
    CHECK(rope_concentration(config) == 1.3465735902799727f);
    const double c = rope_concentration(config);
    CHECK_THAT(c * c, WithinAbs(1.8132604340394958, 2e-7));
    CHECK(round_to_bf16(rope_concentration(config)) == 1.34375f);
}

namespace {

struct KnownFrequency {
    int d;
    double ramp;
    double inv_freq;     // float64
    std::uint32_t bits;  // of the official model's float32
};

constexpr KnownFrequency kFrequencies[] = {
    {0, 0, 1.0000000000e+00, 0x3f800000},           {1, 0, 6.8904430589e-01, 0x3f306535},
    {2, 0, 4.7478205548e-01, 0x3ef316a2},           {4, 0, 2.2541800020e-01, 0x3e66d3fa},
    {8, 0, 5.0813274815e-02, 0x3d502194},           {9, 0.09749564, 3.1705696185e-02, 0x3d01ddd5},
    {10, 0.20496191, 1.9335001127e-02, 0x3c9e6470}, {11, 0.31242818, 1.1592049256e-02, 0x3c3dec94},
    {12, 0.41989445, 6.7949594897e-03, 0x3bdea840}, {13, 0.52736072, 3.8603593172e-03, 0x3b7cfe14},
    {14, 0.63482699, 2.0937923790e-03, 0x3b093803}, {15, 0.74229325, 1.0526021014e-03, 0x3a89f778},
    {16, 0.84975952, 4.5648391922e-04, 0x39ef543c}, {17, 0.95722579, 1.2931870125e-04, 0x390799b9},
    {18, 1, 3.8308812374e-05, 0x3820adc6},          {24, 1, 4.0999784818e-06, 0x3689928c},
    {31, 1, 3.0235114281e-07, 0x34a252d3},
};

}  // namespace

TEST_CASE("rope: ramp and radians per position of 17 pairs, to the bit", "[rope]") {
    const Config config = preset_20b();
    for (const KnownFrequency& known : kFrequencies) {
        INFO("pair " << known.d);
        const float inv_freq = rope_inv_freq(config, known.d);
        CHECK_THAT(yarn_ramp(config, known.d), WithinAbs(known.ramp, 6e-8));
        CHECK_THAT(inv_freq / known.inv_freq, WithinAbs(1, 5e-7));  // three float32 roundings
        CHECK(std::bit_cast<std::uint32_t>(inv_freq) == known.bits);
    }
}

namespace {

struct KnownAngle {
    int position;
    int d;
    double cos;
    double sin;
};

// Exact cos and sin of the float32 product position * inv_freq, times the concentration.
constexpr KnownAngle kAngles[] = {
    {1, 0, 0.72755682, 1.13310261},      {1, 8, 1.34483554, 0.06839438},
    {1, 12, 1.34654250, 0.00914984},     {100, 0, 1.16117582, -0.68185860},
    {100, 12, 1.04748556, 0.84618818},   {100, 17, 1.34646100, 0.01741323},
    {4096, 0, 1.08263253, -0.80072920},  {4096, 8, 0.95155102, 0.95279127},
    {4096, 12, -1.21706112, 0.57621408}, {4096, 31, 1.34657256, 0.00166764},
};

}  // namespace

TEMPLATE_TEST_CASE("rope: cos and sin at positions 1, 100 and 4096", "[rope]", ScalarOps) {
    const Config config = preset_20b();
    for (const KnownAngle& known : kAngles) {
        INFO("position " << known.position << ", pair " << known.d);
        const std::int32_t position = known.position;
        std::vector<float> table(64);
        TestType::rope_table(config, {&position, 1}, {table.data(), 1, 64});
        const float* cos = table.data();
        const float* sin = table.data() + 32;
        CHECK_THAT(cos[known.d], WithinAbs(known.cos, 2e-7));  // two float32 roundings
        CHECK_THAT(sin[known.d], WithinAbs(known.sin, 2e-7));
    }
}

TEST_CASE("rope: rounded to BF16, position 1 has the official model's BF16 table", "[rope]") {
    const std::int32_t position = 1;
    std::vector<float> table(64);
    rope_table(preset_20b(), {&position, 1}, {table.data(), 1, 64});
    CHECK(round_to_bf16(table[0]) == 0.7265625f);
    CHECK(round_to_bf16(table[32]) == 1.1328125f);
    CHECK(round_to_bf16(table[8]) == 1.34375f);
    CHECK(round_to_bf16(table[40]) == 0.068359375f);
}

// --- The pitfalls, one by one -----------------------------------------------------------------

TEMPLATE_TEST_CASE("rope: pairs are halves, not neighbours", "[rope]", ScalarOps) {
    // Only channel 0 is set: a quarter turn moves it to channel 2; neighbours would give 1.
    std::vector<float> table{0, 0, 1, 1}, x{1, 0, 0, 0}, y(4);
    TestType::rope({x.data(), 1, 4}, {table.data(), 1, 4}, {y.data(), 1, 4});
    CHECK(y == std::vector<float>{0, 0, 1, 0});
}

TEST_CASE("rope: low and high are not rounded", "[rope]") {
    // What rounding them to 8 and 18, as other programs do, would change, in percent.
    const Config config = preset_20b();
    const double percent[] = {-0.27, 0.60, 1.7, 3.2, 5.4, 8.8, 14.6, 27.3, 76.3};
    double largest_difference = 0;  // radians per position
    for (int d = 9; d <= 17; ++d) {
        INFO("pair " << d);
        const double extrapolated = std::pow(150000.0, -2.0 * d / 64);
        const double ramp = (d - 8) / 10.0;
        const double rounded = extrapolated / 32 * ramp + extrapolated * (1 - ramp);
        const double ours = rope_inv_freq(config, d);
        CHECK_THAT(100 * (rounded / ours - 1), WithinAbs(percent[d - 9], 0.06));
        largest_difference = std::max(largest_difference, std::abs(rounded - ours));
    }
    CHECK_THAT(127 * largest_difference, WithinAbs(0.03, 0.005));
    CHECK_THAT(1000 * largest_difference, WithinAbs(0.22, 0.005));
    CHECK_THAT(4096 * largest_difference, WithinAbs(0.90, 0.005));
}

TEMPLATE_TEST_CASE("rope: YaRN acts from position 0 at any length", "[rope]", ScalarOps) {
    // One short context: pair 31 already turns 32 times slower, and position 0 is scaled by c.
    const std::vector<std::int32_t> positions{0, 1};
    std::vector<float> table(128);
    TestType::rope_table(preset_20b(), {positions.data(), 2}, {table.data(), 2, 64});
    const float* cos_0 = table.data();
    const float* sin_1 = table.data() + 64 + 32;
    CHECK(cos_0[0] == 1.3465736f);
    CHECK_THAT(sin_1[31], WithinAbs(1.3465736 * 3.0235114e-07, 1e-12));  // 1.3e-05 without YaRN
}

TEMPLATE_TEST_CASE("rope: a token's row does not depend on the other tokens of the pass", "[rope]",
                   ScalarOps) {
    const Config config = preset_20b();
    std::vector<std::int32_t> positions(1000);
    std::iota(positions.begin(), positions.end(), 0);
    std::vector<float> all(64 * 1000), alone(64);
    TestType::rope_table(config, {positions.data(), 1000}, {all.data(), 1000, 64});
    TestType::rope_table(config, {positions.data() + 999, 1}, {alone.data(), 1, 64});
    CHECK(alone == std::vector<float>(all.end() - 64, all.end()));
}

namespace {

// q at position p_q, k at position p_k: their dot product after rotation.
template <class Ops>
double rotated_dot(const Config& config, int p_q, int p_k) {
    std::vector<float> q(64), k(64), table(128);
    for (int d = 0; d < 64; ++d) {
        q[std::size_t(d)] = float(d % 7) - 3;
        k[std::size_t(d)] = float(d % 5) - 1;
    }
    const std::vector<std::int32_t> positions{p_q, p_k};
    Ops::rope_table(config, {positions.data(), 2}, {table.data(), 2, 64});
    Ops::rope({q.data(), 1, 64}, {table.data(), 1, 64}, {q.data(), 1, 64});
    Ops::rope({k.data(), 1, 64}, {table.data() + 64, 1, 64}, {k.data(), 1, 64});
    return std::inner_product(q.begin(), q.end(), k.begin(), 0.0);
}

}  // namespace

TEMPLATE_TEST_CASE("rope: q . k depends on the distance only", "[rope]", ScalarOps) {
    const Config config = preset_20b();
    const double near_start = rotated_dot<TestType>(config, 7, 3);
    const double further_on = rotated_dot<TestType>(config, 1004, 1000);
    const double other_distance = rotated_dot<TestType>(config, 7, 4);
    CHECK_THAT(further_on, WithinAbs(near_start, 0.01));  // float32 angles of about 1000 radians
    CHECK(std::abs(other_distance - near_start) > 0.1);
}

TEMPLATE_TEST_CASE("rope: c multiplies q and k, so scores grow by c squared", "[rope]", ScalarOps) {
    const Config yarn = preset_20b();
    Config plain = yarn;
    plain.rope_scaling_factor = 1;
    const double plain_dot = rotated_dot<TestType>(plain, 5, 5);  // the same angle: q . k itself
    CHECK_THAT(rotated_dot<TestType>(yarn, 5, 5) / plain_dot, WithinAbs(1.8132604, 1e-5));
}

TEST_CASE("rope: a factor of 1 is plain RoPE", "[rope]") {
    Config plain = preset_20b();
    plain.rope_scaling_factor = 1;
    CHECK(rope_concentration(plain) == 1.0f);
    CHECK(rope_inv_freq(plain, 0) == 1.0f);
    CHECK_THAT(rope_inv_freq(plain, 16), WithinAbs(1 / std::sqrt(150000.0), 1e-9));
    CHECK_THAT(rope_inv_freq(plain, 31) / std::pow(150000.0, -62.0 / 64), WithinAbs(1, 1e-6));
}

TEST_CASE("rope: bounds that a file asks to round are 8 and 18", "[rope]") {
    Config rounded = preset_20b();
    rounded.rope_truncate = true;  // 8.09 and 17.40 before
    CHECK(yarn_ramp(rounded, 8) == 0.0f);
    CHECK_THAT(yarn_ramp(rounded, 9), WithinAbs(0.1, 1e-7));
    CHECK_THAT(yarn_ramp(rounded, 17), WithinAbs(0.9, 1e-7));
    CHECK(yarn_ramp(rounded, 18) == 1.0f);
}

TEST_CASE("rope: an attention factor of the file takes the place of the concentration", "[rope]") {
    Config c = preset_20b();
    c.rope_attention_factor = 1.25f;
    CHECK(rope_concentration(c) == 1.25f);
    c.rope_scaling_factor = 1;
    CHECK(rope_concentration(c) == 1.25f);
}

TEMPLATE_TEST_CASE("rope: the angle is the float32 product, also at position 131071", "[rope]",
                   ScalarOps) {
    const Config config = preset_20b();
    const std::int32_t position = 131071;
    std::vector<float> table(64);
    TestType::rope_table(config, {&position, 1}, {table.data(), 1, 64});

    const float angle = 131071.0f * rope_inv_freq(config, 2);
    const double exact_angle = 131071.0 * std::pow(150000.0, -4.0 / 64);
    CHECK_THAT(std::abs(double(angle) - exact_angle), WithinAbs(2.5e-3, 1e-4));
    const double c = 0.1 * std::log(32.0) + 1;
    CHECK_THAT(table[2], WithinAbs(std::cos(double(angle)) * c, 2e-7));
    CHECK_THAT(table[34], WithinAbs(std::sin(double(angle)) * c, 2e-7));
}

TEMPLATE_TEST_CASE("rope: every head of a token is turned alike, every token by its own row",
                   "[rope]", ScalarOps) {
    // Token 0 turns by 90 degrees, token 1 by 180; two heads of two channels.
    std::vector<float> table{0, 1, -1, 0};
    std::vector<float> x{1, 2, 3, 4, 5, 6, 7, 8}, y(8);
    TestType::rope({x.data(), 2, 4}, {table.data(), 2, 2}, {y.data(), 2, 4});
    CHECK(y == std::vector<float>{-2, 1, -4, 3, -5, -6, -7, -8});
}

TEMPLATE_TEST_CASE("rope: y may be x", "[rope]", ScalarOps) {
    const std::int32_t position = 3;
    std::vector<float> table(64), x(128), y(128);
    std::iota(x.begin(), x.end(), -60.0f);
    TestType::rope_table(preset_20b(), {&position, 1}, {table.data(), 1, 64});
    TestType::rope({x.data(), 1, 128}, {table.data(), 1, 64}, {y.data(), 1, 128});
    TestType::rope({x.data(), 1, 128}, {table.data(), 1, 64}, {x.data(), 1, 128});
    CHECK(x == y);
}

TEMPLATE_TEST_CASE("rope: no tokens, nothing done", "[rope]", ScalarOps) {
    CHECK_NOTHROW(TestType::rope_table(preset_20b(), {nullptr, 0}, {nullptr, 0, 64}));
    CHECK_NOTHROW(TestType::rope({nullptr, 0, 64}, {nullptr, 0, 64}, {nullptr, 0, 64}));
}

// --- Errors -----------------------------------------------------------------------------------

TEST_CASE("rope: YaRN bounds in the wrong order are refused, without scaling they do not matter",
          "[rope][errors]") {
    Config c = preset_tiny();
    std::swap(c.rope_ntk_alpha, c.rope_ntk_beta);
    CHECK_THROWS_WITH(require_yarn_bounds(c), StartsWith("config: YaRN bounds are low = 17.398"));
    c.rope_scaling_factor = 1.0f;
    CHECK_NOTHROW(require_yarn_bounds(c));
}

TEST_CASE("rope: a table of the wrong shape is named in the error", "[rope][errors]") {
    const std::vector<std::int32_t> positions{0, 1};
    std::vector<float> table(128);
    REQUIRE_THROWS_WITH(rope_table(preset_20b(), {positions.data(), 2}, {table.data(), 4, 32}),
                        "rope_table: table is (4, 32), expected (2, 64)");
    REQUIRE_THROWS_AS(rope_table(preset_20b(), {positions.data(), 2}, {table.data(), 4, 32}),
                      ShapeError);
}

TEST_CASE("rope: a table for other tokens is named in the error", "[rope][errors]") {
    std::vector<float> table(8), x(4), y(4);
    REQUIRE_THROWS_WITH(rope({x.data(), 1, 4}, {table.data(), 2, 4}, {y.data(), 1, 4}),
                        "rope: table.rows is 2, expected 1 (x.rows)");
}

TEST_CASE("rope: an x that is no whole number of heads is named in the error", "[rope][errors]") {
    std::vector<float> table(4), x(6), y(6);
    REQUIRE_THROWS_WITH(rope({x.data(), 1, 6}, {table.data(), 1, 4}, {y.data(), 1, 6}),
                        "rope: x.cols is 6, expected a multiple of 4 (table.cols, head_dim)");
    REQUIRE_THROWS_WITH(rope({x.data(), 1, 6}, {table.data(), 1, 0}, {y.data(), 1, 6}),
                        "rope: x.cols is 6, expected a multiple of 0 (table.cols, head_dim)");
}

TEST_CASE("rope: a y of the wrong shape is named in the error", "[rope][errors]") {
    std::vector<float> table(4), x(8), y(4);
    REQUIRE_THROWS_WITH(rope({x.data(), 1, 8}, {table.data(), 1, 4}, {y.data(), 1, 4}),
                        "rope: y is (1, 4), expected (1, 8)");
}

// --- Goldens ----------------------------------------------------------------------------------

namespace {

template <class Ops>
void check_rope(const Golden& golden, Site site, int layer, ConstMatrixView x,
                ConstMatrixView table) {
    std::vector<float> y(std::size_t(x.rows) * std::size_t(x.cols));
    const MatrixView y_view{y.data(), x.rows, x.cols};
    Ops::rope(x, table, y_view);
    CHECK_SITE(golden, site, layer, y_view, alone_bound(golden, site));
}

template <class Ops>
void check_all_rotations(const Golden& golden) {
    const int n_tokens = golden.n_tokens();
    const int head_dim = golden.config().head_dim;
    std::vector<std::int32_t> positions(golden.tokens.size());
    std::iota(positions.begin(), positions.end(), 0);
    std::vector<float> table(golden.tokens.size() * std::size_t(head_dim));
    const MatrixView table_view{table.data(), n_tokens, head_dim};
    Ops::rope_table(golden.config(), {positions.data(), n_tokens}, table_view);

    for (int layer = 0; layer < golden.config().n_layers; ++layer) {
        check_rope<Ops>(golden, Site::attn_q_rope, layer, golden.at(Site::attn_q, layer),
                        table_view);
        check_rope<Ops>(golden, Site::attn_k_rope, layer, golden.at(Site::attn_k, layer),
                        table_view);
    }
}

}  // namespace

TEMPLATE_TEST_CASE("rope: tiny golden, attn.q_rope and attn.k_rope", "[rope][golden]", ScalarOps) {
    check_all_rotations<TestType>(golden_tiny());
}

TEMPLATE_TEST_CASE("rope: odd golden, attn.q_rope and attn.k_rope", "[rope][golden]", ScalarOps) {
    check_all_rotations<TestType>(golden_odd());
}

TEMPLATE_TEST_CASE("rope: 20b golden, attn.q_rope and attn.k_rope", "[rope][golden]", ScalarOps) {
    check_all_rotations<TestType>(golden_block20b());
}
