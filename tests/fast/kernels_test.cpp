// Every kernel of every instruction set of this machine, against sums in double.
//
// Bounds: a sum of n products in chains of n / c rounds each chain n / c times and joins them in a
// few steps more, each time by 2^-24 of what it holds, which is at most sum |w x|.
#include "gptoss/fast/kernels/kernels.hpp"

#include <bit>
#include <cmath>
#include <cstring>
#include <limits>
#include <numeric>
#include <vector>

#include "all_kernels.hpp"
#include "bf16_weights.hpp"
#include "catch.hpp"
#include "gptoss/core/generator.hpp"
#include "stored_weights.hpp"

using namespace gptoss;
using namespace gptoss::fast;
using namespace gptoss::test;

namespace {

constexpr double kHalfUlp = 0x1p-24;

// Between -1 and 1; or from 1e-30 to 1e+15, of either sign.
std::vector<float> numbers(int n, std::uint64_t seed, bool is_extreme = false) {
    std::vector<float> values;
    for (int i = 0; i < n; ++i) {
        const std::uint64_t bits = mix(seed + std::uint64_t(i));
        const double uniform = double(bits >> 11) * 0x1p-53 * 2 - 1;
        const double power = is_extreme ? double(bits % 46) - 30 : 0;
        values.push_back(float(uniform * std::pow(10, power)));
    }
    return values;
}

struct ExactDot {
    double sum = 0;
    double sum_of_magnitudes = 0;
    void add(double w, double x) {
        sum += w * x;
        sum_of_magnitudes += std::fabs(w * x);
    }
};

// One row of MXFP4 with every code and all scales that are given, in turn.
struct PackedRow {
    std::vector<std::uint8_t> codes;
    std::vector<std::uint8_t> scales;
    PackedRow(int n_blocks, const std::vector<std::uint8_t>& some_scales, std::uint64_t seed = 3)
        : codes(std::size_t(n_blocks) * 16), scales(std::size_t(n_blocks)) {
        generate_bytes(seed, 0, codes.size(), codes.data());
        for (std::size_t block = 0; block < scales.size(); ++block) {
            scales[block] = some_scales[block % some_scales.size()];
        }
    }
    Mxfp4Row row() const { return {codes.data(), scales.data()}; }
    std::vector<float> weights() const {
        std::vector<float> all(2 * codes.size());
        for (std::size_t block = 0; block < scales.size(); ++block) {
            row().decode_block(int(block), &all[32 * block]);
        }
        return all;
    }
};

// Where element i of a row of n stands in a split one: behind the last whole block, where it was.
std::size_t split_place(std::size_t i, std::size_t n) {
    if (i >= n / 32 * 32) return i;
    return i / 32 * 32 + i % 2 * 16 + i % 32 / 2;
}

std::vector<float> split(const std::vector<float>& x) {
    std::vector<float> places(x.size());
    for (std::size_t i = 0; i < x.size(); ++i) {
        places[split_place(i, x.size())] = x[i];
    }
    return places;
}

float dot_mxfp4(const Kernels& k, const PackedRow& w, const std::vector<float>& x_split) {
    const int n_blocks = int(w.scales.size());
    std::vector<FixedPair> fixed(std::size_t(n_blocks + 1) / 2);
    if (k.to_fixed_point != nullptr) k.to_fixed_point(x_split.data(), n_blocks, fixed.data());
    const Mxfp4Row row = w.row();
    float sum = 0;
    k.dots_mxfp4(&row, 1, {x_split.data(), fixed.data()}, n_blocks, &sum);
    return sum;
}

}  // namespace

TEST_CASE("kernels: what this machine has was tested, and the choice is its best", "[fast]") {
    CHECK(kernels().set == best_instruction_set());
    for (const InstructionSet set : kInstructionSets) {
        if (can_run(set)) {
            CHECK(kernels_for(set).set == set);
            continue;
        }
        report_skip(std::string(instruction_set_name(set)) + " kernels: not on this machine");
        REQUIRE_THROWS_WITH(kernels_for(set), StartsWith("instruction set ") &&
                                                  ContainsSubstring("does not have it, expected"));
    }
}

// --- Dot products -----------------------------------------------------------------------------

