// Matmul by a BF16 unit: with a model of AMX everywhere, with AMX and AVX-512's dot products where
// they are.
#include "gptoss/fast/kernels/bf16_unit.hpp"

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "bf16_weights.hpp"
#include "catch.hpp"
#include "gptoss/core/generator.hpp"
#include "gptoss/fast/kernels/matmul.hpp"
#include "model_of_unit.hpp"

using namespace gptoss;
using namespace gptoss::fast;
using namespace gptoss::test;

namespace {

std::vector<float> numbers(int n, std::uint64_t seed) {
    std::vector<float> values;
    for (int i = 0; i < n; ++i) {
        values.push_back(float(double(mix(seed + std::uint64_t(i)) >> 11) * 0x1p-52 - 1));
    }
    return values;
}

// Largest error as a share of sum |w x|, over tokens in two groups, the first of n_first, out of order.
template <class Source, class WeightAt>
double worst_error_of(int n_first, MultiplyBf16 multiply, const Source& w,
                      const WeightAt& weight_at, ConstMatrixView x, ConstMatrixView x_for_kernel) {
    TokenGroups all;
    for (int t = 0; t < x.rows; ++t) {
        all.rows.push_back({x.rows - 1 - t, t});
    }
    all.groups = {{0, 0, n_first}, {1, n_first, x.rows - n_first}};
    std::vector<float> y(std::size_t(x.rows * w.rows()), 99.0f);
    multiply_in_panels(Bf16Panels{kernels(), multiply}, w, x_for_kernel, all.rows, all.groups,
                       {y.data(), x.rows, w.rows()});
    double worst = 0;
    for (int t = 0; t < x.rows; ++t) {
        for (int o = 0; o < w.rows(); ++o) {
            const int matrix = t < n_first ? 0 : 1;
            double sum = w.bias(matrix, o);
            double magnitudes = std::fabs(sum);
            for (int i = 0; i < x.cols; ++i) {
                const double product = weight_at(matrix, o, i) * x.row(x.rows - 1 - t)[i];
                sum += product;
                magnitudes += std::fabs(product);
            }
            const double error = std::fabs(y[std::size_t(t * w.rows() + o)] - sum) / magnitudes;
            if (std::isnan(error)) return error;
            worst = std::max(worst, error);
        }
    }
    return worst;
}

// A unit may leave out columns that nobody reads, in steps of eight or 16: sizes on both sides of each border.
template <class Source, class WeightAt>
double worst_error(MultiplyBf16 multiply, const Source& w, const WeightAt& weight_at,
                   ConstMatrixView x, ConstMatrixView x_for_kernel) {
    double worst = 0;
    for (const int n_first : {1, 8, 9, 16, 17, 24, 25, 32, 33}) {
        const double error = worst_error_of(n_first, multiply, w, weight_at, x, x_for_kernel);
        if (std::isnan(error)) return error;
        worst = std::max(worst, error);
    }
    return worst;
}

// A BF16 matrix of 160 rows is multiplied straight from memory; of 166 the last panel is a copy.
double worst_error_bf16(MultiplyBf16 multiply, int out_size) {
    const int in_size = 96, n_tokens = 50;
    const Bf16Weights w(out_size, in_size, numbers(out_size * in_size, 1));
    const std::vector<float> x = numbers(n_tokens * in_size, 2), bias = numbers(out_size, 3);
    const ConstMatrixView x_view{x.data(), n_tokens, in_size};
    const auto weight_at = [&](int, int o, int i) { return double(w.view().row(o)[i]); };
    return worst_error(multiply, DenseSource{w.view(), bias.data()}, weight_at, x_view, x_view);
}

double worst_error_mxfp4(MultiplyBf16 multiply) {
    const int in_size = 64, out_size = 136, n_tokens = 41;
    std::vector<std::uint8_t> codes(2 * out_size * in_size / 2), scales(codes.size() / 16);
    generate_bytes(5, 0, codes.size(), codes.data());
    for (std::size_t i = 0; i < scales.size(); ++i) {
        scales[i] = std::uint8_t(120 + i % 9);
    }
    const ExpertStack stack{codes.data(), scales.data(), nullptr, 2, out_size, in_size};
    const std::vector<float> x = numbers(n_tokens * in_size, 6), bias = numbers(2 * out_size, 7);
    std::vector<float> split(x.size());
    for (std::size_t i = 0; i < x.size(); ++i) {
        split[i / 32 * 32 + i % 2 * 16 + i % 32 / 2] = x[i];
    }
    const auto weight_at = [&](int e, int o, int i) {
        float block[32];
        stack.decode_block(e, o, i / 32, block);
        return double(block[i % 32]);
    };
    return worst_error(multiply, Mxfp4Source{stack, {bias.data(), 2, out_size}}, weight_at,
                       {x.data(), n_tokens, in_size}, {split.data(), n_tokens, in_size});
}

// Rounding an activation to BF16 is off by at most 2^-8 of it, so a sum by 2^-8 of sum |w x|; of
// many products, which round either way, by less than half of that. Sums in float32 add little.
constexpr double kWorst = 0x1p-9;

}  // namespace

