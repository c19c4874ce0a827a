// Diagnose: which known mistake makes a dump what it is.
//
//     const Diagnosis d = diagnose(weights, theirs, bug_lab<ScalarOps>(Policy::float32));
//
// The right model and every pitfall run on the dump's tokens, each anchored to the dump
// (diagnose/anchored_run.hpp), and are held against it by compare. With
//
//     D       the sites where the right model is off by more than a tolerance    diagnose/evidence.hpp
//     left    what a mistake leaves of these errors: the least comes first       diagnose/suspects.hpp
//
// A mistake has to explain the first site of D; if none does, it is none of the known ones. What the
// best one leaves beyond the tolerance may be a second mistake, which then is looked for by itself.
//
// Of a port in bf16 that dumps logits and rounds in places of its own, no model leaves next to
// nothing; it is held against float32 runs, token by token (diagnose/by_token.hpp).
//
// Where    the tool's diagnose.
// Errors   those of Transformer::feed; Error if the dump has no tokens; for anything else that is
//          wrong with a dump the Verdict is unusable and the reason says what.
// Pitfalls Two mistakes in one op hide each other. In bf16 a mistake below the noise is looked for by
//          counting roundings, which takes a dump that rounds where the official model does.
#pragma once
#include <cstring>
#include <string>
#include <utility>
#include <vector>

#include "gptoss/compare/where.hpp"
#include "gptoss/diagnose/anchored_run.hpp"
#include "gptoss/diagnose/comparable.hpp"
#include "gptoss/diagnose/difference_hint.hpp"
#include "gptoss/diagnose/embedding_hint.hpp"
#include "gptoss/diagnose/op_by_op.hpp"
#include "gptoss/diagnose/suspects.hpp"
#include "gptoss/diagnose/token_flips.hpp"
#include "gptoss/diagnose/try_each.hpp"

namespace gptoss::diagnose {

// The models that a dump is held against, and the same in float32 whatever the policy is.
struct BugLab {
    compare::Policy policy;
    pitfalls::Pitfall right;
    std::vector<pitfalls::Pitfall> pitfalls;
    pitfalls::Pitfall right_in_float32;
    std::vector<pitfalls::Pitfall> pitfalls_in_float32;
};

template <class Right>
BugLab bug_lab(compare::Policy policy) {
    return {policy, right_model<Right>(), pitfalls::all_pitfalls<Right>(), right_model<ScalarOps>(),
            pitfalls::all_pitfalls<ScalarOps>()};
}

class Diagnoser {
public:
    Diagnoser(const Weights& weights, const dump::Dump& theirs, const BugLab& lab, OnTried on_tried)
        : weights_(weights), theirs_(theirs), lab_(lab), on_tried_(std::move(on_tried)) {
        evidence_.config = weights.config;
        evidence_.n_tokens = theirs.tokens ? int(theirs.tokens->size()) : 0;
        evidence_.policy = lab.policy;
        evidence_.anchored = is_complete(theirs, weights.config);
        evidence_.is_partial = theirs.first_row > 0;
        options_.policy = lab.policy;
        options_.common_only = true;
        options_.leaves_out_attention = leaves_out_attention(theirs, lab.policy);
    }

    Diagnosis run() {
        found_.policy = lab_.policy;
        found_.numbers = compare::number_format_of(theirs_);
        found_.tokens_per_pass = pitfalls::kOnePass;
        const dump::Dump right = anchored_run(lab_.right, weights_, theirs_, pitfalls::kOnePass);
        evidence_.right = compare::compare_dumps(right, theirs_, options_);
        if (!is_usable(right)) return found_;
        const compare::Policy of_products = policy_of_products(evidence_);
        if (of_products != evidence_.policy) allow_for_short_products(right, of_products);
        find_divergence(evidence_);
        if (evidence_.divergent.empty()) look_below_noise();
        if (!evidence_.divergent.empty()) look_at_first(right);
        if (is_first(Site::embedding)) found_.hint = embedding_hint(weights_, theirs_);
        if (found_.hint.empty()) found_.hint = compare::edited_text(theirs_);
        try_all();
        if (!evidence_.divergent.empty()) suspect_all();
        if (rounds_elsewhere()) suspect_by_token();
        give_verdict();
        give_hint();
        return found_;
    }

private:
    void give_hint() {
        const bool is_open = found_.verdict == compare::Verdict::diverged && !found_.is_known;
        if (!is_open || !found_.hint.empty()) return;
        found_.hint = hint_;
        if (!comparable_.layers_without.empty()) {
            found_.hint += (hint_.empty() ? "" : "; ") + comparable_.layers_without +
                           ": the dump has no arrays of it";
        }
    }