TEST_CASE("kernels: dot of two by two, worked by hand", "[fast]") {
    const Bf16Weights w(1, 2, {0.5f, -2});
    const std::vector<float> x{6, 4};  // 3 - 8
    for (const Kernels& k : all_kernels()) {
        CHECK(k.dot(Storage::bf16, w.view().bytes, x.data(), 2) == -5);
    }
}

TEST_CASE("kernels: dot of BF16 of any length stays within its rounding", "[fast]") {
    for (const bool is_extreme : {false, true}) {
        for (const int n : {1, 31, 32, 33, 96, 2880, 4095}) {
            const Bf16Weights w(1, n, numbers(n, 1, is_extreme));
            const std::vector<float> x = numbers(n, 2);
            ExactDot exact;
            for (int i = 0; i < n; ++i) {
                exact.add(w.view().row(0)[i], x[std::size_t(i)]);
            }
            const double n_roundings = 2 * (n / 32 + 1) + 5;  // portable rounds products too
            for (const Kernels& k : all_kernels()) {
                INFO(instruction_set_name(k.set) << ", n " << n);
                const double got = k.dot(Storage::bf16, w.view().bytes, split(x).data(), n);
                CHECK(std::fabs(got - exact.sum) <=
                      n_roundings * kHalfUlp * exact.sum_of_magnitudes);
            }
        }
    }
}

TEST_CASE("kernels: each MXFP4 weight is exact, under every scale a file may hold", "[fast]") {
    const PackedRow packed(8, {0, 1, 2, 100, 127, 130, 251, 252});
    const std::vector<float> weights = packed.weights();
    for (const Kernels& k : all_kernels()) {
        for (std::size_t i = 0; i < weights.size(); ++i) {
            std::vector<float> picks(weights.size());
            picks[split_place(i, picks.size())] = 1;
            CHECK(dot_mxfp4(k, packed, picks) == weights[i]);
        }
    }
}

TEST_CASE(
    "kernels: widen_mxfp4 puts eight rows side by side, exact under every scale, as both files "
    "hold them",
    "[fast]") {
    const int n_blocks = 33, first_block = 1, lanes = 24, first_lane = 8;
    std::vector<PackedRow> packed;
    std::vector<std::vector<std::uint8_t>> gguf(8);
    for (std::size_t r = 0; r < 8; ++r) {
        std::vector<std::uint8_t> scales(n_blocks);  // 0 to 255 in all rows together
        std::iota(scales.begin() + 1, scales.end(), std::uint8_t(32 * r));
        packed.emplace_back(n_blocks, scales, 20 + r);
        for (std::size_t block = 0; block < n_blocks; ++block) {
            gguf[r].push_back(packed[r].scales[block]);
            gguf[r].insert(gguf[r].end(), &packed[r].codes[16 * block],
                           &packed[r].codes[16 * block] + 16);
        }
    }
    for (const bool is_gguf : {false, true}) {
        Mxfp4Row rows[8];
        for (std::size_t r = 0; r < 8; ++r) {
            rows[r] = packed[r].row();
            if (is_gguf) rows[r] = {gguf[r].data() + 1, gguf[r].data(), kGgufMxfp4Layout};
        }
        for (const Kernels& k : all_kernels()) {
            INFO(instruction_set_name(k.set) << (is_gguf ? ", GGUF" : ""));
            const int n = n_blocks - first_block;
            std::vector<float> panel(std::size_t(32 * n * lanes), 7.0f);
            k.widen_mxfp4(rows, first_block, n, panel.data() + first_lane, lanes);
            std::size_t n_wrong = 0;
            for (std::size_t at = 0; at < panel.size(); ++at) {
                const int lane = int(at) % lanes - first_lane;
                if (lane < 0 || lane >= 8) {
                    n_wrong += panel[at] != 7.0f ? 1 : 0;
                    continue;
                }
                const std::size_t i = at / lanes;  // of a row, split
                float weights[32];
                rows[lane].decode_block(first_block + int(i / 32), weights);
                std::size_t place = i % 32;
                if (!is_gguf) place = place < 16 ? 2 * place : 2 * (place - 16) + 1;
                const bool both_are_nan = std::isnan(panel[at]) && std::isnan(weights[place]);
                if (panel[at] != weights[place] && !both_are_nan) ++n_wrong;
            }
            CHECK(n_wrong == 0);
        }
    }
}

