// Example 10: one token goes through four of eight experts.  Read with docs/10-experts.md.
// Try: token 43 instead of 42. Which experts does it get?
#include <cstdio>

#include "gptoss/checkpoint/synth.hpp"
#include "gptoss/core/presets.hpp"
#include "gptoss/model/activations.hpp"
#include "gptoss/ops/scalar.hpp"

using namespace gptoss;

int main() {
    const Weights weights = checkpoint::synthetic_weights(preset_tiny(), 1);
    const Config& config = weights.config;
    const ExpertWeights& w = weights.layers[0].mlp;
    Activations a;
    shape_activations<HostMemory>(a, config, 1, 1);

    // In the model attention comes first; here the token's embedding goes straight to the experts.
    const std::int32_t token[1] = {42};
    embed({token, 1}, weights.embedding, a.embedding);
    rmsnorm(a.embedding, w.norm_gain, config.eps, a.mlp_norm);

    linear(a.mlp_norm, w.router, w.router_bias, a.mlp_router_logits);
    route(a.mlp_router_logits, a.mlp_expert_ids, a.mlp_expert_weights);
    expert_linear(a.mlp_norm, XRows::per_token, a.mlp_expert_ids, w.gate_up, w.gate_up_bias,
                  a.mlp_gate_up);
    swiglu(a.mlp_gate_up, config.swiglu_limit, config.swiglu_alpha, a.mlp_swiglu);
    expert_linear(a.mlp_swiglu, XRows::per_rank, a.mlp_expert_ids, w.down, w.down_bias,
                  a.mlp_expert_out);
    combine(a.mlp_expert_out, a.mlp_expert_weights, a.mlp_out);

    std::printf("        unit 0 of 32              channel 0 of 64\n");
    std::printf("expert    gate      up  swiglu    expert_out * weight =  share\n");
    for (int j = 0; j < config.top_k; ++j) {
        const float* gate_up = a.mlp_gate_up.row(j);  // (2 * intermediate_size)
        const float weight = a.mlp_expert_weights.data[j];
        const float expert_out = a.mlp_expert_out.row(j)[0];
        std::printf("%6d %7.3f %7.3f %7.3f %13.3f * %6.3f = %7.3f\n", a.mlp_expert_ids.data[j],
                    double(gate_up[0]), double(gate_up[1]), double(a.mlp_swiglu.row(j)[0]),
                    double(expert_out), double(weight), double(weight * expert_out));
    }
    std::printf("mlp_out[0] %52.3f\n", double(a.mlp_out.data[0]));
}
// Expected output:
//         unit 0 of 32              channel 0 of 64
// expert    gate      up  swiglu    expert_out * weight =  share
//      0  -6.728  -2.101   0.000         6.423 *  0.650 =   4.175
//      4   1.066  -8.409  -5.498        -5.026 *  0.160 =  -0.803
//      3   3.715  -5.216 -15.632        -3.453 *  0.120 =  -0.416
//      7  -6.831  -3.114   0.000         3.597 *  0.070 =   0.251
// mlp_out[0]                                                3.207
