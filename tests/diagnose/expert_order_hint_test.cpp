#include "gptoss/diagnose/expert_order_hint.hpp"

#include "catch.hpp"
#include "gptoss/checkpoint/synth.hpp"
#include "gptoss/core/presets.hpp"
#include "gptoss/diagnose/diagnose.hpp"
#include "pitfall_passes.hpp"
#include "planted_dump.hpp"

using namespace gptoss;
using namespace gptoss::checkpoint;
using namespace gptoss::diagnose;
using namespace gptoss::dump;
using namespace gptoss::test;

namespace {

const std::vector<std::int32_t> kPrompt{7, 90, 3, 15, 81, 42, 64, 9};

// The experts of a file in reverse, where the router still counts from the front.
template <bool gate_up, bool down>
struct Reversed : ScalarOps {
    static void expert_linear(ConstMatrixView x, XRows x_rows, ConstIdsView ids,
                              ExpertStack experts, ConstMatrixView bias, MatrixView y) {
        std::vector<std::int32_t> reversed(ids.data, ids.row(ids.rows));
        const bool is_it = x_rows == XRows::per_token ? gate_up : down;
        for (std::int32_t& e : reversed) {
            if (is_it) e = experts.n_experts - 1 - e;
        }
        ScalarOps::expert_linear(x, x_rows, {reversed.data(), ids.rows, ids.cols}, experts, bias,
                                 y);
    }
};

template <class Ops>
Dump dump_of_ops(const Weights& weights) {
    pitfalls::Pitfall pitfall = right_model<ScalarOps>();
    pitfall.run = &pitfalls::run_in_passes<Ops>;
    return planted_dump(pitfall, weights, kPrompt);
}

}  // namespace

TEST_CASE("expert order hint: experts in reverse are told by both matrices", "[diagnose]") {
    const Weights weights = synthetic_weights(with_layers(preset_tiny(), 1), 5);
    const Dump dump = dump_of_ops<Reversed<true, true>>(weights);
    REQUIRE(weights.config.n_experts == 8);
    for (const Site site : {Site::mlp_gate_up, Site::mlp_expert_out}) {
        const std::string hint = expert_order_hint(weights, dump, {site, 0});
        CHECK_THAT(hint, StartsWith("expert 0 has the matrix of expert 7, 1 of 6, ") &&
                             EndsWith(": experts in another order"));
    }
    CHECK(expert_order_hint(weights, dump, {Site::mlp_swiglu, 0}) == "");
}

TEST_CASE("expert order hint: a right dump and one without the inputs have none", "[diagnose]") {
    const Weights weights = synthetic_weights(with_layers(preset_tiny(), 1), 5);
    const SiteKey key{Site::mlp_gate_up, 0};
    CHECK(expert_order_hint(weights, dump_of_ops<ScalarOps>(weights), key) == "");
    Dump dump = dump_of_ops<Reversed<true, true>>(weights);
    for (float& value : dump.sites.at(key).values) {
        value += 1;  // no expert's product
    }
    CHECK(expert_order_hint(weights, dump, key) == "");
    dump.sites.erase({Site::mlp_norm, 0});
    CHECK(expert_order_hint(weights, dump, key) == "");
}

TEST_CASE("expert order hint: diagnose says it where no mistake is named", "[diagnose]") {
    const Weights weights = synthetic_weights(with_layers(preset_odd(), 2), 6);
    BugLab lab = bug_lab<ScalarOps>(compare::Policy::float32);
    lab.pitfalls.resize(3);
    const Dump dump = dump_of_ops<Reversed<false, true>>(weights);
    const Diagnosis d = diagnose_dump(weights, dump, lab);
    CHECK(!d.is_known);
    CHECK(d.first == SiteKey{Site::mlp_expert_out, 0});
    CHECK_THAT(d.hint, ContainsSubstring(" has the matrix of expert "));
}
