#include "../../examples/live/edits.hpp"

#include <cstring>
#include <string>
#include <vector>

#include "catch.hpp"
#include "gptoss/checkpoint/synth.hpp"
#include "gptoss/core/presets.hpp"
#include "recorded_run.hpp"

using namespace gptoss;
using namespace gptoss::live;
using namespace gptoss::test;

namespace {

// What a run shows that a Watch of the page edits.
struct EditedRun : EditingWatch {
    using EditingWatch::EditingWatch;
    std::vector<ShownSite> shown;
    bool wants(Site, int) override { return true; }
    void show(Site site, int layer, ConstMatrixView values) override {
        shown.push_back({site, layer, {values.data, values.row(values.rows)}});
    }
    void show_ids(Site site, int layer, ConstIdsView ids) override {
        shown.push_back({site, layer, {ids.data, ids.row(ids.rows)}});
    }
    const std::vector<float>& at(Site site, int layer) const {
        for (const ShownSite& s : shown) {
            if (s.site == site && s.layer == layer) return s.values;
        }
        throw Error("not shown");
    }
};

const std::vector<std::int32_t> kTokens = {1,  2,  3,  5, 8, 13, 21, 34, 55,
                                           89, 17, 42, 7, 9, 11, 4,  6,  90};

const Weights& weights() {
    static const Weights tiny = checkpoint::synthetic_weights(preset_tiny(), 1);
    return tiny;
}

EditedRun edited_run(const std::string& edits) {
    const Config& config = weights().config;
    EditedRun run(config, parse_edits(edits, config));
    Transformer<> transformer(weights());
    transformer.feed({kTokens.data(), int(kTokens.size())}, LogitRows::all, &run);
    return run;
}

void check_same_bits(const std::vector<ShownSite>& ours, const std::vector<ShownSite>& theirs) {
    REQUIRE(ours.size() == theirs.size());
    for (std::size_t i = 0; i < ours.size(); ++i) {
        INFO(site_name(ours[i].site, ours[i].layer));
        REQUIRE(ours[i].values.size() == theirs[i].values.size());
        CHECK(std::memcmp(ours[i].values.data(), theirs[i].values.data(),
                          4 * ours[i].values.size()) == 0);
    }
}

template <class Mistake>
std::vector<ShownSite> mistaken_run() {
    const pitfalls::Pitfall pitfall = pitfalls::pitfall_of<Mistake, ScalarOps>();
    return recorded_pitfall(pitfall, weights(), {kTokens.data(), int(kTokens.size())}).shown;
}

}  // namespace

TEST_CASE("edits: sinks and window off are the pitfalls, bit for bit", "[edits]") {
    check_same_bits(edited_run(R"([{"do": "sinks_off", "layer": -1}])").shown,
                    mistaken_run<pitfalls::SinksMissing<ScalarOps>>());
    check_same_bits(edited_run(R"([{"do": "window_off", "layer": -1}])").shown,
                    mistaken_run<pitfalls::WindowMissing>());
}

TEST_CASE("edits: a head is off at one token and nowhere else", "[edits]") {
    const EditedRun as_trained = edited_run("[]");
    const EditedRun run =
        edited_run(R"([{"do": "head", "layer": 1, "head": 2, "token": 5, "factor": 0}])");
    const Config& c = weights().config;
    const std::vector<float>& before = as_trained.at(Site::attn_mix, 1);
    const std::vector<float>& after = run.at(Site::attn_mix, 1);
    for (int t = 0; t < int(kTokens.size()); ++t) {
        for (int i = 0; i < c.q_size(); ++i) {
            const std::size_t at = std::size_t(t * c.q_size() + i);
            const bool is_off = t == 5 && i / c.head_dim == 2;
            REQUIRE(after[at] == (is_off ? 0.0f : before[at]));
        }
    }
    CHECK(run.noted() == std::vector<std::string>{"block.1.attn.mix"});
}

TEST_CASE("edits: a closed expert is not chosen, a forced one comes first", "[edits]") {
    const int top_k = weights().config.top_k;
    const auto first = int(edited_run("[]").at(Site::mlp_expert_ids, 0)[0]);
    const std::string expert = std::to_string(first);
    const EditedRun closed =
        edited_run(R"([{"do": "close_expert", "layer": 0, "expert": )" + expert + "}]");
    const std::vector<float>& ids = closed.at(Site::mlp_expert_ids, 0);
    CHECK(std::count(ids.begin(), ids.end(), float(first)) == 0);
    const EditedRun forced =
        edited_run(R"([{"do": "force_expert", "layer": 0, "expert": )" + expert + "}]");
    const std::vector<float>& forced_ids = forced.at(Site::mlp_expert_ids, 0);
    for (std::size_t i = 0; i < forced_ids.size(); i += std::size_t(top_k)) {
        CHECK(int(forced_ids[i]) == first);
    }
}

TEST_CASE("edits: a stream is replaced by zeros or by another token's", "[edits]") {
    const std::size_t hidden = std::size_t(weights().config.hidden_size);
    const EditedRun run = edited_run(
        R"([{"do": "residual", "layer": 0, "half": "mlp", "token": 4, "from": -1},
            {"do": "residual", "layer": 0, "half": "attn", "token": 6, "from": 2}])");
    const std::vector<float>& behind_experts = run.at(Site::mlp_residual, 0);
    const std::vector<float>& behind_attention = run.at(Site::attn_residual, 0);
    for (std::size_t i = 0; i < hidden; ++i) {
        REQUIRE(behind_experts[4 * hidden + i] == 0.0f);
        REQUIRE(behind_attention[6 * hidden + i] == behind_attention[2 * hidden + i]);
    }
}

TEST_CASE("edits: what is out of range is named", "[edits][errors]") {
    const auto complaint = [](const std::string& edits) {
        try {
            parse_edits(edits, weights().config);
        } catch (const Error& error) {
            return std::string(error.what());
        }
        return std::string();
    };
    CHECK(complaint(R"([{"do": "head", "layer": 0, "head": 99}])") ==
          "edit: head is 99, expected 0 <= head < 4");
    CHECK(complaint(R"([{"do": "head", "layer": 4}])") ==
          "edit: layer is 4, expected -1 <= layer < 4");
    CHECK_THAT(complaint(R"([{"do": "jump"}])"),
               StartsWith("edit: do is \"jump\", expected one of"));
    CHECK_THAT(complaint("[{"), StartsWith("edits: "));
}
