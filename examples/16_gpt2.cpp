// Example 16: GPT-2 from the ops of gpt-oss, and what each difference is worth.  Read with
// docs/gpt2-to-gpt-oss.md.
// Try: leave add_positions out of gpt2_forward. Which token's residual in layer 0 changes least?
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <string>

#include "gptoss/contrast/gpt2.hpp"

using namespace gptoss;
using namespace gptoss::contrast;

const std::int32_t kIds[12] = {1, 2, 3, 5, 8, 13, 21, 34, 55, 89, 17, 42};

Gpt2Run run_of(const Gpt2Config& config) {
    MadeWeights made(1);  // from a seed: 2 layers, 64 channels, 4 heads
    return gpt2_forward(gpt2_weights(config, made), config, {kIds, 12});
}

void print_last_token(const std::string& name, const Matrix& values) {
    const float* last = values.memory.data() + std::size_t(11 * values.cols);
    std::printf("%-10s %9.5f %9.5f %9.5f %9.5f\n", name.c_str(), double(last[0]), double(last[1]),
                double(last[2]), double(last[3]));
}

void print_difference(const char* what, const Gpt2Config& config, const Gpt2Run& right) {
    const Gpt2Run run = run_of(config);
    double largest = 0;
    for (std::size_t i = 0; i < run.logits.memory.size(); ++i) {
        const double difference = double(run.logits.memory[i]) - double(right.logits.memory[i]);
        largest = std::max(largest, std::abs(difference));
    }
    std::printf("%-34s %8.4f\n", what, largest);
}

int main() {
    const Gpt2Run run = run_of({});
    std::printf("the last token, channels 0 to 3\n");
    print_last_token("embedding", run.residuals[0]);
    print_last_token("layer 0", run.residuals[1]);
    print_last_token("layer 1", run.residuals[2]);
    print_last_token("logits", run.logits);

    std::printf("\nlargest change of a logit\n");
    Gpt2Config post_norm, exact_gelu;
    post_norm.norm_place = NormPlace::after;
    exact_gelu.gelu = GeluForm::exact;
    print_difference("norms behind the sublayers", post_norm, run);
    print_difference("GELU by erf in place of tanh", exact_gelu, run);
}
// Expected output:
// the last token, channels 0 to 3
// embedding    0.93750  -0.92969  -0.08594  -1.31250
// layer 0     -0.07820  -0.24415   0.01492  -1.30092
// layer 1     -0.43985  -0.50557   2.92927  -1.02760
// logits       8.29214   3.93873  -7.89139   5.79269
//
// largest change of a logit
// norms behind the sublayers          16.9349
// GELU by erf in place of tanh         0.0020