TEST_CASE("kernels: transpose puts eight rows of any length side by side", "[fast]") {
    for (const int n : {1, 3, 4, 13, 128}) {
        const std::vector<float> rows = numbers(8 * n, 17);
        for (const Kernels& k : all_kernels()) {
            INFO(instruction_set_name(k.set) << ", length " << n);
            const int lanes = 16;
            std::vector<float> panel(std::size_t(n * lanes), 7.0f), expected = panel;
            for (int r = 0; r < 8; ++r) {
                for (int i = 0; i < n; ++i) {
                    expected[std::size_t(i * lanes + 8 + r)] = rows[std::size_t(r * n + i)];
                }
            }
            k.transpose(rows.data(), n, panel.data() + 8, lanes);
            CHECK(panel == expected);
        }
    }
}

TEST_CASE("kernels: each MXFP4 weight as BF16 is the upper half of its float, under every scale",
          "[fast]") {
    std::vector<std::uint8_t> scales(256);
    std::iota(scales.begin(), scales.end(), std::uint8_t(0));
    const PackedRow packed(256, scales);
    const std::vector<float> weights = packed.weights();
    for (const Kernels& k : all_kernels()) {
        INFO(instruction_set_name(k.set));
        std::vector<std::uint16_t> unpacked(weights.size());
        k.unpack_mxfp4(packed.row(), 256, unpacked.data());
        std::size_t n_wrong = 0;
        for (std::size_t i = 0; i < weights.size(); ++i) {
            const float got = bf16_to_float(unpacked[split_place(i, unpacked.size())]);
            const bool both_are_nan = std::isnan(weights[i]) && std::isnan(got);
            const bool same_bits =
                std::bit_cast<std::uint32_t>(got) == std::bit_cast<std::uint32_t>(weights[i]);
            if (!same_bits && !both_are_nan) ++n_wrong;
        }
        CHECK(n_wrong == 0);
    }
}

TEST_CASE("kernels: dot_mxfp4 of one block and of 90 stays within its rounding", "[fast]") {
    for (const int n_blocks : {1, 2, 3, 90}) {
        const PackedRow packed(n_blocks, {120, 127, 90, 150});
        const std::vector<float> weights = packed.weights();
        const std::vector<float> x = numbers(32 * n_blocks, 5);
        ExactDot exact;
        for (std::size_t i = 0; i < x.size(); ++i) {
            exact.add(weights[i], x[i]);
        }
        const double n_roundings = 2 * n_blocks + 3 + 4;  // a pair, its scale, the sum
        for (const Kernels& k : all_kernels()) {
            INFO(instruction_set_name(k.set) << ", blocks " << n_blocks);
            const double got = dot_mxfp4(k, packed, split(x));
            CHECK(std::fabs(got - exact.sum) <= n_roundings * kHalfUlp * exact.sum_of_magnitudes);
        }
    }
}

TEST_CASE("kernels: each weight of Q8_0 is its code times its scale", "[fast]") {
    std::vector<std::uint8_t> row;
    for (const float scale : {1.0f, 0x1p-9f, 0x3p-24f}) {
        row.resize(row.size() + kQ8_0BlockBytes);
        std::uint8_t* block = row.data() + row.size() - kQ8_0BlockBytes;
        const std::uint16_t scale_bits = float_to_fp16(scale);
        std::memcpy(block, &scale_bits, sizeof scale_bits);
        for (int l = 0; l < 32; ++l) {
            block[kQ8_0ScaleBytes + l] = std::uint8_t(8 * l - 128);  // -128 to 120
        }
    }
    for (const Kernels& k : all_kernels()) {
        std::vector<float> widened(96);
        k.widen(Storage::q8_0, row.data(), 96, widened.data());
        for (std::size_t i = 0; i < 96; ++i) {
            const float scale = i < 32 ? 1.0f : i < 64 ? 0x1p-9f : 0x3p-24f;
            std::vector<float> picks(96);
            picks[i] = 1;
            CHECK(widened[i] == float(8 * int(i % 32) - 128) * scale);
            CHECK(k.dot(Storage::q8_0, row.data(), picks.data(), 96) == widened[i]);
        }
    }
}

