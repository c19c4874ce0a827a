#include "gptoss/layers/expert_linear.hpp"

#include <cstring>
#include <vector>

#include "catch.hpp"
#include "golden.hpp"
#include "gptoss/core/generator.hpp"
#include "gptoss/ops/scalar.hpp"

using namespace gptoss;
using namespace gptoss::test;

namespace {

// MXFP4 matrices of a few experts, given as floats that MXFP4 can hold under scale 127 (one).
struct PackedExperts {
    std::vector<std::uint8_t> codes;
    std::vector<std::uint8_t> scales;
    ExpertStack stack;

    PackedExperts(int n_experts, int rows, int cols, const std::vector<float>& weights)
        : codes(weights.size() / 2), scales(weights.size() / 32, 127) {
        for (std::size_t block = 0; block < scales.size(); ++block) {
            mxfp4_encode_block(&weights[32 * block], 127, &codes[16 * block]);
        }
        stack.codes = codes.data();
        stack.scales = scales.data();
        stack.n_experts = n_experts;
        stack.rows = rows;
        stack.cols = cols;
    }
};

// The same experts as a file holds them that was unpacked to BF16: [expert][in][out].
struct UnpackedExperts {
    std::vector<std::uint16_t> bf16;
    ExpertStack stack;

    explicit UnpackedExperts(const ExpertStack& packed)
        : bf16(std::size_t(packed.n_experts) * std::size_t(packed.rows) *
               std::size_t(packed.cols)) {
        for (int e = 0; e < packed.n_experts; ++e) {
            for (int o = 0; o < packed.rows; ++o) {
                for (int block = 0; block < packed.cols / 32; ++block) {
                    float w[32];
                    packed.mxfp4(e).row(o).decode_block(block, w);
                    for (int i = 0; i < 32; ++i) {
                        const int in = e * packed.cols + 32 * block + i;
                        bf16[std::size_t(in * packed.rows + o)] = float_to_bf16(w[i]);
                    }
                }
            }
        }
        stack.transposed = reinterpret_cast<const std::uint8_t*>(bf16.data());
        stack.n_experts = packed.n_experts;
        stack.rows = packed.rows;
        stack.cols = packed.cols;
    }
};

// A (rows, 32) matrix whose row o holds value[o] everywhere.
std::vector<float> constant_rows(const std::vector<float>& values) {
    std::vector<float> weights;
    for (const float value : values) {
        weights.insert(weights.end(), 32, value);
    }
    return weights;
}

std::vector<float> one_to(int n) {
    std::vector<float> x;
    for (int i = 1; i <= n; ++i) {
        x.push_back(float(i));
    }
    return x;
}

using Ids = std::vector<std::int32_t>;

template <class Ops>
std::vector<float> expert_outputs(ConstMatrixView x, XRows x_rows, ConstIdsView ids,
                                  const ExpertStack& experts, ConstMatrixView bias) {
    const int n_rows = ids.rows * ids.cols;
    std::vector<float> y(std::size_t(n_rows) * std::size_t(experts.rows));
    Ops::expert_linear(x, x_rows, ids, experts, bias, {y.data(), n_rows, experts.rows});
    return y;
}

}  // namespace

// --- Worked by hand ---------------------------------------------------------------------------

TEMPLATE_TEST_CASE("expert_linear: two experts of two rows, worked by hand", "[experts]",
                   ScalarOps) {
    // x is 1 .. 32, with sum 528. Expert 0 has rows of 1 and of 2, expert 1 of 0.5 and of -1.
    const PackedExperts experts(2, 2, 32, constant_rows({1, 2, 0.5f, -1}));
    const std::vector<float> x = one_to(32), bias{10, 20, 30, 40};
    const Ids ids{1, 0};
    const auto y = expert_outputs<TestType>({x.data(), 1, 32}, XRows::per_token, {ids.data(), 1, 2},
                                            experts.stack, {bias.data(), 2, 2});
    CHECK(y == std::vector<float>{264 + 30, -528 + 40, 528 + 10, 1056 + 20});
}

// --- The claims of the header, one by one -----------------------------------------------------

TEMPLATE_TEST_CASE("expert_linear: one x serves all ranks, or each rank brings its own",
                   "[experts]", ScalarOps) {
    const PackedExperts experts(2, 1, 32, constant_rows({1, 2}));
    const std::vector<float> bias{0, 0};
    const Ids ids{0, 1, 1, 0};  // two tokens, top 2
    std::vector<float> x(4 * 32);
    for (std::size_t i = 0; i < x.size(); ++i) {
        x[i] = float(i / 32 + 1);  // row r holds r + 1, so it sums to 32 (r + 1)
    }
    const ConstIdsView ids_view{ids.data(), 2, 2};
    const ConstMatrixView bias_view{bias.data(), 2, 1};
    CHECK(expert_outputs<TestType>({x.data(), 2, 32}, XRows::per_token, ids_view, experts.stack,
                                   bias_view) == std::vector<float>{32, 64, 128, 64});
    CHECK(expert_outputs<TestType>({x.data(), 4, 32}, XRows::per_rank, ids_view, experts.stack,
                                   bias_view) == std::vector<float>{32, 128, 192, 128});
}

