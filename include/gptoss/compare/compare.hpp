// Compare: a run held against a reference run, site by site in execution order.
//
//     const Comparison c = compare(reference, other, {});
//     if (c.first_divergence) std::puts(site_name(c.rows[*c.first_divergence].key).c_str());
//
// The first site beyond its tolerance is where the mistake is, or directly in front of it; all that
// follows is a consequence. Three things are told apart from a mistake:
//
//     another order of experts     matched by expert: expert_weights, gate_up, swiglu, expert_out
//     an expert flip               the router was nearly undecided (compare/expert_match.hpp): the
//                                  token is compared on, but is allowed what the flip moved, and
//                                  so are later tokens that attend to it (flip_allowance.hpp). Where
//                                  the dump has no expert_ids, it is guessed (unseen_flips.hpp)
//     no value to compare with     missing, another shape or dtype, NaN in the reference: never a
//                                  pass, and no divergence either
//
// Where    the tool's compare; diagnoses.
// Errors   none: everything that is wrong with a dump is an Outcome, or the reason of the Verdict.
// Pitfalls The reference is the first argument: metrics are relative to it. A dump of the last
//          token only does not show the flips of earlier tokens.
#pragma once
#include <algorithm>
#include <limits>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "gptoss/compare/bounds.hpp"
#include "gptoss/compare/compare_site.hpp"
#include "gptoss/compare/comparison.hpp"
#include "gptoss/compare/exactness.hpp"
#include "gptoss/compare/number_format.hpp"
#include "gptoss/compare/same_run.hpp"
#include "gptoss/compare/unseen_flips.hpp"
#include "gptoss/compare/verdict.hpp"
#include "gptoss/compare/where.hpp"
#include "gptoss/core/config_rules.hpp"

namespace gptoss::compare {

// The tokens of the run, or the most that any site of the reference has; 0 if nothing says it.
inline int n_tokens_of(const dump::Dump& reference, const dump::Dump& other) {
    if (reference.tokens) return int(reference.tokens->size());
    if (other.tokens) return int(other.tokens->size());
    return 0;
}

// Does it hold ids or floats, as the site asks, and as many as its shape says?
inline bool is_whole(Site site, const dump::Activation& activation) {
    const bool is_ids = site == Site::mlp_expert_ids;
    const std::size_t n_values = is_ids ? activation.ids.size() : activation.values.size();
    const auto n_expected = format::checked_bytes(activation.shape, 1);
    return n_expected && *n_expected == n_values;
}

// Of an array that holds what its shape says: else an empty file could claim millions.
inline int most_tokens(const dump::Dump& dump) {
    int most = 1;
    for (const auto& [key, activation] : dump.sites) {
        const bool has_values = !activation.values.empty() || !activation.ids.empty();
        if (!has_values || !is_whole(key.site, activation)) continue;
        for (const format::Shape& reading : dump::shape_readings(key.site, activation.shape)) {
            const std::int64_t n_tokens = reading[dump::token_axis(key.site)];
            if (n_tokens <= kLargestExtent) most = std::max(most, int(n_tokens));
        }
    }
    return most;
}

inline std::set<Site> kinds_of(const dump::Dump& dump) {
    std::set<Site> kinds;
    for (const auto& [key, activation] : dump.sites) {
        kinds.insert(key.site);
    }
    return kinds;
}

class Comparer {
public:
    Comparer(const dump::Dump& reference, const dump::Dump& other, const CompareOptions& options)
        : reference_(reference), other_(other), options_(options) {
        if (reference.config) config_ = &*reference.config;
        if (config_ == nullptr && other.config) config_ = &*other.config;
        n_tokens_ = n_tokens_of(reference, other);
        const int n_allowed =
            std::max(n_tokens_, std::max(most_tokens(reference), most_tokens(other)));
        seen_.assign(std::size_t(n_allowed), 0);
        at_scores_ = seen_;
        bounds_ = bounds_of(reference, config_, n_allowed, options);
        bounds_.is_partial = reference.first_row > 0 || other.first_row > 0;
    }

