// Op by op: each site of a dump held against what the right op makes of the dump's own inputs.
//
//     const Comparison ops = compare_ops(weights, theirs, right_model<ScalarOps>(), options);
//     take_op_by_op(ops, pass);        pass = compare_dumps(reference, theirs, options)
//
// Two right runs in 16 bits part a little more at every op, and wherever an expert flips at once. So a
// comparison of whole passes says what has piled up, and not who is right. Here nothing piles up: a
// site is off exactly if its op is. What the ops say decides; what has piled up is said beside it.
//
// Where    the tool's compare, of a dump with every site that an op reads; diagnose does the same.
// Errors   those of anchored_run.
#pragma once
#include <string>

#include "gptoss/compare/compare.hpp"
#include "gptoss/diagnose/anchored_run.hpp"
#include "gptoss/diagnose/recognised_rounding.hpp"

namespace gptoss::diagnose {

// Where the dump keeps the last tokens only, what they attend to is our run's. In 16 bits that is
// another run, of other experts here and there.
inline bool leaves_out_attention(const dump::Dump& theirs, compare::Policy policy) {
    return theirs.first_row > 0 && policy != compare::Policy::float32;
}

// Of llama.cpp, whose roundings are no divergence: they are done again or allowed for.
inline compare::Comparison allowed_ops(Evidence evidence, const dump::Dump& theirs,
                                       const RunWithRounding& run) {
    const AllowedRounding allowed = allow_for_llama_cpp(evidence, theirs, run);
    compare::Comparison& ops = evidence.right;
    for (compare::CompareRow& row : ops.rows) {
        if (!evidence.allowed_more.contains(row.key.site)) continue;
        const double wider = evidence.bound(row.key) / row.relative_tolerance;
        row.tolerance *= wider;
        row.relative_tolerance *= wider;
        const bool is_within =
            row.metrics.error <= row.tolerance && row.metrics.relative <= row.relative_tolerance;
        const bool is_off = row.outcome == compare::Outcome::diverged;
        if (is_off && is_within) row.outcome = compare::Outcome::ok;
    }
    ops.first_divergence.reset();
    ops.notes = allowed.remarks;
    compare::give_verdict({}, theirs, ops);
    return std::move(ops);
}

inline compare::Comparison compare_ops(const Weights& weights, const dump::Dump& theirs,
                                       const pitfalls::Pitfall& right,
                                       compare::CompareOptions options) {
    options.common_only = true;
    options.is_anchored = true;
    options.leaves_out_attention = leaves_out_attention(theirs, options.policy);
    const auto run = [&](RoundedInputs rounded) {
        const dump::Dump ours = anchored_run(right, weights, theirs, pitfalls::kOnePass, rounded);
        return compare::compare_dumps(ours, theirs, options);
    };
    Evidence evidence{weights.config, int(theirs.tokens->size()), options.policy};
    evidence.anchored = true;
    evidence.is_partial = theirs.first_row > 0;
    evidence.right = run({});
    return theirs.is_llama_cpp ? allowed_ops(std::move(evidence), theirs, run) : evidence.right;
}

// "block.3.mlp.out, error 0.31", the site of a pass that is furthest beyond its tolerance.
inline std::string most_piled_up_text(const compare::Comparison& pass) {
    const compare::CompareRow* most = nullptr;
    const auto share = [](const compare::CompareRow& row) {
        return row.tolerance > 0 ? row.metrics.relative / row.relative_tolerance : 0;
    };
    for (const compare::CompareRow& row : pass.rows) {
        const bool counts = row.outcome == compare::Outcome::diverged && row.tolerance > 0;
        if (counts && (most == nullptr || share(row) > share(*most))) most = &row;
    }
    if (most == nullptr) return "";
    char number[32];
    std::snprintf(number, sizeof number, ", %.2g of its rms", most->metrics.relative);
    return dump::site_name(most->key) + number;
}

// The verdict of a pass, once its ops have been judged one by one.
inline void take_op_by_op(const compare::Comparison& ops, compare::Comparison& pass) {
    using compare::Verdict;
    if (pass.verdict == Verdict::unusable || ops.verdict == Verdict::unusable) return;
    const std::string piled_up = most_piled_up_text(pass);
    if (ops.verdict == Verdict::diverged) {
        pass.reason = "op by op, each from the dump's own inputs: " + ops.reason;
        pass.first_divergence.reset();
        for (std::size_t i = 0; i < pass.rows.size() && !pass.first_divergence; ++i) {
            const bool is_it = pass.rows[i].key == ops.rows[*ops.first_divergence].key;
            if (is_it) pass.first_divergence = i;
        }
    } else if (pass.verdict == Verdict::diverged) {
        pass.reason = compare::counted(ops.rows.size(), "site") +
                      " right op by op, each from the dump's own inputs; what has piled up " +
                      "over the pass is more than usual, most at " + piled_up;
        pass.first_divergence.reset();
    } else {
        pass.reason += ", and right op by op";
    }
    pass.verdict = ops.verdict;
}

}  // namespace gptoss::diagnose
