// Recognised rounding: does a dump show that its program rounds what its ops read, as llama.cpp does?
//
//     RoundedProducts found = recognised_rounding(evidence, is_llama_cpp, run);
//
// run gives the comparison of the right model, with a rounding in front of its products, and the dump.
// Where rounding explains the error of a product, that falls to next to nothing, which it does by no
// other chance; so a third of the products that are off is enough, and a mistake may be in the rest.
//
// What is left is allowed a tenth of what the rounding makes: other processors break ties otherwise. Where
// llama.cpp's products are nearly all off and no rounding explains any, as with a mistake in all of them,
// 1 % is allowed, which is what the coarsest makes.
//
// Where    diagnose/diagnose.hpp and diagnose/op_by_op.hpp, of a dump with every site and float32 numbers.
#pragma once
#include <functional>
#include <string>
#include <vector>

#include "gptoss/diagnose/evidence.hpp"
#include "gptoss/diagnose/rounded_inputs.hpp"

namespace gptoss::diagnose {

inline constexpr double kLeftByRounding = 0.1;
inline constexpr double kMostByRounding = 0.01;

using RunWithRounding = std::function<compare::Comparison(RoundedInputs)>;

// Of some products: those that are off, and of these the ones that a rounding explains.
struct Explained {
    int n_products = 0;
    int n_off = 0;
    int n = 0;
    double logs = 0;

    bool is_enough() const { return n >= 2 && 3 * n >= n_off; }
    bool is_hidden() const { return n_off > 0.8 * n_products && !is_enough(); }
    double allowed() const { return kLeftByRounding * std::exp(logs / n); }
};

inline Explained explained_by(const compare::Comparison& rounded, const Evidence& evidence,
                              bool (*is_product)(Site)) {
    Explained found;
    for (std::size_t i = 0; i < evidence.right.rows.size(); ++i) {
        const compare::CompareRow& row = evidence.right.rows[i];
        if (!is_product(row.key.site) || !has_error(row) || !has_error(rounded.rows[i])) continue;
        const double error = evidence.right_error(i);
        found.n_products += 1;
        if (error <= evidence.bound(row.key)) continue;
        found.n_off += 1;
        if (error_of(rounded.rows[i]) > kLeftByRounding * error) continue;
        found.n += 1;
        found.logs += std::log(error);
    }
    return found;
}

struct RoundedProducts {
    RoundedInputs inputs = {};
    double dense_allowed = 0;  // beside float32's bounds
    double experts_allowed = 0;
    bool is_hidden = false;  // of one or both: 1 % is allowed

