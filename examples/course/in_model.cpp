#include "in_model.hpp"

#include <algorithm>
#include <map>

#include "functions.hpp"
#include "gptoss/checkpoint/synth.hpp"
#include "gptoss/compare/compare.hpp"
#include "gptoss/core/presets.hpp"
#include "gptoss/diagnose/diagnose.hpp"

namespace gptoss::pitfalls {
extern template std::vector<Pitfall>
all_pitfalls<diagnose::Recalled<ScalarOps>>();  // in pitfall_passes.cpp
}

namespace gptoss::course {
namespace {

constexpr int kChunk = 5;

Config course_config() {
    Config c = small_preset(2, 64, 64, 128);
    c.n_heads = 4;
    c.n_kv_heads = 2;
    c.head_dim = 32;
    c.sliding_window = 4;
    c.n_experts = 6;
    c.top_k = 3;
    return c;
}

template <class Ops>
dump::Dump run_of(int tokens_per_pass) {
    const std::vector<std::int32_t>& tokens = course_tokens();
    RecordingPass pass(course_weights().config);
    pitfalls::run_in_passes<Ops>(course_weights(), {tokens.data(), int(tokens.size())},
                                 tokens_per_pass, LogitRows::all, pass);
    return dump::dump_of(pass.recorder, "yours");
}

// "[1, 3]": the index of value i of an activation.
std::string index_text(const format::Shape& shape, std::size_t i) {
    std::string text;
    for (std::size_t k = shape.size(); k-- > 0;) {
        const std::size_t extent = std::size_t(shape[k]);
        text = std::to_string(i % extent) + (text.empty() ? "" : ", ") + text;
        i /= extent;
    }
    return "[" + text + "]";
}

// The first value that is off by more than the row's tolerance, and the two numbers.
std::string first_difference_text(const dump::SiteKey& key, const dump::Activation& got,
                                  const dump::Activation& expected, double tolerance) {
    const Numbers g = got.ids.empty() ? numbers(got.values) : numbers(got.ids);
    const Numbers e = expected.ids.empty() ? numbers(expected.values) : numbers(expected.ids);
    double sum = 0;
    double n = 1e-300;
    for (const double value : e) {
        if (!std::isfinite(value)) continue;
        sum += value * value;
        n += 1;
    }
    const double allowed = tolerance * std::sqrt(sum / n);
    for (std::size_t i = 0; i < std::min(g.size(), e.size()); ++i) {
        if (is_close(g[i], e[i], allowed)) continue;
        return dump::site_name(key) + index_text(expected.shape, i) + " is " + number_text(g[i]) +
               ", expected " + number_text(e[i]);
    }
    return dump::site_name(key) + " is a little off in many values";
}

void name_mistake(Finding& finding, const dump::Dump& run) {
    static const diagnose::BugLab lab = diagnose::bug_lab<ScalarOps>(compare::Policy::float32);
    const diagnose::Diagnosis d = diagnose::diagnose_dump(course_weights(), run, lab);
    if (!d.is_known || d.suspects.empty()) return;
    finding.pitfall = d.suspects[0].facts.name;
    finding.mistake = d.suspects[0].facts.mistake;
}

}  // namespace

const Weights& course_weights() {
    static const Weights weights = checkpoint::synthetic_weights(course_config(), kModelSeed);
    return weights;
}

const std::vector<std::int32_t>& course_tokens() {
    static const std::vector<std::int32_t> tokens{17, 3, 99, 42, 8, 64, 121, 5, 77, 23, 3, 50};
    return tokens;
}

dump::Dump right_run(int tokens_per_pass) {
    const Detached detached;
    return run_of<ScalarOps>(tokens_per_pass);
}

Finding finding_of(const dump::Dump& run, int tokens_per_pass) {
    const Detached detached;
    const dump::Dump right = run_of<ScalarOps>(tokens_per_pass);
    const compare::Comparison c = compare::compare_dumps(right, run, {});
    Finding finding;
    finding.is_right = c.verdict == compare::Verdict::pass;
    if (finding.is_right) return finding;
    finding.text = c.reason;
    if (c.first_divergence) {
        const compare::CompareRow& row = c.rows[*c.first_divergence];
        finding.text = first_difference_text(row.key, run.sites.at(row.key),
                                             right.sites.at(row.key), row.tolerance);
    }
    name_mistake(finding, run);
    return finding;
}

Finding run_in_model() {
    for (const int tokens_per_pass : {pitfalls::kOnePass, kChunk}) {
        const dump::Dump run = run_of<StudentOps>(tokens_per_pass);
        const Finding finding = finding_of(run, tokens_per_pass);
        if (!finding.is_right) return finding;
    }
    return {true};
}

}  // namespace gptoss::course
