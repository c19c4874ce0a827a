// Every table of kernels that this machine runs: one for each instruction set, and that of AVX-512 as it is on a
// processor without VNNI.
#pragma once
#include <vector>

#include "gptoss/fast/kernels/kernels.hpp"

namespace gptoss::test {

inline std::vector<fast::Kernels> all_kernels() {
    std::vector<fast::Kernels> all;
    for (const fast::InstructionSet set : fast::kInstructionSets) {
        if (fast::can_run(set)) all.push_back(fast::kernels_for(set));
    }
#if defined(__x86_64__)
    if (fast::can_run(fast::InstructionSet::avx512)) all.push_back(fast::avx512::kKernels);
#endif
    return all;
}

}  // namespace gptoss::test
