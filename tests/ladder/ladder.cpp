// The ladder of docs/performance.md: one op at the widths of 20b, from the plain loop to the tuned
// one, an idea per line.
//
//     scripts/bench.sh           builds and runs it
//
// Decode streams weights that no cache holds, so its unit is GB of them per second; prefill uses
// each weight for many tokens, so its unit is GFLOP/s. Medians of nine runs.
#include <omp.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <functional>
#include <string>
#include <vector>

#include "eigen_oracle.hpp"
#include "gptoss/core/generator.hpp"
#include "gptoss/fast/expert_linear.hpp"
#include "gptoss/fast/linear.hpp"
#include "gptoss/layers/expert_linear.hpp"
#include "gptoss/layers/linear.hpp"
#include "machine_rates.hpp"

using namespace gptoss;
using fast::Kernels;

namespace {

constexpr int kRuns = 9;
constexpr int kHidden = 2880;
constexpr int kManyRows = 40'000;  // 230 MB in BF16
constexpr int kExperts = 32;
constexpr int kExpertRows = 5760;  // 282 MB in MXFP4, gate and up
constexpr int kTopK = 4;
constexpr int kManyTokens = 512;

// Warms up for a third of a second: threads take some time until each has a core of its own.
double median_seconds(const std::function<void(int run)>& work) {
    using Clock = std::chrono::steady_clock;
    const auto seconds_since = [](Clock::time_point begin) {
        return std::chrono::duration<double>(Clock::now() - begin).count();
    };
    int run = 0;
    for (const auto begin = Clock::now(); seconds_since(begin) < 0.3;) {
        work(run++);
    }
    std::vector<double> seconds;
    for (int i = 0; i < kRuns; ++i) {
        const auto begin = Clock::now();
        work(run++);
        seconds.push_back(seconds_since(begin));
    }
    std::sort(seconds.begin(), seconds.end());
    return seconds[kRuns / 2];
}

// One line of a table. roof is what the machine does at most with as many threads.
void print_rung(const std::string& name, double rate, const char* unit, double roof) {
    const int share = int(100 * rate / roof + 0.5);
    std::printf("  %-46s %8.1f %-8s %4d %%\n", name.c_str(), rate / 1e9, unit, share);
    std::fflush(stdout);
}

std::vector<float> numbers(std::size_t n, std::uint64_t seed) {
    std::vector<float> values(n);
    for (std::size_t i = 0; i < n; ++i) {
        values[i] = float(double(mix(seed + i) >> 11) * 0x1p-52 - 1);
    }
    return values;
}

// --- Operands ---------------------------------------------------------------------------------

struct Dense {
    int rows;
    std::vector<std::uint16_t> bits = std::vector<std::uint16_t>(std::size_t(rows) * kHidden);
    std::vector<float> bias = std::vector<float>(std::size_t(rows));

    explicit Dense(int n_rows) : rows(n_rows) {
        for (std::size_t i = 0; i < bits.size(); ++i) {
            bits[i] = std::uint16_t(0x3C00 + mix(i) % 256);  // 0.008 to 0.03
        }
    }
    DenseMatrix view() const {
        return {reinterpret_cast<const std::uint8_t*>(bits.data()), rows, kHidden};
    }
    ConstVectorView bias_view() const { return {bias.data(), rows}; }
    double bytes() const { return 2.0 * double(bits.size()); }
};

struct Experts {
    std::vector<std::uint8_t> codes =
        std::vector<std::uint8_t>(std::size_t(kExperts) * kExpertRows * kHidden / 2);
    std::vector<std::uint8_t> scales = std::vector<std::uint8_t>(codes.size() / 16, 120);
    std::vector<float> bias = std::vector<float>(std::size_t(kExperts) * kExpertRows);

