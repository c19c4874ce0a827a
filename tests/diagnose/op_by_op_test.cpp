#include "gptoss/diagnose/op_by_op.hpp"

#include "catch.hpp"
#include "gptoss/checkpoint/load.hpp"
#include "gptoss/checkpoint/synth.hpp"
#include "gptoss/core/presets.hpp"
#include "gptoss/diagnose/weights_in_q8_0.hpp"
#include "gptoss/dump/read_dump.hpp"
#include "gptoss/ops/scalar.hpp"
#include "planted_dump.hpp"

using namespace gptoss;
using namespace gptoss::checkpoint;
using namespace gptoss::compare;
using namespace gptoss::diagnose;
using namespace gptoss::dump;
using namespace gptoss::test;

namespace {

const std::vector<std::int32_t> kTokens{7, 90, 3, 15, 81, 42, 64, 9};

struct Case {
    Weights weights = synthetic_weights(with_layers(preset_tiny(), 2), 5);
    Dump reference = planted_dump(right_model<ScalarOps>(), weights, kTokens);
    Dump theirs = reference;
};

}  // namespace

TEST_CASE("op by op: what piles up is said, and does not decide", "[op_by_op]") {
    Comparison pass, ops;
    pass.verdict = Verdict::diverged;
    pass.rows.push_back({{Site::attn_q, 1}, Outcome::diverged});
    pass.rows[0].tolerance = pass.rows[0].relative_tolerance = 0.1;
    pass.rows[0].metrics.relative = 0.31;
    pass.first_divergence = 0;
    ops.verdict = Verdict::pass;
    ops.rows = pass.rows;
    take_op_by_op(ops, pass);
    CHECK(pass.verdict == Verdict::pass);
    CHECK(!pass.first_divergence);
    CHECK(pass.reason ==
          "1 site right op by op, each from the dump's own inputs; what has piled up over the pass "
          "is more than usual, most at block.1.attn.q, 0.31 of its rms");
}

TEST_CASE("op by op: a wrong op is found below what a pass may be off by", "[op_by_op]") {
    Case c;
    CompareOptions wide;
    wide.policy = Policy::bf16;
    for (float& value : c.theirs.sites.at({Site::attn_v, 1}).values) {
        value *= 1 + 1e-2f;  // less than a pass in bf16 may be off by in layer 1
    }
    Comparison pass = compare_dumps(c.reference, c.theirs, wide);
    CHECK(pass.verdict == Verdict::pass);
    take_op_by_op(compare_ops(c.weights, c.theirs, right_model<ScalarOps>(), wide), pass);
    CHECK(pass.verdict == Verdict::diverged);
    CHECK_THAT(pass.reason, StartsWith("op by op, each from the dump's own inputs: first "
                                       "divergence at block.1.attn.v"));
}

TEST_CASE("op by op: llama.cpp's roundings are no divergence, a mistake beside them is one",
          "[op_by_op]") {
    Weights weights = load_weights(GPTOSS_SOURCE_DIR "/examples/nano/model");
    Dump theirs = read_dump(GPTOSS_GOLDEN_DIR "/nano_q8_0_llama.gguf", {});
    CHECK(compare_ops(weights, theirs, right_model<ScalarOps>(), {}).verdict == Verdict::diverged);
    CHECK(round_as_llama_cpp(weights, theirs).size() == 2);
    const Comparison right = compare_ops(weights, theirs, right_model<ScalarOps>(), {});
    CHECK(right.reason == "79 sites within tolerance");
    CHECK(right.verdict == Verdict::pass);
    CHECK(right.notes ==
          std::vector<std::string>{"activations are rounded to 8 bits in blocks of 32 in front of "
                                   "products, as llama.cpp does"});

    for (float& value : theirs.sites.at({Site::mlp_gate_up, 1}).values) {
        value *= 1.002f;  // less than the rounding
    }
    const Comparison wrong = compare_ops(weights, theirs, right_model<ScalarOps>(), {});
    CHECK(wrong.verdict == Verdict::diverged);
    CHECK(dump::site_name(wrong.rows[*wrong.first_divergence].key) == "block.1.mlp.gate_up");
}

TEST_CASE("op by op: what cannot be used stays so", "[op_by_op]") {
    Comparison pass, ops;
    ops.verdict = Verdict::pass;
    take_op_by_op(ops, pass);
    CHECK(pass.verdict == Verdict::unusable);
}
