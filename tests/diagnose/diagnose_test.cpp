#include "gptoss/diagnose/diagnose.hpp"

#include <limits>
#include <set>

#include "catch.hpp"
#include "compare/port_ops.hpp"
#include "golden.hpp"
#include "gptoss/checkpoint/synth.hpp"
#include "gptoss/core/presets.hpp"
#include "gptoss/ops/bf16.hpp"
#include "pitfall_passes.hpp"
#include "planted_dump.hpp"

using namespace gptoss;
using namespace gptoss::checkpoint;
using namespace gptoss::compare;
using namespace gptoss::diagnose;
using namespace gptoss::dump;
using namespace gptoss::pitfalls;
using namespace gptoss::test;

namespace {

const std::vector<std::int32_t> kTokens{7, 90, 3, 15, 81, 42, 64, 9};

// Not all mistakes: each is a forward pass per diagnosis. scripts/confusion_table.py runs them all.
template <class Right>
BugLab small_lab(Policy policy) {
    BugLab lab = bug_lab<Right>(policy);
    const std::set<std::string> names = {"eps_outside_root",   "yarn_bounds_rounded",
                                         "concentration_once", "positions_restart",
                                         "window_long",        "sinks_missing",
                                         "sinks_scaled",       "router_bias_for_selection",
                                         "nibbles_swapped",    "swiglu_gate_two_sided",
                                         "swiglu_alpha_one"};
    for (std::vector<Pitfall>* list : {&lab.pitfalls, &lab.pitfalls_in_float32}) {
        std::erase_if(*list,
                      [&](const Pitfall& pitfall) { return !names.contains(pitfall.facts.name); });
    }
    return lab;
}

const BugLab& float32_lab() {
    static const BugLab lab = small_lab<ScalarOps>(Policy::float32);
    return lab;
}
const Weights& model() {
    static const Weights weights = synthetic_weights(with_layers(preset_tiny(), 2), 5);
    return weights;
}
Dump planted(const char* name, int tokens_per_pass = kOnePass) {
    return planted_dump(pitfall_named(float32_lab().pitfalls, name), model(), kTokens,
                        tokens_per_pass);
}
std::string first_suspect(const Diagnosis& d) {
    return d.suspects.empty() || !d.is_known ? "none" : d.suspects[0].facts.name;
}

}  // namespace

TEST_CASE("diagnose: a right dump diverges nowhere", "[diagnose]") {
    const Dump right = planted_dump(float32_lab().right, model(), kTokens);
    const Diagnosis d = diagnose_dump(model(), right, float32_lab());
    CHECK(d.verdict == Verdict::pass);
    CHECK(d.reason == "no divergence: 41 sites within tolerance");
    CHECK(d.suspects.empty());
    CHECK(d.invisible == std::vector<std::string>{"positions_restart"});  // it was one pass
    // In two tokens no key has left the window.
    const Dump two = planted_dump(float32_lab().right, model(), {7, 90});
    const Diagnosis blind = diagnose_dump(model(), two, float32_lab());
    CHECK(blind.verdict == Verdict::pass);
    CHECK(blind.invisible == std::vector<std::string>{"positions_restart", "window_long"});
}

TEST_CASE("diagnose: a right port diverges nowhere, whatever it adds up and multiplies in",
          "[diagnose]") {
    const auto verdict = [](const Dump& port) {
        const Diagnosis d = diagnose_dump(model(), port, float32_lab());
        INFO(port.name << ": " << d.reason);
        CHECK(d.verdict == Verdict::pass);
        return d;
    };
    verdict(port_run<PortOps<LongSum>>(model(), "one long sum"));
    verdict(port_run<PortOps<FusedSum>>(model(), "fused"));
    verdict(port_run<PortOps<Blocks>>(model(), "blocks"));
    verdict(port_run<PortOps<Bf16Products>>(model(), "bf16 products"));
    const Diagnosis tf32 = verdict(port_run<PortOps<Tf32>>(model(), "TF32"));
    REQUIRE(tf32.remarks.size() == 1);
    CHECK(tf32.remarks[0] == "products of TF32, float32 otherwise: bounds are those of float16");
}