    bool is_any() const { return inputs != RoundedInputs{}; }
};

inline RoundedProducts recognised_rounding(const Evidence& evidence, bool is_llama_cpp,
                                           const RunWithRounding& run) {
    RoundedProducts found;
    Explained dense, experts;
    for (const Rounding rounding : {Rounding::q8_0, Rounding::bf16, Rounding::float16}) {
        const bool is_like_llama_cpp = is_llama_cpp || found.is_any();
        if (rounding != Rounding::q8_0 && !is_like_llama_cpp) break;
        const bool needs_dense = found.inputs.dense == Rounding::none;
        const bool needs_experts = found.inputs.experts == Rounding::none;
        if (!needs_dense && !needs_experts) break;
        const compare::Comparison rounded = run({rounding, rounding});
        dense = explained_by(rounded, evidence, &is_dense_product);
        experts = explained_by(rounded, evidence, &is_expert_product);
        if (needs_dense && dense.is_enough()) {
            found.inputs.dense = rounding;
            found.dense_allowed = dense.allowed();
        }
        if (needs_experts && experts.is_enough()) {
            found.inputs.experts = rounding;
            found.experts_allowed = experts.allowed();
        }
    }
    if (!is_llama_cpp && !found.is_any()) return found;
    const bool hides_dense = found.inputs.dense == Rounding::none && dense.is_hidden();
    const bool hides_experts = found.inputs.experts == Rounding::none && experts.is_hidden();
    if (hides_dense) found.dense_allowed = kMostByRounding;
    if (hides_experts) found.experts_allowed = kMostByRounding;
    found.is_hidden = hides_dense || hides_experts;
    return found;
}

inline void allow_for_rounding(Evidence& evidence, const RoundedProducts& rounded) {
    for (const SiteInfo& info : kSites) {
        double allowed = 0;
        if (is_dense_product(info.site)) allowed = rounded.dense_allowed;
        if (is_expert_product(info.site)) allowed = rounded.experts_allowed;
        if (allowed > 0) evidence.allowed_more[info.site] = allowed;
    }
}

// "activations are not rounded in front of dense products, rounded to 8 bits ... with experts, ..."
inline std::string rounding_remark(const RoundedInputs& inputs) {
    const std::string begin = "activations are ";
    if (inputs.dense == inputs.experts) {
        return begin + rounding_text(inputs.dense) + " in front of products, as llama.cpp does";
    }
    const std::string dense =
        std::string(rounding_text(inputs.dense)) + " in front of dense products";
    const std::string experts =
        std::string(rounding_text(inputs.experts)) + " in front of products with experts";
    return begin + dense + ", " + experts + ", as llama.cpp does";
}

// llama.cpp keeps keys and values in float16 and, with flash attention, attends in it.
inline bool attends_in_float16(const Evidence& evidence) {
    Evidence in_float16 = evidence;
    in_float16.policy = compare::Policy::float16;
    int n = 0, n_short = 0;
    for (std::size_t i = 0; i < evidence.right.rows.size(); ++i) {
        const compare::CompareRow& row = evidence.right.rows[i];
        if (row.key.site != Site::attn_mix || !has_error(row)) continue;
        const double error = evidence.right_error(i);
        n += 1;
        n_short += error > evidence.bound(row.key) && error <= in_float16.bound(row.key);
    }
    return n_short > 0 && 2 * n_short >= n;
}

inline void allow_for_float16_attention(Evidence& evidence) {
    Evidence in_float16 = evidence;
    in_float16.policy = compare::Policy::float16;
    for (const Site site : {Site::attn_weights, Site::attn_sink_share, Site::attn_mix}) {
        evidence.allowed_more[site] = in_float16.bound({site, 0});
    }
}

// What is rounded in every model from here on, and what is said of that.
struct AllowedRounding {
    RoundedInputs inputs = {};
    std::vector<std::string> remarks = {};
};

// evidence.right becomes that of a model which rounds as the port does; the rest is allowed for.
inline AllowedRounding allow_for_llama_cpp(Evidence& evidence, const dump::Dump& theirs,
                                           const RunWithRounding& run) {
    AllowedRounding allowed;
    if (!evidence.anchored || evidence.policy != compare::Policy::float32) return allowed;
    const RoundedProducts rounded = recognised_rounding(evidence, theirs.is_llama_cpp, run);
    if (rounded.is_any()) {
        allowed.inputs = rounded.inputs;
        evidence.right = run(rounded.inputs);
        allowed.remarks.push_back(rounding_remark(rounded.inputs));
    }
    allow_for_rounding(evidence, rounded);
    if (rounded.is_hidden) {
        allowed.remarks.push_back(
            "what other products round is hidden by a mistake in them all: 1 % is allowed");
    }
    if (!theirs.is_llama_cpp) return allowed;
    if (!theirs.sites.contains({Site::attn_weights, 0})) {
        allowed.remarks.push_back("no attn.weights: flash attention never has them");
    }
    if (!attends_in_float16(evidence)) return allowed;
    allow_for_float16_attention(evidence);
    allowed.remarks.push_back("attention in float16, as llama.cpp keeps keys and values");
    return allowed;
}

}  // namespace gptoss::diagnose
