// What the ranks of gptoss-mpi find out about each other before they run anything: whatever is wrong with
// one of them ends all of them.
#pragma once
#include <gnu/libc-version.h>

#include <algorithm>
#include <cstdio>
#include <string>
#include <vector>

#include "gptoss/core/expert_scales.hpp"
#include "gptoss/core/generator.hpp"
#include "gptoss/fast/kernels/bf16_unit.hpp"
#include "gptoss/fast/kernels/instruction_set.hpp"
#include "gptoss/format/write_config_json.hpp"
#include "gptoss/model/fingerprint.hpp"
#include "gptoss/mpi/agree.hpp"

namespace gptoss::tool {

inline constexpr const char* kLeft = "-";  // no problem, but rank 0 will not run a model

// What came of it.
struct Meeting {
    bool has_met = false;             // all ranks have told their problems
    bool has_agreed = false;          // there were none: the others wait for orders
    bool has_left = false;            // rank 0, without running a model
    bool rounds_differently = false;  // some ranks than others
};
inline Meeting meeting;

// Ends alike on all ranks: if one has a problem, or rank 0 has left, that is what all throw.
inline void tell_problem(const std::string& mine) {
    const std::vector<std::string> problems = mpi::texts_of_ranks(mine);
    const std::vector<std::string> machines = mpi::texts_of_ranks(mpi::machine_name());
    meeting.has_met = true;
    meeting.has_left = problems[0] == kLeft;
    if (meeting.has_left) throw Error("rank 0 has left");
    for (std::size_t rank = 0; rank < problems.size(); ++rank) {
        if (problems[rank].empty()) continue;
        throw Error("mpi: rank " + std::to_string(rank) + " on " + machines[rank] + ": " +
                    problems[rank]);
    }
}

inline std::string mistake_in_own_experts(const Weights& w) {
    const Share own = share_of(w.config.n_experts, mpi::team.rank, mpi::team.n_ranks);
    for (std::size_t layer = 0; layer < w.layers.size(); ++layer) {
        const std::string where = "layer " + std::to_string(layer);
        const ExpertWeights& mlp = w.layers[layer].mlp;
        std::string mistake = mistake_in_scales(mlp.gate_up, own, where + ", gate_up");
        if (mistake.empty()) mistake = mistake_in_scales(mlp.down, own, where + ", down");
        if (!mistake.empty()) return mistake;
    }
    return "";
}

inline std::string hexadecimal(std::uint64_t number) {
    char text[17];
    std::snprintf(text, sizeof text, "%016llx", static_cast<unsigned long long>(number));
    return text;
}

// What last bits depend on.
inline std::string arithmetic() {
    return std::string(fast::instruction_set_name(fast::best_instruction_set())) + ", " +
           fast::bf16_unit().name + ", glibc " + ::gnu_get_libc_version() + ", compiler " +
           __VERSION__;
}

inline void meet(const Weights& w) {
    if (meeting.has_met) return;
    tell_problem(mistake_in_own_experts(w));
    mpi::require_alike("version", GPTOSS_VERSION);
    mpi::require_alike("config", hexadecimal(fnv1a(format::hugging_face_config_text(w.config))));
    mpi::require_alike("fingerprint of the weights", hexadecimal(fingerprint(w)));
    require_ranks(mpi::team.n_ranks, w.config.n_experts);
    const std::vector<std::string> all = mpi::texts_of_ranks(arithmetic());
    meeting.rounds_differently = std::count(all.begin(), all.end(), all[0]) < mpi::team.n_ranks;
    meeting.has_agreed = true;
}

}  // namespace gptoss::tool
