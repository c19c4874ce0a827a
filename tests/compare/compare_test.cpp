#include "gptoss/compare/compare.hpp"

#include <chrono>
#include <limits>
#include <string>
#include <vector>

#include "catch.hpp"
#include "gptoss/checkpoint/synth.hpp"
#include "gptoss/core/presets.hpp"
#include "gptoss/model/transformer.hpp"

using namespace gptoss;
using namespace gptoss::checkpoint;
using namespace gptoss::compare;
using namespace gptoss::dump;

namespace {

const std::vector<std::int32_t> kTokens = {1, 2, 3, 5, 8, 13, 21, 34};

const Weights& odd() {
    static const Weights weights = synthetic_weights(preset_odd(), 1);
    return weights;
}

template <class Ops = ScalarOps>
Dump run(const std::string& name) {
    Transformer<Ops> transformer(odd());
    Recorder recorder(odd().config, all_sites());
    transformer.feed({kTokens.data(), int(kTokens.size())}, LogitRows::all, &recorder);
    return dump_of(recorder, name);
}

const Dump& reference() {
    static const Dump dump = run("reference");
    return dump;
}

const CompareRow& row_of(const Comparison& c, const SiteKey& key) {
    for (const CompareRow& row : c.rows) {
        if (row.key == key) return row;
    }
    throw Error("no row " + site_name(key));
}

std::string first_site(const Comparison& c) {
    return c.first_divergence ? site_name(c.rows[*c.first_divergence].key) : "none";
}

}  // namespace

// --- Verdicts ---------------------------------------------------------------------------------

TEST_CASE("compare: a run is equal to itself, at every site", "[compare]") {
    const Comparison c = compare_dumps(reference(), reference(), {});
    CHECK(c.verdict == Verdict::pass);
    REQUIRE(c.rows.size() == 3 + 21 * 5);
    CHECK(site_name(c.rows[1].key) == "block.0.attn.norm");
    CHECK(site_name(c.rows.back().key) == "logits");
    for (const CompareRow& row : c.rows) {
        CHECK(row.outcome == Outcome::ok);
        CHECK(row.metrics.max == 0);
        CHECK(row.n_strict == 8);
    }
    REQUIRE(c.logits);
    CHECK(c.logits->top_1 == 1);
    CHECK(c.logits->max_kl == 0);
}

TEST_CASE("compare: the first divergent site is found wherever it is planted", "[compare]") {
    for (const SiteKey key : {SiteKey{Site::embedding},
                              {Site::attn_q, 0},
                              {Site::attn_scores, 1},
                              {Site::mlp_swiglu, 3},
                              {Site::logits}}) {
        Dump other = reference();
        std::vector<float>& values = other.sites.at(key).values;
        values[0] = values[0] == 0 ? 1 : 2 * values[0];
        const Comparison c = compare_dumps(reference(), other, {});
        CHECK(c.verdict == Verdict::diverged);
        CHECK(first_site(c) == site_name(key));
    }
}

TEST_CASE("compare: NaN is an outcome of its own", "[compare]") {
    Dump other = reference();
    other.sites.at({Site::attn_v, 2}).values[7] = std::numeric_limits<float>::quiet_NaN();
    const Comparison c = compare_dumps(reference(), other, {});
    CHECK(c.verdict == Verdict::diverged);
    CHECK(row_of(c, {Site::attn_v, 2}).outcome == Outcome::nan);
    const Comparison swapped = compare_dumps(other, reference(), {});
    CHECK(swapped.verdict == Verdict::unusable);
    CHECK(row_of(swapped, {Site::attn_v, 2}).outcome == Outcome::nan_reference);

    Dump without_logits = reference();
    without_logits.sites.at({Site::logits}).values[7] = std::numeric_limits<float>::quiet_NaN();
    CHECK_FALSE(compare_dumps(reference(), without_logits, {}).logits);
    CHECK_FALSE(compare_dumps(without_logits, reference(), {}).logits);
}

TEST_CASE("compare: missing on either side never passes", "[compare]") {
    Dump other = reference();
    other.sites.erase({Site::attn_mix, 1});
    const Comparison missing = compare_dumps(reference(), other, {});
    CHECK(missing.verdict == Verdict::unusable);
    CHECK(row_of(missing, {Site::attn_mix, 1}).outcome == Outcome::missing);
    const Comparison without = compare_dumps(other, reference(), {});
    CHECK(without.verdict == Verdict::unusable);
    CHECK(row_of(without, {Site::attn_mix, 1}).outcome == Outcome::missing_reference);
    CHECK(compare_dumps(Dump{"empty"}, reference(), {}).verdict == Verdict::unusable);
    CHECK(compare_dumps(reference(), Dump{"empty"}, {}).verdict == Verdict::unusable);
}

