// The forward pass of each path, compiled in a file of its own, at -O3 whatever the rest is.
#pragma once
#include "gptoss/model/transformer.hpp"

namespace gptoss::tool {

using Forward = void (*)(const Weights&, KvCache&, Activations&, Watch*);

void forward_scalar(const Weights& w, KvCache& cache, Activations& a, Watch* watch);
void forward_bf16(const Weights& w, KvCache& cache, Activations& a, Watch* watch);
void forward_fast_tiles(const Weights& w, KvCache& cache, Activations& a, Watch* watch);
void forward_fast(const Weights& w, KvCache& cache, Activations& a, Watch* watch);

}  // namespace gptoss::tool