TEST_CASE("kernels: dot_q8_0 of one block and of 90 stays within its rounding", "[fast]") {
    for (const int n_blocks : {1, 2, 90}) {
        const int n = 32 * n_blocks;
        const std::vector<float> x = numbers(n, 14);
        const std::vector<std::uint8_t> row = stored(Storage::q8_0, numbers(n, 13));
        ExactDot exact;
        for (std::size_t i = 0; i < x.size(); ++i) {
            exact.add(load_q8_0(row.data(), i), x[i]);
        }
        const double n_roundings = 2 * n_blocks + 5;
        for (const Kernels& k : all_kernels()) {
            INFO(instruction_set_name(k.set) << ", blocks " << n_blocks);
            const double got = k.dot(Storage::q8_0, row.data(), x.data(), n);
            CHECK(std::fabs(got - exact.sum) <= n_roundings * kHalfUlp * exact.sum_of_magnitudes);
        }
    }
}

TEST_CASE("kernels: every number in FP16 is widened exactly", "[fast]") {
    std::vector<std::uint8_t> all(1);  // at an odd address
    for (std::uint32_t bits = 0; bits <= 0xFFFF; ++bits) {
        all.push_back(std::uint8_t(bits & 255));
        all.push_back(std::uint8_t(bits >> 8));
    }
    for (const Kernels& k : all_kernels()) {
        std::vector<float> widened(65536);
        k.widen(Storage::f16, all.data() + 1, 65536, widened.data());
        for (std::size_t i = 0; i < widened.size(); ++i) {
            const float expected = fp16_to_float(std::uint16_t(i));
            const bool is_same = std::isnan(expected) ? std::isnan(widened[i])
                                                      : std::bit_cast<std::uint32_t>(widened[i]) ==
                                                            std::bit_cast<std::uint32_t>(expected);
            if (!is_same) FAIL(instruction_set_name(k.set) << ": " << i);
        }
    }
}

TEST_CASE("kernels: dots of F16 and F32 of any length stay within their rounding", "[fast]") {
    for (const int n : {1, 31, 32, 100, 2880}) {
        const std::vector<float> w = numbers(n, 15), x = numbers(n, 16);
        const StoredWeights f16_w(Storage::f16, 1, n, w), f32_w(Storage::f32, 1, n, w);
        const std::uint8_t* f16 = f16_w.view().bytes;
        const std::uint8_t* f32 = f32_w.view().bytes;
        ExactDot of_f16, of_f32;
        for (std::size_t i = 0; i < w.size(); ++i) {
            of_f16.add(load_fp16(f16, i), x[i]);
            of_f32.add(w[i], x[i]);
        }
        const double n_roundings = 2 * (n / 32 + 1) + 5;
        for (const Kernels& k : all_kernels()) {
            INFO(instruction_set_name(k.set) << ", length " << n);
            CHECK(std::fabs(k.dot(Storage::f16, f16, x.data(), n) - of_f16.sum) <=
                  n_roundings * kHalfUlp * of_f16.sum_of_magnitudes);
            CHECK(std::fabs(k.dot(Storage::f32, f32, x.data(), n) - of_f32.sum) <=
                  n_roundings * kHalfUlp * of_f32.sum_of_magnitudes);
            std::vector<float> widened(w.size());
            k.widen(Storage::f32, f32, n, widened.data());
            CHECK(widened == w);
        }
    }
}

TEST_CASE("kernels: widen of BF16 is exact, subnormals and infinity included", "[fast]") {
    const float infinity = std::numeric_limits<float>::infinity();
    std::vector<float> values = numbers(37, 6, true);
    values[3] = infinity;
    values[4] = -0x1p-133f;
    const Bf16Weights w(1, 37, values);
    for (const Kernels& k : all_kernels()) {
        std::vector<float> widened(37);
        k.widen(Storage::bf16, w.view().bytes, 37, widened.data());
        for (int i = 0; i < 37; ++i) {
            CHECK(widened[std::size_t(i)] == w.view().row(0)[i]);
        }
    }
}

// --- Tiles ------------------------------------------------------------------------------------