TEST_CASE("compare: what a dump has in no layer is left out and said, unless all is asked for",
          "[compare]") {
    Dump residuals{"residuals"};
    for (int layer = 0; layer < 5; ++layer) {
        const SiteKey key{Site::mlp_residual, layer};
        residuals.sites[key] = reference().sites.at(key);
    }
    const Comparison c = compare_dumps(reference(), residuals, {});
    CHECK(c.verdict == Verdict::pass);
    CHECK(c.rows.size() == 5);
    CHECK(c.n_not_common == 3 + 20 * 5);
    CHECK(c.not_common.size() == 23);
    CompareOptions all;
    all.all_sites = true;
    CHECK(compare_dumps(reference(), residuals, all).verdict == Verdict::unusable);

    residuals.sites.erase({Site::mlp_residual, 4});  // as a port that forgot its last layer
    const Comparison shorter = compare_dumps(reference(), residuals, {});
    CHECK(shorter.verdict == Verdict::unusable);
    CHECK_THAT(shorter.reason, ContainsSubstring("block.4.mlp.residual (missing)"));
}

TEST_CASE("compare: what attends may be left out, where the tokens it reads are not kept",
          "[compare]") {
    Dump other = reference();
    other.sites.at({Site::attn_mix, 1}).values[0] += 1;
    CompareOptions options;
    options.leaves_out_attention = true;
    const Comparison c = compare_dumps(reference(), other, options);
    CHECK(c.verdict == Verdict::pass);
    CHECK(row_of(c, {Site::attn_mix, 1}).outcome == Outcome::left_out);
    CHECK(row_of(c, {Site::attn_out, 1}).outcome == Outcome::ok);
}

TEST_CASE("compare: sites may be chosen, and what only one side has left out", "[compare]") {
    Dump logits_only{"logits"};
    logits_only.sites[{Site::logits}] = reference().sites.at({Site::logits});
    CompareOptions options;
    options.sites = {Site::logits};
    CHECK(compare_dumps(reference(), logits_only, options).verdict == Verdict::pass);
    options = {};
    options.common_only = true;
    const Comparison c = compare_dumps(reference(), logits_only, options);
    CHECK(c.verdict == Verdict::pass);
    CHECK(c.rows.size() == 1);
    CHECK(c.n_not_common == 2 + 21 * 5);
    CHECK(compare_dumps(reference(), Dump{"empty"}, options).verdict == Verdict::unusable);
}

TEST_CASE("compare: other tokens, or another config, are unusable", "[compare]") {
    Dump other = reference();
    other.tokens->back() = 55;
    CHECK(compare_dumps(reference(), other, {}).verdict == Verdict::unusable);
    other = reference();
    other.config->sliding_window = 6;
    const Comparison c = compare_dumps(reference(), other, {});
    CHECK(c.verdict == Verdict::unusable);
    CHECK_THAT(c.reason, ContainsSubstring("sliding_window is 6, expected 5"));
    CHECK(c.rows.empty());
}

TEST_CASE("compare: shapes and dtypes that do not fit are outcomes", "[compare]") {
    Dump other = reference();
    other.sites.at({Site::attn_q, 0}).shape = {6, 8, 32};  // heads first
    other.sites.at({Site::attn_k, 0}).refusal = "dtype is U16";
    other.sites.at({Site::attn_v, 0}).values.pop_back();
    other.sites.at({Site::attn_mix, 0}).shape = {1, 8, 6, 32};  // this one fits
    const Comparison c = compare_dumps(reference(), other, {});
    CHECK(c.verdict == Verdict::unusable);
    CHECK(row_of(c, {Site::attn_q, 0}).outcome == Outcome::shape);
    CHECK(row_of(c, {Site::attn_q, 0}).note == "shape is (6, 8, 32), expected (8, 192)");
    CHECK(row_of(c, {Site::attn_k, 0}).outcome == Outcome::dtype);
    CHECK(row_of(c, {Site::attn_v, 0}).outcome == Outcome::dtype);
    CHECK(row_of(c, {Site::attn_mix, 0}).outcome == Outcome::ok);
}

