// Evidence: the errors of a right model against a dump, site by site, and where they are too large.
//
//     e_right[i]     rms(difference) / rms(expected) at site i, or a share of values; 0 is alike
//     D              the sites with e_right > tolerance
//     explained      a model with a mistake has e_wrong[i] <= max(tolerance, share * e_right[i]),
//                    and anchored in float32 <= 30 * tolerance too: there is nothing but rounding
//
// Errors come from compare (compare/compare.hpp), tolerances from compare/bounds.hpp: what one op alone
// may be off by where the run is anchored at every site, else what a whole pass may.
//
// Where    diagnose/suspects.hpp and diagnose/diagnose.hpp.
// Pitfalls A site whose tokens all follow an expert flip has no error and is left out.
#pragma once
#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <vector>

#include "gptoss/compare/compare.hpp"
#include "gptoss/compare/number_format.hpp"
#include "gptoss/diagnose/diagnosis.hpp"

namespace gptoss::diagnose {

// --- Which policy a dump follows --------------------------------------------------------------

// The one whose bounds allow for the numbers it holds. llama.cpp multiplies activations of 8 bits with
// MXFP4 and Q8_0, and keeps float32: of logits alone that does not show.
inline compare::Policy policy_of(const dump::Dump& dump) {
    bool is_logits_alone = true;
    for (const auto& [key, activation] : dump.sites) {
        is_logits_alone &= !is_per_layer(key.site);
    }
    if (dump.is_llama_cpp && is_logits_alone) return compare::Policy::bf16;
    return compare::policy_for(compare::number_format_of(dump));
}

// --- One model against the dump ---------------------------------------------------------------

// 0 is alike, 1 is as large as the values themselves. Hidden on one side only counts too.
inline double error_of(const compare::CompareRow& row) {
    const compare::Metrics& m = row.metrics;
    const double n_odd = double(m.n_infinities + m.n_nan);
    const double odd_share = n_odd == 0 ? 0 : n_odd / (n_odd + double(m.n_values));
    const double error =
        row.key.site == Site::mlp_expert_ids ? 1 - m.equal : std::min(m.relative, 10.0);
    return error + odd_share;
}

inline bool has_error(const compare::CompareRow& row) {
    const bool has_values = row.metrics.n_values + row.metrics.n_infinities + row.metrics.n_nan > 0;
    return has_values && (compare::is_good(row.outcome) || compare::is_divergence(row.outcome));
}

// What attention notes on its way to the mix, and no op reads.
inline bool is_inside_attention(Site site) {
    return site == Site::attn_scores || site == Site::attn_weights || site == Site::attn_sink_share;
}

// Does the dump have every site that a pass writes and an op reads?
inline bool is_complete(const dump::Dump& dump, const Config& config) {
    for (const SiteInfo& info : kSites) {
        const bool is_read = info.site != Site::logits && !is_inside_attention(info.site);
        const int n_layers = is_per_layer(info.site) ? config.n_layers : 1;
        for (int layer = 0; is_read && layer < n_layers; ++layer) {
            const dump::SiteKey key{info.site, is_per_layer(info.site) ? layer : kNoLayer};
            if (!dump.sites.contains(key)) return false;
        }
    }
    return true;
}

// --- Where the right model is off -------------------------------------------------------------

struct Evidence {
    Config config;
    int n_tokens = 0;
    compare::Policy policy = compare::Policy::float32;
    bool anchored = false;                     // at every site
    bool is_partial = false;                   // but of the last tokens only
    bool by_mix = false;                       // the inside of attention does not count
    compare::Comparison right = {};            // of the right model and the dump
    std::vector<std::size_t> divergent = {};   // D: rows of right, in execution order
    std::map<Site, double> allowed_more = {};  // of ops that the port is known to round in