TEST_CASE("diagnose: the golden of another implementation diverges nowhere", "[diagnose]") {
    const Golden& golden = golden_tiny();
    Dump dump{"golden"};
    dump.tokens = golden.tokens;
    for (const SiteInfo& info : kSites) {
        if (info.site == Site::mlp_expert_ids) continue;
        const int n_layers = is_per_layer(info.site) ? golden.config().n_layers : 1;
        for (int layer = 0; layer < n_layers; ++layer) {
            const SiteKey key{info.site, is_per_layer(info.site) ? layer : kNoLayer};
            const ConstMatrixView values = golden.at(info.site, layer);
            dump.sites[key] = {
                golden.shape(info.site, layer), {values.data, values.row(values.rows)}, {}};
        }
    }
    const Diagnosis d = diagnose_dump(golden.weights, dump, float32_lab());
    CHECK(d.verdict == Verdict::pass);
    CHECK(d.n_sites == 83);
}

TEST_CASE("diagnose: a planted mistake is named first, with its first site", "[diagnose]") {
    const char* names[] = {"eps_outside_root", "concentration_once", "window_long",
                           "router_bias_for_selection", "swiglu_gate_two_sided"};
    for (const char* name : names) {
        const Diagnosis d = diagnose_dump(model(), planted(name), float32_lab());
        INFO(d.reason);
        CHECK(first_suspect(d) == name);
        CHECK(d.verdict == Verdict::diverged);
        CHECK(d.suspects[0].confidence > 0.9);
        CHECK(d.suspects[0].n_explained == d.n_divergent);
        CHECK(!d.second);
    }
}

TEST_CASE("diagnose: logits alone are enough", "[diagnose]") {
    for (const char* name : {"window_long", "nibbles_swapped", "swiglu_gate_two_sided"}) {
        Dump dump = planted(name);
        keep_only(dump, {Site::logits});
        CHECK(first_suspect(diagnose_dump(model(), dump, float32_lab())) == name);
    }
}

TEST_CASE("diagnose: restarted positions are found where the second chunk begins", "[diagnose]") {
    const Diagnosis d = diagnose_dump(model(), planted("positions_restart", 5), float32_lab());
    CHECK(d.tokens_per_pass == 5);
    CHECK(first_suspect(d) == "positions_restart");
}

TEST_CASE("diagnose: of two mistakes both are named, the earlier one first", "[diagnose]") {
    Pitfall both = pitfall_named(float32_lab().pitfalls, "swiglu_alpha_one");
    both.edit = [](Weights& w) { YarnBoundsRounded::edit(w.config); };
    const Diagnosis d = diagnose_dump(model(), planted_dump(both, model(), kTokens), float32_lab());
    CHECK(first_suspect(d) == "yarn_bounds_rounded");
    REQUIRE(d.second.has_value());
    CHECK(std::string(d.second->facts.name) == "swiglu_alpha_one");
}

TEST_CASE("diagnose: attention that notes its inside elsewhere is told by its mix", "[diagnose]") {
    const auto with_inside = [](const Pitfall& pitfall) {
        return planted_dump(pitfall, model(), kTokens, kOnePass, all_sites());
    };
    Dump dump = with_inside(pitfall_named(float32_lab().pitfalls, "sinks_missing"));
    const Dump right = with_inside(float32_lab().right);
    for (int layer = 0; layer < model().config.n_layers; ++layer) {  // renormalized: it has a share
        const SiteKey share{Site::attn_sink_share, layer};
        dump.sites[share] = right.sites.at(share);
    }
    const Diagnosis d = diagnose_dump(model(), dump, float32_lab());
    CHECK(first_suspect(d) == "sinks_missing");
    CHECK(d.first == SiteKey{Site::attn_weights, 0});
    REQUIRE(d.remarks.size() == 1);
    CHECK_THAT(d.remarks[0], StartsWith("told by attn.mix"));

    for (float& value : dump.sites.at({Site::attn_mix, 1}).values) {
        value *= 1.5f;
    }
    const Diagnosis wrong_mix = diagnose_dump(model(), dump, float32_lab());
    CHECK(!wrong_mix.is_known);
    CHECK(wrong_mix.remarks.empty());
}

TEST_CASE("diagnose: a mistake that is not in the list is none of the known ones", "[diagnose]") {
    Pitfall unknown = float32_lab().right;
    unknown.edit = [](Weights& w) { w.config.swiglu_limit = 4.0f; };
    const Diagnosis d =
        diagnose_dump(model(), planted_dump(unknown, model(), kTokens), float32_lab());
    CHECK(d.verdict == Verdict::diverged);
    CHECK(!d.is_known);
    CHECK(d.reason ==
          "first divergence at block.0.mlp.swiglu: none of the known mistakes explains it");
}

