// What this machine can do at most, measured in the same run as the model, since it changes with
// what else runs on it.
#pragma once

namespace gptoss::tool {

struct MachineRates {
    double read_bytes_per_s = 0;    // a sum over memory that no cache holds
    double float32_flop_per_s = 0;  // the tile kernel on data from the nearest cache
};

// With the threads that are set; the best of some runs, about a second.
MachineRates machine_rates();

}  // namespace gptoss::tool
