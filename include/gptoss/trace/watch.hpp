// Watch: look at named activations while a forward pass runs, without stopping it.
//
//     struct PrintNorms : gptoss::Watch {
//         void show(Site site, int layer, ConstMatrixView values) override { ... }
//     };
//
// The forward calls see<Ops>(watch, Site::attn_q, layer, a.attn_q) after every op. Without a Watch
// that is one comparison. On a device the values are copied to the host first, and only then.
//
//   values  (rows, cols) on the host, valid during the call. A site with three dimensions arrives
//           with its first two flattened into rows (trace/sites.hpp says which they are).
#pragma once
#include <vector>

#include "gptoss/core/view.hpp"
#include "gptoss/trace/sites.hpp"

namespace gptoss {

struct Watch {
    virtual ~Watch() = default;

    // Which sites to show. attn_scores and attn_weights cost time and memory (n_heads * T * S
    // floats), so they are asked for by name.
    virtual bool wants(Site site, int /*layer*/) {
        return site != Site::attn_scores && site != Site::attn_weights;
    }
    // A pass over these tokens at these positions is about to run.
    virtual void begin_pass(ConstIdsView /*tokens*/, ConstIdsView /*positions*/) {}
    virtual void show(Site site, int layer, ConstMatrixView values) = 0;
    virtual void show_ids(Site /*site*/, int /*layer*/, ConstIdsView /*ids*/) {}
};

// Is anybody interested in this site? attend fills its record only then.
inline bool is_watched(Watch* watch, Site site, int layer) {
    return watch != nullptr && watch->wants(site, layer);
}

template <class Ops>
void see(Watch* watch, Site site, int layer, ConstMatrixView values) {
    if (!is_watched(watch, site, layer)) return;
    std::vector<float> host(std::size_t(values.rows) * std::size_t(values.cols));
    Ops::Memory::download(host.data(), values.data, host.size() * sizeof(float));
    watch->show(site, layer, {host.data(), values.rows, values.cols});
}

template <class Ops>
void see(Watch* watch, Site site, int layer, ConstIdsView ids) {
    if (!is_watched(watch, site, layer)) return;
    std::vector<std::int32_t> host(std::size_t(ids.rows) * std::size_t(ids.cols));
    Ops::Memory::download(host.data(), ids.data, host.size() * sizeof(std::int32_t));
    watch->show_ids(site, layer, {host.data(), ids.rows, ids.cols});
}

}  // namespace gptoss
