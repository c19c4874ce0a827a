// Anchored run: a model that is put back on a recorded track after every op.
//
//     const Dump alone = anchored_run(right, weights, theirs, kOnePass);
//
// Every op reads what the dump has, not what the op before it left, so alone holds at each site
// what this one op makes of the dump's own input. Held against the dump, a site is off exactly if
// that op is another one there: an earlier mistake, noise and expert flips are not carried along.
// A site that the dump lacks is not put back; of logits alone the run is an ordinary one. Router
// logits are recorded although the dump may lack them: they tell which experts might have flipped.
// Of a program that rounds activations in front of products, those read the rounded ones.
//
// Where    diagnosis (diagnose/diagnose.hpp).
// Errors   those of Transformer::feed; Error if the dump has no tokens.
// Pitfalls attn.scores, weights and sink_share leave an op together with mix: they are shown but
//          nothing reads them. An array with a NaN, an infinity or an id that is no expert is not
//          put back. A dump of the last tokens only holds those in place, not the ones before them.
//          Two experts with equal router logits may stand in either order: the run takes the dump's.
#pragma once
#include <cmath>
#include <cstdint>
#include <optional>
#include <utility>

#include "gptoss/compare/expert_match.hpp"
#include "gptoss/diagnose/rounded_inputs.hpp"
#include "gptoss/dump/run_dump.hpp"
#include "gptoss/dump/site_shape.hpp"
#include "gptoss/pitfalls/pitfall_list.hpp"

namespace gptoss::diagnose {

// Where the forward pass keeps what a site shows; an empty view for those that nothing reads.
inline MatrixView matrix_behind(Activations& a, Site site) {
    // clang-format off
    switch (site) {
        case Site::embedding:          return a.embedding;
        case Site::attn_norm:          return a.attn_norm;
        case Site::attn_q:             return a.attn_q;
        case Site::attn_k:             return a.attn_k;
        case Site::attn_v:             return a.attn_v;
        case Site::attn_q_rope:        return a.attn_q_rope;
        case Site::attn_k_rope:        return a.attn_k_rope;
        case Site::attn_mix:           return a.attn_mix;
        case Site::attn_out:           return a.attn_out;
        case Site::attn_residual:      return a.attn_residual;
        case Site::mlp_norm:           return a.mlp_norm;
        case Site::mlp_router_logits:  return a.mlp_router_logits;
        case Site::mlp_expert_weights: return a.mlp_expert_weights;
        case Site::mlp_gate_up:        return a.mlp_gate_up;
        case Site::mlp_swiglu:         return a.mlp_swiglu;
        case Site::mlp_expert_out:     return a.mlp_expert_out;
        case Site::mlp_out:            return a.mlp_out;
        case Site::mlp_residual:       return a.mlp_residual;
        case Site::final_norm:         return a.final_norm;
        default:                       return {};
    }
    // clang-format on
}

inline bool all_finite(const std::vector<float>& values) {
    for (const float value : values) {
        if (!std::isfinite(value)) return false;
    }
    return true;
}

// Records what it is shown and then writes the dump's values over it.
class AnchoredRecorder : public pitfalls::PassWatch {
public:
    AnchoredRecorder(const Config& config, const dump::Dump& track, RoundedInputs rounded = {})
        : recorder_(config, dump::all_sites()), track_(track), rounded_(rounded) {}
    AnchoredRecorder(const Config&, const dump::Dump&&,
                     RoundedInputs = {}) = delete;  // it must outlive the recorder

    bool wants(Site site, int layer) override {
        return site == Site::mlp_router_logits || track_.sites.contains({site, layer});
    }
    void begin_pass(ConstIdsView tokens, ConstIdsView positions) override {
        recorder_.begin_pass(tokens, positions);
        first_ = positions.data[0];
        n_tokens_ = tokens.rows;
    }
    void show(Site site, int layer, ConstMatrixView values) override {
        recorder_.show(site, layer, values);
        put_back(site, layer);
        round_what_is_read_next(site);
    }
    void show_ids(Site site, int layer, ConstIdsView ids) override {
        const dump::Activation& theirs = track_.sites.at({site, layer});
        const IdsView ours = activations->mlp_expert_ids;
        const auto rows = rows_of_pass(site, theirs, ours.rows, ours.cols);
        if (!rows || !compare::all_experts(theirs.ids, recorder_.config().n_experts)) {
            recorder_.show_ids(site, layer, ids);
            return;
        }
        for (int t = 0; t < rows->count; ++t) {
            take_order(theirs.ids.data() + (rows->from + t) * ours.cols, rows->to + t);
        }
        recorder_.show_ids(site, layer, ours);
        std::copy_n(theirs.ids.data() + rows->from * ours.cols, rows->count * ours.cols,
                    ours.row(rows->to));
    }

