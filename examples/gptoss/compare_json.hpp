// JSON of a comparison: everything that compare found, for programs.
//
//     {"verdict": "diverged", "reason": "...", "first_divergence": "block.0.attn.q",
//      "sites": [...], "expert_changes": [...], "logits": {...}, "tolerances": "...",
//      "exactness": {...}, "notes": [...]}
//
// Where    the tool's compare --json.
// Pitfalls JSON has neither infinity nor NaN. A measure is null where it is infinite, or where no
//          value is a number on both sides; so are the logits' if any of them is NaN.
#pragma once
#include <nlohmann/json.hpp>

#include "gptoss/compare/comparison.hpp"
#include "gptoss/format/json.hpp"

namespace gptoss::tool {

using namespace compare;

inline format::OrderedJson row_json(const CompareRow& row) {
    const Metrics& m = row.metrics;
    const auto measure = [&m](double value) {
        return m.n_values > 0 ? format::OrderedJson(value) : format::OrderedJson(nullptr);
    };
    return {{"name", dump::site_name(row.key)},
            {"outcome", outcome_key(row.outcome)},
            {"error", measure(m.error)},
            {"tolerance", row.tolerance},
            {"relative", measure(m.relative)},
            {"relative_tolerance", row.relative_tolerance},
            {"max", measure(m.max)},
            {"mean", measure(m.mean)},
            {"cosine", measure(m.cosine)},
            {"bf16_ulps", measure(m.ulps)},
            {"bf16_equal", measure(m.equal)},
            {"n_values", m.n_values},
            {"n_nan", m.n_nan},
            {"n_reference_nan", m.n_reference_nan},
            {"n_infinities", m.n_infinities},
            {"tokens", row.n_strict},
            {"tokens_behind_flips", row.n_lenient},
            {"tokens_left_out", row.n_left_out},
            {"note", row.note}};
}

inline format::OrderedJson change_json(const ExpertChange& change) {
    return {{"layer", change.layer},         {"token", change.token}, {"left", change.left},
            {"joined", change.joined},       {"gap", change.gap},     {"allowed", change.allowed},
            {"near_tie", change.is_near_tie}};
}

inline format::OrderedJson comparison_json(const Comparison& c) {
    format::OrderedJson json;
    json["verdict"] = verdict_name(c.verdict);
    json["reason"] = c.reason;
    json["first_divergence"] = nullptr;
    if (c.first_divergence) {
        json["first_divergence"] = dump::site_name(c.rows[*c.first_divergence].key);
    }
    json["tolerances"] = c.tolerances;
    json["sites"] = format::OrderedJson::array();
    for (const CompareRow& row : c.rows) {
        json["sites"].push_back(row_json(row));
    }
    json["sites_not_common"] = c.n_not_common;
    json["expert_changes"] = format::OrderedJson::array();
    for (const ExpertChange& change : c.changes) {
        json["expert_changes"].push_back(change_json(change));
    }
    json["logits"] = nullptr;
    if (c.logits) {
        json["logits"] = {{"positions", c.logits->n_positions},
                          {"top_1", c.logits->top_1},
                          {"k", c.logits->k},
                          {"top_k", c.logits->top_k},
                          {"mean_kl", c.logits->mean_kl},
                          {"max_kl", c.logits->max_kl}};
    }
    json["exactness"] = nullptr;
    if (c.exactness) {
        json["exactness"] = {{"site", dump::site_name(c.exactness->key)},
                             {"rms", c.exactness->rms},
                             {"arithmetic", c.exactness->arithmetic},
                             {"sums_in_blocks", c.exactness->in_blocks}};
    }
    json["notes"] = c.notes;
    return json;
}

}  // namespace gptoss::tool
