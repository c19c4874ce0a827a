// Time and memory linear in the input: each reader at 10 KB, 100 KB and 1 MB, its work counted.
//
//     gptoss_scaling            a row per case: basic blocks and peak bytes, both per byte of input
//     gptoss_scaling json       only those whose name begins so
//
// Each input is the worst of its kind that is known: many small parts, where a reader could look at
// all earlier ones for each. Work per byte may grow as the depth of a tree of names does (by 2 from
// the first to the last size), and must not grow as their number does (by 100).
#include <cstdio>
#include <string>
#include <string_view>
#include <vector>

#include "cases.hpp"
#include "work.hpp"

namespace {

constexpr std::size_t kSizes[] = {10'000, 100'000, 1'000'000};
constexpr double kMostGrowth = 3;
constexpr double kMostBytesPerByte = 150;  // a JSON value of one digit takes 48

// Does it hold?
bool measure(const Case& each) {
    std::vector<double> blocks_per_byte, peak_per_byte;
    for (const std::size_t size : kSizes) {
        const std::string input = each.make(size);
        const Work work = work_of([&] { each.read(input); });
        blocks_per_byte.push_back(double(work.blocks) / double(input.size()));
        peak_per_byte.push_back(double(work.peak_bytes) / double(input.size()));
    }
    const bool is_linear = blocks_per_byte.back() <= kMostGrowth * blocks_per_byte.front() + 1;
    const bool is_small = peak_per_byte.back() <= kMostBytesPerByte;
    std::printf("%-34s", each.name);
    for (const double blocks : blocks_per_byte)
        std::printf(" %8.1f", blocks);
    std::printf("   %8.1f  %s\n", peak_per_byte.back(),
                !is_linear  ? "NOT LINEAR"
                : !is_small ? "TOO MUCH MEMORY"
                            : "ok");
    std::fflush(stdout);
    return is_linear && is_small;
}

}  // namespace

int main(int argc, char** argv) {
    const std::string_view wanted = argc > 1 ? argv[1] : "";
    std::printf("%-34s %26s   %8s\n", "", "blocks per byte at", "bytes per");
    std::printf("%-34s %8s %8s %8s   %8s\n", "reader: input", "10 KB", "100 KB", "1 MB", "byte");
    int n_tried = 0;
    int n_failed = 0;
    for (const Case& each : cases()) {
        if (!std::string_view(each.name).starts_with(wanted)) continue;
        ++n_tried;
        n_failed += !measure(each);
    }
    std::printf("%d of %d grow faster than their input\n", n_failed, n_tried);
    return n_failed == 0 && n_tried > 0 ? 0 : 1;
}