TEST_CASE("diagnose: a right dump in bf16 is right, a wrong one is not", "[diagnose]") {
    const BugLab lab = small_lab<Bf16Ops>(Policy::bf16);
    const Dump right = planted_dump(lab.right, model(), kTokens);
    CHECK(policy_of(right) == Policy::bf16);
    CHECK(diagnose_dump(model(), right, lab).verdict == Verdict::pass);
    for (const char* name : {"sinks_scaled", "swiglu_gate_two_sided"}) {
        const Dump wrong = planted_dump(pitfall_named(lab.pitfalls, name), model(), kTokens);
        CHECK(first_suspect(diagnose_dump(model(), wrong, lab)) == name);
    }
}

// A port in bf16 that rounds every site, and nothing within an op.
Dump rounded(Dump dump) {
    for (auto& [key, activation] : dump.sites) {
        for (float& value : activation.values)
            value = round_to_bf16(value);
    }
    return dump;
}

TEST_CASE("diagnose: below what bf16 rounds a mistake is found by where its difference points",
          "[diagnose]") {
    const BugLab lab = small_lab<Bf16Ops>(Policy::bf16);
    const auto planted_in = [&](const Pitfall& pitfall) {
        return rounded(planted_dump(pitfall, model(), kTokens));
    };
    const Pitfall& small = pitfall_named(float32_lab().pitfalls, "yarn_bounds_rounded");
    const Diagnosis d = diagnose_dump(model(), planted_in(small), lab);
    CHECK(first_suspect(d) == "yarn_bounds_rounded");
    CHECK(d.below_noise);
    CHECK(d.first == dump::SiteKey{Site::attn_q_rope, 0});
    const Diagnosis right = diagnose_dump(model(), planted_in(float32_lab().right), lab);
    CHECK(right.verdict == Verdict::pass);
    CHECK(right.suspects.empty());
}

// A port in bf16 that rounds its logits and nothing before them.
Dump rounded_logits(const Pitfall& pitfall) {
    Dump dump = planted_dump(pitfall, model(), kTokens);
    keep_only(dump, {Site::logits});
    for (float& logit : dump.sites.at({Site::logits, kNoLayer}).values) {
        logit = round_to_bf16(logit);
    }
    return dump;
}

TEST_CASE("diagnose: logits of a port that rounds elsewhere are told token by token",
          "[diagnose]") {
    const BugLab lab = small_lab<Bf16Ops>(Policy::bf16);
    for (const char* name : {"swiglu_alpha_one", "concentration_once"}) {
        const Pitfall& pitfall = pitfall_named(float32_lab().pitfalls, name);
        const Diagnosis d = diagnose_dump(model(), rounded_logits(pitfall), lab);
        INFO(name << ": " << d.reason);
        CHECK(first_suspect(d) == name);
        CHECK(d.verdict == Verdict::diverged);
        CHECK(d.is_by_token);
    }
    Pitfall unknown = float32_lab().right;
    unknown.edit = [](Weights& w) { w.config.swiglu_limit = 4.0f; };
    const Diagnosis other = diagnose_dump(model(), rounded_logits(unknown), lab);
    CHECK(other.verdict == Verdict::diverged);
    CHECK(!other.is_known);

    const Diagnosis right = diagnose_dump(model(), rounded_logits(float32_lab().right), lab);
    CHECK(right.verdict == Verdict::pass);
    CHECK(right.suspects.empty());
}

