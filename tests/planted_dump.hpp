// Dumps with a mistake planted in them, as a port that makes it would write them.
//
//     Dump dump = planted_dump(pitfall_named("sinks_missing"), weights, tokens);
//     keep_only(dump, {Site::logits});
#pragma once
#include <cstring>
#include <set>
#include <vector>

#include "gptoss/dump/run_dump.hpp"
#include "gptoss/pitfalls/pitfall_list.hpp"

namespace gptoss::test {

using namespace gptoss::dump;
using namespace gptoss::pitfalls;

struct RecordingPass : PassWatch {
    Recorder recorder;

    explicit RecordingPass(const Config& config, const std::set<Site>& sites = usual_sites())
        : recorder(config, sites) {}
    bool wants(Site site, int layer) override { return recorder.wants(site, layer); }
    void begin_pass(ConstIdsView tokens, ConstIdsView positions) override {
        recorder.begin_pass(tokens, positions);
    }
    void show(Site site, int layer, ConstMatrixView values) override {
        recorder.show(site, layer, values);
    }
    void show_ids(Site site, int layer, ConstIdsView ids) override {
        recorder.show_ids(site, layer, ids);
    }
};

inline Dump planted_dump(const pitfalls::Pitfall& pitfall, const Weights& weights,
                         const std::vector<std::int32_t>& tokens, int tokens_per_pass = kOnePass,
                         const std::set<Site>& sites = usual_sites()) {
    RecordingPass pass(weights.config, sites);
    run_pitfall(pitfall, weights, {tokens.data(), int(tokens.size())}, tokens_per_pass,
                LogitRows::all, pass);
    return dump_of(pass.recorder, "planted");
}

inline void keep_only(Dump& dump, const std::set<Site>& sites) {
    std::erase_if(dump.sites,
                  [&sites](const auto& entry) { return !sites.contains(entry.first.site); });
}

inline const pitfalls::Pitfall& pitfall_named(const std::vector<pitfalls::Pitfall>& list,
                                              const char* name) {
    for (const pitfalls::Pitfall& pitfall : list) {
        if (std::strcmp(pitfall.facts.name, name) == 0) return pitfall;
    }
    throw Error(std::string("no pitfall ") + name);
}

}  // namespace gptoss::test
