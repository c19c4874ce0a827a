// Verdict: what the rows of a comparison come to, in one line.
//
//     diverged   any row diverged or has NaN; the first of them in execution order is named
//     unusable   none did, but something could not be held against the reference
//     pass       every row is ok or a flip, at least one of them floats, and the last is not left
//                out behind expert flips
//
// Where    compare/compare.hpp, once all rows are there.
#pragma once
#include <cstddef>
#include <map>
#include <string>
#include <vector>

#include "gptoss/compare/comparison.hpp"
#include "gptoss/format/json.hpp"

namespace gptoss::compare {

inline std::string counted(std::size_t n, const char* what) {
    return std::to_string(n) + " " + what + (n == 1 ? "" : "s");
}

// "24 arrays have no site's name: \"q\", \"k\", ..." or "".
inline std::string unknown_names_text(const dump::Dump& dump) {
    const std::size_t n_unknown = dump.unknown_names.size();
    if (n_unknown == 0) return "";
    std::string text = dump.name + ": " + counted(n_unknown, "array") +
                       (n_unknown == 1 ? " has" : " have") + " no site's name: ";
    for (std::size_t i = 0; i < n_unknown && i < 3; ++i) {
        text += (i > 0 ? ", " : "") + format::quoted(dump.unknown_names[i]);
    }
    return text + (n_unknown > 3 ? ", ..." : "") + "; a name map can name them";
}

// "x.safetensors is an edited run: block.0.attn.mix, block.1.attn.sinks" or "".
inline std::string edited_text(const dump::Dump& dump) {
    std::string names;
    for (const std::string& name : dump.edited) {
        names += (names.empty() ? "" : ", ") + name;
    }
    return names.empty() ? "" : dump.name + " is an edited run: " + names;
}

// The first row that could not be held against the reference, and how many there are.
inline std::string unusable_text(const Comparison& c) {
    std::size_t n_unusable = 0;
    const CompareRow* first = nullptr;
    for (const CompareRow& row : c.rows) {
        if (is_good(row.outcome) || is_divergence(row.outcome)) continue;
        if (row.outcome == Outcome::left_out) continue;
        if (first == nullptr) first = &row;
        ++n_unusable;
    }
    if (first == nullptr) return "";
    return counted(n_unusable, "site") + " could not be compared; the first is " +
           dump::site_name(first->key) + " (" + outcome_name(first->outcome) + "): " + first->note;
}

inline std::size_t n_good_floats(const Comparison& c) {
    std::size_t n_good = 0;
    for (const CompareRow& row : c.rows) {
        n_good += is_good(row.outcome) && row.key.site != Site::mlp_expert_ids;
    }
    return n_good;
}

inline void give_verdict(const dump::Dump& reference, const dump::Dump& other, Comparison& c) {
    for (const dump::Dump* dump : {&reference, &other}) {
        for (const std::string& text : {unknown_names_text(*dump), edited_text(*dump)}) {
            if (!text.empty()) c.notes.push_back(text);
        }
    }
    for (std::size_t i = 0; i < c.rows.size() && !c.first_divergence; ++i) {
        if (is_divergence(c.rows[i].outcome)) c.first_divergence = i;
    }
    const std::string unusable = unusable_text(c);
    if (c.first_divergence) {
        const CompareRow& row = c.rows[*c.first_divergence];
        c.verdict = Verdict::diverged;
        c.reason = "first divergence at " + dump::site_name(row.key) + ": " + row.note;
        if (!row.where.empty()) c.reason += "; off: " + row.where;
        if (!unusable.empty()) c.notes.push_back(unusable);
    } else if (!unusable.empty()) {
        c.verdict = Verdict::unusable;
        c.reason = unusable;
    } else if (n_good_floats(c) == 0) {
        c.verdict = Verdict::unusable;
        c.reason = "there is nothing to compare: no site is in both dumps";
    } else if (c.rows.back().outcome == Outcome::left_out) {
        c.verdict = Verdict::unusable;
        c.reason = "after expert flips nothing of " + dump::site_name(c.rows.back().key) +
                   " can be compared: take another prompt";
    } else {
        c.verdict = Verdict::pass;
        c.reason = counted(c.rows.size(), "site") + " within tolerance";
        if (c.n_not_common > 0) {
            c.reason += "; " + counted(std::size_t(c.n_not_common), "site") +
                        " that only one side " + "has " + (c.n_not_common == 1 ? "is" : "are") +
                        " left out";
        }
    }
}

}  // namespace gptoss::compare
