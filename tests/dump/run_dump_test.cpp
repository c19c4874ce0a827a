#include "gptoss/dump/run_dump.hpp"

#include <vector>

#include "catch.hpp"
#include "gptoss/core/presets.hpp"

using namespace gptoss;
using namespace gptoss::dump;
using namespace gptoss::format;

TEST_CASE("run dump: sites lie in execution order", "[run_dump]") {
    Dump dump;
    for (const SiteKey key : {SiteKey{Site::logits},
                              {Site::final_norm},
                              {Site::mlp_out, 0},
                              {Site::attn_q, 10},
                              {Site::attn_q, 2},
                              {Site::embedding}}) {
        dump.sites[key];
    }
    std::vector<std::string> names;
    for (const auto& [key, activation] : dump.sites) {
        names.push_back(site_name(key));
    }
    CHECK(names == std::vector<std::string>{"embedding", "block.0.mlp.out", "block.2.attn.q",
                                            "block.10.attn.q", "final_norm", "logits"});
    CHECK(n_layers_of(dump) == 11);
    CHECK(n_layers_of(Dump{}) == 0);
}

TEST_CASE("run dump: a recorded run in memory is what its file would hold", "[run_dump]") {
    Recorder recorder(preset_odd(), {Site::attn_sink_share, Site::mlp_expert_ids});
    const std::vector<std::int32_t> tokens = {4, 5};
    const std::vector<float> shares(12, 0.5f);                 // (2, 6 heads)
    const std::vector<std::int32_t> ids = {0, 1, 2, 3, 4, 5};  // (2, top_k)
    recorder.begin_pass({tokens.data(), 2}, {});
    recorder.show(Site::attn_sink_share, 1, {shares.data(), 2, 6});
    recorder.show_ids(Site::mlp_expert_ids, 1, {ids.data(), 2, 3});

    const Dump dump = dump_of(recorder, "ours");
    CHECK(dump.name == "ours");
    CHECK(dump.tokens == tokens);
    CHECK(dump.config == preset_odd());
    REQUIRE(dump.sites.size() == 2);
    CHECK(dump.sites.at({Site::attn_sink_share, 1}).shape == Shape{2, 6});
    CHECK(dump.sites.at({Site::attn_sink_share, 1}).values == shares);
    CHECK(dump.sites.at({Site::mlp_expert_ids, 1}).ids == ids);
    CHECK(dump.sites.at({Site::mlp_expert_ids, 1}).dtype == "I32");
}