    Experts() { generate_bytes(1, 0, codes.size(), codes.data()); }
    ExpertStack view() const {
        return {codes.data(), scales.data(), nullptr, kExperts, kExpertRows, kHidden};
    }
    ConstMatrixView bias_view() const { return {bias.data(), kExperts, kExpertRows}; }
    double bytes_of_top_k() const { return kTopK * 17.0 / 32 * kExpertRows * kHidden; }
};

std::vector<std::int32_t> some_experts(int first) {
    std::vector<std::int32_t> ids;
    for (int i = 0; i < kTopK; ++i) {
        ids.push_back((first + i) % kExperts);
    }
    return ids;
}

// Four distinct ones for each token, as a router scatters them: of 128 tokens an expert gets 12 to 22.
std::vector<std::int32_t> scattered_experts(int n_tokens) {
    std::vector<std::int32_t> ids;
    for (int t = 0; t < n_tokens; ++t) {
        const std::uint64_t bits = mix(std::uint64_t(t));
        const int first = int(bits % kExperts);
        const int step = 2 * int(bits / kExperts % kExperts) + 1;
        for (int j = 0; j < kTopK; ++j) {
            ids.push_back((first + j * step) % kExperts);
        }
    }
    return ids;
}

struct Tokens {
    int rows;
    std::vector<float> values = numbers(std::size_t(rows) * kHidden, 2);
    ConstMatrixView view() const { return {values.data(), rows, kHidden}; }
};

std::vector<Kernels> all_kernels() {
    std::vector<Kernels> all;
    for (const fast::InstructionSet set : fast::kInstructionSets) {
        if (fast::can_run(set)) all.push_back(fast::kernels_for(set));
    }
    return all;
}

std::string name_of(const Kernels& k) {
    return std::string(fast::instruction_set_name(k.set));
}

struct Roofs {
    int n_threads;
    tool::MachineRates one;
    tool::MachineRates all;
};

// --- Decode -----------------------------------------------------------------------------------

void climb_dense_decode(const Roofs& roofs) {
    const Dense w(kManyRows);
    const Tokens x{1};
    std::vector<float> y(kManyRows);
    const MatrixView y_view{y.data(), 1, kManyRows};
    const auto rate = [&](const auto& op) {
        return w.bytes() /
               median_seconds([&](int) { op(x.view(), w.view(), w.bias_view(), y_view); });
    };
    std::printf("\nlinear of one token, BF16 weights            GB/s and share of the roof\n");
    omp_set_num_threads(1);
    print_rung("plain loop: one sum", rate(linear), "GB/s", roofs.one.read_bytes_per_s);
    for (const Kernels& k : all_kernels()) {
        const auto op = [&](auto... operands) { fast::linear_with(k, nullptr, operands...); };
        print_rung("32 sums, " + name_of(k), rate(op), "GB/s", roofs.one.read_bytes_per_s);
    }
    omp_set_num_threads(roofs.n_threads);
    print_rung("the last one with all threads", rate(fast::linear), "GB/s",
               roofs.all.read_bytes_per_s);
}

void climb_expert_decode(const Experts& w, const Roofs& roofs) {
    const Tokens x{1};
    std::vector<float> y(std::size_t(kTopK) * kExpertRows);
    const MatrixView y_view{y.data(), kTopK, kExpertRows};
    const auto rate = [&](const auto& op) {
        return w.bytes_of_top_k() / median_seconds([&](int run) {
                   const std::vector<std::int32_t> ids = some_experts(kTopK * run);
                   op(x.view(), XRows::per_token, ConstIdsView{ids.data(), 1, kTopK}, w.view(),
                      w.bias_view(), y_view);
               });
    };
    std::printf("\nexpert_linear of one token, MXFP4 weights    GB/s and share of the roof\n");
    omp_set_num_threads(1);
    print_rung("plain loop: a block of 32 at a time", rate(expert_linear), "GB/s",
               roofs.one.read_bytes_per_s);
    for (const Kernels& k : all_kernels()) {
        const auto op = [&](auto... operands) {
            fast::expert_linear_with(k, nullptr, operands...);
        };
        print_rung("table look-up, " + name_of(k), rate(op), "GB/s", roofs.one.read_bytes_per_s);
    }
    omp_set_num_threads(roofs.n_threads);
    print_rung("the last one with all threads", rate(fast::expert_linear), "GB/s",
               roofs.all.read_bytes_per_s);
}

// --- Prefill ----------------------------------------------------------------------------------

#if __has_include(<eigen3/Eigen/Core>)
// Weights widened to float panel by panel, then Eigen's product.
void linear_by_eigen_panels(ConstMatrixView x, DenseMatrix w, MatrixView y) {
    const int panel_rows = 192;
    test::EigenFloats panel(panel_rows, w.cols);
    Eigen::Map<test::EigenFloats> y_map(y.data, y.rows, y.cols);
    for (int first = 0; first < w.rows; first += panel_rows) {
        const int n_rows = std::min(panel_rows, w.rows - first);
        for (int o = 0; o < n_rows; ++o) {
            fast::kernels().widen(Storage::bf16, w.row(first + o).bytes, w.cols,
                                  panel.row(o).data());
        }
        y_map.middleCols(first, n_rows).noalias() =
            test::as_eigen(x) * panel.topRows(n_rows).transpose();
    }
}
#endif

void climb_dense_prefill(const Roofs& roofs) {
    const Dense w(kHidden);
    const Tokens x{kManyTokens};
    std::vector<float> y(std::size_t(kManyTokens) * kHidden);
    const auto rate = [&](const auto& op, int n_tokens = kManyTokens) {
        const ConstMatrixView some_x{x.values.data(), n_tokens, kHidden};
        const MatrixView some_y{y.data(), n_tokens, kHidden};
        return 2.0 * n_tokens * kHidden * kHidden /
               median_seconds([&](int) { op(some_x, w.view(), w.bias_view(), some_y); });
    };
    std::printf("\nlinear of 512 tokens, BF16 weights           GFLOP/s and share of the roof\n");
    omp_set_num_threads(1);
    const int few = 16;  // nothing is gained from more
    print_rung("plain loop", rate(linear, few), "GFLOP/s", roofs.one.float32_flop_per_s);
    const auto by_dots = [&](ConstMatrixView tokens, DenseMatrix weights, ConstVectorView bias,
                             MatrixView out) {
        const fast::TokenGroups all = fast::one_group(tokens.rows);
        fast::multiply_by_dots(fast::kernels(), fast::DenseSource{weights, bias.data}, tokens,
                               all.rows, all.groups, out);
    };
    print_rung("decode's dot products, " + name_of(fast::kernels()), rate(by_dots, few), "GFLOP/s",
               roofs.one.float32_flop_per_s);
#if __has_include(<eigen3/Eigen/Core>)
    const auto by_eigen = [&](ConstMatrixView tokens, DenseMatrix weights, ConstVectorView,
                              MatrixView out) { linear_by_eigen_panels(tokens, weights, out); };
    print_rung("Eigen on panels of 192 rows", rate(by_eigen), "GFLOP/s",
               roofs.one.float32_flop_per_s);
#endif
    for (const Kernels& k : all_kernels()) {
        const auto op = [&](auto... operands) { fast::linear_with(k, nullptr, operands...); };
        print_rung("panels, " + name_of(k), rate(op), "GFLOP/s", roofs.one.float32_flop_per_s);
    }
    const fast::Bf16Unit unit = fast::bf16_unit();
    if (unit.multiply != nullptr) {
        print_rung(std::string("tiles in BF16, ") + unit.name, rate(fast::tile_linear), "GFLOP/s",
                   roofs.one.float32_flop_per_s);
    }
    omp_set_num_threads(roofs.n_threads);
    print_rung("panels with all threads", rate(fast::linear), "GFLOP/s",
               roofs.all.float32_flop_per_s);
    if (unit.multiply != nullptr) {
        print_rung("tiles with all threads", rate(fast::tile_linear), "GFLOP/s",
                   roofs.all.float32_flop_per_s);
    }
}

void climb_expert_prefill(const Experts& w, const Roofs& roofs) {
    const Tokens x{kManyTokens};
    std::vector<float> y(std::size_t(kManyTokens) * kTopK * kExpertRows);
    const std::vector<std::int32_t> ids = scattered_experts(kManyTokens);
    const auto rate = [&](const auto& op, int n_tokens) {
        const int n_rows = n_tokens * kTopK;
        const ConstMatrixView some_x{x.values.data(), n_tokens, kHidden};
        return 2.0 * n_rows * kExpertRows * kHidden / median_seconds([&](int) {
                   op(some_x, XRows::per_token, ConstIdsView{ids.data(), n_tokens, kTopK}, w.view(),
                      w.bias_view(), MatrixView{y.data(), n_rows, kExpertRows});
               });
    };
    std::printf("\nexpert_linear of some tokens, MXFP4 weights  GFLOP/s and share of the roof\n");
    const fast::Bf16Unit unit = fast::bf16_unit();
    for (const int n_tokens : {32, 128, 512}) {
        const std::string tokens = std::to_string(n_tokens) + " tokens, ";
        print_rung(tokens + name_of(fast::kernels()) + ", all threads",
                   rate(fast::expert_linear, n_tokens), "GFLOP/s", roofs.all.float32_flop_per_s);
        if (unit.multiply == nullptr) continue;
        print_rung(tokens + unit.name + ", all threads", rate(fast::tile_expert_linear, n_tokens),
                   "GFLOP/s", roofs.all.float32_flop_per_s);
    }
}

}  // namespace

int main() {
    Roofs roofs{omp_get_max_threads(), {}, {}};
    roofs.all = tool::machine_rates();
    omp_set_num_threads(1);
    roofs.one = tool::machine_rates();
    for (const auto& [n_threads, rates] : {std::pair{1, roofs.one}, {roofs.n_threads, roofs.all}}) {
        std::printf("roof with threads %d: reads %.1f GB/s, computes %.0f GFLOP/s\n", n_threads,
                    rates.read_bytes_per_s / 1e9, rates.float32_flop_per_s / 1e9);
    }
    climb_dense_decode(roofs);
    const Experts experts;
    climb_expert_decode(experts, roofs);
    climb_dense_prefill(roofs);
    climb_expert_prefill(experts, roofs);
    return 0;
}
