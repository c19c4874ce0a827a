// The forward pass of --path scalar, compiled here and nowhere else.
#include "gptoss/ops/scalar.hpp"
#include "paths.hpp"

namespace gptoss::tool {

void forward_scalar(const Weights& w, KvCache& cache, Activations& a, Watch* watch) {
    forward<ScalarOps>(w, cache, a, watch);
}

}  // namespace gptoss::tool
