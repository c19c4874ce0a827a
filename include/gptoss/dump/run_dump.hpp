// Dump: what is known of one run, in memory: its activations by site, its tokens, its config.
//
//     const Dump ours = dump_of(recorder, "ours");            a run of this program
//     const Dump theirs = read_dump("theirs.npz", map);       dump/read_dump.hpp
//     const Comparison c = compare(ours, theirs, {});         compare/compare.hpp
//
// Sites lie in execution order: embedding, the sites of layer 0, of layer 1, ..., final_norm,
// logits. A third party's dump may lack any of them, the tokens and the config.
//
// Types    float32, expert_ids int32, whatever the file held (Activation::dtype says it).
// Pitfalls shape is the file's own: a batch of 1 in front, or heads apart from head_dim, is not yet
//          removed (dump/site_shape.hpp).
#pragma once
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "gptoss/dump/dump.hpp"
#include "gptoss/dump/recorder.hpp"

namespace gptoss::dump {

struct SiteKey {
    Site site;
    int layer = kNoLayer;

    // Which part of the pass it belongs to: -1 before the layers, the layer, or behind them all.
    int stage() const {
        if (site == Site::embedding) return -1;
        return is_per_layer(site) ? layer : std::numeric_limits<int>::max();
    }
    bool operator<(const SiteKey& other) const {
        return stage() != other.stage() ? stage() < other.stage() : site < other.site;
    }
    bool operator==(const SiteKey&) const = default;
};

inline std::string site_name(const SiteKey& key) {
    return site_name(key.site, key.layer);
}

struct Activation {
    format::Shape shape;
    std::vector<float> values;      // empty for ids
    std::vector<std::int32_t> ids;  // of expert_ids only
    std::string dtype = "F32";      // as the file spells it
    std::string refusal = {};       // why there are no values; empty if there are
};

struct Dump {
    std::string name;  // in messages: the file
    std::optional<Config> config = {};
    std::optional<std::vector<std::int32_t>> tokens = {};
    int first_row = 0;  // the token that every array's first row is of; later than 0 in a golden
    std::map<SiteKey, Activation> sites = {};     // in execution order
    std::vector<std::string> unknown_names = {};  // arrays that are no site
    std::vector<std::string> edited = {};         // what was changed while it ran
    bool is_llama_cpp = false;  // of which it has the names or the file: it rounds YaRN's bounds
};

// One more than the largest layer of any site.
inline int n_layers_of(const Dump& dump) {
    int n_layers = 0;
    for (const auto& [key, activation] : dump.sites) {
        if (key.layer >= n_layers) n_layers = key.layer + 1;
    }
    return n_layers;
}

inline Dump dump_of(const Recorder& recorder, const std::string& name) {
    Dump dump{name};
    dump.config = recorder.config();
    dump.tokens = recorder.tokens();
    dump.edited = recorder.edited();
    for (const RecordedSite& recorded : recorder.recorded()) {
        JoinedSite joined = join_passes(recorded, recorder.config());
        const bool is_ids = !joined.ids.empty();
        Activation& activation = dump.sites[{recorded.site, recorded.layer}];
        activation.shape = joined.shape;
        activation.values = std::move(joined.values);
        activation.ids = std::move(joined.ids);
        activation.dtype = is_ids ? "I32" : "F32";
    }
    return dump;
}

}  // namespace gptoss::dump
