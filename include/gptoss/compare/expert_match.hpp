// Expert match: two runs' chosen experts, token by token; a near-tie told apart from a mistake.
//
// When two experts have nearly the same router logit, rounding decides which of them is among the
// top_k. Two correct programs may then choose differently, and everything behind it differs without
// a mistake anywhere. It is a near-tie if, in the reference's logits,
//
//     max over left - min over joined  <=  2 * bound * rms(logits)
//
// since each of two logits may be off by bound * rms, and if the other's own logits, where it has
// them, do not prefer left. left are the experts that only the reference chose, joined those that
// only the other chose.
//
//   ids     (n_tokens, top_k)       of both runs
//   logits  (n_tokens, n_experts)   router_logits of both runs
//
// Where    compare/compare.hpp, which compares what lies in expert order by expert, not by rank.
// Pitfalls The same experts in another order are no change: the sum over them is the same. Ids come
//          from a file: one out of range matches nothing.
#pragma once
#include <algorithm>
#include <cstdio>
#include <string>
#include <vector>

#include "gptoss/compare/comparison.hpp"
#include "gptoss/core/view.hpp"

namespace gptoss::compare {

// The rank at which ids_t has expert e, or -1.
inline int rank_of(std::int32_t e, const std::int32_t* ids_t, int top_k) {
    for (int j = 0; j < top_k; ++j) {
        if (ids_t[j] == e) return j;
    }
    return -1;
}

inline std::vector<std::int32_t> only_in(const std::int32_t* ids_t, const std::int32_t* other_t,
                                         int top_k) {
    std::vector<std::int32_t> only;
    for (int j = 0; j < top_k; ++j) {
        if (rank_of(ids_t[j], other_t, top_k) < 0) only.push_back(ids_t[j]);
    }
    return only;
}

// Per token and rank of the reference: the rank at which the other has the same expert, or -1.
struct ExpertMatch {
    int n_tokens = 0;
    int top_k = 0;
    std::vector<int> ranks;  // (n_tokens, top_k)
    int n_reordered = 0;     // tokens with the same experts in another order

    int rank(int t, int j) const {
        return ranks[std::size_t(t) * std::size_t(top_k) + std::size_t(j)];
    }
    bool same_experts(int t) const {
        for (int j = 0; j < top_k; ++j) {
            if (rank(t, j) < 0) return false;
        }
        return true;
    }
};

inline ExpertMatch match_experts(ConstIdsView expected, ConstIdsView got) {
    ExpertMatch match{expected.rows, expected.cols, {}, 0};
    for (int t = 0; t < expected.rows; ++t) {
        bool in_order = true;
        for (int j = 0; j < expected.cols; ++j) {
            match.ranks.push_back(rank_of(expected.row(t)[j], got.row(t), got.cols));
            in_order = in_order && match.ranks.back() == j;
        }
        if (!in_order && match.same_experts(t)) ++match.n_reordered;
    }
    return match;
}

// Largest logit of left - smallest of joined: positive if the logits prefer left.
inline double preference(const ExpertChange& change, const float* logits_t) {
    double highest = logits_t[change.left[0]];
    double lowest = logits_t[change.joined[0]];
    for (const std::int32_t e : change.left) {
        highest = std::max(highest, double(logits_t[e]));
    }
    for (const std::int32_t e : change.joined) {
        lowest = std::min(lowest, double(logits_t[e]));
    }
    return highest - lowest;
}

inline bool all_experts(const std::vector<std::int32_t>& ids, int n_experts) {
    for (const std::int32_t id : ids) {
        if (id < 0 || id >= n_experts) return false;
    }
    return true;
}

// The router logits of one token, as both runs have them; null where a run has none.
struct TokenLogits {
    const float* expected = nullptr;  // (n_experts)
    const float* got = nullptr;       // (n_experts)
    int n_experts = 0;
    double allowed = 0;  // a gap up to here is a near-tie
};

// A token's change of experts, judged; left and joined are empty if there is none. Without the
// reference's logits nothing is a near-tie.
inline ExpertChange expert_change(ConstIdsView expected, ConstIdsView got, int t,
                                  const TokenLogits& logits) {
    ExpertChange change;
    change.token = t;
    change.left = only_in(expected.row(t), got.row(t), expected.cols);
    change.joined = only_in(got.row(t), expected.row(t), expected.cols);
    change.allowed = logits.allowed;
    // An id that occurs twice, or is none: fewer joined than left, or nothing to look up.
    const bool one_for_one = !change.left.empty() && change.left.size() == change.joined.size();
    const bool known = logits.expected != nullptr && one_for_one &&
                       all_experts(change.left, logits.n_experts) &&
                       all_experts(change.joined, logits.n_experts);
    if (!known) return change;
    change.gap = preference(change, logits.expected);
    change.against_own_logits = logits.got != nullptr && preference(change, logits.got) > 0;
    change.is_near_tie = change.gap <= logits.allowed && !change.against_own_logits;
    return change;
}

inline std::string ids_text(const std::vector<std::int32_t>& ids) {
    std::string text;
    for (const std::int32_t id : ids) {
        text += (text.empty() ? "" : ", ") + std::to_string(id);
    }
    return text;
}

// "token 7: expert 3 instead of 5, whose logits are 0.0012 apart (near-tie up to 0.002)"
inline std::string change_text(const ExpertChange& change, bool logits_known) {
    const std::string what = "token " + std::to_string(change.token) + ": expert " +
                             ids_text(change.joined) + " instead of " + ids_text(change.left);
    if (!logits_known) return what + "; without router_logits a near-tie cannot be told";
    char text[96];
    std::snprintf(text, sizeof text, ", whose logits are %.3g apart (near-tie up to %.3g)",
                  change.gap, change.allowed);
    return what + text + (change.against_own_logits ? "; its own logits prefer the other" : "");
}

}  // namespace gptoss::compare
