// Watch: look at named activations while a forward pass runs, without stopping it, or change them.
//
//     struct PrintNorms : gptoss::Watch {
//         void show(Site site, int layer, ConstMatrixView values) override { ... }
//     };
//     struct WithoutHead : gptoss::Watch {
//         bool edits(Site site, int layer) override { return site == Site::attn_mix && layer == 0; }
//         void edit(Site, int, MatrixView values) override { ... values.row(t)[7 * head_dim + d] = 0 ... }
//     };
//
// The forward calls see<Ops>(watch, Site::attn_q, layer, a.attn_q) after every op. Without a Watch
// that is one comparison. On a device the values are copied to the host first, and only then.
//
//   values  (rows, cols) on the host, valid during the call. A site with three dimensions arrives
//           with its first two flattened into rows (trace/sites.hpp says which they are).
//
// An edit comes before the show, and the next op reads what it left: what is shown, and dumped, is
// what was used. attn_scores, attn_weights and attn_sink_share leave attend together with attn_mix
// and no op reads them, so nobody is asked to edit them; edit_attention changes the sinks and the
// window that they come from.
//
// Errors   Error if an edit leaves an id that is no expert's.
// Pitfalls An edited run is no run of the model any more. Whoever records it has to say so: see calls
//          note_edit, and a Recorder writes the names into its dump.
#pragma once
#include <cstring>
#include <string>
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

    // Which sites to change, and how.
    virtual bool edits(Site /*site*/, int /*layer*/) { return false; }
    virtual void edit(Site /*site*/, int /*layer*/, MatrixView /*values*/) {}
    virtual void edit_ids(Site /*site*/, int /*layer*/, IdsView /*ids*/) {}
    // What attend reads in a layer beside activations: a copy of its sinks, which are off at
    // -infinity, and its window, which is off at 0 (model/attention_terms.hpp).
    virtual bool edits_attention(int /*layer*/) { return false; }
    virtual void edit_attention(int /*layer*/, VectorView /*sinks*/, int& /*window*/) {}
    // What had this name was changed: "block.0.attn.mix", "block.0.attn.sinks".
    virtual void note_edit(const std::string& /*name*/) {}
};

// Is anybody interested in this site? attend fills its record only then.
inline bool is_watched(Watch* watch, Site site, int layer) {
    return watch != nullptr && watch->wants(site, layer);
}

// Does anybody want to see anything of a pass?
inline bool wants_anything(Watch* watch, int n_layers) {
    if (watch == nullptr) return false;
    for (const SiteInfo& info : kSites) {
        for (int layer = kNoLayer; layer < n_layers; ++layer) {
            if (watch->wants(info.site, layer)) return true;
        }
    }
    return false;
}

// Would anything come of a change?
inline bool is_read_later(Site site) {
    return site != Site::attn_scores && site != Site::attn_weights && site != Site::attn_sink_share;
}

inline bool is_edited(Watch* watch, Site site, int layer) {
    return watch != nullptr && is_read_later(site) && watch->edits(site, layer);
}

// What memory holds at values, on the host.
template <class Memory, class Number>
std::vector<Number> on_host(const Number* values, int rows, int cols) {
    std::vector<Number> host(std::size_t(rows) * std::size_t(cols));
    Memory::download(host.data(), values, host.size() * sizeof(Number));
    return host;
}

template <class Number>
bool has_same_bits(const std::vector<Number>& a, const std::vector<Number>& b) {
    return std::memcmp(a.data(), b.data(), a.size() * sizeof(Number)) == 0;
}

template <class Ops>
void let_edit(Watch* watch, Site site, int layer, MatrixView values) {
    const auto before = on_host<typename Ops::Memory>(values.data, values.rows, values.cols);
    std::vector<float> after = before;
    watch->edit(site, layer, {after.data(), values.rows, values.cols});
    if (has_same_bits(before, after)) return;
    Ops::Memory::upload(values.data, after.data(), after.size() * sizeof(float));
    watch->note_edit(site_name(site, layer));
}

inline void require_edited_ids(const std::string& name, ConstIdsView ids, int n_ids) {
    for (int i = 0; i < ids.rows * ids.cols; ++i) {
        if (ids.data[i] >= 0 && ids.data[i] < n_ids) continue;
        throw Error("edit: " + name + "[" + std::to_string(i / ids.cols) + ", " +
                    std::to_string(i % ids.cols) + "] is " + std::to_string(ids.data[i]) +
                    ", expected 0 <= id < " + std::to_string(n_ids));
    }
}

template <class Ops>
void let_edit(Watch* watch, Site site, int layer, IdsView ids, int n_ids) {
    const auto before = on_host<typename Ops::Memory>(ids.data, ids.rows, ids.cols);
    std::vector<std::int32_t> after = before;
    const IdsView edited = {after.data(), ids.rows, ids.cols};
    watch->edit_ids(site, layer, edited);
    if (has_same_bits(before, after)) return;
    require_edited_ids(site_name(site, layer), edited, n_ids);
    Ops::Memory::upload(ids.data, after.data(), after.size() * sizeof(std::int32_t));
    watch->note_edit(site_name(site, layer));
}

template <class Ops>
void see(Watch* watch, Site site, int layer, MatrixView values) {
    if (is_edited(watch, site, layer)) let_edit<Ops>(watch, site, layer, values);
    if (!is_watched(watch, site, layer)) return;
    const auto host = on_host<typename Ops::Memory>(values.data, values.rows, values.cols);
    watch->show(site, layer, {host.data(), values.rows, values.cols});
}

// n_ids: an id is below it.
template <class Ops>
void see(Watch* watch, Site site, int layer, IdsView ids, int n_ids) {
    if (is_edited(watch, site, layer)) let_edit<Ops>(watch, site, layer, ids, n_ids);
    if (!is_watched(watch, site, layer)) return;
    const auto host = on_host<typename Ops::Memory>(ids.data, ids.rows, ids.cols);
    watch->show_ids(site, layer, {host.data(), ids.rows, ids.cols});
}

}  // namespace gptoss
