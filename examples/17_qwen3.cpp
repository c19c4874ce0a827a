// Example 17: Qwen3 from the ops of gpt-oss, and what each difference is worth.  Read with
// docs/gpt2-to-gpt-oss.md.
// Try: give qwen3_config YaRN, rope_scaling_factor 32. Which of the twelve tokens notice?
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <string>

#include "gptoss/contrast/qwen3.hpp"

using namespace gptoss;
using namespace gptoss::contrast;

const std::int32_t kIds[12] = {1, 2, 3, 5, 8, 13, 21, 34, 55, 89, 17, 42};

Qwen3Run run_of(const Config& config, const Qwen3Switches& switches) {
    MadeWeights made(1);  // from a seed: 2 layers, 64 channels, 8 experts of which a token takes 2
    const Qwen3Weights w = qwen3_weights(config, made);
    return qwen3_forward(w, config, {kIds, 12}, switches);
}

void print_last_token(const std::string& name, const Matrix& values) {
    const float* last = values.memory.data() + std::size_t(11 * values.cols);
    std::printf("%-10s %9.5f %9.5f %9.5f %9.5f\n", name.c_str(), double(last[0]), double(last[1]),
                double(last[2]), double(last[3]));
}

void print_difference(const char* what, const Qwen3Run& run, const Qwen3Run& right) {
    double largest = 0;
    for (std::size_t i = 0; i < run.logits.memory.size(); ++i) {
        const double difference = double(run.logits.memory[i]) - double(right.logits.memory[i]);
        largest = std::max(largest, std::abs(difference));
    }
    std::printf("%-34s %8.4f\n", what, largest);
}

int main() {
    const Config config = qwen3_config();
    const Qwen3Run run = run_of(config, {});
    std::printf("the last token, channels 0 to 3\n");
    print_last_token("embedding", run.residuals[0]);
    print_last_token("layer 0", run.residuals[1]);
    print_last_token("layer 1", run.residuals[2]);
    print_last_token("logits", run.logits);

    std::printf("\nlargest change of a logit\n");
    print_difference("without norms of q and k", run_of(config, {.has_qk_norm = false}), run);
    print_difference("sinks of 0, as gpt-oss has sinks", run_of(config, {.sink = 0.0f}), run);
    print_difference("a window of 4 in both layers", run_of(config, {.window = 4}), run);
    Config other_base = config;
    other_base.rope_theta = 150000.0f;
    print_difference("base 150,000 in place of 1,000,000", run_of(other_base, {}), run);
}
// Expected output:
// the last token, channels 0 to 3
// embedding   -0.73047   0.52734   0.54297   0.91016
// layer 0     -0.29342  -0.93074  -0.51332   1.77340
// layer 1      1.21109   0.18652   0.12548   3.23840
// logits       2.12721  -0.13240  -0.18585  -1.03644
//
// largest change of a logit
// without norms of q and k             3.0055
// sinks of 0, as gpt-oss has sinks     2.6754
// a window of 4 in both layers         5.1437
// base 150,000 in place of 1,000,000   1.2851
