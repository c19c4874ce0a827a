#include "gptoss/diagnose/recognised_rounding.hpp"

#include <set>
#include <string>

#include "catch.hpp"
#include "gptoss/checkpoint/load.hpp"
#include "gptoss/diagnose/diagnose.hpp"
#include "gptoss/diagnose/weights_in_q8_0.hpp"
#include "gptoss/dump/read_dump.hpp"
#include "pitfall_passes.hpp"

using namespace gptoss;
using namespace gptoss::compare;
using namespace gptoss::diagnose;

namespace {

// nano as a file in Q8_0 has it, run by llama.cpp, which rounds YaRN's bounds.
struct LlamaRun {
    Weights weights =
        all_dense_in_q8_0(checkpoint::load_weights(GPTOSS_SOURCE_DIR "/examples/nano/model"));
    dump::Dump dump = dump::read_dump(GPTOSS_GOLDEN_DIR "/nano_q8_0_llama.gguf", {});

    LlamaRun() { pitfalls::YarnBoundsRounded::edit(weights.config); }
    std::vector<float>& at(Site site, int layer) { return dump.sites.at({site, layer}).values; }
};

const BugLab& lab_of_two() {
    static const BugLab lab = [] {
        BugLab all = bug_lab<ScalarOps>(Policy::float32);
        std::erase_if(all.pitfalls, [](const pitfalls::Pitfall& pitfall) {
            const std::set<std::string> names = {"sinks_missing", "q_bias_missing"};
            return !names.contains(pitfall.facts.name);
        });
        return all;
    }();
    return lab;
}

CompareRow row_with(Site site, int layer, double relative) {
    CompareRow row{{site, layer}};
    row.metrics.n_values = 10;
    row.metrics.relative = relative;
    return row;
}

}  // namespace

TEST_CASE("recognised rounding: llama.cpp's own dump of Q8_0 and MXFP4 is right", "[diagnose]") {
    const LlamaRun run;
    const Diagnosis d = diagnose_dump(run.weights, run.dump, lab_of_two());
    INFO(d.reason);
    CHECK(d.verdict == Verdict::pass);
    CHECK(d.policy == Policy::float32);
    CHECK(d.remarks ==
          std::vector<std::string>{"activations are rounded to 8 bits in blocks of 32 in front of "
                                   "products, as llama.cpp does"});
}

TEST_CASE("recognised rounding: with it products are as exact as float32", "[diagnose]") {
    const LlamaRun run;
    const auto error = [&](RoundedInputs rounded, dump::SiteKey key) {
        const dump::Dump ours =
            anchored_run(lab_of_two().right, run.weights, run.dump, pitfalls::kOnePass, rounded);
        CompareOptions options;
        options.common_only = true;
        for (const CompareRow& row : compare_dumps(ours, run.dump, options).rows) {
            if (row.key == key) return row.metrics.relative;
        }
        return 1.0;
    };
    const RoundedInputs q8_0 = {Rounding::q8_0, Rounding::q8_0};
    for (const Site site :
         {Site::attn_q, Site::attn_out, Site::mlp_gate_up, Site::mlp_expert_out}) {
        CHECK(error({}, {site, 2}) > 1e-3);
        CHECK(error(q8_0, {site, 2}) < 1e-6);
    }
    CHECK(error(q8_0, {Site::logits}) < 1e-6);
    CHECK(error(q8_0, {Site::mlp_router_logits, 2}) < 1e-6);  // whose input is not rounded
}

TEST_CASE("recognised rounding: what is wrong beside it is found", "[diagnose]") {
    LlamaRun run;
    for (float& value : run.at(Site::attn_mix, 1)) {
        value *= 1.001f;
    }
    const Diagnosis d = diagnose_dump(run.weights, run.dump, lab_of_two());
    CHECK(d.verdict == Verdict::diverged);
    CHECK(dump::site_name(*d.first) == "block.1.attn.mix");
}