TEST_CASE("diagnose: tokens that are off in logits of bf16 may be flips; half of them are not",
          "[diagnose]") {
    const BugLab lab = small_lab<Bf16Ops>(Policy::bf16);
    Dump dump = rounded_logits(float32_lab().right);
    std::vector<float>& logits = dump.sites.at({Site::logits, kNoLayer}).values;
    const std::size_t vocab_size = logits.size() / kTokens.size();
    const auto spoil = [&](std::size_t token) {
        for (std::size_t i = 0; i < vocab_size; ++i) {
            float& logit = logits[token * vocab_size + i];
            logit = round_to_bf16(logit * (i % 2 == 0 ? 1.5f : 0.5f));
        }
    };
    spoil(3);
    const Diagnosis flipped = diagnose_dump(model(), dump, lab);
    INFO(flipped.reason);
    CHECK(flipped.verdict == Verdict::pass);
    CHECK(flipped.doubt == ", but for 1 token of " + std::to_string(kTokens.size()) +
                               ", where experts may have flipped: dump more sites to know");
    spoil(1);
    spoil(5);
    const Diagnosis some = diagnose_dump(model(), dump, lab);
    CHECK(some.verdict == Verdict::pass);  // as compare says: the router was nearly undecided
    CHECK_THAT(some.reason, ContainsSubstring("but for 3 tokens of 8"));
    spoil(6);
    const Diagnosis many = diagnose_dump(model(), dump, lab);
    CHECK(many.verdict == Verdict::unusable);  // too many for flips, and nothing says what they are
    CHECK_THAT(many.reason, ContainsSubstring("but for 4 tokens of 8"));
    for (std::size_t t = 0; t < kTokens.size(); ++t) {
        spoil(t);
    }
    CHECK(diagnose_dump(model(), dump, lab).verdict == Verdict::diverged);
}

TEST_CASE("diagnose: bf16 logits that are off from some token on are no flips", "[diagnose]") {
    const BugLab lab = small_lab<Bf16Ops>(Policy::bf16);
    Dump dump = rounded_logits(float32_lab().right);
    Pitfall unknown = float32_lab().right;
    unknown.edit = [](Weights& w) { w.config.swiglu_limit = 4.0f; };
    const Dump wrong = rounded_logits(unknown);
    const SiteKey key{Site::logits, kNoLayer};
    const std::size_t from = 5 * dump.sites.at(key).values.size() / kTokens.size();
    std::copy(wrong.sites.at(key).values.begin() + std::ptrdiff_t(from),
              wrong.sites.at(key).values.end(),
              dump.sites.at(key).values.begin() + std::ptrdiff_t(from));
    const Diagnosis d = diagnose_dump(model(), dump, lab);
    INFO(d.reason);
    CHECK(d.verdict == Verdict::diverged);
    CHECK(d.first_token == 5);
    CHECK(!d.is_known);
}

TEST_CASE("diagnose: trained weights: one mistake, two, one that is not in the list",
          "[diagnose]") {
#ifndef __OPTIMIZE__
    skip_test("takes half a minute without optimization; the release build runs it");
#endif
    const Golden& nano = golden_nano();
    const std::vector<std::int32_t> tokens(nano.tokens.begin(), nano.tokens.begin() + 20);
    const auto diagnosis_of = [&](const Pitfall& pitfall) {
        return diagnose_dump(nano.weights, planted_dump(pitfall, nano.weights, tokens),
                             float32_lab());
    };
    CHECK(diagnosis_of(float32_lab().right).verdict == Verdict::pass);
    Pitfall both = pitfall_named(float32_lab().pitfalls, "window_long");
    CHECK(first_suspect(diagnosis_of(both)) == "window_long");
    both.run = pitfall_named(float32_lab().pitfalls, "swiglu_alpha_one").run;
    const Diagnosis two = diagnosis_of(both);
    CHECK(first_suspect(two) == "window_long");
    REQUIRE(two.second.has_value());
    CHECK(std::string(two.second->facts.name) == "swiglu_alpha_one");

    Pitfall unknown = float32_lab().right;
    unknown.edit = [](Weights& w) { w.config.swiglu_limit = 2.0f; };
    const Diagnosis other = diagnosis_of(unknown);
    CHECK(other.verdict == Verdict::diverged);
    CHECK(!other.is_known);
}