TEST_CASE("compare: a dump of the last position is held against the last row", "[compare]") {
    Transformer<> transformer(odd());
    Recorder recorder(odd().config, all_sites(), true);
    transformer.feed({kTokens.data(), int(kTokens.size())}, LogitRows::last, &recorder);
    const Comparison c = compare_dumps(reference(), dump_of(recorder, "last"), {});
    CHECK(c.reason == "108 sites within tolerance");
    CHECK(c.verdict == Verdict::pass);
    CHECK(row_of(c, {Site::attn_scores, 3}).n_strict == 1);
}

// --- Experts ----------------------------------------------------------------------------------

namespace {

// A router that takes the runner-up instead of the last of the top_k, for chosen tokens.
struct FlippedRouter : ScalarOps {
    static inline int layer_to_flip = 0;
    static inline int token_to_flip = 0;
    static inline int layer = 0;
    static void route(ConstMatrixView logits, IdsView ids, MatrixView weights) {
        gptoss::route(logits, ids, weights);
        if (layer++ != layer_to_flip) return;
        const int t = token_to_flip;
        const int last = ids.cols - 1;
        ids.row(t)[last] = best_expert(logits.row(t), logits.cols, ids.row(t), ids.cols);
        for (int j = 0; j < ids.cols; ++j) {
            weights.row(t)[j] = logits.row(t)[ids.row(t)[j]];
        }
        softmax({weights.row(t), ids.cols}, {weights.row(t), ids.cols});
    }
};

Dump flipped_run(int layer, int token) {
    FlippedRouter::layer_to_flip = layer;
    FlippedRouter::token_to_flip = token;
    FlippedRouter::layer = 0;
    Dump dump = run<FlippedRouter>("flipped");
    // What the other's own logits say must agree with its choice.
    Activation& logits = dump.sites.at({Site::mlp_router_logits, layer});
    const std::vector<std::int32_t>& ids = dump.sites.at({Site::mlp_expert_ids, layer}).ids;
    const std::vector<std::int32_t>& expected =
        reference().sites.at({Site::mlp_expert_ids, layer}).ids;
    const std::size_t place = std::size_t(token) * 3 + 2;
    std::swap(logits.values[std::size_t(token) * 6 + std::size_t(ids[place])],
              logits.values[std::size_t(token) * 6 + std::size_t(expected[place])]);
    return dump;
}

// Wide enough for the planted flip to be a near-tie: 2 * tolerance * rms(router_logits).
CompareOptions wide_tolerance() {
    CompareOptions options;
    options.tolerance = 0.25;
    return options;
}

}  // namespace

TEST_CASE("compare: the same experts in another order are no divergence", "[compare]") {
    Dump other = reference();
    for (const Site site : {Site::mlp_expert_ids, Site::mlp_expert_weights, Site::mlp_gate_up,
                            Site::mlp_swiglu, Site::mlp_expert_out}) {
        Activation& a = other.sites.at({site, 2});
        const bool is_column = site == Site::mlp_expert_ids || site == Site::mlp_expert_weights;
        const std::size_t width = is_column ? 1 : std::size_t(a.shape.back());
        const std::size_t first = 4 * 3 * width;  // token 4, rank 0 of 3
        for (std::size_t i = 0; i < width; ++i) {
            if (!a.ids.empty()) std::swap(a.ids[first + i], a.ids[first + width + i]);
            if (!a.values.empty()) std::swap(a.values[first + i], a.values[first + width + i]);
        }
    }
    const Comparison c = compare_dumps(reference(), other, {});
    CHECK(c.verdict == Verdict::pass);
    CHECK(row_of(c, {Site::mlp_expert_ids, 2}).note == "1 tokens have them in another order");
    CHECK(c.changes.empty());
}

TEST_CASE("compare: a near-tie is a flip, and nothing behind it is blamed", "[compare]") {
    const Dump other = flipped_run(1, 5);
    const Comparison c = compare_dumps(reference(), other, wide_tolerance());
    CHECK(c.reason == "108 sites within tolerance");
    CHECK(c.verdict == Verdict::pass);
    REQUIRE(c.changes.size() == 1);
    CHECK(c.changes[0].layer == 1);
    CHECK(c.changes[0].token == 5);
    CHECK(c.changes[0].is_near_tie);
    CHECK(row_of(c, {Site::mlp_expert_ids, 1}).outcome == Outcome::flipped);
    CHECK(row_of(c, {Site::mlp_out, 1}).n_left_out == 1);
    CHECK(row_of(c, {Site::mlp_gate_up, 1}).n_strict == 8);  // two of its three experts match
}