    Comparison run() {
        found_.tolerances = bounds_text(bounds_);
        found_.reason = run_difference(reference_, other_);
        if (!found_.reason.empty()) return found_;
        for (const dump::SiteKey& key : keys()) {
            begin_stage(key);
            found_.rows.push_back(row_of(key));
        }
        give_verdict(reference_, other_, found_);
        const std::optional<Exactness> exactness =
            exactness_of(found_.rows, bounds_, number_format_of(other_));
        if (found_.verdict == Verdict::pass) found_.exactness = exactness;
        give_hints(exactness);
        return found_;
    }

private:
    // What often stands behind such a result.
    void give_hints(const std::optional<Exactness>& exactness) {
        if (!other_.tokens || !reference_.tokens) {
            const dump::Dump& silent = other_.tokens ? reference_ : other_;
            found_.notes.push_back(silent.name + " does not say its tokens");
        }
        if (!found_.first_divergence) return;
        if (other_.is_llama_cpp) {
            found_.notes.push_back(
                "llama.cpp rounds YaRN's bounds and activations in products, which is no mistake: "
                "diagnose, and compare op by op, allow for both");
        }
        if (found_.rows[*found_.first_divergence].key.site == Site::embedding) {
            found_.notes.push_back("the embedding differs: other tokens, or other weights");
        }
        const bool is_float32 = options_.policy == Policy::float32 && !options_.tolerance;
        if (is_float32) found_.policy_of_products = policy_of_products(found_.rows, bounds_);
        const NumberFormat format = number_format_of(other_);
        if (is_float32 && format != NumberFormat::float32) {
            const std::string name = number_format_name(format);
            found_.notes.push_back("the values of " + other_.name + " are " + name +
                                   " numbers: the " + name + " policy allows for that");
        } else if (is_float32 && exactness && exactness->has_short_products) {
            found_.notes.push_back("no error is larger than " + exactness->arithmetic +
                                   " would make it: if " + other_.name + " has such, take the " +
                                   policy_name(exactness->short_products) + " policy");
        }
    }

    // The sites of either dump that were asked for.
    std::set<dump::SiteKey> keys() {
        const std::set<Site> of_reference = kinds_of(reference_), of_other = kinds_of(other_);
        const bool takes_what_there_is = options_.sites.empty() && !options_.all_sites;
        std::set<dump::SiteKey> keys;
        std::set<Site> left_out;
        for (const dump::Dump* dump : {&reference_, &other_}) {
            for (const auto& [key, activation] : dump->sites) {
                if (!options_.sites.empty() && !options_.sites.contains(key.site)) continue;
                const bool both_have_some =
                    of_reference.contains(key.site) && of_other.contains(key.site);
                const bool both_have_it =
                    reference_.sites.contains(key) && other_.sites.contains(key);
                if (options_.common_only ? both_have_it : both_have_some || !takes_what_there_is) {
                    keys.insert(key);
                } else {
                    ++found_.n_not_common;
                    left_out.insert(key.site);
                }
            }
        }
        found_.not_common.assign(left_out.begin(), left_out.end());
        return keys;
    }

    // Entering a layer, its attention, or what is behind the layers.
    void begin_stage(const dump::SiteKey& key) {
        if (key.stage() != stage_) {
            const int n_layers = std::max(dump::n_layers_of(reference_), dump::n_layers_of(other_));
            const int next = std::min(key.stage(), n_layers);
            const int first = attended_ ? stage_ + 1 : stage_;
            spread_over_layers(std::max(first, 0), next);  // which have no sites
            stage_ = key.stage();
            attended_ = false;
            match_.reset();
            changed_.clear();
            before_flip_.clear();
        }
        if (!is_per_layer(key.site) || key.site < Site::attn_scores || attended_) return;
        attended_ = true;
        if (!allows_any_) return;
        at_scores_ = spread(seen_, window(key.layer), 1);
        seen_ = spread(seen_, window(key.layer), kAttendedShare);
    }

    // Once all earlier tokens are seen, more layers change nothing; nor does a window that is no
    // wider than one that changed nothing.
    void spread_over_layers(int first, int end) {
        int widest_settled = 1;
        for (int layer = first; layer < end && allows_any_; ++layer) {
            const bool is_settled = window(layer) > 0 && window(layer) <= widest_settled;
            if (is_settled) continue;
            Allowance next = spread(seen_, window(layer), kAttendedShare);
            widest_settled = next == seen_ ? window(layer) : 1;
            seen_ = std::move(next);
            if (window(layer) == 0) return;
        }
    }

    CompareRow row_of(const dump::SiteKey& key) {
        CompareRow row{key};
        row.tolerance = bounds_.at(key).max;
        row.relative_tolerance = bounds_.at(key).rms;
        const auto expected = reference_.sites.find(key);
        const auto got = other_.sites.find(key);
        if (options_.leaves_out_attention && attends(key.site)) {
            row.outcome = Outcome::left_out;
            row.note = "reads tokens that " + other_.name + " does not keep";
        } else if (expected == reference_.sites.end()) {
            row.outcome = Outcome::missing_reference;
            row.note = "not in " + reference_.name;
        } else if (got == other_.sites.end()) {
            row.outcome = Outcome::missing;
            row.note = "not in " + other_.name;
        } else {
            compare_values(row, expected->second, got->second);
        }
        return row;
    }

