// Example 12: from logits to the next token.  Read with docs/12-sampling.md.
// Try: another seed. Which of the six lines of draws can change, and which one cannot?
#include <cstdio>
#include <vector>

#include "gptoss/layers/sampling.hpp"

using namespace gptoss;

const std::uint64_t kSeed = 7;
const std::vector<float> kLogits = {1.0f, 2.0f, 0.5f, 3.0f, -1.0f, 2.5f};

void print_probabilities(float temperature) {
    const auto candidates = candidates_of({kLogits.data(), int(kLogits.size())}, temperature);
    const double sum = sum_of_p(candidates);
    std::printf("temperature %.1f   ", double(temperature));
    for (const Candidate& candidate : candidates) {
        std::printf(" %6.3f", candidate.p / sum);
    }
    std::printf("\n");
}

void print_draws(const char* name, SamplingOptions options) {
    std::printf("%-17s ", name);
    for (std::uint64_t draw = 0; draw < 16; ++draw) {
        std::int32_t id = 0;
        sample({kLogits.data(), 1, int(kLogits.size())}, options, random_uniform(kSeed, draw),
               {&id, 1});
        std::printf(" %d", id);
    }
    std::printf("\n");
}

int main() {
    std::printf("token                   0      1      2      3      4      5\n");
    print_probabilities(0.5f);
    print_probabilities(1.0f);
    print_probabilities(2.0f);

    std::printf("\nsixteen draws, seed %d; the first uniform is %.4f\n", int(kSeed),
                random_uniform(kSeed, 0));
    print_draws("temperature 0", {0.0f, 0, 1.0f, 0.0f});
    print_draws("temperature 1", {1.0f, 0, 1.0f, 0.0f});
    print_draws("temperature 2", {2.0f, 0, 1.0f, 0.0f});
    print_draws("2, and top_k 3", {2.0f, 3, 1.0f, 0.0f});
    print_draws("2, and top_p 0.5", {2.0f, 0, 0.5f, 0.0f});
    print_draws("2, and min_p 0.7", {2.0f, 0, 1.0f, 0.7f});
}
// Expected output:
// token                   0      1      2      3      4      5
// temperature 0.5     0.012  0.089  0.004  0.654  0.000  0.241
// temperature 1.0     0.061  0.166  0.037  0.452  0.008  0.274
// temperature 2.0     0.116  0.191  0.090  0.315  0.043  0.245
//
// sixteen draws, seed 7; the first uniform is 0.8415
// temperature 0      3 3 3 3 3 3 3 3 3 3 3 3 3 3 3 3
// temperature 1      5 3 3 5 3 1 3 5 3 3 1 5 3 3 5 3
// temperature 2      5 3 2 5 3 0 1 5 2 3 1 5 3 3 5 3
// 2, and top_k 3     5 3 3 5 3 1 3 5 3 3 1 5 3 3 5 3
// 2, and top_p 0.5   5 5 3 5 5 3 3 5 3 3 3 5 3 3 5 3
// 2, and min_p 0.7   5 5 3 5 5 3 3 5 3 3 3 5 3 3 5 3