TEST_CASE("compare: tokens before a flip stay strict, later ones only where they attend to it",
          "[compare]") {
    const Dump other = flipped_run(1, 5);
    const Comparison c = compare_dumps(reference(), other, wide_tolerance());
    const CompareRow& norm = row_of(c, {Site::attn_norm, 2});
    CHECK(norm.n_strict == 7);
    const CompareRow& scores = row_of(c, {Site::attn_scores, 2});
    CHECK(scores.n_strict == 5);  // tokens 6 and 7 see token 5
    CHECK(row_of(c, {Site::logits}).n_strict == 5);
}

TEST_CASE("compare: the same change of experts far from a tie is a divergence", "[compare]") {
    const Dump other = flipped_run(1, 5);
    const Comparison c = compare_dumps(reference(), other, {});  // float32: no such near-tie
    CHECK(c.verdict == Verdict::diverged);
    REQUIRE(c.changes.size() == 1);
    CHECK_FALSE(c.changes[0].is_near_tie);
}

TEST_CASE("compare: a mistake behind a flip is found all the same", "[compare]") {
    Dump other = flipped_run(1, 5);
    for (float& value : other.sites.at({Site::attn_out, 3}).values) {
        value = -value;
    }
    const Comparison c = compare_dumps(reference(), other, wide_tolerance());
    CHECK(first_site(c) == "block.3.attn.out");
}

TEST_CASE("compare: a mistake in a token behind a flip alone is found", "[compare]") {
    Dump other = flipped_run(1, 5);
    Activation& out = other.sites.at({Site::attn_out, 3});
    out.values[7 * 96] += 40;  // token 7, which attends to token 5
    const Comparison c = compare_dumps(reference(), other, wide_tolerance());
    CHECK(first_site(c) == "block.3.attn.out");
    CHECK_THAT(row_of(c, {Site::attn_out, 3}).note, StartsWith("token 7, behind an expert flip"));
}

TEST_CASE("compare: ids that are no experts are a divergence, never a crash", "[compare]") {
    for (const std::int32_t id : {-1, 6, 2147483647}) {
        Dump other = reference();
        other.sites.at({Site::mlp_expert_ids, 0}).ids[4] = id;
        CHECK(first_site(compare_dumps(reference(), other, {})) == "block.0.mlp.expert_ids");
        CHECK(first_site(compare_dumps(other, reference(), {})) == "block.0.mlp.expert_ids");
    }
}

TEST_CASE("compare: a layer far down takes no time for those without sites", "[compare]") {
    const int n_tokens = 200'000;
    Dump dump{"deep"};
    dump.sites[{Site::attn_norm, 9999}] = {{n_tokens, 1}, std::vector<float>(n_tokens, 1), {}};
    const auto start = std::chrono::steady_clock::now();
    CHECK(compare_dumps(dump, dump, {}).rows[0].outcome == Outcome::ok);
    const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
    CHECK(seconds.count() < 5);  // 0.02; a look at every token for every layer takes 20
}

TEST_CASE("compare: an array without data says nothing of how many tokens there are", "[compare]") {
    Dump dump{"claims"};
    dump.sites[{Site::embedding}] = {{1 << 24, 0}, {}, {}};
    dump.sites[{Site::attn_norm, 0}] = {{2, 1}, {1, 1}, {}};
    CHECK(most_tokens(dump) == 2);
    const Comparison c = compare_dumps(dump, dump, {});
    CHECK(row_of(c, {Site::embedding}).outcome == Outcome::shape);
    CHECK(row_of(c, {Site::attn_norm, 0}).outcome == Outcome::ok);
}

// --- Tolerances -------------------------------------------------------------------------------

TEST_CASE("compare: an error the float32 policy refuses may be fine in bf16", "[compare]") {
    Dump other = reference();
    for (auto& [key, activation] : other.sites) {
        for (float& value : activation.values) {
            value = round_to_bf16(value);
        }
    }
    CHECK(compare_dumps(reference(), other, {}).verdict == Verdict::diverged);
    CompareOptions options;
    options.policy = Policy::bf16;
    const Comparison c = compare_dumps(reference(), other, options);
    CHECK(c.verdict == Verdict::pass);
    CHECK(row_of(c, {Site::attn_q, 0}).metrics.equal == 1);
}
