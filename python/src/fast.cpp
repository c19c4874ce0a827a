// The forward pass of path fast, compiled here and nowhere else.
#include "gptoss/ops/fast.hpp"

#include "gptoss/model/transformer.hpp"

namespace gptoss::python {

void forward_fast(const Weights& w, KvCache& cache, Activations& a, Watch* watch) {
    forward<FastOps>(w, cache, a, watch);
}

}  // namespace gptoss::python
