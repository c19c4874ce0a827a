// A line of tests/golden/make_contrast.py, and how far a run is from it.
#pragma once
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

#include "gptoss/contrast/made_weights.hpp"

namespace gptoss::test {

inline constexpr std::int32_t kContrastIds[12] = {1, 2, 3, 5, 8, 13, 21, 34, 55, 89, 17, 42};

struct ContrastGolden {
    std::string name;
    double last_token[4];  // channels 0 to 3
    double sum_of_sizes;   // of all tokens
};

// The largest difference: of a channel, or of the sum divided by the values in it.
inline double contrast_error(const contrast::Matrix& got, const ContrastGolden& golden) {
    double error = 0.0, sum = 0.0;
    const float* last = got.memory.data() + std::size_t(got.rows - 1) * std::size_t(got.cols);
    for (int i = 0; i < 4; ++i) {
        error = std::max(error, std::abs(double(last[i]) - golden.last_token[i]));
    }
    for (const float value : got.memory) {
        sum += std::abs(double(value));
    }
    return std::max(error, std::abs(sum - golden.sum_of_sizes) / double(got.memory.size()));
}

// Of all lines: the streams, then the logits.
template <class Run>
double largest_contrast_error(const Run& run, const std::vector<ContrastGolden>& goldens) {
    double error = contrast_error(run.logits, goldens.back());
    for (std::size_t i = 0; i < run.residuals.size(); ++i) {
        error = std::max(error, contrast_error(run.residuals[i], goldens[i]));
    }
    return error;
}

// Values reach 30, and float32 rounds each of them at 1e-7 of its size, a dozen times over.
inline constexpr double kContrastTolerance = 2e-5;

}  // namespace gptoss::test
