// The forward pass of --path bf16, compiled here and nowhere else.
#include "forwards.hpp"
#include "gptoss/ops/bf16.hpp"

namespace gptoss::tool {

void forward_bf16(const Weights& w, KvCache& cache, Activations& a, Watch* watch) {
    forward<Bf16Ops>(w, cache, a, watch);
}

}  // namespace gptoss::tool