TEMPLATE_TEST_CASE("expert_linear: the bias is the chosen expert's own", "[experts]", ScalarOps) {
    const PackedExperts experts(3, 1, 32, constant_rows({0, 0, 0}));
    const std::vector<float> x(32, 1.0f), bias{5, 6, 7};
    const Ids ids{2, 0};
    CHECK(expert_outputs<TestType>({x.data(), 1, 32}, XRows::per_token, {ids.data(), 1, 2},
                                   experts.stack, {bias.data(), 3, 1}) == std::vector<float>{7, 5});
}

TEMPLATE_TEST_CASE("expert_linear: a row of the matrix is an output, also in a square one",
                   "[experts]", ScalarOps) {
    // Only row 0 is set, so only y[0] is: the sum of x, 528. The transposed matrix fits as well and
    // would give x[0] = 1 in every place.
    std::vector<float> weights(32 * 32);
    std::fill(weights.begin(), weights.begin() + 32, 1.0f);
    const PackedExperts experts(1, 32, 32, weights);
    const std::vector<float> x = one_to(32), bias(32);
    const Ids ids{0};
    std::vector<float> expected(32);
    expected[0] = 528;
    CHECK(expert_outputs<TestType>({x.data(), 1, 32}, XRows::per_token, {ids.data(), 1, 1},
                                   experts.stack, {bias.data(), 1, 32}) == expected);
}

TEMPLATE_TEST_CASE("expert_linear: every block of 32 has its own scale", "[experts]", ScalarOps) {
    PackedExperts experts(1, 1, 64, std::vector<float>(64, 1.0f));
    experts.scales = {128, 125};  // 2 and 0.25
    experts.stack.scales = experts.scales.data();
    const std::vector<float> x(64, 1.0f), bias(1);
    const Ids ids{0};
    CHECK(expert_outputs<TestType>({x.data(), 1, 64}, XRows::per_token, {ids.data(), 1, 1},
                                   experts.stack,
                                   {bias.data(), 1, 1}) == std::vector<float>{64 + 8});
}

TEMPLATE_TEST_CASE("expert_linear: no tokens, nothing done", "[experts]", ScalarOps) {
    const PackedExperts experts(1, 1, 32, std::vector<float>(32, 1.0f));
    const std::vector<float> bias(1);
    CHECK_NOTHROW(TestType::expert_linear({nullptr, 0, 32}, XRows::per_token, {nullptr, 0, 2},
                                          experts.stack, {bias.data(), 1, 1}, {nullptr, 0, 1}));
}

TEMPLATE_TEST_CASE("expert_linear: row 0 of expert 0 of the 20b model, a probe", "[experts]",
                   ScalarOps) {
    // The synthetic 20b model, seed 1: token 1's embedding, normed, times one row without its bias.
    const auto stream = [](const char* name, std::size_t first, std::size_t count) {
        std::vector<std::uint8_t> bytes(count);
        generate_bytes(generator_key(1, name), first, count, bytes.data());
        return bytes;
    };
    std::vector<float> x, gain;
    for (const std::uint8_t byte : stream("embedding.weight", 2880, 2880)) {
        x.push_back(uniform_value(byte, 0));
    }
    for (const std::uint8_t byte : stream("block.0.attn.norm.scale", 0, 2880)) {
        gain.push_back(norm_gain_value(byte));
    }
    TestType::rmsnorm({x.data(), 1, 2880}, {gain.data(), 2880}, 1e-5f, {x.data(), 1, 2880});

    const auto codes = stream("block.0.mlp.mlp1_weight.blocks", 0, 1440);
    std::vector<std::uint8_t> scales = stream("block.0.mlp.mlp1_weight.scales", 0, 90);
    for (std::uint8_t& scale : scales) {
        scale = mxfp4_scale_value(scale, 2880);
    }
    const ExpertStack one_row{codes.data(), scales.data(), nullptr, 1, 1, 2880};
    const std::vector<float> no_bias(1);
    const Ids ids{0};
    const auto y = expert_outputs<TestType>({x.data(), 1, 2880}, XRows::per_token,
                                            {ids.data(), 1, 1}, one_row, {no_bias.data(), 1, 1});
    CHECK_THAT(y[0], WithinAbs(0.67212923413, 2e-5));
}

// --- Errors -----------------------------------------------------------------------------------