TEST_CASE("blocks_of: whole blocks come first, and what is left takes room for a step", "[fast]") {
    const TokenBlocks all = blocks_of({{0, 0, 33}, {1, 33, 8}}, 10, 16, 32);
    REQUIRE(all.blocks.size() == 3);
    CHECK(all.blocks[0].count == 32);
    CHECK(all.blocks[1].count == 1);
    CHECK(all.blocks[2].count == 8);
    CHECK(all.blocks[2].first == 33);
    CHECK(all.blocks[2].offset == 48 * 10);
    CHECK(all.groups[1].first == 2);
    CHECK(all.n_rows == 41);
    CHECK(all.n_numbers == 64 * 10);
}

TEST_CASE("amx: tiles straight from memory and panels of the rest, by a model of the unit",
          "[fast][amx]") {
    CHECK(worst_error_bf16(&multiply_tiles_with<ModelOfUnit>, 160) < kWorst);
    CHECK(worst_error_bf16(&multiply_tiles_with<ModelOfUnit>, 166) < kWorst);
    CHECK(worst_error_mxfp4(&multiply_tiles_with<ModelOfUnit>) < kWorst);
}

#if defined(__x86_64__) && defined(__linux__)
TEST_CASE("amx: the unit does what its model does", "[fast][amx]") {
    if (!has_amx()) skip_test("no AMX on this machine");
    if (!request_amx()) skip_test("the system does not grant AMX");
    CHECK(bf16_unit().multiply == &multiply_by_amx);
    CHECK(worst_error_bf16(&multiply_by_amx, 160) < kWorst);
    CHECK(worst_error_bf16(&multiply_by_amx, 166) < kWorst);
    CHECK(worst_error_mxfp4(&multiply_by_amx) < kWorst);
}

TEST_CASE("bf16_dots: tiles straight from memory and panels of the rest", "[fast]") {
    if (!has_bf16_dots()) skip_test("no AVX-512 BF16 on this machine");
    CHECK(worst_error_bf16(&multiply_by_bf16_dots, 160) < kWorst);
    CHECK(worst_error_bf16(&multiply_by_bf16_dots, 166) < kWorst);
    CHECK(worst_error_mxfp4(&multiply_by_bf16_dots) < kWorst);
}
#endif

TEST_CASE("bf16_unit: there is one if the machine has any, and it has a name", "[fast]") {
    if (has_bf16_dots()) CHECK(bf16_unit().multiply != nullptr);
    if (!has_amx() && !has_bf16_dots()) CHECK(bf16_unit().multiply == nullptr);
    CHECK((std::string(bf16_unit().name) == "none") == (bf16_unit().multiply == nullptr));
}
