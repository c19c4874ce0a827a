// Kernels: the inner loops of the tuned path, as a table of functions for one instruction set.
//
//     const Kernels& k = kernels();                          this machine's best, chosen once
//     const Kernels k = kernels_for(InstructionSet::avx2);   a given one: tests, comparisons
//
// Where    under every op of fast/. A call handles a row or a tile, so its cost does not count.
// Source   the entries: fast/kernels/table.hpp.
// Errors   Error if this machine does not have the instruction set.
// Pitfalls All sets but portable fuse multiply and add, and give the same bits, but for dots_mxfp4:
//          AVX2 and AVX-512 add whole numbers, NEON floats. Portable rounds twice.
#pragma once
#include <string>

#include "gptoss/core/check.hpp"
#include "gptoss/fast/kernels/avx2.hpp"
#include "gptoss/fast/kernels/avx512.hpp"
#include "gptoss/fast/kernels/neon.hpp"
#include "gptoss/fast/kernels/table.hpp"

namespace gptoss::fast {

namespace portable {

inline float dot_mxfp4(Mxfp4Row w, Mxfp4Token x, int n_blocks) {
    return dot_mxfp4_body<false>(w, x.split, n_blocks);
}

inline void widen_mxfp4(const Mxfp4Row* w, int first_block, int n_blocks, float* panel, int lanes) {
    widen_mxfp4_body(w, first_block, n_blocks, panel, lanes);
}

inline void transpose(const float* rows, int n, float* panel, int lanes) {
    transpose_body(rows, 0, n, panel, lanes);
}

inline float dot_q8_0(const std::uint8_t* w, const float* x, int n) {
    return dot_q8_0_body<false>(w, x, n);
}

inline void unpack_mxfp4(Mxfp4Row w, int n_blocks, std::uint16_t* split) {
    unpack_mxfp4_body(w, n_blocks, split);
}

// gcc 12 takes loops of 16 or less apart before it looks for vectors: 32 lanes are five times faster.
inline void multiply_add(StridedMatrix w, const float* x, int lanes, float* sums) {
    multiply_add_body<Tile<false>, 4, 32>(w, x, lanes, sums);
}

GPTOSS_KERNELS(InstructionSet::portable, , 32, false, nullptr);

}  // namespace portable

inline Kernels kernels_for(InstructionSet set) {
    if (!can_run(set)) {
        throw Error(std::string("instruction set ") + instruction_set_name(set) +
                    ": this machine does not have it, expected at most " +
                    instruction_set_name(best_instruction_set()));
    }
#if defined(__x86_64__)
    if (set == InstructionSet::avx512) {
        Kernels best = avx512::kKernels;
        if (__builtin_cpu_supports("avx512vnni")) best.dots_mxfp4 = &avx512::dots_mxfp4_by_vnni;
        return best;
    }
    if (set == InstructionSet::avx2) return avx2::kKernels;
#elif defined(__aarch64__)
    if (set == InstructionSet::neon) return neon::kKernels;
#endif
    return portable::kKernels;
}

inline const Kernels& kernels() {
    static const Kernels best = kernels_for(best_instruction_set());
    return best;
}

}  // namespace gptoss::fast

#undef GPTOSS_KERNELS
#undef GPTOSS_UNROLL
