#include "machine_rates.hpp"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <vector>

#include "gptoss/fast/kernels/kernels.hpp"
#include "gptoss/fast/kernels/parallel.hpp"

namespace gptoss::tool {
namespace {

constexpr int kRuns = 5;
constexpr double kEnoughSeconds = 0.5;  // no further run, as in a build without optimization
constexpr int kMiB = 1 << 20;

template <class Work>
double best_seconds(const Work& work) {
    double best = 1e9;
    double total = 0;
    for (int run = 0; run < kRuns && total < kEnoughSeconds; ++run) {
        const auto begin = std::chrono::steady_clock::now();
        work();
        const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
        best = std::min(best, took.count());
        total += took.count();
    }
    return best;
}

// The same loop as a dot product of BF16 weights, without its arithmetic.
std::uint64_t sum_of_words(const std::uint64_t* words, std::size_t n) {
    std::uint64_t sums[32] = {};
    for (std::size_t i = 0; i < n; i += 32) {
        for (std::size_t l = 0; l < 32; ++l) {
            sums[l] += words[i + l];
        }
    }
    std::uint64_t sum = 0;
    for (const std::uint64_t partial : sums) {
        sum += partial;
    }
    return sum;
}

}  // namespace

MachineRates machine_rates() {
    const int n_mib = 512;
    const std::size_t words_per_mib = kMiB / sizeof(std::uint64_t);
    const std::vector<std::uint64_t> words(n_mib * words_per_mib, 1);
    std::vector<std::uint64_t> sums(n_mib);
    MachineRates rates;
    const double read_seconds = best_seconds([&] {
        fast::for_ranges(n_mib, n_mib * std::int64_t(kMiB), [&](int first, int last) {
            for (int mib = first; mib < last; ++mib) {
                const std::size_t begin = std::size_t(mib) * words_per_mib;
                sums[std::size_t(mib)] = sum_of_words(words.data() + begin, words_per_mib);
            }
        });
    });
    rates.read_bytes_per_s = double(words.size() * sizeof(std::uint64_t)) / read_seconds;

    const int rows = 8, lanes = 32, cols = 128, n_tiles = 4000;
    const fast::Kernels& k = fast::kernels();
    const std::int64_t n_products = std::int64_t(rows) * lanes * cols * n_tiles;
    const double tile_seconds = best_seconds([&] {
        fast::for_ranges(n_tiles, n_products, [&](int first, int last) {
            const std::vector<float> w(rows * cols, 0.5f), x(cols * lanes, 0.25f);
            std::vector<float> sums_of_tile(rows * lanes);
            for (int tile = first; tile < last; ++tile) {
                k.multiply_add({w.data(), cols, 1, rows, cols}, x.data(), lanes,
                               sums_of_tile.data());
            }
        });
    });
    rates.float32_flop_per_s = 2 * double(n_products) / tile_seconds;
    return rates;
}

}  // namespace gptoss::tool