    bool counts(std::size_t i) const {
        const bool is_left_out = by_mix && is_inside_attention(right.rows[i].key.site);
        return has_error(right.rows[i]) && !is_left_out;
    }
    double right_error(std::size_t i) const { return error_of(right.rows[i]); }
    // Of a right program, whose values need not be equal where they are exact.
    double bound(const dump::SiteKey& key) const {
        const compare::Bounds bounds{policy,   config.hidden_size, config.n_layers,
                                     n_tokens, anchored,           is_partial};
        const auto more = allowed_more.find(key.site);
        const double allowed = more == allowed_more.end() ? 1e-7 : more->second;
        return std::max(allowed, bounds.at(key).rms);
    }
    double tolerance_at(std::size_t i) const { return bound(right.rows[i].key); }
    bool diverges(std::size_t i) const {
        return std::find(divergent.begin(), divergent.end(), i) != divergent.end();
    }
    // Anchored, a site has the error of one op, and in float32 there is little noise: the right
    // mistake leaves next to nothing.
    double share() const { return anchored || policy == compare::Policy::float32 ? 0.1 : 0.33; }

    // Is row i as it should be if c is the comparison of a model with a mistake?
    bool explained(const compare::Comparison& c, std::size_t i) const {
        if (!has_error(c.rows[i])) return false;
        const double wrong = error_of(c.rows[i]);
        const bool leaves_little = wrong <= std::max(tolerance_at(i), share() * right_error(i));
        const bool is_exact = policy == compare::Policy::float32 && anchored;
        return leaves_little && (!is_exact || wrong <= 30 * tolerance_at(i));
    }
};

// How many products of matrices there are, and how many are off by more than float32 explains and by no
// more than 16 bits do; and by no more than 11 bits do.
struct ShortProducts {
    int n = 0;
    int n_short = 0;
    int n_of_11_bits = 0;
    bool are_all() const { return n_short > 0 && n_short >= 0.9 * n; }
};

inline ShortProducts count_products(const Evidence& evidence, const std::set<Site>& sites) {
    Evidence in_11_bits = evidence, in_8_bits = evidence;
    in_11_bits.policy = compare::Policy::float16;
    in_8_bits.policy = compare::Policy::bf16;
    ShortProducts products;
    for (std::size_t i = 0; i < evidence.right.rows.size(); ++i) {
        const compare::CompareRow& row = evidence.right.rows[i];
        if (!sites.contains(row.key.site) || !has_error(row)) continue;
        const double error = evidence.right_error(i);
        const bool is_short = error > evidence.bound(row.key);
        products.n += 1;
        products.n_short += is_short && error <= in_8_bits.bound(row.key);
        products.n_of_11_bits += is_short && error <= in_11_bits.bound(row.key);
    }
    return products;
}

// Does the port multiply in TF32 or bf16? Then nearly every product of a matrix is off by that much,
// which no mistake in one op brings about. Or only those with experts are, as where activations are
// rounded to 8 bits for MXFP4. The policy with the narrowest bounds that explain them, or float32.
inline compare::Policy policy_of_products(const Evidence& evidence) {
    if (!evidence.anchored || evidence.policy != compare::Policy::float32) return evidence.policy;
    const ShortProducts dense =
        count_products(evidence, {Site::attn_q, Site::attn_k, Site::attn_v, Site::attn_out});
    const ShortProducts experts =
        count_products(evidence, {Site::mlp_gate_up, Site::mlp_expert_out});
    const bool of_experts_alone = experts.are_all() && dense.n_short == 0;
    const bool of_both = dense.are_all() && (experts.are_all() || experts.n == 0);
    if (!of_experts_alone && !of_both) return compare::Policy::float32;
    const bool has_11_bits =
        dense.n_of_11_bits == dense.n_short && experts.n_of_11_bits == experts.n_short;
    return has_11_bits ? compare::Policy::float16 : compare::Policy::bf16;
}

inline void find_divergence(Evidence& evidence) {
    evidence.divergent.clear();
    for (std::size_t i = 0; i < evidence.right.rows.size(); ++i) {
        const compare::CompareRow& row = evidence.right.rows[i];
        if (!has_error(row) || row.outcome == compare::Outcome::flipped) continue;
        if (evidence.right_error(i) > evidence.tolerance_at(i)) evidence.divergent.push_back(i);
    }
}

}  // namespace gptoss::diagnose
