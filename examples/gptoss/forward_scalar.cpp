// The forward pass of --path scalar, compiled here and nowhere else.
#include "forwards.hpp"
#include "gptoss/ops/scalar.hpp"

namespace gptoss::tool {

void forward_scalar(const Weights& w, KvCache& cache, Activations& a, Watch* watch) {
    forward<ScalarOps>(w, cache, a, watch);
}

}  // namespace gptoss::tool
