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
// If D is empty, a mistake may still be there that moves less than roundings do: diagnose/below_noise.hpp
// looks for it.
//
// Of a program that rounds activations in front of products, as llama.cpp does, every model does so too
// (diagnose/recognised_rounding.hpp).
//
// Of a port in bf16 that dumps logits and rounds in places of its own, no model leaves next to
// nothing; it is held against float32 runs, token by token (diagnose/by_token.hpp).
//
// Where    the tool's diagnose.
// Errors   those of Transformer::feed; Error if the dump has no tokens; for anything else that is
//          wrong with a dump the Verdict is unusable and the reason says what.
// Pitfalls Two mistakes in one op hide each other.
#pragma once
#include <cstring>
#include <string>
#include <utility>
#include <vector>

#include "gptoss/compare/where.hpp"
#include "gptoss/diagnose/anchored_run.hpp"
#include "gptoss/diagnose/another_rotation.hpp"
#include "gptoss/diagnose/below_noise.hpp"
#include "gptoss/diagnose/comparable.hpp"
#include "gptoss/diagnose/difference_hint.hpp"
#include "gptoss/diagnose/doubtful_name.hpp"
#include "gptoss/diagnose/embedding_hint.hpp"
#include "gptoss/diagnose/expert_order_hint.hpp"
#include "gptoss/diagnose/op_by_op.hpp"
#include "gptoss/diagnose/recalled.hpp"
#include "gptoss/diagnose/recognised_rounding.hpp"
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
    using InFloat32 = Recalled<ScalarOps>;
    return {policy, right_model<Recalled<Right>>(), pitfalls::all_pitfalls<Recalled<Right>>(),
            right_model<InFloat32>(), pitfalls::all_pitfalls<InFloat32>()};
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
        right_ = recorded_run(lab_.right);
        evidence_.right = compare::compare_dumps(right_, theirs_, options_);
        if (!is_usable()) return found_;
        round_as_the_port();
        const compare::Policy of_products = policy_of_products(evidence_);
        if (of_products != evidence_.policy) allow_for_short_products(of_products);
        find_divergence(evidence_);
        is_below_noise_ = evidence_.divergent.empty();
        if (!is_below_noise_) look_at_first();
        if (is_first(Site::embedding)) found_.hint = embedding_hint(weights_, theirs_);
        if (found_.hint.empty()) found_.hint = compare::edited_text(theirs_);
        try_all();
        is_below_noise_ ? suspect_below_noise() : suspect_all();
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

    // Its products are recalled by the wrong models that are run behind it.
    dump::Dump recorded_run(const pitfalls::Pitfall& right, RoundedInputs rounded = {}) {
        products_.clear();
        const Recording now(products_);
        return anchored_run(right, weights_, theirs_, pitfalls::kOnePass, rounded);
    }

    bool is_usable() {
        comparable_ = comparable_arrays(evidence_.right, right_, theirs_);
        found_.n_sites = comparable_.n_sites;
        found_.notes = comparable_.notes;
        found_.reason = comparable_.reason;
        return comparable_.is_enough;
    }

    bool is_first(Site site) const {
        if (evidence_.divergent.empty()) return false;
        return evidence_.right.rows[evidence_.divergent[0]].key.site == site;
    }

    void allow_for_short_products(compare::Policy policy) {
        evidence_.policy = options_.policy = policy;
        evidence_.right = compare::compare_dumps(right_, theirs_, options_);
        found_.remarks.push_back(
            "products of " + std::string(policy == compare::Policy::bf16 ? "8 bits" : "TF32") +
            ", float32 otherwise: bounds are those of " + compare::policy_name(policy));
    }

    void round_as_the_port() {
        const auto run = [this](RoundedInputs inputs) {
            const dump::Dump right =
                anchored_run(lab_.right, weights_, theirs_, pitfalls::kOnePass, inputs);
            return compare::compare_dumps(right, theirs_, options_);
        };
        AllowedRounding allowed = allow_for_llama_cpp(evidence_, theirs_, run);
        rounded_ = allowed.inputs;
        if (rounded_ != RoundedInputs{}) right_ = recorded_run(lab_.right, rounded_);
        found_.remarks = std::move(allowed.remarks);
    }

    // What of the first divergent site is off. A mistake that chunks bring about begins with the second
    // one: there the dump shows the cut.
    void look_at_first() {
        const std::size_t first = evidence_.divergent[0];
        const dump::SiteKey key = evidence_.right.rows[first].key;
        if (key.site == Site::mlp_expert_ids) return;
        const int n_tokens = int(theirs_.tokens->size());
        const dump::Activation& ours = right_.sites.at(key);
        const dump::Activation& theirs = theirs_.sites.at(key);
        const compare::PairedShapes shapes = compare::pair_shapes(
            key.site, ours.shape, theirs.shape, {&weights_.config, n_tokens, 0, theirs_.first_row});
        const compare::SitePair pair =
            compare::pair_sites(key.site, shapes, ours, theirs, n_tokens, nullptr);
        const double rms = compare::rms_of(pair.expected_rows());
        const double allowed = 4 * evidence_.tolerance_at(first);
        found_.where = compare::where_text(pair, allowed * rms, weights_.config.head_dim);
        hint_ = expert_order_hint(weights_, theirs_, key);
        if (hint_.empty()) hint_ = difference_hint(pair, weights_.config.head_dim);
        for (int t = pair.first_token; t < n_tokens; ++t) {
            const bool is_off = compare::token_error(pair, t, rms) > allowed;
            if (is_off && t > pair.first_token) found_.tokens_per_pass = t;
            if (is_off) return;
        }
    }

    // Every mistake on the dump's tokens, held against the dump.
    void try_all() {
        tried_ =
            those_that_apply(lab_.pitfalls, weights_.config, evidence_.policy, evidence_.n_tokens);
        comparisons_.resize(tried_.size());
        projections_.resize(tried_.size());
        has_another_rotation_.resize(tried_.size());
        const int n_workers = workers_for(bytes_of(theirs_), fast::n_threads());
        try_each(int(tried_.size()), n_workers, on_tried_, [&](int i) {
            const pitfalls::Pitfall& pitfall = *tried_[std::size_t(i)];
            const Recalling now(products_);
            const dump::Dump wrong =
                anchored_run(pitfall, weights_, theirs_, found_.tokens_per_pass, rounded_);
            comparisons_[std::size_t(i)] = compare::compare_dumps(wrong, theirs_, options_);
            if (is_below_noise_) projections_[std::size_t(i)] = projection_of(right_, wrong);
            has_another_rotation_[std::size_t(i)] = has_another_rotation(wrong);
        });
        for (std::size_t s = 0; s < tried_.size(); ++s) {
            if (is_beyond_tolerance(comparisons_[s])) continue;
            found_.invisible.push_back(tried_[s]->facts.name);
        }
    }

    static bool is_rotation(const dump::SiteKey& key) {
        return key.site == Site::attn_q_rope || key.site == Site::attn_k_rope;
    }

    // Of a port that rounds where our run does: are its angles other ones than this mistake's?
    char has_another_rotation(const dump::Dump& wrong) const {
        if (evidence_.policy != compare::Policy::bf16 || !evidence_.anchored) return false;
        for (const auto& [key, ours] : wrong.sites) {
            const bool is_another =
                is_rotation(key) &&
                is_another_rotation(ours, theirs_.sites.at(key), weights_.config.head_dim);
            if (is_another) return true;
        }
        return false;
    }

    bool is_beyond_tolerance(const compare::Comparison& c) const {
        for (const compare::CompareRow& row : c.rows) {
            if (!has_error(row)) continue;
            if (error_of(row) > evidence_.bound(row.key)) return true;
        }
        return false;
    }

    Projection projection_of(const dump::Dump& right, const dump::Dump& wrong) const {
        Projector projector({&weights_.config, int(theirs_.tokens->size()), 0, theirs_.first_row});
        for (const compare::CompareRow& row : evidence_.right.rows) {
            const dump::SiteKey& key = row.key;
            const bool has_floats = key.site != Site::mlp_expert_ids && has_error(row);
            const bool is_masked = key.site == Site::attn_scores || key.site == Site::attn_weights;
            const bool flipped = row.outcome == compare::Outcome::flipped;
            if (!has_floats || is_masked || flipped || !wrong.sites.contains(key)) continue;
            projector.add(key, right.sites.at(key), wrong.sites.at(key), theirs_.sites.at(key));
        }
        return projector.result();
    }

    // The runs of a bf16 lab round; held against those that do not, only the dump's roundings are left.
    void suspect_below_noise() {
        const bool in_bf16 = lab_.policy == compare::Policy::bf16;
        const bool is_clean = evidence_.anchored || evidence_.policy == compare::Policy::float32;
        if (in_bf16) name_below_noise(is_all_of_it);
        if (!is_clean || found_.is_known) return;
        if (in_bf16) try_below_noise_in_float32();
        name_below_noise(is_there);
    }

    void try_below_noise_in_float32() {
        const dump::Dump right = recorded_run(lab_.right_in_float32);
        tried_ = those_that_apply(lab_.pitfalls_in_float32, weights_.config, evidence_.policy,
                                  evidence_.n_tokens);
        const int n_workers = workers_for(bytes_of(theirs_), fast::n_threads());
        try_each(int(tried_.size()), n_workers, on_tried_, [&](int i) {
            const pitfalls::Pitfall& pitfall = *tried_[std::size_t(i)];
            const Recalling now(products_);
            const dump::Dump wrong = anchored_run(pitfall, weights_, theirs_, pitfalls::kOnePass);
            projections_[std::size_t(i)] = projection_of(right, wrong);
        });
    }

    void name_below_noise(bool (*is_it)(const Projection&)) {
        std::vector<pitfalls::Facts> facts;
        for (std::size_t s = 0; s < tried_.size(); ++s) {
            facts.push_back(tried_[s]->facts);
        }
        std::vector<Suspect> suspects = suspects_below_noise(facts, projections_, is_it);
        if (suspects.empty()) return;
        rank(suspects);
        found_.suspects = std::move(suspects);
        found_.is_known = true;
        found_.n_as_likely = n_as_likely(found_.suspects);
        for (std::size_t s = 0; s < tried_.size(); ++s) {
            if (std::strcmp(facts[s].name, found_.suspects[0].facts.name) != 0) continue;
            take_sites(sites_of(projections_[s]), comparisons_[s]);
        }
    }

    // Where the likeliest mistake shows, if only by projection.
    void take_sites(const std::vector<dump::SiteKey>& keys, const compare::Comparison& wrong) {
        for (std::size_t i = 0; i < evidence_.right.rows.size(); ++i) {
            const dump::SiteKey& key = evidence_.right.rows[i].key;
            if (std::find(keys.begin(), keys.end(), key) == keys.end()) continue;
            evidence_.divergent.push_back(i);
            found_.suspects[0].evidence.push_back({key, evidence_.tolerance_at(i),
                                                   evidence_.right_error(i),
                                                   error_of(wrong.rows[i])});
        }
        found_.suspects[0].n_explained = int(evidence_.divergent.size());
    }

    void suspect_all() {
        found_.suspects = ranked(evidence_.divergent);
        judge_by_mix();
        found_.is_known = !tried_.empty() && found_.suspects[0].explains_first;
        found_.n_as_likely = n_as_likely(found_.suspects);
        if (!found_.is_known || !evidence_.anchored) return;
        if (is_doubtful()) {
            found_.is_known = false;
            found_.n_as_likely = 0;
            return;
        }
        const std::vector<std::size_t> unexplained = left_by_best();
        if (unexplained.empty()) return;
        found_.unexplained = names_of(unexplained);
        const std::vector<std::size_t> counted = those_that_count(unexplained);
        if (counted.empty()) return;
        const Suspect second = ranked(counted)[0];
        if (second.explains_first) found_.second = second;
    }

    bool is_doubtful() const {
        const double confidence = confidence_in_names(found_.suspects, found_.n_as_likely);
        if (confidence >= kSureConfidence) return false;
        return confidence < kLeastConfidence || !is_whole(share_of_first_suspect());
    }

    // In runs that do not round: what is in the dump beside the mistake are the dump's own roundings.
    Projection share_of_first_suspect() const {
        const char* name = found_.suspects[0].facts.name;
        const auto is_first = [name](const pitfalls::Pitfall& pitfall) {
            return std::strcmp(pitfall.facts.name, name) == 0;
        };
        const std::vector<pitfalls::Pitfall>& all = lab_.pitfalls_in_float32;
        const auto mistake = std::find_if(all.begin(), all.end(), is_first);
        if (mistake == all.end()) return {};  // a lab that does not have it without rounding
        const int n = found_.tokens_per_pass;
        return projection_of(anchored_run(lab_.right_in_float32, weights_, theirs_, n),
                             anchored_run(*mistake, weights_, theirs_, n));
    }

    std::vector<std::size_t> those_that_count(const std::vector<std::size_t>& rows) const {
        std::vector<std::size_t> counted;
        for (const std::size_t i : rows) {
            if (evidence_.counts(i)) counted.push_back(i);
        }
        return counted;
    }

    // A port may note scores, weights and the sink's share at another point of its attention than the
    // model does: after the sink's share was spent, say. No op reads them. If no mistake explains them,
    // the mix decides, as it does in a dump that has it alone.
    void judge_by_mix() {
        const dump::SiteKey& first = evidence_.right.rows[evidence_.divergent[0]].key;
        const bool may_be = evidence_.anchored && is_inside_attention(first.site);
        if (!may_be || tried_.empty() || found_.suspects[0].explains_first) return;
        evidence_.by_mix = true;
        const std::vector<std::size_t> counted = those_that_count(evidence_.divergent);
        std::vector<Suspect> by_mix;
        if (!counted.empty()) by_mix = ranked(counted);
        evidence_.by_mix = !by_mix.empty() && by_mix[0].explains_first;
        if (!evidence_.by_mix) return;
        found_.suspects = std::move(by_mix);
        found_.remarks.push_back(
            "told by attn.mix: what the dump notes of attention's inside is neither "
            "the right model's nor this mistake's");
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
        found_.is_by_token = true;
        judge_by_token(found.right);
    }

    // As compare judges logits: what is far off was near a tie in the router, or sees a token that was
    // (compare/unseen_flips.hpp), and most tokens are not.
    bool near_ties_explain() const {
        const dump::Dump right =
            anchored_run(lab_.right_in_float32, weights_, theirs_, pitfalls::kOnePass);
        const compare::Comparison c = compare::compare_dumps(right, theirs_, options_);
        return c.verdict == compare::Verdict::pass;
    }

    void judge_by_token(const std::vector<double>& distances) {
        const double allowed = evidence_.bound(kLogitsKey);
        const TokenFlips flips = token_flips(distances, allowed);
        found_.first_token = flips.first_token;
        is_below_noise_ = flips.is_right;
        cannot_say_ = flips.cannot_say && !near_ties_explain();
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
        const bool in_rotation = is_rotation(evidence_.right.rows[divergent[0]].key);
        std::vector<Suspect> suspects;
        for (std::size_t s = 0; s < tried_.size(); ++s) {
            suspects.push_back(suspect(evidence_, tried_[s]->facts, comparisons_[s], divergent));
            if (in_rotation && has_another_rotation_[s]) suspects.back().explains_first = false;
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
        found_.below_noise = is_below_noise_;
        found_.n_divergent = int(evidence_.divergent.size());
        if (found_.n_divergent == 0 || (is_below_noise_ && !found_.is_known)) {
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
    RoundedInputs rounded_ = {};  // in front of the products of every model
    Products products_ = {};      // of the right model's last run
    dump::Dump right_ = {};       // what the right model makes of the dump
    Evidence evidence_ = {};
    Comparable comparable_ = {};
    std::string hint_ = {};    // what the difference at the first site looks like
    bool cannot_say_ = false;  // too many tokens are off for flips, and no mistake explains them
    std::vector<const pitfalls::Pitfall*> tried_ = {};
    std::vector<compare::Comparison> comparisons_ = {};
    std::vector<char> has_another_rotation_ = {};  // of these
    std::vector<Projection> projections_ = {};  // of these, where no site is beyond its tolerance
    bool is_below_noise_ = false;
    Diagnosis found_ = {};
};

// on_tried hears of every mistake that has been tried, from any thread.
inline Diagnosis diagnose_dump(const Weights& weights, const dump::Dump& theirs, const BugLab& lab,
                               OnTried on_tried = nullptr) {
    return Diagnoser(weights, theirs, lab, std::move(on_tried)).run();
}

}  // namespace gptoss::diagnose