    bool is_usable(const dump::Dump& right) {
        comparable_ = comparable_arrays(evidence_.right, right, theirs_);
        found_.n_sites = comparable_.n_sites;
        found_.notes = comparable_.notes;
        found_.reason = comparable_.reason;
        return comparable_.is_enough;
    }

    bool is_first(Site site) const {
        if (evidence_.divergent.empty()) return false;
        return evidence_.right.rows[evidence_.divergent[0]].key.site == site;
    }

    void allow_for_short_products(const dump::Dump& right, compare::Policy policy) {
        evidence_.policy = options_.policy = policy;
        evidence_.right = compare::compare_dumps(right, theirs_, options_);
        found_.remarks.push_back(
            "products of " + std::string(policy == compare::Policy::bf16 ? "8 bits" : "TF32") +
            ", float32 otherwise: bounds are those of " + compare::policy_name(policy));
    }

    void look_below_noise() {
        evidence_.fine = true;
        if (lab_.policy == compare::Policy::bf16) evidence_.channel = Channel::roundings;
        find_divergence(evidence_);
    }

    // What of the first divergent site is off. A mistake that chunks bring about begins with the second
    // one: there the dump shows the cut.
    void look_at_first(const dump::Dump& right) {
        const std::size_t first = evidence_.divergent[0];
        const dump::SiteKey key = evidence_.right.rows[first].key;
        if (key.site == Site::mlp_expert_ids || evidence_.channel == Channel::roundings) return;
        const int n_tokens = int(theirs_.tokens->size());
        const dump::Activation& ours = right.sites.at(key);
        const dump::Activation& theirs = theirs_.sites.at(key);
        const compare::PairedShapes shapes = compare::pair_shapes(
            key.site, ours.shape, theirs.shape, {&weights_.config, n_tokens, 0, theirs_.first_row});
        const compare::SitePair pair =
            compare::pair_sites(key.site, shapes, ours, theirs, n_tokens, nullptr);
        const double rms = compare::rms_of(pair.expected_rows());
        const double allowed = 4 * evidence_.tolerance_at(first);
        found_.where = compare::where_text(pair, allowed * rms, weights_.config.head_dim);
        hint_ = difference_hint(pair, weights_.config.head_dim);
        for (int t = pair.first_token; t < n_tokens; ++t) {
            const bool is_off = compare::token_error(pair, t, rms) > allowed;
            if (is_off && t > pair.first_token) found_.tokens_per_pass = t;
            if (is_off) return;
        }
    }

    // Every mistake on the dump's tokens, held against the dump.
    void try_all() {
        tried_ = those_that_apply(lab_.pitfalls, weights_.config);
        comparisons_.resize(tried_.size());
        const int n_workers = workers_for(bytes_of(theirs_), fast::n_threads());
        try_each(int(tried_.size()), n_workers, on_tried_, [&](int i) {
            const pitfalls::Pitfall& pitfall = *tried_[std::size_t(i)];
            const dump::Dump wrong =
                anchored_run(pitfall, weights_, theirs_, found_.tokens_per_pass);
            comparisons_[std::size_t(i)] = compare::compare_dumps(wrong, theirs_, options_);
        });
        for (std::size_t s = 0; s < tried_.size(); ++s) {
            if (is_beyond_tolerance(comparisons_[s])) continue;
            found_.invisible.push_back(tried_[s]->facts.name);
        }
    }

