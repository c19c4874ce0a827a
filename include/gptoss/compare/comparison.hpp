// Comparison: what compare finds, a row per site and layer in execution order, and a verdict.
//
// Where    made by compare/compare.hpp; printed by the tool, drawn by examples/gptoss/compare_html.hpp, and
//          the evidence of a diagnosis.
#pragma once
#include <cstddef>
#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "gptoss/compare/logit_metrics.hpp"
#include "gptoss/compare/metrics.hpp"
#include "gptoss/dump/run_dump.hpp"

namespace gptoss::compare {

// What came of one site of one layer.
enum class Outcome {
    ok,                 // within the tolerance
    flipped,            // other experts, but the router was nearly undecided about them
    left_out,           // nothing to compare: every token here follows such a flip
    diverged,           // beyond the tolerance
    nan,                // NaN where the reference has a number
    shape,              // no reading of the shape fits
    dtype,              // a dtype that does not say float, or ids that are no integers
    missing,            // the reference has it, the other has not
    missing_reference,  // the other has it, the reference has not: nothing says what is right
    nan_reference,      // NaN in the reference
};

// As tables show them, and as JSON spells them.
inline const char* outcome_name(Outcome outcome) {
    const char* names[] = {"ok",    "flipped", "left out", "DIVERGED",     "NaN",
                           "shape", "dtype",   "missing",  "no reference", "NaN in reference"};
    return names[std::size_t(outcome)];
}
inline const char* outcome_key(Outcome outcome) {
    const char* keys[] = {"ok",    "flipped", "left_out", "diverged",          "nan",
                          "shape", "dtype",   "missing",  "missing_reference", "nan_reference"};
    return keys[std::size_t(outcome)];
}

// A mistake in the values, not in the files.
inline bool is_divergence(Outcome outcome) {
    return outcome == Outcome::diverged || outcome == Outcome::nan;
}

// Was it held against the reference, and is it good?
inline bool is_good(Outcome outcome) {
    return outcome == Outcome::ok || outcome == Outcome::flipped;
}

struct CompareRow {
    dump::SiteKey key;
    Outcome outcome = Outcome::ok;
    Metrics metrics = {};  // over the strict tokens if there are any, else over the lenient ones
    double tolerance = 0;  // bounds metrics.error over the strict tokens
    double relative_tolerance = 0;  // and metrics.relative
    int n_strict = 0;               // tokens before any flip
    int n_lenient = 0;              // tokens behind a flip: they are allowed what the flip moved
    int n_left_out = 0;             // tokens that cannot be compared
    std::string note = {};          // where it is worst, or why it was not compared
    std::string where = {};  // if it diverged: what is off, unless all is (compare/where.hpp)
};

// A token for which the two runs chose other experts.
struct ExpertChange {
    int layer = 0;
    int token = 0;
    std::vector<std::int32_t> left;    // the reference's that the other did not choose
    std::vector<std::int32_t> joined;  // the other's that the reference did not choose
    double gap = 0;                    // largest logit of left - smallest of joined, in reference
    double allowed = 0;                // a gap up to here is a near-tie
    bool against_own_logits = false;   // the other's own logits prefer left to joined
    bool is_near_tie = false;
};

// How the port that is judged computes: what it keeps or multiplies has so many bits. TF32 is float16's.
enum class Policy { float32, float16, bf16 };

inline const char* policy_name(Policy policy) {
    const char* names[] = {"float32", "float16", "bf16"};
    return names[std::size_t(policy)];
}

inline Policy policy_named(const std::string& name, const std::string& where) {
    for (const Policy policy : {Policy::float32, Policy::float16, Policy::bf16}) {
        if (name == policy_name(policy)) return policy;
    }
    throw Error(where + " is '" + name + "', expected auto, float32, float16 or bf16");
}

// How far a site may be off: max and rms of the difference, over the rms of the values.
struct Limit {
    double max = 0;
    double rms = 0;
};

// How exact a run is, in words: compare/exactness.hpp.
struct Exactness {
    dump::SiteKey key;     // where it is furthest from float32 with sums in blocks
    double rms = 0;        // of the error there, over that of the values
    double in_blocks = 0;  // what such float32 reaches
    std::string arithmetic = {};
    bool has_short_products = false;  // more than float32 explains, and no more than 16 bits do
    Policy short_products = Policy::bf16;  // if so, which
};

enum class Verdict { pass, diverged, unusable };  // exit status 0, 1, 2

inline const char* verdict_name(Verdict verdict) {
    const char* names[] = {"pass", "diverged", "unusable"};
    return names[std::size_t(verdict)];
}

struct Comparison {
    Verdict verdict = Verdict::unusable;
    std::string reason;                                // one line
    std::vector<CompareRow> rows;                      // in execution order
    std::optional<std::size_t> first_divergence = {};  // index into rows
    std::vector<ExpertChange> changes = {};
    std::optional<LogitMetrics> logits = {};
    std::optional<Exactness> exactness = {};        // of a run that passed
    std::optional<Policy> policy_of_products = {};  // that the products of matrices ask for
    std::vector<std::string> notes = {};            // what else a reader should know
    std::string tolerances = {};                    // which ones, in words
    int n_not_common = 0;                           // sites left out because only one side has them
    std::vector<Site> not_common = {};              // of which kinds
};

struct CompareOptions {
    Policy policy = Policy::float32;
    std::optional<double> tolerance = {};  // of every site, instead of the policy's
    bool is_anchored = false;  // the reference computed each site from the other's own inputs
    bool leaves_out_attention = false;  // which reads tokens that the other does not keep
    std::set<Site> sites = {};  // these, each of them; empty: those that both have in any layer
    bool all_sites = false;     // also those that one side has in no layer
    bool common_only = false;   // not even those that one side has in other layers
    int top_k = 5;              // of the logits
};

}  // namespace gptoss::compare