TEST_CASE("recognised rounding: attention in float16 is allowed for, of llama.cpp", "[diagnose]") {
    LlamaRun run;
    for (int layer = 0; layer < 4; ++layer) {
        for (float& value : run.at(Site::attn_mix, layer)) {
            value = fp16_to_float(float_to_fp16(value));
        }
        run.dump.sites.erase({Site::attn_weights, layer});
    }
    const Diagnosis d = diagnose_dump(run.weights, run.dump, lab_of_two());
    INFO(d.reason);
    // attn.out was computed from what is no longer in the dump: that alone is off.
    CHECK(d.remarks.size() == 3);
    CHECK(d.remarks[1] == "no attn.weights: flash attention never has them");
    CHECK(d.remarks[2] == "attention in float16, as llama.cpp keeps keys and values");
    run.dump.is_llama_cpp = false;
    CHECK(diagnose_dump(run.weights, run.dump, lab_of_two()).remarks.size() == 1);
}

TEST_CASE("recognised rounding: a third of the products that are off is enough", "[diagnose]") {
    Evidence evidence{preset_tiny()};
    evidence.anchored = true;
    Comparison rounded;
    for (int layer = 0; layer < 4; ++layer) {
        evidence.right.rows.push_back(row_with(Site::attn_q, layer, 0.01));
        rounded.rows.push_back(row_with(Site::attn_q, layer, layer < 2 ? 1e-6 : 0.01));
    }
    const auto run = [&](RoundedInputs) { return rounded; };
    const RoundedProducts found = recognised_rounding(evidence, false, run);
    CHECK(found.inputs == RoundedInputs{Rounding::q8_0, Rounding::none});
    CHECK_THAT(found.dense_allowed, WithinAbs(0.001, 1e-8));
    allow_for_rounding(evidence, found);
    CHECK_THAT(evidence.bound({Site::attn_q, 0}), WithinAbs(0.001, 1e-8));
    CHECK(evidence.bound({Site::mlp_gate_up, 0}) < 1e-4);

    rounded.rows[1].metrics.relative = 0.002;  // one of four is not
    CHECK_FALSE(recognised_rounding(evidence, false, run).is_any());
}

TEST_CASE("recognised rounding: a mistake in every product with experts hides it: 1 % is allowed",
          "[diagnose]") {
    Evidence evidence{preset_tiny()};
    evidence.anchored = true;
    for (const Site site : {Site::attn_q, Site::mlp_gate_up, Site::mlp_expert_out}) {
        evidence.right.rows.push_back(row_with(site, 0, 0.5));
        evidence.right.rows.push_back(row_with(site, 1, 0.5));
    }
    Comparison rounded = evidence.right;
    rounded.rows[0].metrics.relative = rounded.rows[1].metrics.relative = 1e-6;  // of q
    const auto run = [&](RoundedInputs) { return rounded; };
    const RoundedProducts found = recognised_rounding(evidence, false, run);
    CHECK(found.inputs == RoundedInputs{Rounding::q8_0, Rounding::none});
    CHECK(found.is_hidden);
    CHECK(found.experts_allowed == kMostByRounding);

    evidence.right.rows[2].metrics.relative = 0;  // one of four is not off: not a rounding
    CHECK_FALSE(recognised_rounding(evidence, false, run).is_hidden);
}

TEST_CASE("recognised rounding: bf16 and float16 are tried of llama.cpp only", "[diagnose]") {
    Evidence evidence{preset_tiny()};
    evidence.anchored = true;
    Comparison rounded;
    for (int layer = 0; layer < 2; ++layer) {
        evidence.right.rows.push_back(row_with(Site::attn_q, layer, 0.01));
        rounded.rows.push_back(row_with(Site::attn_q, layer, 0.01));
    }
    int n_runs = 0;
    const auto run = [&](RoundedInputs inputs) {
        n_runs += 1;
        Comparison c = rounded;
        for (CompareRow& row : c.rows) {
            if (inputs.dense == Rounding::bf16) row.metrics.relative = 1e-6;
        }
        return c;
    };
    CHECK_FALSE(recognised_rounding(evidence, false, run).is_any());
    CHECK(n_runs == 1);
    CHECK(recognised_rounding(evidence, true, run).inputs.dense == Rounding::bf16);
}

TEST_CASE("recognised rounding: it is said in words", "[diagnose]") {
    CHECK(rounding_remark({Rounding::bf16, Rounding::q8_0}) ==
          "activations are rounded to bf16 in front of dense products, rounded to 8 bits in blocks "
          "of 32 in front of products with experts, as llama.cpp does");
    CHECK_THAT(rounding_remark({Rounding::none, Rounding::q8_0}),
               StartsWith("activations are not rounded in front of dense products, rounded to 8 "));
}
