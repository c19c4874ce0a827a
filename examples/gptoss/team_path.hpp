// --path mpi: one model on several machines, of which rank 0 runs the subcommand.
//
// TeamPath is all the tool knows of MPI. forward_mpi.cpp fills it in for gptoss-mpi; in gptoss
// forward_mpi_missing.cpp says that there is none. The other ranks wait for orders: which tokens to
// run, what to report, when to end. So they see neither flags nor input, and print nothing.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "forwards.hpp"

namespace gptoss::tool {

// What a rank did since the last report, and what it holds.
struct RankReport {
    int rank = 0;
    char machine[64] = {};
    int first_expert = 0;
    int end_expert = 0;
    std::int64_t n_calls = 0;  // of MPI, in passes
    std::int64_t n_bytes = 0;  // handed to them
    std::int64_t n_expert_bytes = 0;
    std::int64_t resident_bytes = 0;       // now
    std::int64_t resident_file_bytes = 0;  // of those, of mapped files
    double seconds_in_mpi = 0;
};

struct TeamPath {
    void (*start)(bool as_json);  // before the command line is read
    bool (*leads)();              // is this rank 0?
    int (*n_here)();              // ranks on this machine

    // Before the first pass: do all ranks have the same model? Throws Error on all of them if not.
    void (*meet)(const Weights& weights);
    // What every other rank does then; returns its exit status.
    int (*serve)(const Weights& weights);
    // Of every rank, with its exit status, and what is wrong with it; returns the status to end with.
    int (*end)(int status, const std::string& problem);

    std::vector<RankReport> (*report)();  // on rank 0
    Forward tiles;
    Forward exact;
};

// nullptr if this program was built without.
const TeamPath* team_path();

}  // namespace gptoss::tool