TEST_CASE("expert_linear: operands that do not fit are named", "[experts][errors]") {
    const PackedExperts experts(2, 1, 32, constant_rows({1, 2}));
    const std::vector<float> x(4 * 64), bias(4);
    std::vector<float> y(8);
    const Ids ids{0, 1, 1, 0};
    const ConstIdsView two_tokens{ids.data(), 2, 2};
    const ConstMatrixView x_view{x.data(), 2, 32};
    const ConstMatrixView bias_view{bias.data(), 2, 1};
    const MatrixView y_view{y.data(), 4, 1};
    const ExpertStack& stack = experts.stack;
    REQUIRE_THROWS_WITH(
        expert_linear({x.data(), 2, 64}, XRows::per_token, two_tokens, stack, bias_view, y_view),
        "expert_linear: x.cols is 64, expected 32 (all_experts.cols)");
    REQUIRE_THROWS_WITH(
        expert_linear({x.data(), 3, 32}, XRows::per_token, two_tokens, stack, bias_view, y_view),
        "expert_linear: x.rows is 3, expected 2 (ids.rows)");
    REQUIRE_THROWS_WITH(
        expert_linear(x_view, XRows::per_rank, two_tokens, stack, bias_view, y_view),
        "expert_linear: x.rows is 2, expected 4 (ids.rows * ids.cols)");
    REQUIRE_THROWS_WITH(
        expert_linear(x_view, XRows::per_token, two_tokens, stack, {bias.data(), 1, 1}, y_view),
        "expert_linear: bias is (1, 1), expected (2, 1)");
    REQUIRE_THROWS_WITH(
        expert_linear(x_view, XRows::per_token, two_tokens, stack, bias_view, {y.data(), 2, 1}),
        "expert_linear: y is (2, 1), expected (4, 1)");

    ExpertStack narrow = stack;
    narrow.cols = 16;
    REQUIRE_THROWS_WITH(
        expert_linear({x.data(), 2, 16}, XRows::per_token, two_tokens, narrow, bias_view, y_view),
        "expert_linear: all_experts.cols is 16, expected a multiple of 32 (MXFP4 block)");
    REQUIRE_THROWS_AS(
        expert_linear({x.data(), 2, 16}, XRows::per_token, two_tokens, narrow, bias_view, y_view),
        ShapeError);
}

// --- Goldens ----------------------------------------------------------------------------------

namespace {

template <class Ops>
void check_site(const Golden& golden, Site x_site, XRows x_rows, Site y_site, int layer,
                const ExpertStack& experts, ConstMatrixView bias) {
    const ConstIdsView ids = golden.ids_at(Site::mlp_expert_ids, layer);
    const auto y = expert_outputs<Ops>(golden.at(x_site, layer), x_rows, ids, experts, bias);
    const ConstMatrixView y_view{y.data(), ids.rows * ids.cols, experts.rows};
    CHECK_SITE(golden, y_site, layer, y_view, alone_bound(golden, y_site));
}

template <class Ops>
void check_every_expert_linear(const Golden& golden) {
    for (int layer = 0; layer < golden.config().n_layers; ++layer) {
        const ExpertWeights& w = golden.weights.layers[std::size_t(layer)].mlp;
        check_site<Ops>(golden, Site::mlp_norm, XRows::per_token, Site::mlp_gate_up, layer,
                        w.gate_up, w.gate_up_bias);
        check_site<Ops>(golden, Site::mlp_swiglu, XRows::per_rank, Site::mlp_expert_out, layer,
                        w.down, w.down_bias);
    }
}

}  // namespace

TEMPLATE_TEST_CASE("expert_linear: tiny golden, both matrices of every layer", "[experts][golden]",
                   ScalarOps) {
    check_every_expert_linear<TestType>(golden_tiny());
}

TEMPLATE_TEST_CASE("expert_linear: odd golden, both matrices of every layer", "[experts][golden]",
                   ScalarOps) {
    check_every_expert_linear<TestType>(golden_odd());
}

TEMPLATE_TEST_CASE("expert_linear: 20b golden, both matrices at 2880 wide", "[experts][golden]",
                   ScalarOps) {
    check_every_expert_linear<TestType>(golden_block20b());
}

TEMPLATE_TEST_CASE("expert_linear: experts unpacked to BF16 and transposed give the same bits",
                   "[experts][golden]", ScalarOps) {
    const Golden& golden = golden_odd();  // 96 in, 128 out: a forgotten transpose cannot fit
    const ExpertWeights& w = golden.weights.layers[1].mlp;
    const UnpackedExperts unpacked(w.gate_up);
    const ConstMatrixView x = golden.at(Site::mlp_norm, 1);
    const ConstIdsView ids = golden.ids_at(Site::mlp_expert_ids, 1);
    const auto from_mxfp4 =
        expert_outputs<TestType>(x, XRows::per_token, ids, w.gate_up, w.gate_up_bias);
    const auto from_bf16 =
        expert_outputs<TestType>(x, XRows::per_token, ids, unpacked.stack, w.gate_up_bias);
    REQUIRE(from_mxfp4.size() == from_bf16.size());
    if constexpr (requires { TestType::kSumsInAnyOrder; }) {  // a kernel for each of the two
        const int size = int(from_bf16.size());
        const Difference d = difference({from_mxfp4.data(), 1, size}, {from_bf16.data(), 1, size});
        CHECK(d.error <= 1e-6);
    } else {
        CHECK(std::memcmp(from_mxfp4.data(), from_bf16.data(), 4 * from_bf16.size()) == 0);
    }
}