    void compare_values(CompareRow& row, const dump::Activation& expected,
                        const dump::Activation& got) {
        if (!expected.refusal.empty() || !got.refusal.empty()) {
            const bool is_reference = !expected.refusal.empty();
            row.outcome = Outcome::dtype;
            row.note = is_reference ? reference_.name + ": " + expected.refusal : got.refusal;
            return;
        }
        if (!is_whole(row.key.site, expected) || !is_whole(row.key.site, got)) {
            row.outcome = Outcome::dtype;
            row.note = "does not hold as many values as its shape says, of the site's kind";
            return;
        }
        const PairedShapes shapes =
            pair_shapes(row.key.site, expected.shape, got.shape,
                        {config_, n_tokens_, reference_.first_row, other_.first_row});
        if (shapes.other.empty()) {
            const bool is_reference = shapes.reference.empty();
            row.outcome = Outcome::shape;
            row.note = is_reference ? reference_.name + ": " + shapes.reference_mistake
                                    : shapes.other_mistake;
        } else if (row.key.site == Site::mlp_expert_ids) {
            compare_ids(row, align(row.key.site, shapes, expected.ids, got.ids, n_run_tokens()));
        } else {
            const SitePair pair = pair_sites(row.key.site, shapes, expected, got, n_run_tokens(),
                                             match_ ? &*match_ : nullptr);
            compare_floats(row, pair);
        }
    }
    int n_run_tokens() const { return int(seen_.size()); }
    int window(int layer) const {
        const bool known = config_ != nullptr && layer < config_->n_layers;
        return known ? config_->window(layer) : 0;
    }

    void compare_floats(CompareRow& row, const SitePair& pair) {
        const bool is_out = row.key.site == Site::mlp_out || row.key.site == Site::mlp_residual;
        const bool is_scores =
            row.key.site == Site::attn_scores || row.key.site == Site::attn_weights;
        Allowance allowance = allowance_of_pair(pair, is_scores ? at_scores_ : seen_);
        for (double& allowed : allowance) {
            if (row.key.site == Site::attn_weights && allowed > 0) allowed = kLeftOut;
        }
        if (is_out) {
            for (const int t : changed_) {
                if (t < pair.first_token) continue;
                allowance[std::size_t(t - pair.first_token)] = kLeftOut;
            }
        }
        if (row.key.site == Site::mlp_router_logits) keep_router_logits(pair, row.tolerance);
        judge(row, pair, allowance);
        if (row.outcome == Outcome::diverged) look_for_unseen_flips(row, pair, allowance);
        if (row.outcome == Outcome::diverged) {
            const double bound = row.tolerance * rms_of(pair.expected_rows());
            row.where = where_text(pair, bound, config_ == nullptr ? 0 : config_->head_dim);
        }
        if (is_out) allow_for_flips(pair);
        const bool has_nan = row.metrics.n_nan + row.metrics.n_reference_nan > 0;
        if (row.key.site == Site::logits && !has_nan) measure_likeliest(pair);
    }

    // Tokens near a tie in the layers in front of a site of which the other does not say its experts.
    void note_near_ties(const dump::SiteKey& key) {
        const bool is_in_layers = is_per_layer(key.site);
        const bool behind_choice = is_in_layers && key.site > Site::mlp_expert_ids;
        const int n_layers = dump::n_layers_of(reference_);
        const int end = std::min(is_in_layers ? key.layer + behind_choice : n_layers, n_layers);
        for (; n_layers_noted_ < end; ++n_layers_noted_) {
            const int layer = n_layers_noted_;
            const auto logits = reference_.sites.find({Site::mlp_router_logits, layer});
            const bool is_seen = other_.sites.contains({Site::mlp_expert_ids, layer});
            if (is_seen || logits == reference_.sites.end() || config_ == nullptr) continue;
            note_near_ties_of(logits->first, logits->second);
        }
    }
    void note_near_ties_of(const dump::SiteKey& key, const dump::Activation& logits) {
        const int n_experts = config_->n_experts;
        const int n_rows = int(logits.values.size()) / std::max(n_experts, 1);
        const ConstMatrixView rows{logits.values.data(), n_rows, n_experts};
        const double allowed = 2 * bounds_.at(key).max * rms_of(rows);
        const int first_token = std::max(n_run_tokens() - n_rows, 0);
        for (int t = first_token; t < n_run_tokens() && t - first_token < n_rows; ++t) {
            const float* logits_t = rows.row(t - first_token);
            if (!is_near_tie(logits_t, n_experts, config_->top_k, allowed)) continue;
            first_near_tie_ = std::min(first_near_tie_, t);
        }
    }