    bool is_beyond_tolerance(const compare::Comparison& c) const {
        for (const compare::CompareRow& row : c.rows) {
            if (!has_error(row)) continue;
            if (error_of(row, Channel::values) > evidence_.bound(row.key)) return true;
        }
        return false;
    }

    void suspect_all() {
        found_.suspects = ranked(evidence_.divergent);
        found_.is_known = !tried_.empty() && found_.suspects[0].explains_first && !is_one_flip();
        found_.n_as_likely = n_as_likely(found_.suspects);
        if (!found_.is_known || !evidence_.anchored) return;
        const std::vector<std::size_t> unexplained = left_by_best();
        if (unexplained.empty()) return;
        const Suspect second = ranked(unexplained)[0];
        if (second.explains_first) found_.second = second;
        found_.unexplained = names_of(unexplained);
    }

    // Below the noise of float16 and TF32, with no more than logits, a token whose expert flipped decides
    // the error of all; a mistake that flips the same expert seems to explain it.
    bool is_one_flip() const {
        const bool is_in_question =
            evidence_.fine && lab_.policy == compare::Policy::float16 && is_first(Site::logits);
        if (!is_in_question) return false;
        for (const pitfalls::Pitfall* pitfall : tried_) {
            if (std::strcmp(pitfall->facts.name, found_.suspects[0].facts.name) != 0) continue;
            const int per_pass = found_.tokens_per_pass;
            const std::vector<double> wrong =
                logit_distances(*pitfall, weights_, theirs_, per_pass);
            const std::vector<double> right =
                logit_distances(lab_.right, weights_, theirs_, per_pass);
            return left_without_flips(wrong, right) > evidence_.share();
        }
        return false;
    }

    std::string names_of(const std::vector<std::size_t>& rows) const {
        std::vector<dump::SiteKey> keys;
        for (const std::size_t i : rows) {
            keys.push_back(evidence_.right.rows[i].key);
        }
        return compare::sites_text(keys, weights_.config.n_layers);
    }

    // In bf16, with no more than logits, and no model explains them as one that rounds alike would.
    bool rounds_elsewhere() const {
        if (lab_.policy != compare::Policy::bf16) return false;
        for (const compare::CompareRow& row : evidence_.right.rows) {
            const bool says_more = row.key.site != Site::logits && row.key.site != Site::embedding;
            if (says_more && has_error(row)) return false;
        }
        return !found_.is_known || found_.suspects[0].left > 0.1;
    }

    void suspect_by_token() {
        ByToken found = look_by_token(weights_, theirs_, lab_.right_in_float32,
                                      lab_.pitfalls_in_float32, on_tried_);
        if (found.suspects.empty()) return;
        found_.tokens_per_pass = found.tokens_per_pass;
        found_.suspects = std::move(found.suspects);
        found_.is_known = found_.suspects[0].explains_first;
        found_.n_as_likely = n_as_likely(found_.suspects);
        evidence_.channel = Channel::tokens;
        judge_by_token(found.right);
    }

    void judge_by_token(const std::vector<double>& distances) {
        const double allowed = evidence_.bound(kLogitsKey);
        const TokenFlips flips = token_flips(distances, allowed);
        found_.first_token = flips.first_token;
        evidence_.fine = flips.is_right;
        cannot_say_ = flips.cannot_say;
        if (flips.is_right && flips.n_off > 0) {
            found_.doubt = ", but for " + compare::counted(flips.n_off, "token") + " of " +
                           std::to_string(distances.size()) +
                           ", where experts may have flipped: dump more sites to know";
        }
        const auto& rows = evidence_.right.rows;
        const auto is_logits = [](const compare::CompareRow& row) { return row.key == kLogitsKey; };
        const auto logits = std::find_if(rows.begin(), rows.end(), is_logits);
        evidence_.divergent = {std::size_t(logits - rows.begin())};
    }