    dump::Dump recorded(const std::string& name) const { return dump::dump_of(recorder_, name); }

private:
    void put_back(Site site, int layer) {
        if (!track_.sites.contains({site, layer})) return;
        const dump::Activation& theirs = track_.sites.at({site, layer});
        const MatrixView ours = matrix_behind(*activations, site);
        const auto rows = rows_of_pass(site, theirs, ours.rows, ours.cols);
        if (!rows || !all_finite(theirs.values)) return;
        std::copy_n(theirs.values.data() + rows->from * ours.cols, rows->count * ours.cols,
                    ours.row(rows->to));
    }

    // The router reads mlp.norm first.
    void round_what_is_read_next(Site site) {
        Activations& a = *activations;
        if (site == Site::attn_norm) round_rows(a.attn_norm, rounded_.dense);
        if (site == Site::attn_mix) round_rows(a.attn_mix, rounded_.dense);
        if (site == Site::final_norm) round_rows(a.final_norm, rounded_.dense);
        if (site == Site::mlp_router_logits) round_rows(a.mlp_norm, rounded_.experts);
        if (site == Site::mlp_swiglu) round_rows(a.mlp_swiglu, rounded_.experts);
    }

    struct Rows {
        int from = 0;  // in the dump
        int to = 0;    // in the pass
        int count = 0;
    };

    // Puts the experts that both chose, and their weights, at the ranks at which the dump has them:
    // equal router logits leave the order open, and what follows is computed in the dump's.
    void take_order(const std::int32_t* theirs_t, int t) {
        std::int32_t* ids_t = activations->mlp_expert_ids.row(t);   // (top_k)
        float* weights_t = activations->mlp_expert_weights.row(t);  // (top_k)
        const int top_k = activations->mlp_expert_ids.cols;
        for (int j = 0; j < top_k; ++j) {
            const int rank = compare::rank_of(theirs_t[j], ids_t, top_k);
            if (rank < 0) continue;
            std::swap(ids_t[rank], ids_t[j]);
            std::swap(weights_t[rank], weights_t[j]);
        }
    }

    // Which rows of the dump belong to this pass, if the dump's shape is the site's.
    std::optional<Rows> rows_of_pass(Site site, const dump::Activation& theirs, int n_rows,
                                     int n_cols) const {
        if (n_rows == 0 || !theirs.refusal.empty()) return std::nullopt;
        const int per_token = n_rows / n_tokens_;
        const int n_recorded = int(track_.tokens->size());
        for (const int n_theirs : {n_recorded - track_.first_row, 1}) {
            format::Shape expected = {n_theirs, n_cols};
            if (dump::site_rank(site) == 3) expected = {n_theirs, per_token, n_cols};
            const auto reading = dump::reading_that_fits(site, theirs.shape, expected);
            if (!reading || *reading != expected) continue;
            const int begin = std::max(first_, n_recorded - n_theirs);  // tokens
            const int end = first_ + n_tokens_;
            if (begin >= end) return std::nullopt;
            const int in_theirs = begin - (n_recorded - n_theirs);
            return Rows{in_theirs * per_token, (begin - first_) * per_token,
                        (end - begin) * per_token};
        }
        return std::nullopt;
    }

    dump::Recorder recorder_;
    const dump::Dump& track_;
    RoundedInputs rounded_;
    int first_ = 0;     // position of the pass's first token
    int n_tokens_ = 0;  // of the pass
};

// A model without a mistake, to be run like one with.
template <class Right>
pitfalls::Pitfall right_model() {
    pitfalls::Facts facts{"right", "nothing", "", "", "", Site::embedding};
    return {facts, nullptr, &pitfalls::run_in_passes<Right>};
}

// What the model, wrong or right, makes of the dump's tokens, at the dump's sites.
inline dump::Dump anchored_run(const pitfalls::Pitfall& model, const Weights& weights,
                               const dump::Dump& theirs, int tokens_per_pass,
                               RoundedInputs rounded = {}) {
    if (!theirs.tokens || theirs.tokens->empty()) {
        throw Error(theirs.name +
                    ": has no tokens, expected the ids that were run (--ids gives them)");
    }
    const ConstIdsView tokens{theirs.tokens->data(), int(theirs.tokens->size())};
    AnchoredRecorder recorder(weights.config, theirs, rounded);
    run_pitfall(model, weights, tokens, tokens_per_pass, LogitRows::all, recorder);
    return recorder.recorded(model.facts.name);
}

}  // namespace gptoss::diagnose
