// In the model: the student's op in a small model's forward pass, held against the right one.
//
// The model is synthetic (checkpoint/synth.hpp): two layers, one sliding and one full, with square
// experts, so that every mistake of the list can show. Twelve tokens, first in one pass, then five
// at a time.
#pragma once
#include <string>
#include <vector>

#include "checks.hpp"
#include "gptoss/dump/run_dump.hpp"
#include "gptoss/model/weights.hpp"
#include "gptoss/pitfalls/passes.hpp"

namespace gptoss::course {

inline constexpr std::uint64_t kModelSeed = 21;

const Weights& course_weights();
const std::vector<std::int32_t>& course_tokens();

struct RecordingPass : pitfalls::PassWatch {
    dump::Recorder recorder;

    explicit RecordingPass(const Config& config) : recorder(config, dump::all_sites()) {}
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

dump::Dump right_run(int tokens_per_pass);

Finding finding_of(const dump::Dump& run, int tokens_per_pass);

// The forward pass with whatever the attached Student serves.
Finding run_in_model();

}  // namespace gptoss::course
