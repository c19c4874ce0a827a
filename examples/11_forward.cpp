// Example 11: the whole forward pass on a model of toy size.  Read with docs/11-forward.md.
// Try: feed the twelve tokens in two passes, 5 and 7. Which of the last eight residual lines change?
#include <algorithm>
#include <cstdio>
#include <vector>

#include "gptoss/checkpoint/synth.hpp"
#include "gptoss/core/presets.hpp"
#include "gptoss/model/transformer.hpp"

using namespace gptoss;

// Prints the residual stream of the last token wherever a block has added to it.
struct PrintResidual : Watch {
    void show(Site site, int layer, ConstMatrixView values) override {
        const bool is_residual = site == Site::attn_residual || site == Site::mlp_residual;
        if (!is_residual) return;
        const float* last = values.row(values.rows - 1);  // (hidden_size)
        std::printf("%-23s %8.3f %8.3f %8.3f %8.3f\n", site_name(site, layer).c_str(),
                    double(last[0]), double(last[1]), double(last[2]), double(last[3]));
    }
};

int main() {
    // 4 layers, hidden 64, 8 experts, vocabulary 128; the weights are made from the seed.
    Transformer<> transformer(checkpoint::synthetic_weights(preset_tiny(), 1));
    const std::int32_t tokens[12] = {1, 2, 3, 5, 8, 13, 21, 34, 55, 89, 17, 42};
    PrintResidual print_residual;

    std::printf("the last token's residual, channels 0 to 3\n");
    transformer.feed({tokens, 12}, LogitRows::last, &print_residual);

    const MatrixView logits = transformer.a.logits;  // (1, vocab_size)
    std::vector<Candidate> candidates = candidates_of({logits.data, logits.cols}, 1.0f);
    std::sort(candidates.begin(), candidates.end(), more_likely);
    std::printf("\nthe five likeliest next tokens\n");
    for (std::size_t rank = 0; rank < 5; ++rank) {
        const int id = candidates[rank].id;
        std::printf("%4d %8.3f\n", id, double(logits.data[id]));
    }
}
// Expected output:
// the last token's residual, channels 0 to 3
// block.0.attn.residual      0.870   -0.763   -0.070   -0.145
// block.0.mlp.residual       1.078   -5.956   10.125   -0.103
// block.1.attn.residual      1.024   -5.879   10.023   -0.181
// block.1.mlp.residual      -3.973   -1.563   21.624   14.796
// block.2.attn.residual     -4.020   -1.340   21.203   14.792
// block.2.mlp.residual      -6.091  -19.814   25.907    8.615
// block.3.attn.residual     -5.918  -19.965   26.126    8.542
// block.3.mlp.residual     -12.043  -27.054   17.694   10.124
//
// the five likeliest next tokens
//   89    1.672
//    6    1.499
//   19    1.334
//   39    1.131
//   24    1.076