TEST_CASE("kernels: multiply_add adds to what is there, for any rows, columns and steps",
          "[fast]") {
    for (const int rows : {1, 2, 3, 5, 6, 7, 8, 13, 24, 33}) {
        for (const int lanes : {8, 16, 24, 32, 40, 80}) {
            for (const int cols : {1, 7, 96}) {
                const bool is_transposed = rows % 2 == 0;  // as the values of attention are read
                const std::vector<float> w = numbers(rows * cols, 7);
                const std::vector<float> x = numbers(cols * lanes, 8);
                const StridedMatrix view{w.data(), is_transposed ? 1 : cols,
                                         is_transposed ? rows : 1, rows, cols};
                for (const Kernels& k : all_kernels()) {
                    INFO(instruction_set_name(k.set)
                         << " " << rows << " x " << cols << ", lanes " << lanes);
                    std::vector<float> sums(std::size_t(rows * lanes), 2.0f);
                    k.multiply_add(view, x.data(), lanes, sums.data());
                    double worst = 0;
                    for (int r = 0; r < rows; ++r) {
                        for (int l = 0; l < lanes; ++l) {
                            ExactDot exact;
                            exact.add(2, 1);
                            for (int i = 0; i < cols; ++i) {
                                exact.add(w[std::size_t(r * view.row_step + i * view.col_step)],
                                          x[std::size_t(i * lanes + l)]);
                            }
                            const double error =
                                std::fabs(sums[std::size_t(r * lanes + l)] - exact.sum);
                            worst = std::max(worst, error / exact.sum_of_magnitudes);
                        }
                    }
                    CHECK(worst <= 2 * cols * kHalfUlp);  // one sum, in order
                }
            }
        }
    }
}

// --- Exponentials -----------------------------------------------------------------------------

TEST_CASE("kernels: soften is exp against a maximum that grows, worked by hand", "[fast]") {
    // Lane 0: maximum ln 1 = 0, then a score of ln 4: all before counts a quarter.
    std::vector<float> scores(32), maxima(16), denominators(16, 1.0f), rescale(16);
    scores[0] = std::log(4.0f);
    for (const Kernels& k : all_kernels()) {
        std::vector<float> p = scores, m = maxima, d = denominators;
        k.soften({p.data(), 2, 16}, m.data(), d.data(), rescale.data());
        CHECK(m[0] == scores[0]);
        CHECK_THAT(rescale[0], WithinAbs(0.25, 1e-7));
        CHECK_THAT(p[0], WithinAbs(1, 1e-7));
        CHECK_THAT(p[16], WithinAbs(0.25, 1e-7));
        CHECK_THAT(d[0], WithinAbs(0.25 + 1 + 0.25, 2e-7));
        CHECK(d[1] == 3);  // all three are exp(0)
    }
}

TEST_CASE("kernels: soften knows -inf, of a hidden key and of a sink that is not there", "[fast]") {
    const float hidden = -std::numeric_limits<float>::infinity();
    for (const Kernels& k : all_kernels()) {
        std::vector<float> p(16, hidden), m(16, hidden), d(16, 1.0f), rescale(16);
        k.soften({p.data(), 1, 16}, m.data(), d.data(), rescale.data());
        CHECK(p[5] == 0);
        CHECK(rescale[5] == 1);
        std::vector<float> q(16, -3.0f);
        k.soften({q.data(), 1, 16}, m.data(), d.data(), rescale.data());
        CHECK(rescale[5] == 0);
        CHECK(q[5] == 1);
        CHECK(d[5] == 1);
    }
}

TEST_CASE("kernels: the exponential is right to 3e-7 of itself, and 0 below -87", "[fast]") {
    // The Taylor sum is off by 1.2e-7 and rounds about as much once more.
    for (const Kernels& k : all_kernels()) {
        double worst = 0;
        for (int step = 0; step < 87 * 16; ++step) {
            std::vector<float> p(16), m(16), d(16, 1.0f), rescale(16);
            for (int l = 0; l < 16; ++l) {
                p[std::size_t(l)] = -float(step * 16 + l) / 256;
            }
            const std::vector<float> x = p;
            k.soften({p.data(), 1, 16}, m.data(), d.data(), rescale.data());
            for (std::size_t l = 0; l < 16; ++l) {
                worst = std::max(worst, std::fabs(p[l] / std::exp(double(x[l])) - 1));
            }
        }
        INFO(instruction_set_name(k.set));
        CHECK(worst < 3e-7);
        std::vector<float> p(16, -87.5f), m(16), d(16, 1.0f), rescale(16);
        k.soften({p.data(), 1, 16}, m.data(), d.data(), rescale.data());
        CHECK(p[0] == 0);
    }
}