TEST_CASE("diagnose: what is wrong with a dump itself is unusable, or said beside the rest",
          "[diagnose][errors]") {
    Dump other_config = planted("sinks_missing");
    other_config.config = preset_odd();
    const Diagnosis other = diagnose_dump(model(), other_config, float32_lab());
    CHECK(other.verdict == Verdict::unusable);
    CHECK_THAT(other.reason, ContainsSubstring("n_layers is"));

    Dump nothing = planted("sinks_missing");
    nothing.sites.clear();
    CHECK(diagnose_dump(model(), nothing, float32_lab()).verdict == Verdict::unusable);

    Dump odd_shape = planted("sinks_missing");
    odd_shape.sites.at({Site::attn_norm, 0}).shape = {4, 128};
    const Diagnosis odd = diagnose_dump(model(), odd_shape, float32_lab());
    CHECK(first_suspect(odd) == "sinks_missing");
    REQUIRE(odd.notes.size() == 1);
    CHECK_THAT(odd.notes[0], StartsWith("block.0.attn.norm: shape is (4, 128)"));

    Dump not_all = planted_dump(float32_lab().right, model(), kTokens);
    not_all.sites.at({Site::attn_norm, 0}).shape = {4, 128};
    const Diagnosis unread = diagnose_dump(model(), not_all, float32_lab());
    CHECK(unread.verdict == Verdict::unusable);  // never a pass
    CHECK_THAT(unread.reason, ContainsSubstring("but 1 array could not be compared, as block.0."));

    Dump deeper = planted_dump(float32_lab().right, model(), kTokens);
    deeper.sites[{Site::attn_q, 7}] = deeper.sites.at({Site::attn_q, 1});
    CHECK_THAT(diagnose_dump(model(), deeper, float32_lab()).reason,
               ContainsSubstring("block.7.attn.q: the model has no such layer"));

    Dump renamed = planted_dump(float32_lab().right, model(), kTokens);
    keep_only(renamed, {Site::embedding, Site::logits});
    renamed.unknown_names = {"model.layers.0.q", "model.layers.0.k", "model.layers.0.v"};
    const Diagnosis names = diagnose_dump(model(), renamed, float32_lab());
    CHECK(names.verdict == Verdict::unusable);
    CHECK_THAT(names.reason, StartsWith("3 arrays of 5 cannot be compared, as ") &&
                                 ContainsSubstring("a name map can name them"));

    Dump with_nan = planted_dump(float32_lab().right, model(), kTokens);
    with_nan.sites.at({Site::attn_q, 0}).values[3] = std::numeric_limits<float>::quiet_NaN();
    const Diagnosis nan = diagnose_dump(model(), with_nan, float32_lab());
    CHECK(nan.verdict == Verdict::diverged);
    CHECK(site_name(*nan.first) == "block.0.attn.q");
    CHECK(!nan.is_known);
}

TEST_CASE("diagnose: a dump that ends in front of a layer is never a pass", "[diagnose]") {
    Dump dump = planted_dump(float32_lab().right, model(), kTokens);
    keep_only(dump, {Site::mlp_residual});
    CHECK(diagnose_dump(model(), dump, float32_lab()).verdict == Verdict::pass);
    dump.sites.erase({Site::mlp_residual, 1});
    const Diagnosis d = diagnose_dump(model(), dump, float32_lab());
    CHECK(d.verdict == Verdict::unusable);
    CHECK_THAT(d.reason, EndsWith("but nothing of layer 1 is in the dump, nor of what is behind"));
}

TEST_CASE("diagnose: what cannot be told apart is named as either", "[diagnose]") {
    BugLab lab = small_lab<ScalarOps>(Policy::float32);
    lab.pitfalls.push_back(pitfall_named(lab.pitfalls, "sinks_missing"));
    lab.pitfalls.back().facts.name = "sinks_missing_too";
    const Diagnosis d = diagnose_dump(model(), planted("sinks_missing"), lab);
    CHECK(d.n_as_likely == 2);
    CHECK_THAT(d.reason, EndsWith("either sinks_missing or sinks_missing_too, which this dump does "
                                  "not tell apart"));
}

TEST_CASE("diagnose: a mistake made in one layer alone is not the one made in all", "[diagnose]") {
    Pitfall in_one_layer = float32_lab().right;
    in_one_layer.edit = [](Weights& w) {
        w.layers[0].attn.sinks = zeros_kept_by(w, w.layers[0].attn.sinks.size);
    };
    const Diagnosis d =
        diagnose_dump(model(), planted_dump(in_one_layer, model(), kTokens), float32_lab());
    CHECK(d.verdict == Verdict::diverged);
    CHECK(!d.is_known);
}

TEST_CASE("diagnose: what is off is said where no mistake is named", "[diagnose]") {
    Dump dump = planted_dump(float32_lab().right, model(), kTokens);
    std::vector<float>& out = dump.sites.at({Site::attn_out, 1}).values;
    const std::size_t hidden = out.size() / kTokens.size();
    for (std::size_t i = 5 * hidden; i < out.size(); ++i) {
        out[i] *= 1.1f;
    }
    const Diagnosis d = diagnose_dump(model(), dump, float32_lab());
    CHECK(d.verdict == Verdict::diverged);
    CHECK(d.where == "from token 5 on");
    CHECK(d.divergent == "attn.out, attn.residual in layer 1");
    CHECK(!d.is_known);
}