    std::vector<Suspect> ranked(const std::vector<std::size_t>& divergent) const {
        std::vector<Suspect> suspects;
        for (std::size_t s = 0; s < tried_.size(); ++s) {
            suspects.push_back(suspect(evidence_, tried_[s]->facts, comparisons_[s], divergent));
        }
        rank(suspects);
        return suspects;
    }

    // The divergent rows that the likeliest mistake does not explain.
    std::vector<std::size_t> left_by_best() const {
        std::vector<std::size_t> unexplained;
        for (std::size_t s = 0; s < tried_.size(); ++s) {
            if (std::strcmp(tried_[s]->facts.name, found_.suspects[0].facts.name) != 0) continue;
            for (const std::size_t i : evidence_.divergent) {
                if (!evidence_.explained(comparisons_[s], i)) unexplained.push_back(i);
            }
        }
        return unexplained;
    }

    // Below the noise there is no divergence unless a known mistake explains it.
    void give_verdict() {
        found_.channel = evidence_.channel;
        found_.below_noise = evidence_.fine;
        found_.n_divergent = int(evidence_.divergent.size());
        if (found_.n_divergent == 0 || (evidence_.fine && !found_.is_known)) {
            found_.verdict = compare::Verdict::pass;
            found_.reason =
                "no divergence: " + compare::counted(std::size_t(found_.n_sites), "site") +
                " within tolerance" + found_.doubt;
            if (cannot_say_) found_.verdict = compare::Verdict::unusable;
            if (!comparable_.layers_without.empty()) {
                found_.verdict = compare::Verdict::unusable;
                found_.reason += ", but nothing of " + comparable_.layers_without +
                                 " is in the dump, nor of what is behind";
            }
            const std::vector<std::string>& missing = comparable_.not_compared;
            if (!missing.empty()) {
                found_.verdict = compare::Verdict::unusable;
                found_.reason += ", but " + compare::counted(missing.size(), "array") +
                                 " could not be compared, as " + missing[0];
            }
            found_.n_divergent = 0;
            found_.suspects.clear();
            found_.n_as_likely = 0;
            found_.where = "";
            return;
        }
        found_.divergent = names_of(evidence_.divergent);
        found_.verdict = compare::Verdict::diverged;
        found_.first = evidence_.right.rows[evidence_.divergent[0]].key;
        const std::string best = likeliest_text();
        found_.reason = "first divergence at " + dump::site_name(*found_.first) + ": ";
        if (found_.first_token) {
            found_.reason += "from token " + std::to_string(*found_.first_token) + " on, ";
        }
        found_.reason += found_.is_known ? best : "none of the known mistakes explains it";
    }

    // "sinks_missing, a plain softmax: ...", or "either a or b"
    std::string likeliest_text() const {
        const pitfalls::Facts& best = found_.suspects[0].facts;
        if (found_.n_as_likely < 2) return best.name + std::string(", ") + best.mistake;
        std::string text = "either ";
        for (int i = 0; i < found_.n_as_likely; ++i) {
            text += (i > 0 ? " or " : "") + std::string(found_.suspects[std::size_t(i)].facts.name);
        }
        return text + ", which this dump does not tell apart";
    }

    const Weights& weights_;
    const dump::Dump& theirs_;
    const BugLab& lab_;
    OnTried on_tried_;
    compare::CompareOptions options_ = {};
    Evidence evidence_ = {};
    Comparable comparable_ = {};
    std::string hint_ = {};    // what the difference at the first site looks like
    bool cannot_say_ = false;  // too many tokens are off for flips, and no mistake explains them
    std::vector<const pitfalls::Pitfall*> tried_ = {};
    std::vector<compare::Comparison> comparisons_ = {};
    Diagnosis found_ = {};
};

// on_tried hears of every mistake that has been tried, from any thread.
inline Diagnosis diagnose_dump(const Weights& weights, const dump::Dump& theirs, const BugLab& lab,
                               OnTried on_tried = nullptr) {
    return Diagnoser(weights, theirs, lab, std::move(on_tried)).run();
}

}  // namespace gptoss::diagnose
