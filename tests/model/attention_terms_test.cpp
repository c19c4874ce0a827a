#include "gptoss/model/attention_terms.hpp"

#include <limits>
#include <set>
#include <vector>

#include "catch.hpp"
#include "gptoss/checkpoint/synth.hpp"
#include "recorded_run.hpp"

using namespace gptoss;
using namespace gptoss::checkpoint;
using namespace gptoss::test;

namespace {

const std::vector<std::int32_t> kTokens = {1, 2, 3, 5, 8, 13, 21, 34, 55, 89, 144, 233};
const ConstIdsView kAll = {kTokens.data(), int(kTokens.size())};

const Weights& odd() {
    static const Weights weights = synthetic_weights(preset_odd(), 1);  // windows of 5
    return weights;
}

// Records everything, and sets what attention reads.
struct EditingRun : RecordedRun {
    bool sinks_off = false;
    int window = 5;
    std::set<std::string> noted = {};

    bool edits_attention(int) override { return true; }
    void edit_attention(int, VectorView sinks, int& layer_window) override {
        for (int h = 0; h < sinks.size && sinks_off; ++h) {
            sinks.data[h] = -std::numeric_limits<float>::infinity();
        }
        if (layer_window > 0) layer_window = window;
    }
    void note_edit(const std::string& name) override { noted.insert(name); }
};

void run(EditingRun& edited, int tokens_per_pass = kOnePass) {
    run_in_passes<ScalarOps>(odd(), kAll, tokens_per_pass, LogitRows::all, edited);
}

template <class Mistake>
RecordedRun run_of_pitfall() {
    return recorded_pitfall(pitfall_of<Mistake, ScalarOps>(), odd(), kAll);
}

}  // namespace

TEST_CASE("attention_terms: sinks off by an edit are the pitfall sinks_missing, bit for bit",
          "[attention_terms]") {
    EditingRun edited;
    edited.sinks_off = true;
    run(edited);
    CHECK(first_difference(edited, run_of_pitfall<SinksMissing<ScalarOps>>()).site == "none");
    CHECK(first_difference(edited, recorded_right(odd(), kAll)).site == "attn_weights");
    CHECK(edited.noted == std::set<std::string>{"block.0.attn.sinks", "block.1.attn.sinks",
                                                "block.2.attn.sinks", "block.3.attn.sinks",
                                                "block.4.attn.sinks"});
}

TEST_CASE("attention_terms: the window off by an edit is the pitfall window_missing, bit for bit",
          "[attention_terms]") {
    EditingRun edited;
    edited.window = 0;
    run(edited);
    CHECK(first_difference(edited, run_of_pitfall<WindowMissing>()).site == "none");
    CHECK(first_difference(edited, recorded_right(odd(), kAll)).site == "attn_scores");
    CHECK(edited.noted == std::set<std::string>{"block.0.attn.window", "block.2.attn.window",
                                                "block.4.attn.window"});
}

TEST_CASE("attention_terms: an edit that changes nothing is none", "[attention_terms]") {
    EditingRun edited;
    run(edited, 5);
    CHECK(first_difference(edited, recorded_right(odd(), kAll, 5)).site == "none");
    CHECK(edited.noted.empty());
}

TEST_CASE("attention_terms: the weights keep their sinks", "[attention_terms]") {
    const std::vector<float> before(odd().layers[0].attn.sinks.data,
                                    odd().layers[0].attn.sinks.data + odd().config.n_heads);
    EditingRun edited;
    edited.sinks_off = true;
    run(edited);
    CHECK(before == std::vector<float>(odd().layers[0].attn.sinks.data,
                                       odd().layers[0].attn.sinks.data + odd().config.n_heads));
}

TEST_CASE("attention_terms: a window that is no number of keys is named", "[attention_terms]") {
    EditingRun edited;
    edited.window = -3;
    REQUIRE_THROWS_WITH(
        run(edited),
        "edit: block.0.attn.window is -3, expected 1 or more, or 0 for all earlier positions");
}

TEST_CASE("attention_terms: what the ring has written over cannot be seen", "[attention_terms]") {
    EditingRun edited;
    edited.window = 0;
    REQUIRE_THROWS_WITH(run(edited, 3),
                        "edit: block.0.attn.window is 0, so position 0 is seen, "
                        "but those before 2 are written over");
    edited = {};
    edited.window = 3;  // narrower is always there
    run(edited, 3);
    EditingRun in_one_pass;
    in_one_pass.window = 3;
    run(in_one_pass);
    CHECK(edited.shown.back().values ==
          std::vector<float>(in_one_pass.shown.back().values.end() - 3 * odd().config.vocab_size,
                             in_one_pass.shown.back().values.end()));
}
