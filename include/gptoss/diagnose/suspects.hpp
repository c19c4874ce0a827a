// Suspects: how well each mistake explains a dump, and in which order they are to be named.
//
//     left = geometric mean of e_wrong / e_right over the sites D where the right model is off, and
//            of e_wrong / tolerance over the others that the mistake makes worse than that
//
// Those that explain the first site of D come first, then the one that leaves least. A mistake that
// makes a right site wrong explains nothing, if the run is anchored: there a site has one op behind it.
// Nor does one that mends this op in one layer and not in another, or one of the sites that it writes
// and not the others: an op is the same code everywhere, so it is wrong in another way.
// A confidence is the share of 1 / left^2 among all of these and "none of them", which would leave a
// third. Suspects that leave about as much as the first one cannot be told from it.
//
// Where    diagnose/diagnose.hpp.
#pragma once
#include <algorithm>
#include <cmath>
#include <cstring>
#include <vector>

#include "gptoss/diagnose/evidence.hpp"

namespace gptoss::diagnose {

// A right site with an error of so many tolerances is made wrong: in 16 bits two right ops may be apart
// by two roundings of each.
inline constexpr double kMadeWrong = 3;
// Leaving up to so many times what the first one leaves, a suspect is as likely.
inline constexpr double kAsLikely = 1.5;

// Are both written by one op? Attention writes four.
inline bool is_of_one_op(Site a, Site b) {
    const auto is_attention = [](Site s) { return s == Site::attn_mix || is_inside_attention(s); };
    return a == b || (is_attention(a) && is_attention(b));
}

// c compares a model with the mistake and the dump; divergent are the rows that it is to explain.
inline Suspect suspect(const Evidence& evidence, const pitfalls::Facts& facts,
                       const compare::Comparison& c, const std::vector<std::size_t>& divergent) {
    Suspect s{facts};
    double logs = 0;
    bool leaves_its_op = false;
    const Site first = evidence.right.rows[divergent[0]].key.site;
    for (std::size_t i = 0; i < c.rows.size(); ++i) {
        if (!evidence.counts(i)) continue;
        const double tolerance = evidence.tolerance_at(i);
        const double right = evidence.right_error(i);
        const double wrong = has_error(c.rows[i]) ? error_of(c.rows[i]) : 1;
        const bool is_due = std::find(divergent.begin(), divergent.end(), i) != divergent.end();
        const bool got_worse = !evidence.diverges(i) && wrong > tolerance;
        if (!is_due && !got_worse) continue;
        leaves_its_op |= is_due && is_of_one_op(evidence.right.rows[i].key.site, first) &&
                         has_error(c.rows[i]) && !evidence.explained(c, i) &&
                         wrong > kMadeWrong * tolerance;
        logs += std::log(std::clamp(wrong / (is_due ? right : tolerance), 1e-4, 1e4));
        s.n_explained += is_due && evidence.explained(c, i);
        s.n_made_wrong += got_worse && wrong > kMadeWrong * tolerance;
        s.evidence.push_back({c.rows[i].key, tolerance, right, wrong});
    }
    s.left = std::exp(logs / double(s.evidence.size()));
    const bool is_refuted = evidence.anchored && (s.n_made_wrong > 0 || leaves_its_op);
    s.explains_first = evidence.explained(c, divergent[0]) && s.left < 1 && !is_refuted;
    return s;
}

inline bool is_likelier(const Suspect& a, const Suspect& b) {
    if (a.explains_first != b.explains_first) return a.explains_first;
    if (a.left != b.left) return a.left < b.left;
    return std::strcmp(a.facts.name, b.facts.name) < 0;
}

// How many of the ranked are as likely as the first, itself included; 0 if none explains anything.
inline int n_as_likely(const std::vector<Suspect>& ranked) {
    int n = 0;
    for (const Suspect& s : ranked) {
        const bool is_one = s.explains_first && s.left <= kAsLikely * ranked[0].left &&
                            s.n_explained == ranked[0].n_explained;
        if (!is_one) break;
        ++n;
    }
    return n;
}

inline void rank(std::vector<Suspect>& suspects) {
    std::sort(suspects.begin(), suspects.end(), is_likelier);
    const double none_leaves = 1.0 / 3;
    double sum = 1 / (none_leaves * none_leaves);
    for (Suspect& s : suspects) {
        s.confidence = s.explains_first ? 1 / (s.left * s.left) : 0;
        sum += s.confidence;
    }
    for (Suspect& s : suspects) {
        s.confidence /= sum;
    }
}

}  // namespace gptoss::diagnose