    void look_for_unseen_flips(CompareRow& row, const SitePair& pair, Allowance allowance) {
        if (options_.tolerance) return;
        note_near_ties(row.key);
        const std::vector<int> off = tokens_flips_explain(pair, allowance, first_near_tie_,
                                                          {row.tolerance, row.relative_tolerance});
        if (off.empty()) return;
        const double rms = rms_of(pair.expected_rows());
        for (const int t : off) {
            const double moved = allowance_of_flip(token_error(pair, t, rms));
            allowance[std::size_t(t - pair.first_token)] = kLeftOut;
            seen_[std::size_t(t)] = std::max(seen_[std::size_t(t)], moved);
            allows_any_ = true;
        }
        judge(row, pair, allowance);
        if (row.outcome != Outcome::ok) return;
        row.note = "but for " + counted(off.size(), "token") +
                   ", which the router was nearly undecided about: expert flips";
    }

    // What a flip moved: measured at mlp.residual, at mlp.out where that is missing.
    void allow_for_flips(const SitePair& pair) {
        const double rms = rms_of(pair.expected_rows());
        for (std::size_t i = 0; i < changed_.size(); ++i) {
            const int t = changed_[i];
            const double error = t < pair.first_token ? 0 : token_error(pair, t, rms);
            double& allowed = seen_[std::size_t(t)];
            if (pair.in.site == Site::mlp_residual) allowed = before_flip_[i];
            allowed = std::max(allowed, allowance_of_flip(error));
            allows_any_ = true;
        }
    }

    void keep_router_logits(const SitePair& pair, double tolerance) {
        router_ = pair;
        router_layer_ = stage_;
        router_rms_ = rms_of(pair.expected_rows());
        router_tolerance_ = tolerance;
    }

    // Of a token of the run; without logits if the layer has none.
    TokenLogits router_logits(int token) const {
        const int row = token - router_.first_token;
        const bool known = router_layer_ == stage_ && row >= 0 && row < router_.in.rows;
        if (!known) return {};
        const double bound = router_tolerance_ + std::min(seen_[std::size_t(token)], kMostInRouter);
        return {router_.expected_rows().row(row), router_.got_rows().row(row), router_.in.cols,
                2 * bound * router_rms_};
    }

    void compare_ids(CompareRow& row, const AlignedRows<std::int32_t>& rows) {
        const ConstIdsView expected{rows.expected.data(), rows.in.rows, rows.in.cols};
        const ConstIdsView got{rows.got.data(), rows.in.rows, rows.in.cols};
        match_ = match_experts(expected, got);
        row.n_strict = rows.in.n_tokens;
        row.metrics.n_values = std::int64_t(rows.expected.size());
        for (int t = 0; t < rows.in.rows; ++t) {
            add_change(row, expected, got, t, rows.first_token + t);
        }
        if (row.outcome == Outcome::ok && match_->n_reordered > 0) {
            row.note = std::to_string(match_->n_reordered) + " tokens have them in another order";
        }
    }

    void add_change(CompareRow& row, ConstIdsView expected, ConstIdsView got, int t, int token) {
        if (match_->same_experts(t)) return;
        const TokenLogits logits = router_logits(token);
        ExpertChange change = expert_change(expected, got, t, logits);
        change.layer = stage_;
        change.token = token;
        row.metrics.equal -= double(change.left.size()) / double(row.metrics.n_values);
        if (change.is_near_tie) {
            changed_.push_back(token);
            before_flip_.push_back(seen_[std::size_t(token)]);
        }
        if (row.outcome != Outcome::diverged) {
            row.outcome = change.is_near_tie ? Outcome::flipped : Outcome::diverged;
            row.note = change_text(change, logits.expected != nullptr);
        }
        found_.changes.push_back(change);
    }

    void measure_likeliest(const SitePair& pair) {
        found_.logits = measure_logits(pair.got_rows(), pair.expected_rows(), options_.top_k);
    }

    const dump::Dump& reference_;
    const dump::Dump& other_;
    CompareOptions options_;
    const Config* config_ = nullptr;
    int n_tokens_ = 0;  // 0: not known
    Bounds bounds_;
    Comparison found_ = {};

    int stage_ = -2;
    bool attended_ = false;
    Allowance seen_;  // of each token at this point of the pass
    Allowance at_scores_ = {};
    bool allows_any_ = false;                // is any of them not 0?
    std::optional<ExpertMatch> match_ = {};  // of the layer
    std::vector<int> changed_ = {};          // tokens that flipped in the layer,
    Allowance before_flip_ = {};             // and what each was allowed in front of it
    int first_near_tie_ = std::numeric_limits<int>::max();  // a token that may have, unseen, in
    int n_layers_noted_ = 0;                                // one of so many layers
    SitePair router_ = {};                                  // router_logits of router_layer_
    int router_layer_ = -2;
    double router_rms_ = 0;
    double router_tolerance_ = 0;
};

inline Comparison compare_dumps(const dump::Dump& reference, const dump::Dump& other,
                                const CompareOptions& options) {
    return Comparer(reference, other, options).run();
}

}  // namespace gptoss::compare
