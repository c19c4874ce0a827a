// The forward pass of --path fast, compiled here and nowhere else.
#include "forwards.hpp"
#include "gptoss/ops/fast.hpp"

namespace gptoss::tool {

void forward_fast(const Weights& w, KvCache& cache, Activations& a, Watch* watch) {
    forward<FastOps>(w, cache, a, watch);
}

void forward_fast_tiles(const Weights& w, KvCache& cache, Activations& a, Watch* watch) {
    forward<FastTileOps>(w, cache, a, watch);
}

}  // namespace gptoss::tool
