// Comparable: which arrays of a dump can be held against the model, and whether that is enough.
//
// Where    diagnose/diagnose.hpp, behind the comparison with the right model.
#pragma once
#include <string>
#include <vector>

#include "gptoss/compare/where.hpp"
#include "gptoss/diagnose/evidence.hpp"

namespace gptoss::diagnose {

struct Comparable {
    int n_sites = 0;                             // that can be
    std::vector<std::string> not_compared = {};  // the others, each with its reason
    std::vector<std::string> notes = {};         // the same, and names that no site has
    bool is_enough = false;                      // if not, the dump is another model's, or nothing
    std::string reason = {};                     // why not
    std::string layers_without = {};             // "layer 4", if the dump ends in front of it
};

// The last layers, if the dump has nothing of them nor of what is behind them: nothing it holds shows
// whether they are right, or there at all.
inline std::string layers_without_arrays(const dump::Dump& theirs, int n_layers) {
    int first = 0;
    for (const auto& [key, activation] : theirs.sites) {
        if (key.stage() >= n_layers) return "";
        first = key.stage() + 1;
    }
    std::vector<int> layers;
    for (int layer = first; layer < n_layers; ++layer) {
        layers.push_back(layer);
    }
    return compare::numbers_text("layer", layers);
}

// c compares right, a run of the model, with theirs.
inline Comparable comparable_arrays(const compare::Comparison& c, const dump::Dump& right,
                                    const dump::Dump& theirs) {
    Comparable found;
    for (const compare::CompareRow& row : c.rows) {
        found.n_sites += has_error(row);
        const bool is_odd = !has_error(row) && row.outcome != compare::Outcome::left_out;
        if (is_odd) found.not_compared.push_back(dump::site_name(row.key) + ": " + row.note);
    }
    for (const auto& [key, activation] : theirs.sites) {
        if (right.sites.contains(key)) continue;
        found.not_compared.push_back(dump::site_name(key) + ": the model has no such layer");
    }
    if (right.config) found.layers_without = layers_without_arrays(theirs, right.config->n_layers);
    found.notes = found.not_compared;
    const std::string unknown = compare::unknown_names_text(theirs);
    if (!unknown.empty()) found.notes.push_back(unknown);

    const std::size_t n_sites = std::size_t(found.n_sites);
    // llama.cpp's graph has more tensors than sites.
    const std::size_t n_unknown = theirs.is_llama_cpp ? 0 : theirs.unknown_names.size();
    const std::size_t n_unread = found.not_compared.size() + n_unknown;
    found.is_enough = n_sites > 0 && n_unread <= n_sites;
    found.reason = c.reason;
    if (!found.is_enough && n_unread > 0) {
        found.reason = compare::counted(n_unread, "array") + " of " +
                       std::to_string(n_unread + n_sites) + " cannot be compared, as " +
                       found.notes[0] +
                       (found.not_compared.empty() ? "" : ": is it the dump of another model?");
    }
    return found;
}

}  // namespace gptoss::diagnose