TEST_CASE("kernels: swiglu is the formula, also where it is clamped", "[fast]") {
    // An argument of 12 is rounded by up to 5e-7, which exp hands on; the rest adds as much.
    const std::vector<float> h{1, 2, 9, -9, -200, 3, 0, 0, -7, 30, 5e8f, 1};
    for (const Kernels& k : all_kernels()) {
        std::vector<float> y(6);
        k.swiglu(h.data(), 7, 1.702f, 6, y.data());
        for (std::size_t i = 0; i < 6; ++i) {
            const double gate = std::min<double>(h[2 * i], 7);
            const double up = std::max(-7.0, std::min<double>(h[2 * i + 1], 7));
            const double expected = gate / (1 + std::exp(-1.702 * gate)) * (up + 1);
            CHECK_THAT(y[i], WithinAbs(expected, 2e-6 * std::fabs(expected) + 1e-30));
        }
    }
}

TEST_CASE("kernels: a NaN is not clamped away", "[fast]") {
    const float nan = std::numeric_limits<float>::quiet_NaN();
    for (const Kernels& k : all_kernels()) {
        std::vector<float> y(2);
        const std::vector<float> h{nan, 1, 1, nan};
        k.swiglu(h.data(), 7, 1.702f, 2, y.data());
        CHECK(std::isnan(y[0]));
        CHECK(std::isnan(y[1]));
        std::vector<float> p(16, 0.0f), m(16), d(16, 1.0f), rescale(16);
        p[3] = nan;
        k.soften({p.data(), 1, 16}, m.data(), d.data(), rescale.data());
        CHECK(std::isnan(p[3]));
        CHECK(std::isnan(d[3]));
        CHECK(d[4] == 2);
    }
}

// --- One order of summing ---------------------------------------------------------------------

TEST_CASE("kernels: an activation that is no number reaches the dot product with MXFP4", "[fast]") {
    const PackedRow packed(3, {120, 127, 90});
    for (const Kernels& k : all_kernels()) {
        for (std::size_t block = 0; block < 3; ++block) {
            std::vector<float> x(96);
            x[32 * block + 7] = std::numeric_limits<float>::quiet_NaN();
            CHECK(std::isnan(dot_mxfp4(k, packed, x)));
        }
    }
}

TEST_CASE("kernels: every fused instruction set gives the same bits", "[fast]") {
    std::vector<std::vector<float>> results;
    const std::vector<float> x = numbers(9 * 32, 10), w = numbers(24 * 9, 11);
    const Bf16Weights bf16(1, 9 * 32, numbers(9 * 32, 12));
    const std::vector<std::uint8_t> q8_0 = stored(Storage::q8_0, x);
    const PackedRow mxfp4(9, {120, 127, 90, 150});
    for (const Kernels& k : all_kernels()) {
        if (k.set == InstructionSet::portable) continue;
        std::vector<float> all = {k.dot(Storage::bf16, bf16.view().bytes, x.data(), 9 * 32),
                                  k.dot(Storage::q8_0, q8_0.data(), x.data(), 9 * 32),
                                  dot_mxfp4(k, mxfp4, x)};
        std::vector<float> sums(24 * 32), m(32), d(32, 1.0f), rescale(32);
        std::vector<float> more_sums(24 * 56);  // 32, 16 and 8 lanes
        k.multiply_add({w.data(), 9, 1, 24, 5}, x.data(), 56, more_sums.data());
        all.insert(all.end(), more_sums.begin(), more_sums.end());
        k.multiply_add({w.data(), 9, 1, 24, 9}, x.data(), 32, sums.data());
        k.soften({sums.data(), 24, 32}, m.data(), d.data(), rescale.data());
        all.insert(all.end(), sums.begin(), sums.end());
        all.insert(all.end(), d.begin(), d.end());
        results.push_back(all);
    }
    if (results.size() < 2) skip_test("only one fused instruction set on this machine");
    for (const std::vector<float>& result : results) {
        CHECK(result == results[0]);
    }
}
