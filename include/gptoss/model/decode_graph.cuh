// The forward of the CUDA path for one token at a time, over CudaDecodeOps: recorded as a graph, and played
// back as long as weights, cache and activations stay where they are and the config is the same.
//
//     DecodeGraph decode;
//     decode.forward(w, cache, a);        in place of forward<CudaOps>(w, cache, a)
//
// The first step of all runs as usual (whatever an op allocates at its first call is then there), the
// next one is recorded, the others are played. A cache that grows moves: the step is recorded anew.
//
// Pitfalls A graph holds numbers as well as addresses: what a kernel takes from the config (eps, the
//          window, swiglu_limit, the frequencies of rope) is an argument, recorded with its launch.
// Where    the tool, with --path cuda, when nothing watches.
// Errors   those of forward, and of cuda/graph.cuh.
#pragma once
#include <utility>
#include <vector>

#include "gptoss/cuda/graph.cuh"
#include "gptoss/model/transformer.hpp"
#include "gptoss/ops/cuda_decode.cuh"

namespace gptoss {

struct DecodeGraph {
    using Places = std::vector<std::pair<const void*, int>>;  // memory, and how many rows it has

    cuda::Graph graph;
    bool has_run = false;
    bool is_recorded = false;
    Places places;  // of the last step
    Config config;  // of the last step

    static Places places_of(const Weights& w, const KvCache& cache, const Activations& a) {
        Places places = {{w.embedding.bytes, w.embedding.rows},
                         {a.memory.data(), a.tokens.rows},
                         {a.logits.data, a.logits.rows}};
        for (const LayerCache& layer : cache.layers) {
            places.push_back({layer.keys.data, layer.keys.rows});
        }
        for (const LayerWeights& layer : w.layers) {
            places.push_back({layer.attn.q.bytes, layer.attn.q.rows});
        }
        return places;
    }

    // Is everything where it was in the last step?
    bool has_places(const Weights& w, const KvCache& cache, const Activations& a) const {
        return places_of(w, cache, a) == places;
    }

    void forward(const Weights& w, KvCache& cache, Activations& a) {
        run(w, cache, a, [&] { gptoss::forward<CudaDecodeOps>(w, cache, a); });
    }

    // launches: the forward, and what else belongs to a step.
    template <class Launches>
    void run(const Weights& w, const KvCache& cache, const Activations& a,
             const Launches& launches) {
        if (!has_run) {
            has_run = true;
            launches();
            return;
        }
        Places places_now = places_of(w, cache, a);
        if (places_now != places || w.config != config) is_recorded = false;
        places = std::move(places_now);
        config = w.config;
        if (!is_recorded) graph.record(launches);
        is_recorded = true;
        graph.play();
    }
};

}  // namespace gptoss
